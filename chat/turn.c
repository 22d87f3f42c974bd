#include "chat/turn.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "chat/phrases.h"
#include "chat/worker.h"
#include "nouns/metric.h"

/* How often a write is tried while Redis is away, and a pause is looked at. */
#define LOOK_MS 100

static const struct {
	const char *name;
	enum turn_state (*step)(struct turn *t);
} STEPS[] = {
	[TURN_LOAD] = { "load", turn_load },
	[TURN_TOKEN] = { "token", turn_token },
	[TURN_DIRECT] = { "direct", turn_direct },
	[TURN_ASK] = { "ask", turn_ask },
	[TURN_TOOLS] = { "tools", turn_tools },
	[TURN_FINISH] = { "finish", turn_finish },
	[TURN_HAND_BACK] = { "hand_back", turn_hand_back },
};

enum turn_state
turn_say(struct turn *t, enum turn_end end, const char *text)
{
	t->out.end = end;
	t->text = text;
	return TURN_FINISH;
}

enum turn_state
turn_back(struct turn *t, int64_t delay_ms, bool failed)
{
	t->back_ms = delay_ms;
	t->back_failed = failed;
	return TURN_HAND_BACK;
}

bool
turn_pause(struct turn *t, int64_t ms)
{
	int64_t until = clock_boot_ms() + ms, now;

	while ((now = clock_boot_ms()) < until) {
		if (__atomic_load_n(&t->lease.cancel, __ATOMIC_RELAXED)
		    || atomic_load(&t->w->stopping))
			return false;
		usleep(
		    (useconds_t)((until - now < LOOK_MS ? until - now : LOOK_MS)
			* 1000));
	}
	return true;
}

/* /stop came: the cancel flag of the calls may have been set for it. */
static enum turn_state
turn_stopped(struct turn *t)
{
	return turn_say(t, END_REFUSED, PHRASE_STOPPED);
}

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
turn_write(struct turn *t, const struct journal_field *fields, size_t n,
    enum turn_state *next)
{
	const struct settings *s = t->s;
	const struct budget_change change = turn_settle(t);
	const struct budget_change *settle = &change;
	bool stopped = false;
	enum store_rc rc;

	for (;;) {
		rc = journal_write(t->w->store, t->job, fields, n,
		    s->turns_lease_ms, s->turns_max_time_ms, settle, &stopped);
		if (rc != STORE_DOWN)
			break;
		settle = NULL;
		/* Unreachable is not lost: the step is kept.  Nobody takes
		 * the job either while Redis is away. */
		usleep(LOOK_MS * 1000);
		if (atomic_load(&t->w->stopping) > 1) {
			*next = TURN_END; /* drained long enough */
			return false;
		}
	}
	switch (rc) {
	case STORE_OK:
		lease_renewed(&t->lease, s->turns_lease_ms);
		if (stopped || atomic_load(&t->lease.stopped)) {
			*next = turn_stopped(t);
			return false;
		}
		return true;
	case STORE_LATE:
		*next = turn_give_up(t, PHRASE_LATE);
		return false;
	default: /* LOST: another worker goes on */
		*next = TURN_END;
		return false;
	}
}

bool
turn_may_call(struct turn *t, enum turn_state *next)
{
	if (atomic_load(&t->lease.stopped)) {
		*next = turn_stopped(t);
		return false;
	}
	if (atomic_load(&t->w->stopping)) {
		*next = turn_back(t, 0, false);
		return false;
	}
	switch (atomic_load(&t->lease.state)) {
	case LEASE_LOST:
		*next = TURN_END;
		return false;
	case LEASE_LATE:
		*next = turn_give_up(t, PHRASE_LATE);
		return false;
	case LEASE_UNSURE:
		return turn_write(t, NULL, 0, next);
	default:
		break;
	}
	if (clock_boot_ms() > atomic_load(&t->lease.until_ms)
		- atomic_load(&t->lease.margin_ms))
		return turn_write(t, NULL, 0, next);
	return true;
}

static void
turn_log(const struct turn *t)
{
	const struct job *job = t->job;
	int64_t ms = (clock_boot_us() - t->begun_us) / 1000;
	char tools[256] = "";
	size_t used = 0, i;
	int k;

	for (k = 0; k < t->nrounds; k++)
		for (i = 0; i < t->rounds[k].answer.ncalls; i++) {
			const char *name = t->rounds[k].answer.calls[i].name;
			size_t len = strlen(name);

			if (used + len + 2 >= sizeof(tools))
				break;
			if (used > 0)
				tools[used++] = ',';
			memcpy(tools + used, name, len + 1);
			used += len;
		}
	log_event(LOG_INFO, "turn_done", F_CHAT(&job->chat),
	    F_STR("message", job->id), F_STR("end", turn_end_name(t->out.end)),
	    F_INT("ms", ms),
	    F_INT("waited_ms", clock_wall_ms() - job->accepted_ms - ms),
	    F_INT("attempt", job->attempt),
	    F_INT("model_calls", t->model_calls),
	    F_INT("tokens_in", t->usage.in), F_INT("tokens_out", t->usage.out),
	    F_STR("tools", tools));
	metric_add(METRIC_TURNS, (int)t->out.end, 1);
	metric_observe_us(METRIC_TURN_SECONDS, 0,
	    (clock_wall_ms() - job->accepted_ms) * 1000);
	metric_add(METRIC_TOKENS, TOKENS_IN, t->usage.in);
	metric_add(METRIC_TOKENS, TOKENS_OUT, t->usage.out);
}

void
turn_run(struct worker *w, struct job *job)
{
	struct turn *t = arena_alloc(job->mem, sizeof(*t));
	enum turn_state state = TURN_LOAD;
	bool ended = false;

	log_set_id(job->id);
	t->w = w;
	t->s = worker_settings(w);
	t->job = job;
	t->mem = job->mem;
	t->begun_us = clock_boot_us();
	lease_add(w->leases, &t->lease, job, t->s->turns_lease_ms);
	stream_begin(&t->stream, w->store, job);
	while (state != TURN_END) {
		log_event(LOG_DEBUG, "turn_step", F_CHAT(&job->chat),
		    F_STR("step", STEPS[state].name));
		ended = state == TURN_FINISH;
		state = STEPS[state].step(t);
	}
	lease_remove(w->leases, &t->lease);
	if (ended && t->text != NULL)
		turn_log(t);
	stream_end(&t->stream);
	toolset_unref(t->tools);
	settings_unref(t->s);
	log_set_id(NULL);
	job_free(job); /* ${t} lived there */
}
