/*
 * direct: no model; the message is itself a call (llm/direct.h), and the
 * call's result the reply (next.c).
 */
#include "llm/direct.h"

#include "chat/steps.h"

enum turn_state
turn_direct(struct turn *t)
{
	struct direct_plan plan = { 0 };
	struct turn_round *r = &t->rounds[0];
	struct journal_field f;
	enum turn_state next;

	direct_read(t->mem, t->job->given->message.text, t->tools->specs,
	    t->tools->n, &plan);
	if (plan.reply != NULL)
		return turn_say(t, END_REPLIED, plan.reply);
	r->answer = (struct llm_answer){ .text = "",
		.calls = arena_alloc(t->mem, sizeof(*r->answer.calls)),
		.ncalls = 1 };
	r->answer.calls[0] = plan.call;
	t->nrounds = 1;
	f = step_answer(t, 0, &r->answer);
	return turn_write(t, &f, 1, &next) ? TURN_TOOLS : next;
}
