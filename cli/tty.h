/*
 * tty: the terminal that a person types at, one for the process.
 *
 * While it is open it gives every character at once and echoes none: what is
 * typed meanwhile waits in it and does not mix with what we show, and no line
 * is cut at the 4 KiB that a terminal gathers itself.  Ctrl-C sets a flag,
 * Ctrl-Z and signals that end us put the terminal back first.
 */
#ifndef CLI_TTY_H
#define CLI_TTY_H

#include <stdio.h>
#include <wchar.h>

#include "base/base.h"

enum tty_event {
	TTY_CHAR,
	TTY_END,         /* nobody is there any more */
	TTY_INTERRUPTED, /* Ctrl-C; the flag is cleared */
	TTY_RESIZED,
	TTY_RESUMED, /* back from Ctrl-Z: what we showed is gone */
};

/*
 * Take over standard input, whose other side sees ${out}.  ${controls}: it
 * obeys control sequences (TERM is not dumb), so pastes are marked for us.
 * -1: it can't be had; nothing was changed.
 */
int tty_open(FILE *out, bool controls) WARN_UNUSED;
/* To the mode that we want, if somebody changed it. */
void tty_mode(void);
void tty_close(void);
/* Did the terminal echo what is typed before we came? */
bool tty_echoed(void);

/* Only catch Ctrl-C. */
void tty_catch_interrupt(void);
/* Set by Ctrl-C; http_request.cancel's type. */
volatile int *tty_interrupt_flag(void);

enum tty_event tty_key(wchar_t *c);
/* Is there more to read, at the latest in ${wait_ms}? */
bool tty_has_input(int wait_ms);

/* Where the terminal has its cursor, from 0; -1: it does not say. */
int tty_cursor_column(void);
void tty_size(int *rows, int *columns);

#endif
