/*
 * mcp: calls of tools that an MCP server offers.
 */
#include <string.h>

#include "base/json.h"
#include "mcp/client.h"
#include "tools/tools_priv.h"

struct progress {
	const struct tool_ctx *ctx;
};

static void
on_progress(void *arg, double progress, double total, const char *message)
{
	struct progress *p = arg;

	(void)progress;
	(void)total;
	if (p->ctx->on_progress != NULL && message != NULL)
		p->ctx->on_progress(p->ctx->ctx, message);
}

void
mcp_call_tool(struct source *s, const struct tool_spec *spec,
    const char *remote, const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	struct progress p = { ctx };
	struct mcp_call_options o = { .deadline_ms = ctx->deadline_ms,
		.cancel = ctx->cancel,
		.on_progress = on_progress,
		.ctx = &p };
	char raw[MCP_WHY_MAX] = "";
	const char *why;
	json_t *doc = NULL;
	const char *type;
	bool is_error = false;
	enum mcp_rc rc;

	*result = (struct tool_result){ .end = TOOL_FAILED };
	rc = mcp_client_call(s->client, remote, arguments, spec->schema, &o,
	    mem, &doc, raw);
	why = mcp_client_hide(s->client, mem, raw);
	switch (rc) {
	case MCP_OK:
		break;
	case MCP_ERROR:
		result->text = arena_printf(mem,
		    "The tool's server refused "
		    "the call: %s",
		    why);
		return;
	case MCP_DENIED:
		result->text = arena_printf(mem,
		    "The tool's server does not "
		    "let us in: %s",
		    why);
		return;
	case MCP_UNKNOWN:
		result->text = arena_printf(mem,
		    "The call was interrupted "
		    "(%s); " TOOL_OUTCOME_UNKNOWN,
		    why);
		return;
	case MCP_CANCELLED:
		result->text = "The call was cancelled.";
		return;
	default:
		result->text = arena_printf(mem,
		    "The tool's server cannot be "
		    "reached: %s",
		    why);
		return;
	}
	type = json_member_str(doc, "resultType");
	if (type != NULL && strcmp(type, "input_required") == 0) {
		result->text = "This tool needs an answer from a person in "
			       "between, which is not possible from a chat "
			       "yet.";
		return;
	}
	result->text = mcp_client_hide(s->client, mem,
	    mcp_result_text(mem, doc, &is_error));
	result->end = is_error ? TOOL_FAILED : TOOL_DONE;
}
