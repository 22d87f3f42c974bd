#include "mcp/write.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "mcp/server.h"

#define NAME "dragoman"

int
mcp_result_begin(struct buf *out, const struct mcp_call *call)
{
	return rpc_write_head(out, call->id) == -1
		|| buf_add_str(out, "\"result\":{") == -1
	    ? -1
	    : call->revision->write->begin(out);
}

int
mcp_member(struct buf *out, const char *name)
{
	if (out->data[out->len - 1] != '{' && buf_add_char(out, ',') == -1)
		return -1;
	return buf_add_char(out, '"') == -1 || buf_add_str(out, name) == -1
	    ? -1
	    : buf_add_str(out, "\":");
}

int
mcp_result_end(struct buf *out, const struct mcp_call *call,
    const struct mcp_cache *cache)
{
	return call->revision->write->end(out, call, cache) == -1
	    ? -1
	    : buf_add_str(out, "}}");
}

int
mcp_write_info(struct buf *out, const struct mcp_call *call)
{
	return buf_add_str(out, "{\"name\":\"" NAME "\",\"version\":") == -1
		|| json_add_str(out, call->server->version,
		       strlen(call->server->version))
		    == -1
	    ? -1
	    : buf_add_char(out, '}');
}

int
mcp_write_fault(struct buf *out, const struct mcp_call *call,
    const struct mcp_fault *fault)
{
	return rpc_write_fault(out, call->id, fault->code, fault->message,
	    fault->data);
}
