/*
 * secret: bytes that are compared and sent, but never printed.
 *
 * No F_ macro of base/log takes one.  The memory is locked where the limits
 * allow it and wiped on release.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/base.h"

struct secret {
	char *bytes; /* NUL after the last byte; NULL: not set */
	size_t len;
};

void secret_set(struct secret *s, const char *bytes, size_t len);
void secret_clear(struct secret *s);
/* Zero the bytes of a copy whose memory another frees; it is then not set. */
void secret_wipe(struct secret *s);
bool secret_is_set(const struct secret *s);

/*
 * Constant-time comparison with what a stranger sent.  A secret that is not
 * set equals nothing.  secret_list_has: ${s} is a comma-separated list (an
 * old and a new value during a change); true if one of them equals.
 */
bool secret_equals(const struct secret *s, const char *text);
bool secret_list_has(const struct secret *s, const char *text);

/*
 * Make this process unreadable for others: no core, not dumpable
 * (PR_SET_DUMPABLE 0, RLIMIT_CORE 0).  Called first thing in each main.
 */
void secret_protect_process(void);

#endif
