#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf)BUF_INIT(max);
}

void
buf_fini(struct buf *b)
{
	free(b->data);
	buf_init(b, b->max);
}

void
buf_wipe(struct buf *b)
{
	if (b->data != NULL)
		explicit_bzero(b->data, b->cap);
	buf_fini(b);
}

void
buf_reset(struct buf *b)
{
	b->len = 0;
	b->full = false;
	if (b->data != NULL)
		b->data[0] = '\0';
}

int
buf_reserve(struct buf *b, size_t len)
{
	size_t cap = b->cap < 256 ? 256 : b->cap;
	char *data;

	if (len > b->max || b->len > b->max - len) {
		b->full = true;
		return -1;
	}
	if (b->len + len < b->cap)
		return 0;
	while (cap <= b->len + len)
		cap *= 2;
	data = realloc(b->data, cap);
	if (data == NULL)
		abort();
	b->data = data;
	b->data[b->len] = '\0'; /* still empty, it is a string as well */
	b->cap = cap;
	return 0;
}

/* Most adds are small, and there is room. */
static bool
has_room(const struct buf *b, size_t len)
{
	return len < b->cap - b->len && len <= b->max - b->len;
}

int
buf_add(struct buf *b, const void *bytes, size_t len)
{
	if (!has_room(b, len) && buf_reserve(b, len) == -1)
		return -1;
	if (len > 0)
		memcpy(b->data + b->len, bytes, len);
	b->len += len;
	b->data[b->len] = '\0';
	return 0;
}

int
buf_add_str(struct buf *b, const char *s)
{
	return buf_add(b, s, strlen(s));
}

int
buf_add_char(struct buf *b, char c)
{
	if (!has_room(b, 1) && buf_reserve(b, 1) == -1)
		return -1;
	b->data[b->len++] = c;
	b->data[b->len] = '\0';
	return 0;
}

int
buf_printf(struct buf *b, const char *fmt, ...)
{
	size_t room = b->cap - b->len;
	va_list ap;
	int len;

	/* Into what is free: it mostly fits, and is written once. */
	va_start(ap, fmt);
	len = vsnprintf(b->data == NULL ? NULL : b->data + b->len, room, fmt,
	    ap);
	va_end(ap);
	if (len < 0)
		abort();
	if (!has_room(b, (size_t)len)) {
		if (b->data != NULL)
			b->data[b->len] = '\0'; /* what was cut is not there */
		if (buf_reserve(b, (size_t)len) == -1)
			return -1;
		va_start(ap, fmt);
		vsnprintf(b->data + b->len, (size_t)len + 1, fmt, ap);
		va_end(ap);
	}
	b->len += (size_t)len;
	return 0;
}

void
buf_drop(struct buf *b, size_t len)
{
	if (len >= b->len) {
		b->len = 0;
	} else {
		memmove(b->data, b->data + len, b->len - len);
		b->len -= len;
	}
	if (b->data != NULL)
		b->data[b->len] = '\0';
}

const char *
buf_str(const struct buf *b)
{
	return b->data == NULL ? "" : b->data;
}
