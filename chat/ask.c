/*
 * ask: one answer of a model: which backend, when again, and what the person
 * is told when none answers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "chat/context.h"
#include "chat/known.h"
#include "chat/phrases.h"
#include "chat/steps.h"
#include "chat/worker.h"
#include "nouns/metric.h"
#include "redis/fleet.h"

/* An empty answer, or a call that is none, is asked for once more. */
#define EMPTIES_MAX 2
/* When thoughts ate llm.max_tokens: so many times it, once. */
#define LIMIT_RAISED 4
/* A prompt shorter than this (tokens, estimated) fits any context. */
#define CUT_PROMPT_LEAST 500
#define CUT_PROMPT_EVERY_MS (60 * 60 * 1000)
/* So many failures within the window open a provider's breaker. */
#define BREAKER_FAILURES 5
#define BREAKER_WINDOW_MS 30000
#define BREAKER_OPEN_MS 15000

static void
backend_name(const struct llm_backend *b, char *out, size_t max)
{
	snprintf(out, max, "%s/%s", settings_host_name(b->host), b->model);
}

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
	const struct settings *s = t->s;
	struct budget_limits limits = { s->budget_chat, s->budget_day };
	int64_t day = 0;

	if (s->budget_turn > 0
	    && t->usage.in + t->usage.out + estimate > s->budget_turn) {
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
				.reserved = estimate, .day = day };
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

static void
note_success(struct turn *t, struct worker_breaker *br)
{
	if (br == NULL)
		return;
	atomic_store(&br->last_rc, LLM_OK);
	if (atomic_exchange(&br->failing, 0) == 0)
		return;
	atomic_store(&br->open_until_ms, 0);
	(void)!breaker_succeed(t->w->store, br->name);
}

static void
note_failure(struct turn *t, struct worker_breaker *br, enum llm_rc rc,
    const struct llm_failure *f)
{
	int64_t until = 0;

	if (br == NULL)
		return;
	atomic_store(&br->last_rc, rc);
	if (!f->counts)
		return;
	atomic_store(&br->failing, 1);
	if (breaker_fail(t->w->store, br->name, BREAKER_FAILURES,
		BREAKER_WINDOW_MS, BREAKER_OPEN_MS, &until)
	    == STORE_OK)
		atomic_store(&br->open_until_ms, until);
}

/* What the operator does about it. */
static const char *
remedy_of(enum llm_rc rc, int status)
{
	switch (rc) {
	case LLM_DENIED:
		return "correct the API key of this host";
	case LLM_QUOTA:
		return "add credit, or raise the limit at the provider";
	case LLM_INVALID:
		return status == 404
		    ? "correct the address (llm.base_url) or the model's name"
		    : "read the server's message; dragoman models --test asks "
		      "it";
	case LLM_CONTEXT:
		return "lower chat.history_tokens, or raise the server's "
		       "context";
	case LLM_FILTERED:
		return "nothing: the provider's filter declined this message";
	case LLM_LOADING:
		return "wait until the server has loaded the model";
	default:
		return "nothing if it passes; else look at the server";
	}
}

static void
log_failure(struct turn *t, const struct llm_backend *b, const char *name,
    enum llm_rc rc, const struct llm_failure *f)
{
	const char *url = llm_chat_url(b, t->mem);
	struct text_address at;

	text_address(url, &at);
	log_event(rc == LLM_RETRY || rc == LLM_BROKEN || rc == LLM_LOADING
		    || rc == LLM_FILTERED
		? LOG_WARN
		: LOG_ERROR,
	    "model_failed", F_CHAT(&t->job->chat), F_STR("backend", name),
	    F_STR("kind", llm_rc_name(rc)), F_INT("status", f->status),
	    F_STR("why", f->why), F_STR("code", f->code),
	    F_STR("type", f->type), F_STR("param", f->param),
	    F_STR("message", f->message),
	    F_STR("url", arena_printf(t->mem, "%.*s%.*s", at.scheme, url,
			     at.len, at.rest)),
	    F_STR("remedy", remedy_of(rc, f->status)));
}

