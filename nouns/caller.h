/*
 * caller: who asks, as far as it was proven.
 *
 * A route's verify fills it, everything behind it reads it: whose chats, what
 * limits, which tools.  The strings are borrowed: they live as long as the
 * request, or are literals.  Names only, never a key or a token itself.
 */
#ifndef NOUNS_CALLER_H
#define NOUNS_CALLER_H

#include "base/base.h"

/* What HTTP's callers are while there is one tenant. */
#define CALLER_TENANT "default"
#define CALLER_CONNECTION "http"

enum caller_role {
	CALLER_NOBODY, /* nothing was proven: probes, or refused */
	CALLER_CLIENT, /* acts for people: all chats of its connection */
};

struct caller {
	const char *tenant;     /* whose data it may see; NULL: nobody's */
	const char *connection; /* by which it came; NULL: none */
	const char *key;        /* name of its API key; NULL: it has none */
	enum caller_role role;
	const char *person; /* who speaks; NULL: the request does not say */
};

#endif
