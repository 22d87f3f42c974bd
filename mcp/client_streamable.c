/*
 * client_streamable: 2025-11-25 and before over one endpoint (Streamable
 * HTTP).
 */
#include <string.h>

#include "base/arena.h"
#include "mcp/client_priv.h"

static void
lines_of(const struct exchange *x, const struct mcp_view *view,
    const char *lines[LEGACY_LINES_MAX])
{
	legacy_lines(x->mem, view->version, view->session, lines);
}

void
streamable_send(struct exchange *x, const struct buf *body)
{
	const char *lines[LEGACY_LINES_MAX];

	lines_of(x, x->view, lines);
	(void)mcp_notify(x->c, x->c->url, lines, body, MCP_NOTICE_MS);
}

/* In these revisions a closed stream does not cancel. */
static void
cancel_at_server(struct exchange *x, const char *const *lines)
{
	struct buf body = BUF_INIT(KIB);

	if (legacy_write_cancel(x, &body) == 0)
		(void)mcp_notify(x->c, x->c->url, lines, &body, MCP_NOTICE_MS);
	buf_fini(&body);
}

enum mcp_rc
streamable_run(struct exchange *x)
{
	const char *lines[LEGACY_LINES_MAX];
	enum mcp_rc rc;
	bool over;

	lines_of(x, x->view, lines);
	rc = exchange_post(x, lines, exchange_meta);
	if (exchange_is_unanswered(x, rc))
		return rc;
	over = rc != MCP_CANCELLED && legacy_session_is_over(x);
	if (over && rc == MCP_UNKNOWN) /* not run, that is */
		rc = exchange_end(x, MCP_UNREACHED, "the session is over");
	if (rc == MCP_CANCELLED
	    || (!over && !x->answered
		&& (rc == MCP_UNKNOWN || x->status == 200)))
		cancel_at_server(x, lines);
	if (over || (rc != MCP_CANCELLED && exchange_is_refused(x))
	    || (x->answered && x->result == NULL && x->code == RPC_BAD_VERSION)
	    || (!x->answered && (x->status == 404 || x->status == 405)))
		x->stale = true;
	return rc;
}

static bool
session_is_valid(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s < 0x21 || *s > 0x7e)
			return false;
	return true;
}

enum mcp_rc
streamable_begin(struct exchange *x, struct mcp_view *view)
{
	const char *lines[LEGACY_LINES_MAX], *ask;
	struct buf body = BUF_INIT(KIB);
	enum mcp_rc rc = MCP_PROTOCOL;

	view_begin(view, ERA_LEGACY, "");
	x->view = view;
	x->method = "initialize";
	lines_of(x, view, lines);
	for (ask = MCP_NEWEST_LEGACY; ask != NULL;
	     ask = legacy_instead(x, ask)) {
		x->params = legacy_hello(x, ask);
		rc = exchange_post(x, lines, exchange_meta);
		if (rc != MCP_ERROR && rc != MCP_PROTOCOL)
			break;
	}
	if (rc != MCP_OK)
		goto out;
	view->version = legacy_agreed(x->result);
	if (view->version == NULL) {
		view->version = "";
		rc = exchange_end(x, MCP_PROTOCOL,
		    "the server speaks no version of MCP that we know");
		goto out;
	}
	if (x->long_session) {
		rc = exchange_end(x, MCP_PROTOCOL,
		    "the server's session id is longer than %zu bytes",
		    sizeof(x->session) - 1);
		goto out;
	}
	if (session_is_valid(x->session))
		memcpy(view->session, x->session, sizeof(view->session));
	lines_of(x, view, lines);
	/* What becomes of it is not asked; some never answer it
	 * (wevm/vocs#484), so that a part of the time must do. */
	if (rpc_write(&body, 0, "notifications/initialized", "", "") == 0)
		(void)mcp_notify(x->c, x->c->url, lines, &body,
		    exchange_left_ms(x) / 3 + 1);
out:
	buf_fini(&body);
	return rc;
}

/* Tell the server that nobody comes back. */
void
streamable_end(struct mcp_client *c)
{
	struct arena *mem;
	struct exchange x = { .c = c };
	struct http_request req = { .method = "DELETE",
		.url = c->url,
		.total_ms = MCP_NOTICE_MS };
	struct http_response resp;
	const char *lines[LEGACY_LINES_MAX];

	if (c->view.era == ERA_UNKNOWN || c->view.session[0] == '\0')
		return;
	mem = arena_new();
	x.mem = mem;
	lines_of(&x, &c->view, lines);
	if (mcp_fill(c, &req, lines + 1) == 0) { /* no Content-Type */
		(void)http_send(&req, &resp);
		http_response_fini(&resp);
	}
	arena_free(mem);
}
