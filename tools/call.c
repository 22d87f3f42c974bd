/*
 * call: the call of any tool of a view.
 */
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "llm/schema.h"
#include "nouns/metric.h"
#include "tools/tools_priv.h"

#define NAMES_MAX 2000 /* bytes of names that a model is told at once */

void
source_call(struct source *s, const struct catalogue_tool *tool,
    const struct tool_ctx *ctx, const json_t *arguments, struct arena *mem,
    struct tool_result *result)
{
	int64_t begun = clock_boot_us(), us;
	int server;

	s->kind->call(s, tool, ctx, arguments, mem, result);
	us = clock_boot_us() - begun;
	metric_observe_us(METRIC_TOOL_SECONDS, s->kind->label, us);
	server = metric_learn(METRIC_SERVER_SECONDS, s->name);
	metric_observe_us(METRIC_SERVER_SECONDS,
	    metric_with(METRIC_SERVER_SECONDS, server, 0), us);
}

static void
call_entry(const struct view *view, size_t at, const struct tool_ctx *ctx,
    const json_t *arguments, struct arena *mem, struct tool_result *result)
{
	const struct tool_entry *e = &view->entries[at];

	source_call(e->source, e->original, ctx,
	    schema_restore_arguments(e->names, arguments, mem), mem, result);
}

/* A model that is told the names corrects itself. */
static const char *
no_such_tool(const struct toolset *set, const char *name, struct arena *mem)
{
	struct buf b = BUF_INIT(NAMES_MAX);
	const char *text;
	size_t i;

	for (i = 0; i < set->n; i++)
		if (buf_printf(&b, "%s%s", i == 0 ? " There are: " : ", ",
			set->specs[i].name)
		    == -1)
			break;
	text = arena_printf(mem, "There is no tool of the name \"%.64s\".%s%s",
	    name, buf_str(&b),
	    set->n == 0      ? " There are none."
		: i < set->n ? ", and more."
			     : ".");
	buf_fini(&b);
	return text;
}

/*
 * What is called alone is learned: most tools that are offered never are, and
 * the names that models make up have no end.
 */
void
source_count(const char *tool, enum tool_end end)
{
	metric_add(METRIC_TOOL_CALLS, (int)end, 1);
	if (tool != NULL)
		metric_add(METRIC_TOOL_ENDS,
		    metric_with(METRIC_TOOL_ENDS,
			metric_learn(METRIC_TOOL_ENDS, tool), (int)end),
		    1);
}

void
tools_call(const struct toolset *set, const struct tool_ctx *ctx,
    const struct tool_call *call, struct arena *mem, struct tool_result *result)
{
	const struct view *view = (const struct view *)set;
	const char *why = NULL;
	const json_t *arguments;
	size_t i;

	*result = (struct tool_result){ .end = TOOL_FAILED };
	arguments = json_read(mem, call->arguments, strlen(call->arguments),
	    &why, NULL);
	for (i = 0; i < set->n; i++)
		if (strcmp(set->specs[i].name, call->name) == 0)
			break;
	if (i == set->n)
		tool_result_say(mem, result, TOOL_FAILED,
		    no_such_tool(set, call->name, mem));
	else if (arguments != NULL && json_is_null(arguments))
		call_entry(view, i, ctx, json_keep(mem, json_object()), mem,
		    result); /* how some models write "none" */
	else if (!json_is_object(arguments))
		tool_result_say(mem, result, TOOL_FAILED,
		    arena_printf(mem,
			"The arguments must be a JSON object: %s.",
			why == NULL ? "got something else" : why));
	else
		call_entry(view, i, ctx, arguments, mem, result);
	tool_result_bound(mem, result, TOOL_CONTENT_MAX);
	source_count(i < set->n ? set->specs[i].name : NULL, result->end);
}

bool
tools_is_repeatable(const struct toolset *set, const char *name)
{
	size_t i;

	for (i = 0; i < set->n; i++)
		if (strcmp(set->specs[i].name, name) == 0)
			return set->specs[i].repeatable;
	return false;
}
