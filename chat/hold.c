/*
 * hold: does this worker still hold the turn's job, and may it go on?
 */
#include <unistd.h>

#include "base/clock.h"
#include "chat/turn.h"
#include "nouns/metric.h"
#include "work/worker.h"

/* How often a write is tried while Redis is away, and a pause is looked at. */
#define LOOK_MS 100

struct budget_change
turn_settle(struct turn *t)
{
	struct budget_change change = t->budget;

	t->budget = (struct budget_change){ 0 };
	if (change.reserved == 0) /* there is no budget */
		change.spent = 0;
	return change;
}

bool
turn_pause(struct turn *t, int64_t ms)
{
	int64_t until = clock_boot_ms() + ms, now;

	while ((now = clock_boot_ms()) < until) {
		if (lease_why(t->lease) != LEASE_HELD
		    || worker_is_stopping(t->w))
			return false;
		usleep(
		    (useconds_t)((until - now < LOOK_MS ? until - now : LOOK_MS)
			* 1000));
	}
	return true;
}

/* For good: its other calls end, too. */
static bool
cancelled(struct turn *t, enum lease_why why, enum turn_state *next)
{
	lease_cancel(t->lease, why);
	*next = turn_next_cancelled(t, why);
	return false;
}

bool
turn_write(struct turn *t, const struct journal_field *fields, size_t n,
    enum turn_state *next)
{
	const struct settings *s = t->s;
	const struct budget_change change = turn_settle(t);
	const struct budget_change *settle = &change;
	bool stopped = false;
	int64_t asked_ms;
	enum store_rc rc;

	for (;;) {
		asked_ms = clock_boot_ms();
		rc = journal_write(t->w->store, t->job, fields, n,
		    s->turns_lease_ms, s->turns_max_time_ms, settle, &stopped);
		if (rc != STORE_DOWN)
			break;
		settle = NULL;
		/* Unreachable is not lost: the step is kept.  Nobody takes
		 * the job either while Redis is away. */
		usleep(LOOK_MS * 1000);
		if (worker_is_ending(t->w)) {
			*next = TURN_END; /* drained long enough */
			return false;
		}
	}
	switch (rc) {
	case STORE_OK:
		lease_renewed(t->lease, asked_ms, s->turns_lease_ms);
		if (stopped || lease_why(t->lease) == LEASE_STOP)
			return cancelled(t, LEASE_STOP, next);
		return true;
	case STORE_LATE:
		return cancelled(t, LEASE_LATE, next);
	default:
		return cancelled(t, LEASE_LOST, next);
	}
}

bool
turn_may_call(struct turn *t, enum turn_state *next)
{
	enum lease_why why;

	for (;;) {
		why = lease_why(t->lease);
		if (why < LEASE_DRAIN && worker_is_stopping(t->w))
			why = LEASE_DRAIN; /* the step has ended */
		if (why != LEASE_HELD && why != LEASE_UNSURE)
			break;
		if (why == LEASE_HELD && lease_is_sure(t->lease))
			return true;
		/* The answer may come when that lease nearly is over, too. */
		if (!turn_write(t, NULL, 0, next))
			return false;
	}
	*next = turn_next_cancelled(t, why);
	return false;
}

enum turn_state
turn_cancelled(struct turn *t)
{
	enum turn_state next;

	stream_restart(&t->stream);
	return turn_may_call(t, &next) ? TURN_ASK : next;
}

enum turn_state
turn_repeat(struct turn *t, enum model_repeat cause)
{
	enum turn_state next;

	metric_add(METRIC_MODEL_REPEATS, (int)cause, 1);
	return turn_may_call(t, &next) ? TURN_ASK : next;
}
