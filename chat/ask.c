/*
 * ask: one answer of a model: which backend, when again, and what the person
 * is told when none answers.
 */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "chat/breaker.h"
#include "chat/context.h"
#include "chat/known.h"
#include "chat/phrases.h"
#include "chat/remark.h"
#include "chat/steps.h"
#include "chat/trouble.h"
#include "chat/worker.h"
#include "nouns/metric.h"

/* An empty answer, or a call that is none, is asked for once more. */
#define EMPTIES_MAX 2
/* When thoughts ate llm.max_tokens: so many times it, once. */
#define LIMIT_RAISED 4

static void
on_text(void *ctx, const char *piece, size_t len)
{
	struct turn *t = ctx;

	stream_text(&t->stream, piece, len);
}

/* What was shown were thoughts. */
static void
on_back(void *ctx)
{
	struct turn *t = ctx;

	stream_restart(&t->stream);
}

static void
on_first_byte(void *ctx)
{
	struct turn *t = ctx;

	if (t->model_calls == 1 && t->job->attempt == 1)
		metric_observe_us(METRIC_MODEL_FIRST_BYTE, 0,
		    (clock_wall_ms() - t->job->accepted_ms) * 1000);
}

/* Reserve what this call may cost; false: ${next} says so to the person. */
static bool
afford(struct turn *t, int64_t estimate, enum turn_state *next)
{
	const struct policy *p = policy_of(t->s, &t->caller);
	struct budget_limits limits = { p->budget_chat, p->budget_day };
	int64_t day = 0;

	if (p->budget_turn > 0
	    && t->usage.in + t->usage.out + estimate > p->budget_turn) {
		*next = turn_give_up(t, PHRASE_BUDGET_TURN);
		return false;
	}
	if ((limits.chat <= 0 && limits.day <= 0) || t->budget.reserved > 0)
		return true;
	for (;;) {
		switch (budget_reserve(t->w->store, &t->job->chat, estimate,
		    &limits, &day)) {
		case STORE_OK:
			t->budget = (struct budget_change){
				.reserved = estimate,
				.day = day
			};
			return true;
		case STORE_LIMITED:
			*next = turn_give_up(t, PHRASE_BUDGET_CHAT);
			return false;
		default:
			if (!turn_pause(t, 200)) {
				*next = turn_back(t, 0, false);
				return false;
			}
		}
	}
}

/* One request to one backend, which its breaker ${br} lets through. */
static enum llm_rc
ask_closed(struct turn *t, const struct llm_backend *b,
    struct worker_breaker *br, struct llm_question *q, struct llm_answer *a,
    struct llm_failure *f)
{
	struct llm_backend knowing = *b;
	struct llm_quirks quirks;
	int64_t begun = clock_boot_us();
	enum llm_rc rc;

	*f = (struct llm_failure){ .retry_after_ms = -1 };
	t->model_calls++;
	known_quirks(t->w, t->s, b, &quirks);
	knowing.quirks = &quirks;
	rc = llm_ask(&knowing, q, t->mem, a, f);
	known_learn(t->w, b, a);
	metric_observe_us(METRIC_MODEL_SECONDS, b->host,
	    clock_boot_us() - begun);
	trouble_asked(t->w, br, b, rc, f, t->mem);
	if (rc == LLM_OK)
		remark_count(t, b, br, q, a);
	if (rc == LLM_OK || rc == LLM_EMPTY || rc == LLM_CONTEXT) {
		worker_breaker_succeed(t->w, br);
		return rc;
	}
	if (rc == LLM_CANCELLED)
		return rc;
	metric_add(METRIC_MODEL_ERRORS, (int)rc, 1);
	worker_breaker_fail(t->w, br, rc, f);
	remark_failure(t, b, rc, f);
	return rc;
}

static enum llm_rc
ask_backend(struct turn *t, const struct llm_backend *b, struct llm_question *q,
    struct llm_answer *a, struct llm_failure *f)
{
	char name[LLM_BREAKER_NAME_MAX], label[LLM_BACKEND_NAME_MAX];
	struct worker_breaker *br;
	enum llm_rc rc;
	int64_t open_ms;

	llm_breaker_name(b, name);
	br = worker_breaker_hold(t->w, name);
	open_ms = worker_breaker_open_ms(br);
	if (open_ms > 0) {
		*f = (struct llm_failure){ .retry_after_ms = open_ms };
		rc = worker_breaker_rc(br);
	} else {
		llm_backend_label(b, label);
		stream_model(&t->stream, label);
		rc = ask_closed(t, b, br, q, a, f);
	}
	worker_breaker_drop(t->w, br);
	return rc;
}

/* When to ask again after ${f}, if other backends say ${hint_ms} (-1: none
 * yet): as soon as one may answer.  No hint means soon. */
static int64_t
sooner(int64_t hint_ms, const struct llm_failure *f)
{
	int64_t own = f->retry_after_ms < 0 ? 0 : f->retry_after_ms;

	return hint_ms == -1 || own < hint_ms ? own : hint_ms;
}

