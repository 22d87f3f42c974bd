/*
 * reply: what a message is answered, as it is kept and given.
 */
#ifndef NOUNS_REPLY_H
#define NOUNS_REPLY_H

#include "base/base.h"

/* What /chat and later every platform is answered. */
struct reply {
	const char *text;
	const char *state;           /* session state after the turn */
	const char *const *starters; /* NULL-terminated; NULL: none */
	const char *end;   /* "replied", "refused", ...; NULL: of no message */
	bool truncated;    /* the text is not all of the model's answer, or of
			      what it was to answer */
	int64_t exchanges; /* of /status: that are remembered; not kept */
};

/* The person was told that there is no answer. */
bool reply_is_failure(const struct reply *r);

/* The codec of what is sealed: a JSON text.  Reading borrows from ${mem}. */
struct arena;
char *reply_write(struct arena *mem, const struct reply *r) WARN_UNUSED;
int reply_read(struct arena *mem, const char *text, size_t len,
    struct reply *out) WARN_UNUSED;

#endif
