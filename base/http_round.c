/*
 * http_round: what the engine's loop knows of its present round: the time, the
 * next deadline, and whose owners are to be woken at its end.
 *
 * All of it is of the engine's thread.  An owner is woken once for all that
 * happened in one round.
 */
#include "base/clock.h"
#include "base/http_priv.h"

static struct {
	int64_t now;
	int64_t next; /* deadline; INT64_MAX: none */
	struct transfer *dirty;
} R = { .next = INT64_MAX };

void
http_round_begin(void)
{
	R.now = clock_boot_ms();
}

int64_t
http_round_now(void)
{
	return R.now;
}

void
http_round_due(int64_t at)
{
	if (at < R.next)
		R.next = at;
}

int64_t
http_round_next(void)
{
	return R.next;
}

void
http_round_scanned(int64_t next)
{
	R.next = next;
}

void
http_round_wakes(struct transfer *t)
{
	if (t->is_dirty)
		return;
	t->is_dirty = true;
	t->dirty_next = R.dirty;
	R.dirty = t;
}

void
http_round_forget(struct transfer *t)
{
	struct transfer **d;

	if (!t->is_dirty)
		return;
	for (d = &R.dirty; *d != t; d = &(*d)->dirty_next)
		;
	*d = t->dirty_next;
	t->is_dirty = false;
}

void
http_round_end(void)
{
	struct transfer *t;
	bool sleeps;

	while (R.dirty != NULL) {
		t = R.dirty;
		R.dirty = t->dirty_next;
		t->is_dirty = false;
		sleeps = t->headed && http_bell_set(t, BELL_HEADED);
		sleeps = http_bell_set(t, BELL_STEP) || sleeps;
		if (sleeps)
			http_bell_wake(&t->bell);
	}
}
