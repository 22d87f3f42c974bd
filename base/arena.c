#include "base/arena.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE (8 * KIB) /* most requests and turns need one or two */
#define ALIGN alignof(max_align_t)

struct block {
	struct block *next;
	size_t size, used;
	max_align_t bytes[];
};

struct deferred {
	struct deferred *next;
	void (*release)(void *ptr);
	void *ptr;
};

struct arena {
	struct block *blocks; /* the one in use first */
	struct deferred *deferred;
	size_t used;
};

static struct block *
block_new(size_t size)
{
	struct block *b = malloc(sizeof(*b) + size);

	if (b == NULL)
		abort(); /* the lease brings the turn back */
	b->next = NULL;
	b->size = size;
	b->used = 0;
	return b;
}

struct arena *
arena_new(void)
{
	struct arena *a = calloc(1, sizeof(*a));

	if (a == NULL)
		abort();
	return a;
}

void
arena_reset(struct arena *a)
{
	struct block *kept = NULL;

	while (a->deferred != NULL) {
		struct deferred *d = a->deferred;

		a->deferred = d->next;
		d->release(d->ptr);
	}
	while (a->blocks != NULL) {
		struct block *b = a->blocks;

		a->blocks = b->next;
		if (kept == NULL && b->size == BLOCK_SIZE)
			kept = b;
		else
			free(b);
	}
	if (kept != NULL) {
		kept->next = NULL;
		kept->used = 0;
		a->blocks = kept;
	}
	a->used = 0;
}

void
arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	arena_reset(a);
	free(a->blocks);
	free(a);
}

/* ${size} bytes, not zeroed. */
static void *
take(struct arena *a, size_t size)
{
	struct block *b = a->blocks;
	void *p;

	if (size > SIZE_MAX / 2)
		abort();
	size = (size + ALIGN - 1) / ALIGN * ALIGN;
	a->used += size;
	if (b == NULL || b->size - b->used < size) {
		if (size > BLOCK_SIZE / 4) {
			/* A block of its own, behind the one in use. */
			struct block *own = block_new(size);

			own->used = size;
			if (b == NULL)
				a->blocks = own;
			else {
				own->next = b->next;
				b->next = own;
			}
			return own->bytes;
		}
		b = block_new(BLOCK_SIZE);
		b->next = a->blocks;
		a->blocks = b;
	}
	p = (char *)b->bytes + b->used;
	b->used += size;
	return p;
}

void *
arena_alloc(struct arena *a, size_t size)
{
	return memset(take(a, size), 0, size);
}

char *
arena_memdup(struct arena *a, const void *bytes, size_t len)
{
	char *p = take(a, len + 1);

	if (len > 0)
		memcpy(p, bytes, len);
	p[len] = '\0';
	return p;
}

char *
arena_strdup(struct arena *a, const char *s)
{
	return s == NULL ? NULL : arena_memdup(a, s, strlen(s));
}

char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	struct block *b = a->blocks;
	size_t room = b == NULL ? 0 : b->size - b->used;
	va_list ap;
	char *p = b == NULL ? NULL : (char *)b->bytes + b->used;
	int len;

	/* Into what is free, which take() then gives (both are multiples of
	 * ALIGN): it mostly fits, and is written once. */
	va_start(ap, fmt);
	len = vsnprintf(p, room, fmt, ap);
	va_end(ap);
	if (len < 0)
		abort(); /* a format of ours that is wrong */
	p = take(a, (size_t)len + 1);
	if ((size_t)len < room)
		return p;
	va_start(ap, fmt);
	vsnprintf(p, (size_t)len + 1, fmt, ap);
	va_end(ap);
	return p;
}

size_t
arena_used(const struct arena *a)
{
	return a->used;
}

void
arena_defer(struct arena *a, void (*release)(void *ptr), void *ptr)
{
	struct deferred *d = take(a, sizeof(*d));

	*d = (struct deferred){ a->deferred, release, ptr };
	a->deferred = d;
}

static void
wipe(void *ptr)
{
	explicit_bzero(ptr, strlen(ptr));
}

char *
arena_secret(struct arena *a, char *s)
{
	arena_defer(a, wipe, s);
	return s;
}
