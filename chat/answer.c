/*
 * answer: what becomes of a whole answer of a model.
 */
#include "base/log.h"
#include "chat/ask_priv.h"
#include "chat/phrases.h"
#include "chat/steps.h"
#include "nouns/metric.h"

/* A whole answer with neither words nor calls. */
static enum turn_state
nothing_said(struct turn *t, const struct llm_answer *a)
{
	enum turn_state next;

	if (a->refused)
		return turn_say(t, END_REPLIED, PHRASE_REFUSED);
	if (++t->empties < EMPTIES_MAX) {
		if (!a->cut)
			return turn_repeat(t, REPEAT_EMPTY);
		/* What was reserved was for less. */
		t->raised = true;
		return turn_write(t, NULL, 0, &next)
		    ? turn_repeat(t, REPEAT_LIMIT)
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

enum turn_state
turn_answered(struct turn *t, struct llm_answer *a)
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
		return turn_repeat(t, REPEAT_WORDS);
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
