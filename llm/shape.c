/*
 * shape: a question as a backend takes it: without the tools that it refuses,
 * with calls as words, in the message shapes that it knows.
 *
 * Who refuses which shape stands at its feature in quirks.c.  Here: too many
 * tools (microsoft/vscode-copilot-release#11653), none at all
 * (ollama/ollama#14795), calls in a history whose tools are gone
 * (microsoft/autogen#6328, camel-ai/owl#532).
 */
#include <string.h>

#include "llm/ladder.h"

/* What is not refused, as many as are taken: the list begins with the
 * built-in ones. */
static void
choose_tools(struct llm_question *q, const struct llm_quirks *quirks,
    struct arena *mem)
{
	struct tool_spec *t;
	size_t i, n = 0;

	if (q->ntools == 0 || (quirks->ntools == 0 && quirks->tools_max == 0))
		return;
	t = arena_alloc(mem, q->ntools * sizeof(*t));
	for (i = 0; i < q->ntools; i++) {
		if (quirks->tools_max > 0 && n >= (size_t)quirks->tools_max)
			break;
		if (!llm_quirks_refuse_tool(quirks, q->tools[i].name,
			q->tools[i].digest))
			t[n++] = q->tools[i];
	}
	q->tools = t;
	q->ntools = n;
}

/* True if calls go as words: by setting, because there are none for this
 * model, or because "none" cannot be chosen. */
static bool
is_as_text(const struct llm_backend *b, const struct llm_question *q,
    const struct llm_quirks *quirks)
{
	return b->tools == LLM_TOOLS_TEXT || q->as_words
	    || (b->tools == LLM_TOOLS_AUTO && llm_lacks(quirks, LLM_CAN_TOOLS))
	    || (q->no_calls && llm_has_calls(q)
		&& (q->ntools == 0 || llm_lacks(quirks, LLM_CAN_TOOL_CHOICE)));
}

struct llm_question
llm_shape(const struct llm_backend *b, const struct llm_question *q,
    const struct llm_quirks *quirks, struct arena *mem, bool *text_tools)
{
	struct llm_question out = *q;
	struct llm_shaping s = { .quirks = quirks, .mem = mem };

	*text_tools = is_as_text(b, q, quirks);
	choose_tools(&out, quirks, mem);
	if (*text_tools) {
		/* What must not be called is not told of. */
		if (q->no_calls)
			out.ntools = 0;
		out = llm_as_text(&out, mem);
	}
	if (quirks->lacks == 0)
		return out;
	llm_shape_calls(&s, &out);
	llm_shape_system(&s);
	llm_shape_roles(&s);
	out.messages = s.m;
	out.nmessages = s.n;
	return out;
}