/* Once more, at once. */
static enum turn_state
repeat(struct turn *t, enum model_repeat cause)
{
	enum turn_state next;

	metric_add(METRIC_MODEL_REPEATS, (int)cause, 1);
	return turn_may_call(t, &next) ? TURN_ASK : next;
}

/* A whole answer with neither words nor calls. */
static enum turn_state
nothing_said(struct turn *t, const struct llm_answer *a)
{
	enum turn_state next;

	if (a->refused)
		return turn_say(t, END_REPLIED, PHRASE_REFUSED);
	if (++t->empties < EMPTIES_MAX) {
		if (!a->cut)
			return repeat(t, REPEAT_EMPTY);
		/* What was reserved was for less. */
		t->raised = true;
		return turn_write(t, NULL, 0, &next) ? repeat(t, REPEAT_LIMIT)
						     : next;
	}
	log_event(LOG_WARN, "model_empty", F_CHAT(&t->job->chat),
	    F_STR("why",
		a->cut ? "the limit of llm.max_tokens was reached "
			 "before any words: raise it"
		       : "neither words nor calls"));
	if (a->cut)
		return turn_give_up(t, PHRASE_LIMIT);
	if (t->nrounds > 0 && !turn_has_kept(t)) {
		t->remember = true;
		return turn_say(t, END_REPLIED, PHRASE_FOUND_DATA);
	}
	return turn_give_up(t, PHRASE_EMPTY);
}

static enum turn_state
take_answer(struct turn *t, struct llm_answer *a)
{
	struct turn_round *r;
	struct journal_field fields[2];
	enum turn_state next;
	bool retried = t->retry_since_ms != 0;
	size_t n = 0;

	t->retry_since_ms = 0;
	t->retry_n = 0;
	t->loading_since_ms = 0;
	t->budget.spent += a->usage.in + a->usage.out;
	t->usage.in += a->usage.in;
	t->usage.out += a->usage.out;

	if (a->ncalls > 0 && !t->summarise) {
		/* Its words are not the reply; but who saw some sees all. */
		if (t->stream.shown)
			stream_flush(&t->stream);
		stream_restart(&t->stream);
		if (a->ncalls > TOOL_CALLS_MAX)
			a->ncalls = TOOL_CALLS_MAX;
		r = &t->rounds[t->nrounds];
		r->answer = *a;
		fields[n++] = step_answer(t, t->nrounds, a);
		if (retried) /* the next failure has its own llm.retry_for */
			fields[n++] = step_retry(t);
		t->nrounds++;
		return turn_write(t, fields, n, &next) ? TURN_TOOLS : next;
	}
	if (t->summarise && !t->as_words
	    && (a->ncalls > 0 || a->text[0] == '\0')) {
		stream_restart(&t->stream);
		t->as_words = true;
		return repeat(t, REPEAT_WORDS);
	}
	if (a->text[0] != '\0') {
		t->remember = true;
		t->truncated = a->cut; /* its own limit: nothing to excuse */
		if (a->cut && a->refused)
			t->note = PHRASE_FILTER_STOPPED;
		return turn_say(t, END_REPLIED, a->text);
	}
	return nothing_said(t, a);
}

/* A cut answer is paid once, and its words are kept. */
static void
pay_cut(struct turn *t, const struct llm_answer *a, int64_t estimate)
{
	int64_t out = a->text == NULL ? 0 : (int64_t)strlen(a->text) / 3;

	t->budget.spent += estimate + out;
	t->usage.in += estimate;
	t->usage.out += out;
	if (a->text != NULL)
		turn_keep(t, a->text);
}

/* What came of asking all backends once, so far. */
struct asked {
	int64_t estimate; /* of the question's tokens */
	int64_t hint;     /* when to ask again; -1: none said so */
	int64_t limited;  /* when the first limit is over; -1: none said so */
	enum llm_rc last; /* of those that will not answer; LLM_OK: none */
	bool anew;        /* the question changed: the next gets it anew */
	bool again;       /* one may answer later */
	bool loading;     /* one will */
	enum model_repeat cause;
};

static uint64_t
bit_of(size_t backend)
{
	_Static_assert(1 + LLM_FALLBACKS_MAX <= 64, "a bit each");
	return UINT64_C(1) << backend;
}

/* Resumed in the middle of a round: its calls first. */
static bool
has_open_calls(const struct turn *t)
{
	const struct turn_round *r;
	size_t i;

	if (t->nrounds == 0)
		return false;
	r = &t->rounds[t->nrounds - 1];
	for (i = 0; i < r->answer.ncalls; i++)
		if (!r->done[i])
			return true;
	return false;
}

