/*
 * mcp_check: do a call's arguments fit its tool's schema?  Asked before
 * anything starts, and before the call takes a place anywhere.
 */
#include "handlers/mcp_priv.h"
#include "mcp/schema.h"
#include "nouns/metric.h"

const char *
mcp_check_arguments(struct mcp_work *w, const struct listed_tool *t,
    const json_t **arguments)
{
	const char *why = mcp_schema_refuse(t->rules, *arguments, w->mem);
	json_t *read;
	size_t n;

	if (why == NULL || !w->post->settings->mcp_coerce)
		return why;
	read = mcp_schema_coerce(t->rules, *arguments, w->mem, &n);
	if (n == 0)
		return why;
	why = mcp_schema_refuse(t->rules, read, w->mem);
	if (why == NULL)
		*arguments = read;
	return why;
}

int
mcp_refuse_arguments(struct mcp_work *w, const char *why, struct buf *out,
    struct mcp_fault *fault)
{
	struct tool_result result = { .end = TOOL_FAILED };

	metric_add(METRIC_ARGUMENTS, ARGUMENTS_REFUSED, 1);
	if (!w->call.revision->tells_model)
		return mcp_fail(fault, RPC_BAD_PARAMS, why);
	tool_result_say(w->mem, &result, TOOL_FAILED, why);
	return mcp_write_tool_result(out, &w->call, &result);
}
