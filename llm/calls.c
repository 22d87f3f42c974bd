/*
 * calls: how the pieces of tool calls are put together.
 */
#include <string.h>

#include "base/text.h"
#include "llm/llm_priv.h"

struct llm_partial_call *
llm_reading_call(struct llm_reading *r, size_t index)
{
	if (index >= NELEM(r->calls))
		return NULL;
	if (!r->calls[index].used) {
		r->calls[index].used = true;
		buf_init(&r->calls[index].arguments, LLM_ARGUMENTS_MAX);
		if (index + 1 > r->ncalls)
			r->ncalls = index + 1;
	}
	return &r->calls[index];
}

static bool
is_taken(const struct llm_answer *answer, const char *id)
{
	size_t j;

	for (j = 0; j < answer->ncalls; j++)
		if (strcmp(answer->calls[j].id, id) == 0)
			return true;
	return false;
}

/* An id that is this call's alone: some servers give none, or one to all. */
static const char *
call_id(struct llm_reading *r, const struct llm_answer *answer, size_t i)
{
	const char *id = r->calls[i].id;

	if (id == NULL || id[0] == '\0' || strlen(id) > LLM_ID_MAX
	    || is_taken(answer, id))
		id = arena_printf(r->mem, "call_%zu", i);
	for (; is_taken(answer, id); i++)
		id = arena_printf(r->mem, "call_%zu", i + TOOL_CALLS_MAX);
	return id;
}

/* The arguments of ${p}.  None at all means {}, but not when the answer was
 * cut: then nobody knows what was to come, and "" tells the model so. */
static const char *
arguments_of(struct llm_reading *r, const struct llm_partial_call *p)
{
	if (p->arguments.len == 0)
		return r->cut ? "" : "{}";
	return text_clean(r->mem, buf_str(&p->arguments), p->arguments.len);
}

void
llm_calls_finish(struct llm_reading *r, struct llm_answer *answer)
{
	size_t i;

	answer->calls = arena_alloc(r->mem,
	    (r->ncalls + 1) * sizeof(*answer->calls));
	for (i = 0; i < r->ncalls; i++) {
		struct llm_partial_call *p = &r->calls[i];
		const char *id;

		if (!p->used || p->name == NULL || p->name[0] == '\0')
			continue;
		id = call_id(r, answer, i);
		answer->calls[answer->ncalls++] = (struct tool_call){
			.id = id,
			/* What is longer is no tool's, and goes far. */
			.name = text_cut(r->mem, p->name, TOOL_NAME_MAX - 1),
			.arguments = arguments_of(r, p) };
	}
}
