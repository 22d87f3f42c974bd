/*
 * routes: THE table of the HTTP surface.  Who may call, and how much they may
 * send, stands here and is checked by fcgi/router before a handler runs.
 */
#include "handlers/handlers.h"

/* The most that server.body_max allows. */
#define CHAT_BODY_MAX (64 * MIB)

/* The same of mcp.body_max. */
#define MCP_BODY_MAX (64 * MIB)

const struct route ROUTES[] = {
	{ .methods = M_POST,
	    .pattern = "/chat",
	    .class = CLASS_ACCEPT,
	    .verify = verify_proxy_secret,
	    .body_max = CHAT_BODY_MAX,
	    .parse = PARSE_JSON,
	    .handle = handle_chat,
	    .flags = ROUTE_BODY_SET },
	{ .methods = M_GET,
	    .pattern = "/chat/{chat_id}/messages/{message_id}",
	    .class = CLASS_ACCEPT,
	    .verify = verify_proxy_secret,
	    .handle = handle_chat_message },
	{ .methods = M_POST,
	    .pattern = "/mcp",
	    .class = CLASS_ACCEPT,
	    .verify = verify_mcp,
	    .body_max = MCP_BODY_MAX,
	    .parse = PARSE_JSON,
	    .handle = handle_mcp,
	    .refuse = refuse_mcp,
	    .flags = ROUTE_BODY_MCP },
	{ .methods = M_OPTIONS,
	    .pattern = "/mcp",
	    .class = CLASS_PROBE,
	    .verify = verify_mcp_origin,
	    .handle = handle_mcp_preflight,
	    .refuse = refuse_mcp },
	/* Where clients of older servers post: the same. */
	{ .methods = M_POST,
	    .pattern = "/sse",
	    .class = CLASS_ACCEPT,
	    .verify = verify_mcp,
	    .body_max = MCP_BODY_MAX,
	    .parse = PARSE_JSON,
	    .handle = handle_mcp,
	    .refuse = refuse_mcp,
	    .flags = ROUTE_BODY_MCP },
	{ .methods = M_OPTIONS,
	    .pattern = "/sse",
	    .class = CLASS_PROBE,
	    .verify = verify_mcp_origin,
	    .handle = handle_mcp_preflight,
	    .refuse = refuse_mcp },
	{ .methods = M_GET,
	    .pattern = "/health",
	    .class = CLASS_PROBE,
	    .handle = handle_health },
	{ .methods = M_GET,
	    .pattern = "/ready",
	    .class = CLASS_PROBE,
	    .handle = handle_ready },
	{ .methods = M_GET,
	    .pattern = "/metrics",
	    .class = CLASS_PROBE,
	    .verify = verify_metrics,
	    .handle = handle_metrics },
	{ .pattern = NULL },
};
