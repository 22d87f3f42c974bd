/*
 * unanswered: no backend gave an answer: again later, the words that were
 * kept of a cut one, or what the person is told.
 */
#include <string.h>

#include <sodium.h>

#include "base/clock.h"
#include "chat/phrases.h"
#include "chat/turn.h"
#include "nouns/metric.h"

/* A retry further away than this is a score in `due`, not a thread. */
#define RETRY_INLINE_MS 1000
/* Without a hint of the server: 0.5 s, doubled, at most 8 s, less jitter. */
#define RETRY_FIRST_MS 500
#define RETRY_MAX_MS 8000
/* Loading takes from seconds to minutes; looking costs the server nothing. */
#define LOADING_LOOK_MS 2000

/* When to ask again, less jitter. */
static int64_t
backoff(struct turn *t, int64_t hint_ms)
{
	int64_t delay = RETRY_FIRST_MS;

	if (t->retry_n < 5)
		delay <<= t->retry_n;
	if (delay > RETRY_MAX_MS)
		delay = RETRY_MAX_MS;
	delay -= randombytes_uniform((uint32_t)(delay / 4) + 1);
	t->retry_n++;
	return hint_ms > delay ? hint_ms : delay;
}

/* The model is being loaded: looked at from time to time, with no thread, for
 * as long as a person waits for a reply. */
static enum turn_state
loading(struct turn *t, int64_t hint_ms)
{
	int64_t now = clock_wall_ms(), patience = t->s->chat_wait_ms,
		delay = LOADING_LOOK_MS;

	if (patience < t->s->llm_retry_for_ms) /* nobody waits with us */
		patience = t->s->llm_retry_for_ms;
	if (t->loading_since_ms == 0 || t->loading_since_ms > now) {
		t->loading_since_ms = now;
		stream_status(&t->stream, "model loading");
	}
	if (hint_ms > delay)
		delay = hint_ms;
	if (now + delay - t->loading_since_ms > patience)
		return turn_give_up(t, PHRASE_LOADING);
	t->retry_since_ms = 0; /* it is no failure */
	t->back_hold = true;
	return turn_back(t, delay, false);
}

/* The server named the time: it is no matter of money. */
static enum turn_state
limited(struct turn *t, int64_t over_ms)
{
	char span[LLM_SPAN_MAX];

	llm_span(over_ms, span);
	return turn_give_up(t,
	    arena_printf(t->mem, "%s Please try again in %s.", PHRASE_LIMITED,
		span));
}

enum turn_state
turn_unanswered(struct turn *t, enum llm_rc rc, int64_t hint_ms)
{
	int64_t now = clock_wall_ms(), delay;

	if (rc == LLM_LOADING)
		return loading(t, hint_ms);
	if (rc == LLM_FILTERED) { /* an answer of a kind: no failure */
		t->kept = NULL;
		return turn_say(t, END_REPLIED, PHRASE_FILTERED);
	}
	if (rc == LLM_QUOTA && hint_ms > 0)
		return limited(t, hint_ms);
	if (rc != LLM_RETRY)
		return turn_give_up(t, phrase_of(rc));
	if (t->retry_since_ms == 0 || t->retry_since_ms > now)
		t->retry_since_ms = now; /* the first, or the clock went back */
	delay = backoff(t, hint_ms);
	if (now + delay - t->retry_since_ms > t->s->llm_retry_for_ms)
		return turn_give_up(t,
		    t->often ? PHRASE_OFTEN : PHRASE_MODEL_FAILED);
	if (delay > RETRY_INLINE_MS) {
		t->back_hold = true;
		return turn_back(t, delay, false);
	}
	return turn_pause(t, delay) ? TURN_ASK : turn_cancelled(t);
}