/*
 * Ollama and LM Studio cut what passes their context and say nothing.  Twelve
 * bytes to a token (a quarter of the estimate) is more than any text has; a
 * short prompt is none to cut.  A server that counts only what its cache had
 * not looks the same: so it is said once an hour, and nothing is refused.
 */
static void
look_at_count(struct turn *t, struct worker_breaker *br, const char *name,
    const struct llm_question *q, const struct llm_answer *a)
{
	int64_t sent = llm_estimate(q->messages, q->nmessages, NULL, 0),
		now = clock_boot_ms(), told;
	size_t i;

	for (i = 0; i < q->nmessages; i++)
		if (q->messages[i].nimages > 0)
			return; /* counted by no one rule */
	if (sent < CUT_PROMPT_LEAST || a->usage.in <= 0
	    || a->usage.in >= sent / 4)
		return;
	/* No row: the log's own bound must do. */
	told = br == NULL ? 0 : atomic_load(&br->cut_told_ms);
	if ((told != 0 && now - told < CUT_PROMPT_EVERY_MS)
	    || (br != NULL
		&& !atomic_compare_exchange_strong(&br->cut_told_ms, &told,
		    now)))
		return;
	log_event(LOG_WARN, "model_cut_prompt", F_CHAT(&t->job->chat),
	    F_STR("backend", name), F_INT("sent", sent),
	    F_INT("counted", a->usage.in),
	    F_STR("why", "the server counted far less of the prompt than was "
			 "sent: raise its context (num_ctx, "
			 "OLLAMA_CONTEXT_LENGTH) or lower "
			 "chat.history_tokens"));
}

/* One request to one backend. */
static enum llm_rc
ask_backend(struct turn *t, const struct llm_backend *b,
    struct llm_question *q, struct llm_answer *a, struct llm_failure *f)
{
	char name[128];
	struct worker_breaker *br;
	struct llm_backend knowing = *b;
	struct llm_quirks quirks;
	int64_t begun = clock_boot_us(), closed_in;
	enum llm_rc rc;

