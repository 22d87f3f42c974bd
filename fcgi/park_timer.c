/*
 * When the park thread comes back to a request: its deadline, its next look,
 * and, of a stream that is silent, what it says then.
 */
#include <string.h>

#include "fcgi/park_priv.h"

/* Looks are spread over so many of them, lest all that began to wait at once
 * look at once for ever. */
#define LOOK_SPREAD 16
#define LAST_LOOK_MS 1000 /* for the last look; then without it */

/* Where wake-ups come, a look finds what was lost all the same: rarely. */
static int64_t
next_look(const struct parked *p)
{
	return p->park->hears
	    ? PARK_LOOK_MS - p->number % LOOK_SPREAD * PARK_GRAIN_MS
	    : PARK_LOOK_DEAF_MS;
}

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t
next_ms(const struct parked *p)
{
	int64_t ms = p->deadline_ms;

	if (p->stage == STAGE_ENDED)
		return ms;
	if (p->kind->look != NULL && p->stage == STAGE_WAITS)
		ms = least(ms, p->look_ms);
	if (p->streaming && p->kind->on_quiet != NULL)
		ms = least(ms, p->quiet_ms);
	if (p->streaming && p->kind->alive != NULL)
		ms = least(ms, p->alive_ms);
	return ms;
}

void
park_timer_begin(struct parked *p, int64_t deadline_ms)
{
	p->deadline_ms = deadline_ms;
	p->look_ms = p->topic_name != NULL ? 0 : park_in_ms(next_look(p));
	park_said(p);
	park_timer_set(p);
}

void
park_timer_set(struct parked *p)
{
	int64_t ms = next_ms(p);

	/* Later ones are found when the earlier time comes. */
	if (p->heap_at == 0 || ms < p->due_ms)
		park_heap_put(&p->park->heap, p, ms);
}

void
park_timer_look(struct parked *p, int64_t ms)
{
	p->look_ms = park_in_ms(ms);
	park_timer_set(p);
}

void
park_look_in(struct parked *p, int64_t ms)
{
	park_timer_look(p, ms);
}

void
park_deadline_in(struct parked *p, int64_t ms)
{
	int64_t drain_ms = p->park->drain_ms;

	if (p->stage != STAGE_WAITS)
		return;
	p->deadline_ms = park_in_ms(ms);
	if (drain_ms != 0 && p->deadline_ms > drain_ms)
		p->deadline_ms = drain_ms;
	park_timer_set(p);
}

static void
over(struct parked *p, const struct park_look *last)
{
	p->stage = STAGE_OVER;
	p->deadline_ms = INT64_MAX;
	p->kind->on_deadline(p, p->state, last);
	if (p->stage == STAGE_OVER)
		park_end(p); /* what is not answered by now never is */
}

static void
deadline(struct parked *p, int64_t now)
{
	if (p->stage == STAGE_WAITS && p->kind->look != NULL) {
		p->stage = STAGE_LAST_LOOK;
		p->deadline_ms = now + LAST_LOOK_MS;
		park_look_ask(p->park, p, true);
	} else {
		over(p, NULL);
	}
}

/* The next one is set before this one comes back: mostly it stays so. */
static void
look(struct parked *p)
{
	p->look_ms = park_in_ms(next_look(p));
	p->look_again = p->looking;
	if (!p->looking)
		park_look_ask(p->park, p, false);
	p->looking = true;
}

static void
run_stream(struct parked *p, int64_t now)
{
	if (p->kind->alive != NULL && now >= p->alive_ms)
		park_out_add(p, p->kind->alive, strlen(p->kind->alive));
	if (p->kind->on_quiet != NULL && now >= p->quiet_ms) {
		p->quiet_ms = park_in_ms(PARK_QUIET_MS);
		p->kind->on_quiet(p, p->state);
	}
}

void
park_timer_run(struct parked *p)
{
	int64_t now = clock_boot_ms();

	if (p->stage == STAGE_ENDED) {
		p->gone |= now >= p->deadline_ms;
	} else if (now >= p->deadline_ms) {
		deadline(p, now);
	} else {
		if (p->streaming)
			run_stream(p, now);
		if (p->kind->look != NULL && p->stage == STAGE_WAITS
		    && now >= p->look_ms)
			look(p);
	}
	park_heap_put(&p->park->heap, p, next_ms(p));
}

void
park_timer_found(struct parked *p, struct look *l)
{
	if (!l->it.last) {
		p->looking = false;
		/* What it was to see may have come after it looked. */
		if (p->look_again || !l->known)
			park_timer_look(p, l->known ? 0 : PARK_LOOK_DEAF_MS);
		p->look_again = false;
	}
	if (l->known && p->stage <= STAGE_LAST_LOOK)
		p->kind->on_found(p, p->state, &l->it);
	if (l->it.last && p->stage == STAGE_LAST_LOOK && !p->gone)
		over(p, l->known ? &l->it : NULL);
}
