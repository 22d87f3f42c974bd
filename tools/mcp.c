/*
 * mcp: the tools of an MCP server.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "mcp/client.h"
#include "tools/source.h"

static void
set_reason(struct source_answer *answer, enum mcp_rc rc)
{
	static const char *const WORDS[] = {
		[MCP_OK] = "",
		[MCP_ERROR] = "the server refused",
		[MCP_UNREACHED] = "the server cannot be reached",
		[MCP_UNKNOWN] = "the answer was lost",
		[MCP_DENIED] = "the server wants other credentials",
		[MCP_PROTOCOL] = "the server gave no MCP answer",
		[MCP_CANCELLED] = "cancelled",
	};
	int status;

	if (sscanf(answer->why, "HTTP %3d", &status) == 1)
		text_format(answer->reason, sizeof(answer->reason),
		    "%s (HTTP %d)", WORDS[rc], status);
	else
		text_format(answer->reason, sizeof(answer->reason), "%s",
		    WORDS[rc]);
}

static json_t *
list(struct source *s, const volatile int *cancel, struct source_answer *answer)
{
	json_t *tools = NULL;
	enum mcp_rc rc = mcp_client_tools(s->own, cancel, &tools,
	    &answer->ttl_ms, answer->why);

	set_reason(answer, rc);
	answer->away = rc == MCP_UNREACHED || rc == MCP_UNKNOWN;
	return rc == MCP_OK ? tools : NULL;
}

static bool
list_changed(struct source *s)
{
	return s->own != NULL && mcp_client_list_changed(s->own);
}

static void
on_progress(void *arg, double progress, double total, const char *message)
{
	const struct tool_ctx *ctx = arg;

	ctx->progress(ctx->arg, progress, total, message);
}

static void
on_log(void *arg, enum tool_level level, const char *text)
{
	const struct tool_ctx *ctx = arg;

	ctx->say(ctx->arg, level, text);
}

/* How the call ended if no result came. */
static const char *
failed(enum mcp_rc rc, const char *why, struct arena *mem)
{
	switch (rc) {
	case MCP_ERROR:
		return arena_printf(mem,
		    "The tool's server refused the call: %s", why);
	case MCP_DENIED:
		return arena_printf(mem,
		    "The tool's server does not let us in: %s", why);
	case MCP_UNKNOWN:
		return arena_printf(mem,
		    "The call was interrupted (%s); " TOOL_OUTCOME_UNKNOWN,
		    why);
	case MCP_CANCELLED:
		return "The call was cancelled.";
	default:
		return arena_printf(mem,
		    "The tool's server cannot be reached: %s", why);
	}
}

static void
call(struct source *s, const struct catalogue_tool *tool,
    const struct tool_ctx *ctx, const json_t *arguments, struct arena *mem,
    struct tool_result *result)
{
	struct mcp_call_options o = { .deadline_ms = ctx->deadline_ms,
		.cancel = ctx->cancel,
		.on_progress = ctx->progress == NULL ? NULL : on_progress,
		.ctx = (void *)(uintptr_t)ctx,
		.answers = ctx->answers,
		.state = ctx->state,
		.capabilities = ctx->can,
		.trace = ctx->trace,
		.on_log = ctx->say == NULL ? NULL : on_log,
		.level = ctx->level };
	char why[MCP_WHY_MAX] = "";
	json_t *doc = NULL;
	const char *type;
	enum mcp_rc rc;

	rc = mcp_client_call(s->own, tool->name, arguments, tool->schema, &o,
	    mem, &doc, why);
	if (rc != MCP_OK) {
		tool_result_say(mem, result, TOOL_FAILED,
		    failed(rc, mcp_client_hide(s->own, mem, why), mem));
		return;
	}
	doc = mcp_client_hide_json(s->own, mem, doc);
	type = json_member_str(doc, "resultType");
	if (type != NULL && strcmp(type, "input_required") == 0) {
		result->end = TOOL_ASKS;
		result->questions = json_object_get(doc, "inputRequests");
		result->state = json_member_str(doc, "requestState");
		return;
	}
	mcp_result_read(mem, doc, result);
}

static bool
keep(struct source *s, const struct source *anew,
    const struct settings *settings)
{
	if (s->own == NULL || anew->own == NULL
	    || !mcp_client_is_same(s->own, anew->own))
		return false;
	mcp_client_set_timeout(s->own, (int)settings->mcp_timeout_ms);
	return true;
}

static void
close_own(struct source *s)
{
	mcp_client_free(s->own);
}

static const struct source_kind MCP = {
	.name = "mcp",
	.label = SOURCE_MCP,
	.prefixed = true,
	.list = list,
	.list_changed = list_changed,
	.call = call,
	.keep = keep,
	.close = close_own,
};

/* Named in the configuration, but not served yet: seen where operators look. */
static struct source *
unserved(const char *name)
{
	struct source *s = source_new(&MCP, name, "", NULL);

	s->unserved = s->asked = true;
	s->next_ms = INT64_MAX;
	text_format(s->why, sizeof(s->why),
	    "it is started by a command; only servers with a url are served "
	    "yet");
	text_format(s->reason, sizeof(s->reason), "it is started by a command");
	return s;
}

struct source *
mcp_source(const struct settings *s, const struct settings_server *server)
{
	if (server->by_command)
		return unserved(server->name);
	return source_new(&MCP, server->name, server->url,
	    mcp_client_new(&(struct mcp_client_options){ .name = server->name,
		.url = server->url,
		.headers = server->headers,
		.timeout_ms = (int)s->mcp_timeout_ms,
		.trust = MCP_TRUST_OPERATOR }));
}
