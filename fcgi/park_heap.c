/*
 * A binary heap of what is parked, by the time at which it is due.
 */
#include <stdlib.h>

#include "fcgi/park_priv.h"

#define CAP_FIRST 64

static void
place(struct park_heap *h, size_t i, struct park_due d)
{
	h->at[i] = d;
	d.p->heap_at = i + 1;
}

static void
up(struct park_heap *h, size_t i, struct park_due d)
{
	while (i > 0 && h->at[(i - 1) / 2].ms > d.ms) {
		place(h, i, h->at[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	place(h, i, d);
}

static void
down(struct park_heap *h, size_t i, struct park_due d)
{
	size_t child;

	while ((child = 2 * i + 1) < h->n) {
		if (child + 1 < h->n && h->at[child + 1].ms < h->at[child].ms)
			child++;
		if (h->at[child].ms >= d.ms)
			break;
		place(h, i, h->at[child]);
		i = child;
	}
	place(h, i, d);
}

static void
grow(struct park_heap *h)
{
	h->cap = h->cap == 0 ? CAP_FIRST : 2 * h->cap;
	h->at = realloc(h->at, h->cap * sizeof(*h->at));
	if (h->at == NULL)
		abort();
}

void
park_heap_put(struct park_heap *h, struct parked *p, int64_t ms)
{
	int64_t before = p->due_ms;
	struct park_due d = { ms, p };

	p->due_ms = ms;
	if (p->heap_at == 0) {
		if (h->n == h->cap)
			grow(h);
		up(h, h->n++, d);
	} else if (ms < before) {
		up(h, p->heap_at - 1, d);
	} else {
		down(h, p->heap_at - 1, d);
	}
}

void
park_heap_remove(struct park_heap *h, struct parked *p)
{
	size_t i = p->heap_at - 1;
	struct park_due last;

	if (p->heap_at == 0)
		return;
	p->heap_at = 0;
	last = h->at[--h->n];
	if (last.p == p)
		return;
	if (i > 0 && h->at[(i - 1) / 2].ms > last.ms)
		up(h, i, last);
	else
		down(h, i, last);
}

struct parked *
park_heap_first(const struct park_heap *h)
{
	return h->n == 0 ? NULL : h->at[0].p;
}

void
park_heap_fini(struct park_heap *h)
{
	free(h->at);
	*h = (struct park_heap){ 0 };
}
