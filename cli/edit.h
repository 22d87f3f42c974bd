/*
 * edit: a message, written at the prompt.
 *
 * With libedit: its keys and those of ~/.editrc, history by arrows and Ctrl-R.
 * Without it, and on a terminal that takes no controls: backspace, Ctrl-U,
 * Ctrl-W, and earlier messages by arrows.  Either way a paste of several lines
 * is one message, which is shown as it stands and sent by Enter, and a line may
 * be as long as it likes.
 */
#ifndef CLI_EDIT_H
#define CLI_EDIT_H

#include <stdio.h>

#include "base/base.h"
#include "base/buf.h"

struct edit;
struct history_file;

#define EDIT_MAX (4 * MIB) /* of one message; what is more is not taken */

enum edit_rc {
	EDIT_LINE,
	EDIT_CLEARED,     /* Ctrl-C, and there was text */
	EDIT_INTERRUPTED, /* Ctrl-C at an empty prompt */
	EDIT_END,         /* Ctrl-D, or nobody is there any more */
};

/*
 * Take over the terminal (tty.h); it shows what is written to ${out}.
 * ${prompt} in bold when ${bold}.  ${controls}: TERM is not dumb.  NULL: it
 * can't be had.
 */
struct edit *edit_open(FILE *out, const char *prompt, bool bold, bool controls,
    struct history_file *history);
void edit_close(struct edit *e); /* NULL is fine */

/* The next message into ${text}, as UTF-8 without its end. */
enum edit_rc edit_read(struct edit *e, struct buf *text);
/* history_add has added its newest. */
void edit_remember(struct edit *e);

#endif
