/*
 * write_modern: 2026-07-28 and later, where each result says what it is, how
 * long it is good, and of whom.
 */
#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "mcp/server.h"
#include "mcp/rpc.h"
#include "mcp/write.h"

static int
begin(struct buf *out)
{
	return buf_add_str(out, "\"resultType\":\"complete\"");
}

static int
end(struct buf *out, const struct mcp_call *call, const struct mcp_cache *cache)
{
	if (cache != NULL
	    && buf_printf(out, ",\"ttlMs\":%" PRId64 ",\"cacheScope\":\"%s\"",
		   cache->ttl_ms, cache->is_public ? "public" : "private")
		== -1)
		return -1;
	return mcp_member(out, "_meta") == -1
		|| buf_add_str(out, "{\"io.modelcontextprotocol/serverInfo\":")
		    == -1
		|| mcp_write_info(out, call) == -1
	    ? -1
	    : buf_add_char(out, '}');
}

int
mcp_write_questions(struct buf *out, const struct mcp_call *call,
    const json_t *questions, const char *state)
{
	if (rpc_write_head(out, call->id) == -1
	    || buf_add_str(out, "\"result\":{\"resultType\":\"input_required\"")
		== -1
	    || (questions != NULL
		&& (mcp_member(out, "inputRequests") == -1
		    || json_add(out, questions) == -1))
	    || mcp_member(out, "requestState") == -1
	    || json_add_str(out, state, strlen(state)) == -1)
		return -1;
	return mcp_result_end(out, call, NULL);
}

const struct mcp_writer MCP_WRITE_MODERN = {
	.begin = begin,
	.end = end,
	.unknown_status = 404,
	.no_resource = RPC_BAD_PARAMS,
};
