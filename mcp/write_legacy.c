/*
 * write_legacy: all revisions that begin with initialize.
 */
#include "mcp/rpc.h"
#include "mcp/write.h"

static int
begin(struct buf *out)
{
	(void)out;
	return 0;
}

static int
end(struct buf *out, const struct mcp_call *call, const struct mcp_cache *cache)
{
	(void)out;
	(void)call;
	(void)cache;
	return 0;
}

const struct mcp_writer MCP_WRITE_LEGACY = {
	.begin = begin,
	.end = end,
	.unknown_status = 200,
	.no_resource = RPC_NO_RESOURCE,
};
