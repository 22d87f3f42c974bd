/*
 * client_http: Streamable HTTP, and the search for what an address speaks.
 */
#include <string.h>

#include "mcp/client_priv.h"

/*
 * Which era is it?  ${p} is an exchange of its own.  The order and what counts
 * as evidence are the revision's: an outage or a refusal tells nothing.
 */
static enum mcp_rc
begin(struct exchange *p, struct mcp_view *view, struct mcp_link **link)
{
	bool no_discover, modern_only;
	enum mcp_rc rc = modern_probe(p, view), link_rc;
	char why[MCP_WHY_MAX];

	if (rc != MCP_OK || view->era == ERA_MODERN)
		return rc;
	/* It has none, or did not get to say. */
	no_discover = p->answered ? p->code == RPC_NO_METHOD
				  : p->status == 0 || p->status >= 500;

	rc = streamable_begin(p, view);
	if (rc == MCP_OK && atomic_load(&p->c->listens)
	    && listen_begin(p, view, link) == MCP_OK)
		view->transport = &MCP_SSE;
	if (rc == MCP_OK || rc == MCP_DENIED || rc == MCP_CANCELLED
	    || rc == MCP_UNREACHED || rc == MCP_UNKNOWN)
		return rc;
	/* server/discover is optional: a modern server without it. */
	modern_only = p->answered && p->result == NULL
	    && (p->code == RPC_BAD_VERSION
		|| (no_discover && p->code == RPC_NO_METHOD));
	if (modern_only) {
		view_begin(view, ERA_MODERN, MCP_MODERN);
		return MCP_OK;
	}
	if (rc == MCP_ERROR && p->status >= 500)
		rc = exchange_end(p, MCP_UNREACHED, "HTTP %d: %s", p->status,
		    p->message);
	if (p->status != 400 && p->status != 404 && p->status != 405)
		return rc;
	memcpy(why, p->why, sizeof(why));
	link_rc = link_begin(p, view, link);
	if (link_rc == MCP_OK || link_rc == MCP_CANCELLED)
		return link_rc;
	memcpy(p->why, why, sizeof(why)); /* the newer transport's matters */
	return rc;
}

static enum mcp_rc
request(struct exchange *x)
{
	enum mcp_rc rc;

	if (x->view->era == ERA_MODERN)
		return modern_run(x);
	rc = streamable_run(x);
	return exchange_is_unanswered(x, rc) ? listen_run(x, rc) : rc;
}

const struct mcp_transport MCP_HTTP = {
	.name = "Streamable HTTP",
	.begin = begin,
	.request = request,
	.send = streamable_send,
	.end = streamable_end,
};
