/*
 * mcp_log: what a tool says while it runs, passed on to its client's log.
 *
 * A modern client asks for it with each call, a legacy one for its session
 * (logging/setLevel).  Nobody who has not asked is told anything: one line
 * makes a stream of an answer that would have been JSON.
 */
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "handlers/mcp_priv.h"

mcp_say_fn *
mcp_say(struct mcp_work *w, const char *tool)
{
	struct mcp_post *p = w->post;

	if (p->say == NULL || w->call.level == TOOL_LEVELS)
		return NULL;
	p->log = (struct mcp_log){ .from = w->call.level, .logger = tool };
	return p->say;
}

int
mcp_log_write(struct buf *out, const struct mcp_log *log, enum tool_level level,
    const char *text)
{
	size_t len = strlen(text);

	if (!text_is_utf8(text, len))
		return -1;
	if (len > MCP_SAID_MAX)
		len = text_whole(text, MCP_SAID_MAX);
	return buf_printf(out,
		   "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\","
		   "\"params\":{\"level\":\"%s\",\"logger\":",
		   tool_level_name(level))
		    == -1
		|| json_add_str(out, log->logger, strlen(log->logger)) == -1
		|| buf_add_str(out, ",\"data\":") == -1
		|| json_add_str(out, text, len) == -1
	    ? -1
	    : buf_add_str(out, "}}");
}

int
mcp_set_level(struct mcp_work *w, struct buf *out, struct mcp_fault *fault)
{
	enum tool_level level = tool_level_find(
	    json_member_str(w->call.params, "level"));

	if (level == TOOL_LEVELS)
		return mcp_fail(fault, RPC_BAD_PARAMS,
		    "params.level is none of debug, info, notice, warning, "
		    "error, critical, alert, emergency");
	/* Without a session there is nothing to keep it for. */
	if ((w->call.has_session || w->post->says)
	    && mcps_set_level(w->post->edge->store, w->post->sid,
		   tool_level_name(level))
		!= STORE_OK)
		return mcp_fail(fault, RPC_INTERNAL,
		    "the level cannot be kept now");
	return mcp_result_begin(out, &w->call) == -1
	    ? -1
	    : mcp_result_end(out, &w->call, NULL);
}
