/*
 * direct: no model; the message is itself a call (llm/direct.h).
 */
#include "llm/direct.h"

#include "chat/turn.h"

enum turn_state
turn_direct(struct turn *t)
{
	struct direct_plan plan = { 0 };
	struct turn_round *r = &t->rounds[0];

	if (t->nrounds == 0) {
		direct_read(t->mem, t->job->given->message.text,
		    t->tools->specs, t->tools->n, &plan);
		if (plan.reply != NULL)
			return turn_say(t, END_REPLIED, plan.reply);
		r->answer = (struct llm_answer){ .text = "",
			.calls = arena_alloc(t->mem, sizeof(*r->answer.calls)),
			.ncalls = 1 };
		r->answer.calls[0] = plan.call;
		t->nrounds = 1;
		return TURN_TOOLS;
	}
	if (!r->done[0])
		return TURN_TOOLS;
	t->remember = true;
	return turn_say(t, END_REPLIED, r->results[0].text);
}
