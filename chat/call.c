/*
 * call: what the model's last answer asked for, in parallel, results in order.
 *
 * A call that was started by another worker and has no result is repeated
 * only if its tool is declared repeatable; else the model is told that the
 * outcome is unknown (docs/DESIGN.md, when something breaks).
 */
#include <pthread.h>

#include "base/pool.h"
#include "chat/phrases.h"
#include "chat/steps.h"
#include "chat/told.h"
#include "chat/token.h"
#include "work/worker.h"

struct calls;

struct call {
	struct calls *all;
	const struct tool_call *call;
	struct arena *mem; /* of its thread; the result is copied out */
	struct turn_result result;
	bool wanted; /* to be called now */
	bool ended;
	bool written;   /* its result is journalled */
	int taken_back; /* of the lease, as it was wanted */
};

struct calls {
	struct turn *t;
	struct turn_round *round;
	int k;
	struct call call[TOOL_CALLS_MAX];
	pthread_mutex_t mu;
	pthread_cond_t ended;
};

static void
call_one(struct call *c)
{
	struct turn *t = c->all->t;
	struct tool_result result;
	struct tool_ctx ctx = { .caller = &t->caller,
		.request = t->job->id,
		.token = t->token.derived,
		.deadline_ms = (int)t->s->mcp_timeout_ms,
		.cancel = &t->lease->why };

	stream_tool(&t->stream, c->call->name, "started");
	tools_call(t->tools, &ctx, c->call, c->mem, &result);
	c->result = told(c->mem, &result);
	stream_tool(&t->stream, c->call->name,
	    c->result.end == TOOL_DONE ? "done" : "failed");
	pthread_mutex_lock(&c->all->mu);
	c->ended = true;
	pthread_cond_signal(&c->all->ended);
	pthread_mutex_unlock(&c->all->mu);
}

static void
call_work(void *arg)
{
	call_one(arg);
}

/* Those that ended since the last look; waits for one at least. */
static size_t
calls_wait(struct calls *all, struct call **out)
{
	size_t n = 0, open = 0, i;

	pthread_mutex_lock(&all->mu);
	for (;;) {
		for (i = 0, open = 0; i < all->round->answer.ncalls; i++) {
			struct call *c = &all->call[i];

			if (!c->wanted || c->written)
				continue;
			if (c->ended)
				out[n++] = c;
			else
				open++;
		}
		if (n > 0 || open == 0)
			break;
		pthread_cond_wait(&all->ended, &all->mu);
	}
	pthread_mutex_unlock(&all->mu);
	return n;
}

/* Wait for the threads without caring for results: the turn must not go on,
 * but its memory is theirs until they end. */
static void
calls_abandon(struct calls *all)
{
	struct call *some[TOOL_CALLS_MAX];
	size_t n, i;

	lease_cancel(all->t->lease, LEASE_ABANDON);
	while ((n = calls_wait(all, some)) > 0)
		for (i = 0; i < n; i++)
			some[i]->written = true;
}

static void
keep_result(struct calls *all, struct call *c)
{
	struct turn *t = all->t;
	size_t i = (size_t)(c - all->call);
	struct turn_result *r = &all->round->results[i];

	*r = c->result;
	r->text = arena_strdup(t->mem, c->result.text);
	t->denied |= r->denied;
	t->token_expired |= r->token_expired;
	all->round->done[i] = true;
	c->written = true;
}

/* It was cut short by us, so its text is no result: what became of the call
 * is unknown.  The lease may be sure again since, by another's result. */
static bool
was_cut(const struct turn *t, const struct call *c)
{
	return c->result.end == TOOL_FAILED
	    && (lease_why(t->lease) != LEASE_HELD
		|| t->lease->taken_back != c->taken_back);
}

