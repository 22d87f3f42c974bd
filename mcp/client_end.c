/*
 * client_end: how an exchange ended, as the caller is told.
 */
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "mcp/client_priv.h"

bool
exchange_is_refused(const struct exchange *x)
{
	static const int others[] = { 401, 403, 408, 429 };
	size_t i;

	for (i = 0; i < NELEM(others); i++)
		if (x->status == others[i])
			return false;
	/* Answered by who understood it: there is no such thing. */
	if (x->status == 404 && x->answered && x->named
	    && x->view->era == ERA_LEGACY
	    && (x->code == RPC_NO_METHOD || x->code == RPC_BAD_PARAMS
		|| x->code == RPC_NO_RESOURCE))
		return false;
	return !x->acts && x->status >= 400 && x->status < 500;
}

bool
exchange_is_unanswered(const struct exchange *x, enum mcp_rc rc)
{
	return !x->answered && x->taken
	    && (rc == MCP_PROTOCOL || rc == MCP_UNKNOWN);
}

enum mcp_rc
exchange_http_end(struct exchange *x, const struct http_response *resp)
{
	enum mcp_rc lost = exchange_or_unknown(x, MCP_UNREACHED);

	switch (resp->rc) {
	case HTTP_OK:
		return exchange_end(x, lost, "the answer ended early");
	case HTTP_BLOCKED:
	case HTTP_UNREACHED:
		return exchange_end(x, MCP_UNREACHED, "%s", resp->why);
	case HTTP_CANCELLED:
		return exchange_end(x, MCP_CANCELLED, "%s", resp->why);
	case HTTP_TOO_LARGE:
		return exchange_end(x, exchange_or_unknown(x, MCP_PROTOCOL),
		    "%s", resp->why);
	case HTTP_TIMEOUT:
	case HTTP_BROKEN:
	default:
		return exchange_end(x, lost, "%s", resp->why);
	}
}

/* What stood there in place of an MCP answer. */
static const char *
instead(const struct exchange *x)
{
	if (x->said[0] == '\0')
		return "";
	if (x->said[0] == '<')
		return ", but a web page: is its address right?";
	return arena_printf(x->mem, ", but: %s", text_cut(x->mem, x->said, 80));
}

/*
 * An HTTP answer without a JSON-RPC one in it.  What acts may have happened
 * when the server says that it was taken, or failed at it, or a gateway that
 * the server's answer did not come.
 */
enum mcp_rc
exchange_status_end(struct exchange *x)
{
	switch (x->status) {
	case 401:
	case 403:
		return exchange_end(x, MCP_DENIED,
		    "HTTP %d: the server wants other credentials", x->status);
	case 429:
		return exchange_end(x, MCP_UNREACHED,
		    "HTTP 429: the server wants fewer requests");
	case 500:
	case 502:
	case 504:
		return exchange_end(x, exchange_or_unknown(x, MCP_UNREACHED),
		    "HTTP %d%s", x->status, instead(x));
	default:
		break;
	}
	if (x->status >= 500)
		return exchange_end(x, MCP_UNREACHED, "HTTP %d%s", x->status,
		    instead(x));
	if (x->status < 300 && x->silent)
		return exchange_end(x, exchange_or_unknown(x, MCP_PROTOCOL),
		    "HTTP %d: the server took the %s and sent no answer here",
		    x->status, x->acts ? "call" : "request");
	if (x->status >= 300 && x->status < 400)
		return exchange_end(x, MCP_PROTOCOL,
		    "HTTP %d: redirects are not followed; set the server's url "
		    "to %s",
		    x->status,
		    x->location[0] == '\0' ? "the last address" : x->location);
	return exchange_end(x,
	    x->status < 300 ? exchange_or_unknown(x, MCP_PROTOCOL)
			    : MCP_PROTOCOL,
	    "HTTP %d and no MCP answer%s", x->status, instead(x));
}

enum mcp_rc
exchange_error_end(struct exchange *x)
{
	const char *message = x->message[0] == '\0' ? "error" : x->message;

	if (x->code == 0) /* not JSON-RPC's, but plain words */
		return exchange_end(x, MCP_ERROR, "%s", message);
	return exchange_end(x, MCP_ERROR, "%s (%lld)", message,
	    (long long)x->code);
}

enum mcp_rc
exchange_answer_end(struct exchange *x)
{
	if (x->status == 401 || x->status == 403)
		return exchange_status_end(x);
	if (x->result != NULL)
		return MCP_OK;
	if (x->status >= 500 && x->status != 500)
		return exchange_status_end(x);
	return exchange_error_end(x);
}
