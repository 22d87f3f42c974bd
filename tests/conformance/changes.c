/*
 * changes: tools that change a list, of which all that listen are told, at
 * every edge.
 */
#include "redis/versions.h"
#include "tests/conformance/fixtures.h"

static void
change(enum version_list list, struct arena *mem, struct tool_result *result)
{
	struct store *st = fixture_store();

	if (st != NULL && versions_raise(st, list, NULL) == STORE_OK)
		tool_result_say(mem, result, TOOL_DONE, "it has changed");
	else
		tool_result_say(mem, result, TOOL_FAILED,
		    "it could not be changed");
}

void
fixture_change_tools(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	(void)ctx;
	(void)arguments;
	change(VERSION_TOOLS, mem, result);
}

void
fixture_change_prompts(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	(void)ctx;
	(void)arguments;
	change(VERSION_PROMPTS, mem, result);
}
