/*
 * mcp_preflight: what a browser asks before a page may call (CORS).  It sends
 * no key, and needs none.
 */
#include <string.h>
#include <strings.h>

#include "handlers/handlers.h"
#include "handlers/mcp_priv.h"

#define HEADERS                                                        \
	"Authorization, X-API-Key, Content-Type, Accept, "             \
	"MCP-Protocol-Version, Mcp-Method, Mcp-Name, Mcp-Session-Id, " \
	"Last-Event-ID, Idempotency-Key, traceparent, tracestate, baggage"
#define KEEP_S "7200" /* as long as any browser keeps it */
#define PARAM "mcp-param-"
#define TOKEN                                                  \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" \
	"0123456789!#$%&'*+-.^_`|~"

/* Each mirrored argument has a header of its own: those that are asked for. */
static const char *
allowed_headers(struct request *req)
{
	const char *at = request_header(req, "Access-Control-Request-Headers");
	const char *list = HEADERS;
	size_t len;

	while (at != NULL && *at != '\0') {
		at += strspn(at, " \t,");
		len = strspn(at, TOKEN);
		if (strncasecmp(at, PARAM, strlen(PARAM)) == 0)
			list = arena_printf(req->mem, "%s, %.*s", list,
			    (int)len, at);
		at += strcspn(at, ",");
	}
	return list;
}

int
handle_mcp_preflight(struct request *req)
{
	mcp_allow_origin(req);
	response_header(req, "Allow", "GET, POST, DELETE, OPTIONS");
	response_header(req, "Access-Control-Allow-Methods",
	    "GET, POST, DELETE");
	response_header(req, "Access-Control-Allow-Headers",
	    allowed_headers(req));
	response_header(req, "Access-Control-Max-Age", KEEP_S);
	return reply_empty(req, 204);
}