/* Start the wanted calls: all but the last on threads of their own. */
static void
calls_start(struct calls *all)
{
	struct turn *t = all->t;
	struct call *last = NULL;
	size_t i;

	for (i = 0; i < all->round->answer.ncalls; i++) {
		struct call *c = &all->call[i];

		if (!c->wanted)
			continue;
		if (last != NULL
		    && pool_run(t->w->calls, call_work, last) == -1)
			call_one(last); /* all threads are busy */
		last = c;
	}
	if (last != NULL)
		call_one(last);
}

/* Run the wanted calls, writing results as they come. */
static bool
calls_run(struct calls *all, enum turn_state *next)
{
	struct turn *t = all->t;
	struct call *some[TOOL_CALLS_MAX];
	struct journal_field fields[TOOL_CALLS_MAX];
	bool cut = false;
	size_t n, nf, i;

	calls_start(all);
	while ((n = calls_wait(all, some)) > 0) {
		for (i = 0, nf = 0; i < n; i++) {
			size_t at = (size_t)(some[i] - all->call);

			if (was_cut(t, some[i])) {
				some[i]->written = cut = true;
				continue;
			}
			keep_result(all, some[i]);
			/* A refused token is not a result: called again. */
			if (!all->round->results[at].token_expired)
				fields[nf++] = step_result(t, all->k, (int)at,
				    &all->round->results[at]);
		}
		if (nf > 0 && !turn_write(t, fields, nf, next)) {
			calls_abandon(all);
			return false;
		}
	}
	if (cut && turn_may_call(t, next)) {
		/* The lease is sure again: as one who resumes. */
		all->round->resumed = true;
		*next = TURN_TOOLS;
	}
	return !cut;
}

static void
calls_free(struct calls *all)
{
	size_t i;

	for (i = 0; i < TOOL_CALLS_MAX; i++)
		arena_free(all->call[i].mem);
	pthread_cond_destroy(&all->ended);
	pthread_mutex_destroy(&all->mu);
}

static void
want(struct calls *all, size_t i)
{
	struct call *c = &all->call[i];

	arena_free(c->mem);
	*c = (struct call){ .all = all,
		.call = &all->round->answer.calls[i],
		.mem = arena_new(),
		.wanted = true,
		.taken_back = all->t->lease->taken_back };
}

/* The access token was refused: once with a fresh one. */
static bool
calls_again(struct calls *all, enum turn_state *next)
{
	struct turn *t = all->t;
	size_t i;

	t->token_expired = false;
	if (t->token.parent == NULL || token_renew(t) != TOKEN_FRESH) {
		*next = token_refused(t);
		return false;
	}
	for (i = 0; i < all->round->answer.ncalls; i++) {
		all->call[i].wanted = false;
		if (all->round->results[i].token_expired)
			want(all, i);
	}
	if (!calls_run(all, next))
		return false;
	if (t->token_expired) {
		*next = token_refused(t);
		return false;
	}
	return true;
}

enum turn_state
turn_tools(struct turn *t)
{
	struct calls all = { .t = t,
		.round = &t->rounds[t->nrounds - 1],
		.k = t->nrounds - 1 };
	struct turn_round *r = all.round;
	enum turn_state next;
	size_t i;

	if (!turn_may_call(t, &next))
		return next;
	pthread_mutex_init(&all.mu, NULL);
	pthread_cond_init(&all.ended, NULL);
	for (i = 0; i < r->answer.ncalls; i++) {
		if (r->done[i])
			continue;
		if (r->resumed
		    && !tools_is_repeatable(t->tools,
			r->answer.calls[i].name)) {
			r->results[i] = (struct turn_result){
				.end = TOOL_FAILED,
				.text = PHRASE_OUTCOME_UNKNOWN
			};
			r->done[i] = true;
			continue;
		}
		want(&all, i);
	}
	r->resumed = false;
	if (calls_run(&all, &next)
	    && (!t->token_expired || calls_again(&all, &next)))
		next = turn_next_model(t);
	calls_free(&all);
	return next;
}
