/*
 * buf: growing bytes with a hard limit, always followed by a NUL.
 *
 * Passing ${max} is an error of the caller's input, not of memory: the add
 * fails, nothing is added, and `full` stays set until the next reset.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/base.h"

struct buf {
	char *data; /* NULL until something was added */
	size_t len;
	size_t cap;
	size_t max; /* of len */
	bool full;  /* an add was refused */
};

#define BUF_INIT(limit)        \
	{                      \
		.max = (limit) \
	}

void buf_init(struct buf *b, size_t max);
void buf_fini(struct buf *b);  /* frees; may be used again */
void buf_wipe(struct buf *b);  /* as buf_fini, zeroing first: secrets */
void buf_reset(struct buf *b); /* empties, keeps the memory */

int buf_add(struct buf *b, const void *bytes, size_t len) WARN_UNUSED;
int buf_add_str(struct buf *b, const char *s) WARN_UNUSED;
int buf_add_char(struct buf *b, char c) WARN_UNUSED;
int buf_printf(struct buf *b, const char *fmt, ...) WARN_UNUSED
    PRINTF_LIKE(2, 3);

/* Room for ${len} more, taken at once instead of piece by piece. */
int buf_reserve(struct buf *b, size_t len) WARN_UNUSED;

/* Drop ${len} bytes (at most all) from the front. */
void buf_drop(struct buf *b, size_t len);

/* The bytes as a string; "" when empty.  Valid until the next change. */
const char *buf_str(const struct buf *b);

#endif
