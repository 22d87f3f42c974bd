/*
 * signals: those that a worker obeys.
 *
 * They are blocked first thing in main and taken by whoever asks for them: none
 * ends a worker that has just begun, one that comes before somebody asks waits,
 * and no call ends early because of one (an EINTR inside libfcgi looks like the
 * end of a body).
 */
#ifndef BASE_SIGNALS_H
#define BASE_SIGNALS_H

#include "base/base.h"

enum signals_came {
	SIGNALS_NONE,
	SIGNALS_RELOAD, /* SIGHUP */
	SIGNALS_END,    /* SIGTERM or SIGINT */
};

/* First thing in main, before any thread. */
void signals_block(void);

/* For who serves one request and may be ended as any program. */
void signals_unblock(void);

/* What came, or comes within ${ms}. */
enum signals_came signals_wait(int ms);

/* Was this process told to end, or is it within ${ms}?  A SIGHUP stays for
 * signals_wait. */
bool signals_end_came(int ms);

#endif
