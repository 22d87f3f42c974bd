/*
 * edit_priv: what edit.c, edit_keys.c (what comes from the keyboard) and
 * edit_libedit.c share.
 */
#ifndef CLI_EDIT_PRIV_H
#define CLI_EDIT_PRIV_H

#include <wchar.h>

#include "cli/edit.h"
#include "cli/line.h"
#include "cli/tty.h"

#define ESCAPE_MAX 32 /* of a key's sequence; a longer one is none */

#define CTRL(c) ((c)&0x1F)

enum {
	KEY_ENTER = '\r',
	KEY_NEWLINE = '\n',
	KEY_ESCAPE = 033,
	KEY_RUBOUT = 0x7F, /* what most terminals send for backspace */
	/* No characters: keys that send several, and a paste. */
	KEY_FIRST = 0x110000,
	KEY_PASTE = KEY_FIRST,
	KEY_UP,
	KEY_DOWN,
	KEY_LEFT,
	KEY_RIGHT,
	KEY_HOME,
	KEY_END,
	KEY_DELETE,
	KEY_WORD_LEFT,
	KEY_WORD_RIGHT,
	KEY_NEW_LINE, /* Alt-Enter */
	KEY_LAST = KEY_NEW_LINE,
};

struct text { /* growing, ended by a 0 */
	wchar_t *at;
	size_t len, room;
};

struct edit_libedit;

struct edit {
	struct line line;
	struct history_file *history;
	bool echo; /* what is typed is shown */
	bool controls;
	bool interrupted;
	/* A key's sequence: Alt and a key are handed on one by one. */
	wchar_t keys[ESCAPE_MAX];
	size_t key, nkeys;
	struct text paste;
	struct text typed; /* without libedit */
	size_t at;         /* which entry of the history is shown, then */
	struct edit_libedit *libedit; /* NULL: none */
};

void text_push(struct text *t, wchar_t c); /* not past EDIT_MAX */
void text_free(struct text *t);

/*
 * The next key: TTY_CHAR with a character or one of KEY_*.  After KEY_PASTE
 * what was pasted is in e->paste.  Keys that mean nothing to us are left out.
 */
enum tty_event edit_key(struct edit *e, wchar_t *c);

/* -1: there is no libedit, or it does not start. */
int edit_libedit_open(struct edit *e) WARN_UNUSED;
void edit_libedit_close(struct edit *e);
enum edit_rc edit_libedit_read(struct edit *e, struct buf *text);
void edit_libedit_remember(struct edit *e);

#endif
