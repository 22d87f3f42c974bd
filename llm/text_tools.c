/*
 * text_tools: tools told in words, for models without native calls.  What they
 * answer is read by text_calls.c.
 */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "llm/llm_priv.h"

static const char RESULT_CLOSE[] = "</tool_result>";

char *
llm_text_tools_prompt(struct arena *mem, const struct tool_spec *tools,
    size_t ntools)
{
	struct buf b = BUF_INIT(4 * MIB);
	char *out;
	size_t i;

	/* Past the limit the last tools are not told of. */
	(void)!buf_add_str(&b,
	    "You can call tools. To call one, write a line of exactly this "
	    "form and nothing after it:\n"
	    "<tool_call>{\"name\": \"NAME\", \"arguments\": {...}}"
	    "</tool_call>\n"
	    "Several calls may follow one another. The results come in the "
	    "next message, as <tool_result>. These are the tools, with the "
	    "JSON Schema of their arguments:");
	for (i = 0; i < ntools && !b.full; i++)
		if (buf_printf(&b, "\n- %s: %s ", tools[i].name,
			tools[i].description)
		    == 0)
			(void)!llm_add_schema(&b, &tools[i]);
	out = arena_memdup(mem, buf_str(&b), b.len);
	buf_fini(&b);
	return out;
}

char *
llm_text_tools_result(struct arena *mem, const struct llm_message *m)
{
	struct buf b = BUF_INIT(4 * MIB);
	const char *from = m->text, *at;
	char *out;

	/* Past the limit the result is not whole; what calls tools has cut it
	 * long before. */
	(void)!buf_printf(&b, "<tool_result name=\"%s\"%s>", m->tool,
	    m->is_error ? " error=\"true\"" : "");
	for (; (at = strstr(from, RESULT_CLOSE)) != NULL; from = at + 1) {
		(void)!buf_add(&b, from, (size_t)(at - from));
		(void)!buf_add_str(&b, "&lt;");
	}
	(void)!buf_add_str(&b, from);
	(void)!buf_add_str(&b, RESULT_CLOSE);
	out = arena_memdup(mem, buf_str(&b), b.len);
	buf_fini(&b);
	return out;
}

/* The question as a model without native calls gets it: tools are told in the
 * system text, calls and results are words. */
struct llm_question
llm_as_text(const struct llm_question *q, struct arena *mem)
{
	struct llm_question out = *q;
	struct llm_message *m = arena_alloc(mem,
	    (q->nmessages + 1) * sizeof(*m));
	size_t i, j;

	for (i = 0; i < q->nmessages; i++) {
		m[i] = q->messages[i];
		if (m[i].role == LLM_SYSTEM && q->ntools > 0 && !q->no_calls)
			m[i].text = arena_printf(mem, "%s\n\n%s", m[i].text,
			    llm_text_tools_prompt(mem, q->tools, q->ntools));
		for (j = 0; j < q->messages[i].ncalls; j++)
			m[i].text = arena_printf(mem,
			    "%s<tool_call>{\"name\": \"%s\", \"arguments\": "
			    "%s}</tool_call>",
			    m[i].text, m[i].calls[j].name,
			    m[i].calls[j].arguments);
		if (m[i].role == LLM_TOOL) {
			m[i].role = LLM_USER;
			m[i].text = llm_text_tools_result(mem, &q->messages[i]);
		}
		m[i].calls = NULL;
		m[i].ncalls = 0;
		m[i].extra = NULL;
	}
	out.messages = m;
	out.tools = NULL;
	out.ntools = 0;
	return out;
}