/* What is asked now; returns how many tokens the answer may have. */
static int64_t
make_question(struct turn *t, struct llm_question *q)
{
	struct llm_message *messages;

	t->summarise = t->nrounds >= policy_of(t->s, &t->caller)->rounds
	    || t->nrounds >= TURN_ANSWERS_MAX;
	*q = (struct llm_question){ .cancel = &t->lease.cancel,
		.on_text = on_text,
		.on_back = on_back,
		.on_first_byte = on_first_byte,
		.ctx = t,
		.tools = t->tools->specs,
		.ntools = t->as_words ? 0 : t->tools->n,
		/* Calls without their tools are refused by gateways
		 * (microsoft/autogen#6328). */
		.no_calls = t->summarise,
		.as_words = t->as_words };
	q->nmessages = context_build(t, &messages);
	q->messages = messages;
	if (t->raised)
		q->max_tokens = t->s->llm_max_tokens * LIMIT_RAISED;
	return t->raised ? q->max_tokens : t->s->llm_max_tokens;
}

/* What backend ${i} said decides the turn: true, and ${next} is what becomes
 * of it.  Else it is noted in ${a}, and the next one is asked. */
static bool
look_at(struct turn *t, size_t i, enum llm_rc rc, struct llm_answer *answer,
    const struct llm_failure *f, struct asked *a, enum turn_state *next)
{
	bool again;

	switch (rc) {
	case LLM_OK:
	case LLM_EMPTY:
		*next = take_answer(t, answer);
		return true;
	case LLM_CANCELLED: /* what was asked is paid for */
		t->budget.spent += a->estimate;
		*next = turn_cancelled(t);
		return true;
	case LLM_CONTEXT: /* another model may take more */
		if (!t->shortened) {
			t->shortened = true;
			*next = repeat(t, REPEAT_CONTEXT);
			return true;
		}
		t->too_long |= bit_of(i);
		break;
	case LLM_BROKEN: /* it had begun to answer */
		pay_cut(t, answer, a->estimate);
		metric_add(METRIC_ANSWERS_CUT, 0, 1);
		a->cause = REPEAT_CUT;
		break;
	case LLM_FILTERED: /* another provider may see no harm */
		t->declined |= bit_of(i);
		break;
	case LLM_LOADING:
		a->loading = true;
		a->hint = sooner(a->hint, f);
		break;
	case LLM_INVALID:
		if (f->unknown && !t->guessed && !t->misguessed
		    && context_can_shorten(t)) {
			t->guessed = true; /* perhaps it is too long */
			*next = repeat(t, REPEAT_UNKNOWN);
			return true;
		}
		if (t->guessed) { /* it was not: others get all of it */
			t->guessed = false;
			t->misguessed = true;
			a->anew = true;
		}
		break;
	case LLM_QUOTA:
		if (f->told_ms > 0
		    && (a->limited == -1 || f->told_ms < a->limited))
			a->limited = f->told_ms;
		break;
	default:
		break;
	}
	stream_restart(&t->stream); /* if any was shown */
	if ((rc == LLM_RETRY || rc == LLM_BROKEN) && f->once
	    && ++t->empties >= EMPTIES_MAX)
		rc = LLM_EMPTY; /* its calls are none, again */
	again = rc == LLM_RETRY || rc == LLM_BROKEN
	    || (rc == LLM_ADDRESS && f->once && ++t->empties < EMPTIES_MAX);
	if (again) {
		t->often = f->status == 429 && (t->often || !a->again);
		a->again = true;
		a->hint = sooner(a->hint, f);
	} else if (a->last == LLM_OK || rc == LLM_FILTERED)
		a->last = rc; /* the first says what is wrong */
	return false;
}

enum turn_state
turn_ask(struct turn *t)
{
	struct asked a = { .hint = -1,
		.limited = -1,
		.last = LLM_OK,
		.cause = REPEAT_FAILED };
	struct llm_backend *backends;
	struct llm_question q;
	enum turn_state next;
	int64_t limit;
	size_t n, i;

	if (has_open_calls(t))
		return TURN_TOOLS;
	if (!turn_may_call(t, &next))
		return next;
	limit = make_question(t, &q);
	a.estimate = llm_estimate(q.messages, q.nmessages, q.tools, q.ntools);
	if (!afford(t, a.estimate + limit, &next))
		return next;
	n = llm_backends(t->s, t->mem, &backends);
	for (i = 0; i < n; i++) {
		struct llm_answer answer = { 0 };
		struct llm_failure f = { 0 };
		enum llm_rc rc;

		if (((t->declined | t->too_long) & bit_of(i)) != 0) {
			a.last = (t->declined & bit_of(i)) != 0 ? LLM_FILTERED
								: LLM_CONTEXT;
			continue;
		}
		rc = ask_backend(t, &backends[i], &q, &answer, &f);
		if (look_at(t, i, rc, &answer, &f, &a, &next))
			return next;
		if (a.anew) {
			(void)make_question(t, &q);
			a.estimate = llm_estimate(q.messages, q.nmessages,
			    q.tools, q.ntools);
			a.anew = false;
		}
	}
	if (a.again || a.loading)
		metric_add(METRIC_MODEL_REPEATS,
		    a.loading ? REPEAT_LOADING : (int)a.cause, 1);
	return turn_unanswered(t,
	    a.loading     ? LLM_LOADING
		: a.again ? LLM_RETRY
			  : a.last,
	    a.again || a.loading || a.last != LLM_QUOTA ? a.hint : a.limited);
}