	backend_name(b, name, sizeof(name));
	br = worker_breaker(t->w, name);
	closed_in = br == NULL ? 0 : atomic_load(&br->open_until_ms)
		- clock_wall_ms();
	/* Longer than ever set: the clock went back. */
	if (closed_in > 0 && closed_in <= BREAKER_OPEN_MS) {
		*f = (struct llm_failure){ .retry_after_ms = closed_in };
		return LLM_RETRY;
	}
	*f = (struct llm_failure){ .retry_after_ms = -1 };
	t->model_calls++;
	known_quirks(t->w, t->s, b, &quirks);
	knowing.quirks = &quirks;
	rc = llm_ask(&knowing, q, t->mem, a, f);
	known_learn(t->w, b, a);
	metric_observe_us(METRIC_MODEL_SECONDS, b->host,
	    clock_boot_us() - begun);
	if (rc == LLM_OK)
		look_at_count(t, br, name, q, a);
	if (rc == LLM_OK || rc == LLM_EMPTY || rc == LLM_CONTEXT) {
		note_success(t, br);
		return rc;
	}
	if (rc == LLM_CANCELLED)
		return rc;
	metric_add(METRIC_MODEL_ERRORS, (int)rc, 1);
	note_failure(t, br, rc, f);
	log_failure(t, b, name, rc, f);
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
	    F_STR("why", a->cut ? "the limit of llm.max_tokens was reached "
				  "before any words: raise it"
				: "neither words nor calls"));
	if (a->cut)
		return turn_give_up(t, PHRASE_LIMIT);
	if (t->nrounds > 0) {
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
		stream_restart(&t->stream); /* its words are not the reply */
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

enum turn_state
turn_ask(struct turn *t)
{
	struct llm_question q = { .cancel = &t->lease.cancel,
		.on_text = on_text,
		.on_back = on_back,
		.on_first_byte = on_first_byte,
		.ctx = t };
	struct llm_backend *backends;
	struct llm_answer answer = { 0 };
	struct llm_failure f = { 0 };
	struct llm_message *messages;
	enum turn_state next;
	enum model_repeat cause = REPEAT_FAILED;
	enum llm_rc rc;
	int64_t hint = -1;
	enum llm_rc last = LLM_OK; /* of those that will not answer */
	bool again = false, loading = false;
	int64_t estimate, limit = t->s->llm_max_tokens;
	size_t n, i;

	/* Resumed in the middle of a round: its calls first. */
	if (t->nrounds > 0) {
		const struct turn_round *r = &t->rounds[t->nrounds - 1];

		for (i = 0; i < r->answer.ncalls; i++)
			if (!r->done[i])
				return TURN_TOOLS;
	}
	if (!turn_may_call(t, &next))
		return next;

	t->summarise = t->nrounds >= t->s->llm_rounds
	    || t->nrounds >= TURN_ANSWERS_MAX;
	q.nmessages = context_build(t, &messages);
	q.messages = messages;
	q.tools = t->tools->specs;
	q.ntools = t->as_words ? 0 : t->tools->n;
	/* Calls without their tools are refused by gateways
	 * (microsoft/autogen#6328). */
	q.no_calls = t->summarise;
	q.as_words = t->as_words;
	if (t->raised)
		q.max_tokens = limit *= LIMIT_RAISED;
	estimate = llm_estimate(q.messages, q.nmessages, q.tools, q.ntools);
	if (!afford(t, estimate + limit, &next))
		return next;

	n = llm_backends(t->s, t->mem, &backends);
	for (i = 0; i < n; i++) {
		if (t->declined & (UINT64_C(1) << (i % 64))) {
			last = LLM_FILTERED;
			continue;
		}
		rc = ask_backend(t, &backends[i], &q, &answer, &f);
		switch (rc) {
		case LLM_OK:
		case LLM_EMPTY:
			return take_answer(t, &answer);
		case LLM_CANCELLED: /* what was asked is paid for */
			t->budget.spent += estimate;
			return turn_cancelled(t);
		case LLM_CONTEXT:
			if (t->shortened)
				return turn_give_up(t, PHRASE_TOO_LONG);
			t->shortened = true;
			return repeat(t, REPEAT_CONTEXT);
		case LLM_BROKEN: /* it had begun to answer */
			pay_cut(t, &answer, estimate);
			metric_add(METRIC_ANSWERS_CUT, 0, 1);
			cause = REPEAT_CUT;
			break;
		case LLM_FILTERED: /* another provider may see no harm */
			t->declined |= UINT64_C(1) << (i % 64);
			break;
		case LLM_LOADING:
			loading = true;
			hint = sooner(hint, &f);
			break;
		case LLM_INVALID:
			if (!f.unknown || t->guessed || !context_can_shorten(t))
				break;
			t->guessed = true; /* perhaps it is too long */
			return repeat(t, REPEAT_UNKNOWN);
		default:
			break;
		}
		stream_restart(&t->stream); /* if any was shown */
		if ((rc == LLM_RETRY || rc == LLM_BROKEN)
		    && f.once && ++t->empties >= EMPTIES_MAX)
			rc = LLM_INVALID;
		if (rc == LLM_RETRY || rc == LLM_BROKEN) {
			again = true;
			hint = sooner(hint, &f);
		} else if (last == LLM_OK || rc == LLM_FILTERED)
			last = rc; /* the first says what is wrong */
	}
	if (again || loading)
		metric_add(METRIC_MODEL_REPEATS,
		    loading ? REPEAT_LOADING : (int)cause, 1);
	return turn_unanswered(t, loading ? LLM_LOADING
				   : again ? LLM_RETRY
					   : last,
	    hint);
}
