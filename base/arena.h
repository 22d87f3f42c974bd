/*
 * arena: memory that is given back all at once, one per request or turn.
 *
 * Out of memory ends the process (DESIGN.md: the lease brings the turn back),
 * so nothing here returns NULL.  An arena belongs to one thread at a time.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdarg.h>

#include "base/base.h"

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *a); /* NULL is fine */

/* Forget all that was allocated; keeps at most one small block for reuse. */
void arena_reset(struct arena *a);

/* ${size} zeroed bytes, aligned for any type; ${size} 0 is valid. */
void *arena_alloc(struct arena *a, size_t size);

/* Copies, always ended by a NUL; arena_strdup(a, NULL) is NULL. */
char *arena_strdup(struct arena *a, const char *s);
char *arena_memdup(struct arena *a, const void *bytes, size_t len);
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* ${s}, a string of ${a} with a secret in it, which is returned: it is zeroed
 * before its memory is given back. */
char *arena_secret(struct arena *a, char *s);

/* Bytes handed out since the last reset. */
size_t arena_used(const struct arena *a);

/*
 * Call ${release}(${ptr}) when the arena is reset or freed, last added first:
 * for what an arena cannot hold itself, such as a json_t reference.
 */
void arena_defer(struct arena *a, void (*release)(void *ptr), void *ptr);

#endif
