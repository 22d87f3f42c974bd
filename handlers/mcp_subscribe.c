/*
 * mcp_subscribe: resources that a session wants to hear of, on its stream.
 */
#include "base/json.h"
#include "handlers/mcp_priv.h"

static int
change(struct mcp_work *w, struct buf *out, struct mcp_fault *fault,
    enum store_rc (*set)(struct store *st, const char *id, const char *uri))
{
	struct mcp_post *p = w->post;
	const char *uri = json_member_str(w->call.params, "uri");
	enum store_rc rc = STORE_OK;

	if (uri == NULL)
		return mcp_fail(fault, RPC_BAD_PARAMS,
		    "params.uri, a string, is missing");
	if (!w->call.has_session && !p->says)
		return mcp_fail(fault, RPC_INVALID_REQUEST,
		    "subscriptions need a session: send Mcp-Session-Id");
	rc = set(p->edge->store, p->sid, uri);
	if (rc == STORE_FULL)
		return mcp_fail(fault, RPC_BAD_PARAMS,
		    "a session has at most 64 subscriptions, of URIs shorter "
		    "than 2048 bytes");
	if (rc != STORE_OK)
		return mcp_fail(fault, RPC_INTERNAL,
		    "subscriptions cannot be kept now");
	return mcp_result_begin(out, &w->call) == -1
	    ? MCP_FAILED
	    : mcp_result_end(out, &w->call, NULL);
}

int
mcp_subscribe(struct mcp_work *w, struct buf *out, struct mcp_fault *fault)
{
	return change(w, out, fault, mcps_subscribe);
}

int
mcp_unsubscribe(struct mcp_work *w, struct buf *out, struct mcp_fault *fault)
{
	return change(w, out, fault, mcps_unsubscribe);
}
