/*
 * next: where a turn goes: to a model or past it, to its end, or back.  Where a
 * step itself leads (an answer with calls, a question once more) it says so.
 */
#include <string.h>

#include "chat/phrases.h"
#include "chat/turn.h"
#include "nouns/metric.h"

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
turn_has_kept(const struct turn *t)
{
	return t->kept != NULL && t->kept_round == t->nrounds;
}

void
turn_keep(struct turn *t, const char *words)
{
	if (turn_has_kept(t) && strlen(words) <= strlen(t->kept))
		return;
	if (words[0] == '\0')
		return;
	t->kept = words;
	t->kept_round = t->nrounds;
	t->kept_unwritten = true;
}

enum turn_state
turn_give_up(struct turn *t, const char *phrase)
{
	if (!turn_has_kept(t))
		return turn_say(t, END_REFUSED, phrase);
	metric_add(METRIC_ANSWERS_KEPT, 0, 1);
	t->remember = t->truncated = true;
	t->note = PHRASE_CUT_OFF;
	return turn_say(t, END_REPLIED, t->kept);
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

enum turn_state
turn_next_model(struct turn *t)
{
	const struct turn_round *r = &t->rounds[0];

	if (has_open_calls(t))
		return TURN_TOOLS;
	if (t->policy->host != HOST_DIRECT)
		return TURN_ASK;
	if (t->nrounds == 0)
		return TURN_DIRECT;
	t->remember = true;
	return turn_say(t, END_REPLIED,
	    r->done[0] ? r->results[0].text : PHRASE_EMPTY);
}

enum turn_state
turn_next_cancelled(struct turn *t, enum lease_why why)
{
	switch (why) {
	case LEASE_LATE:
		return turn_give_up(t, PHRASE_LATE);
	case LEASE_DRAIN:
		return turn_back(t, 0, false);
	case LEASE_STOP:
		return turn_say(t, END_REFUSED, PHRASE_STOPPED);
	default: /* LOST: another worker goes on.  The others end no turn. */
		return TURN_END;
	}
}
