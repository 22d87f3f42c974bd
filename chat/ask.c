/*
 * ask: one answer of a model: what is asked, of which backend, when again, and
 * what the person is told when none answers.
 */
#include <string.h>

#include "chat/ask_priv.h"
#include "chat/context.h"
#include "chat/phrases.h"
#include "nouns/metric.h"
#include "work/worker.h"

/* When thoughts ate llm.max_tokens: so many times it, once. */
#define LIMIT_RAISED 4

/* Reserve what this call may cost; false: ${next} says so to the person. */
static bool
afford(struct turn *t, int64_t estimate, enum turn_state *next)
{
	const struct policy *p = t->policy;
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

/* When to ask again after ${f}, if other backends say ${hint_ms} (-1: none
 * yet): as soon as one may answer.  No hint means soon. */
static int64_t
sooner(int64_t hint_ms, const struct llm_failure *f)
{
	int64_t own = f->retry_after_ms < 0 ? 0 : f->retry_after_ms;

	return hint_ms == -1 || own < hint_ms ? own : hint_ms;
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

/* What is asked now; returns how many tokens the answer may have. */
static int64_t
make_question(struct turn *t, struct llm_question *q)
{
	struct llm_message *messages;

	t->summarise = t->nrounds >= t->policy->rounds
	    || t->nrounds >= TURN_ANSWERS_MAX;
	*q = (struct llm_question){ .cancel = &t->lease->why,
		.tools = t->tools->specs,
		.ntools = t->as_words ? 0 : t->tools->n,
		/* Calls without their tools are refused by gateways
		 * (microsoft/autogen#6328). */
		.no_calls = t->summarise,
		.as_words = t->as_words };
	q->nmessages = context_build(t, &messages);
	q->messages = messages;
	if (t->raised)
		q->max_tokens = t->policy->max_tokens * LIMIT_RAISED;
	return t->raised ? q->max_tokens : t->policy->max_tokens;
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
		*next = turn_answered(t, answer);
		return true;
	case LLM_CANCELLED: /* what was asked is paid for */
		t->budget.spent += a->estimate;
		*next = turn_cancelled(t);
		return true;
	case LLM_CONTEXT: /* another model may take more */
		if (!t->shortened) {
			t->shortened = true;
			*next = turn_repeat(t, REPEAT_CONTEXT);
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
			*next = turn_repeat(t, REPEAT_UNKNOWN);
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

	if (!turn_may_call(t, &next))
		return next;
	limit = make_question(t, &q);
	a.estimate = llm_estimate(q.messages, q.nmessages, q.tools, q.ntools);
	if (!afford(t, a.estimate + limit, &next))
		return next;
	n = llm_backends(t->s, t->policy, t->mem, &backends);
	for (i = 0; i < n; i++) {
		struct llm_answer answer = { 0 };
		struct llm_failure f = { 0 };
		enum llm_rc rc;

		if (((t->declined | t->too_long) & bit_of(i)) != 0) {
			a.last = (t->declined & bit_of(i)) != 0 ? LLM_FILTERED
								: LLM_CONTEXT;
			continue;
		}
		rc = turn_ask_one(t, &backends[i], &q, &answer, &f);
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
