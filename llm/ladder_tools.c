/*
 * ladder_tools: rungs that leave tools out: the one that is refused, those
 * beyond a number, all.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "llm/ladder_priv.h"

/* The index of a tool in the words, or -1: Gemini, Anthropic, OpenAI's param,
 * FastAPI's place. */
static long
tool_index(const char *text)
{
	static const char *const FORMS[] = { "function_declarations[%ld]",
		"functionDeclarations[%ld]", "tools.%ld.", "tools[%ld].",
		"'tools', %ld,", "tools/%ld/", "\"tools\",%ld,",
		"tools[%ld]:", "tools[%ld] " };
	size_t i, len;
	const char *at;
	long n;

	for (i = 0; i < NELEM(FORMS); i++) {
		len = (size_t)(strchr(FORMS[i], '%') - FORMS[i]);
		for (at = text; (at = strchr(at, FORMS[i][0])) != NULL; at++)
			if (strncmp(at, FORMS[i], len) == 0
			    && sscanf(at + len, "%ld", &n) == 1)
				return n;
	}
	return -1;
}

/* The tool that is named, quoted or after what it is, in words that are of
 * its schema; -1: none. */
static long
tool_name(const struct ladder_look *k)
{
	static const char *const WORDS[] = { "schema", "parameters",
		"properties", "property", "declaration", "keyword", "pattern" };
	size_t i;

	if (!ladder_says(k->text, WORDS, NELEM(WORDS)))
		return -1;
	for (i = 0; i < k->sent->ntools; i++) {
		const char *name = k->sent->tools[i].name;
		const char *at = ladder_find_word(k->text, name);

		if (at == NULL || at == k->text)
			continue;
		if (strchr("'\"`", at[-1]) != NULL
		    || (at - k->text >= 9
			&& strncasecmp(at - 9, "function ", 9) == 0)
		    || (at - k->text >= 5
			&& strncasecmp(at - 5, "tool ", 5) == 0)
		    || (at - k->text >= 10
			&& strncasecmp(at - 10, "function: ", 10) == 0))
			return (long)i;
	}
	return -1;
}

/* For the operator: which tool (or "": one of them), and what was said. */
static void
log_refused_tool(const struct ladder_look *k, const char *tool)
{
	char why[200];

	llm_redact_text(k->r->message, k->b, k->sent, why, sizeof(why));
	log_event(LOG_WARN, "tool_refused",
	    F_STR("host", settings_host_name(k->b->host)),
	    F_STR("model", k->b->model), F_STR("tool", tool),
	    F_STR("why", why));
}

bool
ladder_try_tool(struct ladder_look *k)
{
	struct llm_ladder *l = k->l;
	const struct tool_spec *t;
	long i = tool_name(k);

	if (i == -1)
		i = tool_index(k->text);
	if (i < 0 || (size_t)i >= k->sent->ntools
	    || l->quirks.ntools == LLM_REFUSED_TOOLS_MAX)
		return false;
	t = &k->sent->tools[i];
	if (llm_quirks_refuse_tool(&l->quirks, t->name, t->digest))
		return false;
	ladder_note(k, arena_printf(k->mem, "tool:%s", t->name),
	    t->digest == NULL ? "-" : t->digest);
	log_refused_tool(k, t->name);
	/* There may be more of them than repeats: the last one goes without
	 * any, so that it is answered and what was learned may be kept. */
	if (l->repeats == LLM_REPEATS_MAX - 1 && l->quirks.ntools > 1)
		l->no_tools = true;
	return true;
}

bool
ladder_try_tools_max(struct ladder_look *k)
{
	static const char *const WORDS[] = { "too long", "too many", "maximum",
		"at most", "limit", "exceed", "up to" };
	int64_t n;

	if (k->sent->ntools < 2 || ladder_find_word(k->text, "tools") == NULL
	    || !ladder_says(k->text, WORDS, NELEM(WORDS)))
		return false;
	n = llm_largest_below(k->text, (int64_t)k->sent->ntools, 1);
	if (n == 0 || !ladder_first_try(k->l, VALUE_TOOLS_MAX))
		return false;
	ladder_note_number(k, "tools_max", n);
	return true;
}

/* A schema is refused, and nobody says whose: this once without tools. */
bool
ladder_try_no_tools(struct ladder_look *k)
{
	static const char *const WORDS[] = { "schema", "function_declaration",
		"functionDeclaration", "invalid_function_parameters",
		"input_schema" };

	if (k->sent->ntools == 0 || !ladder_says(k->text, WORDS, NELEM(WORDS))
	    || !ladder_first_try(k->l, VALUE_NO_TOOLS))
		return false;
	k->l->no_tools = true;
	log_refused_tool(k, "");
	return true;
}
