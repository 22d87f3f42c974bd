/*
 * history: what was written at the prompt, kept for the next time.
 *
 * A file of lines, oldest first, in $XDG_STATE_HOME/dragoman/history or
 * ~/.local/state/dragoman/history; a newline in a message is \n there, a
 * backslash \\.  Only its owner may read it.  What looks like a secret is not
 * kept, neither there nor for the arrow keys.
 */
#ifndef CLI_HISTORY_H
#define CLI_HISTORY_H

#include "base/base.h"

/* messages; at twice as many the file is cut, by whoever sees it: others may
 * write, too */
#define HISTORY_MAX 1000
#define HISTORY_ENTRY_MAX (16 * KIB) /* a longer one is a pasted file */
/* of a longer one the end is read, and it is cut */
#define HISTORY_FILE_MAX (8 * MIB)

struct history_file {
	char **entries; /* oldest first */
	size_t n, room;
	size_t in_file; /* lines there, as far as we know */
	bool too_long;  /* in bytes */
	char *path;     /* NULL: kept for this conversation only */
	char why[160];  /* why there is no file; "": there is, or none is
			   wanted */
};

/* Read the file, or make it.  ${on} false: there is none. */
void history_open(struct history_file *h, bool on);
void history_close(struct history_file *h);

/* Keep ${text}, unless it is the same as the last one, too long, or looks
 * like a secret.  True if it was added to the entries. */
bool history_add(struct history_file *h, const char *text);

/* Is there a key, a token or a password in it, as far as one can tell? */
bool history_is_secret(const char *text);

#endif
