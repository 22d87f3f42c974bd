/*
 * client_legacy: 2025-11-25 and before, which begin with initialize.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <config.h>

#include "base/arena.h"
#include "base/json.h"
#include "mcp/client_priv.h"

#define LINES_MAX 5

static const char *const versions[]
    = { MCP_NEWEST_LEGACY, "2025-06-18", "2025-03-26", "2024-11-05" };

const char *
legacy_version(const char *said)
{
	size_t i;

	for (i = 0; i < NELEM(versions); i++)
		if (said != NULL && strcmp(said, versions[i]) == 0)
			return versions[i];
	return NULL;
}

const char *
legacy_hello(void)
{
	return "\"protocolVersion\":\"" MCP_NEWEST_LEGACY
	       "\",\"capabilities\":{},\"clientInfo\":{"
	       "\"name\":\"dragoman\",\"version\":\"" PACKAGE_VERSION "\"}";
}

const char *
legacy_meta(const struct exchange *x)
{
	if (x->o == NULL || x->o->on_progress == NULL)
		return "";
	return arena_printf(x->mem, "\"progressToken\":%" PRId64, x->id);
}

static void
lines_of(const struct exchange *x, const struct mcp_view *view,
    const char *lines[LINES_MAX])
{
	size_t n = 0;

	lines[n++] = "Content-Type: application/json";
	lines[n++] = "Accept: application/json, text/event-stream";
	/* The header came with 2025-06-18. */
	if (view->version[0] != '\0'
	    && strcmp(view->version, "2025-06-18") >= 0)
		lines[n++] = arena_printf(
		    x->mem, "MCP-Protocol-Version: %s", view->version);
	if (view->session[0] != '\0')
		lines[n++]
		    = arena_printf(x->mem, "Mcp-Session-Id: %s", view->session);
	lines[n] = NULL;
}

void
legacy_answer(struct exchange *x, const struct rpc_message *m)
{
	const char *lines[LINES_MAX];
	struct buf body = BUF_INIT(64 * KIB);

	/* Each costs a round trip: a server must not hold the caller so. */
	if (exchange_is_over(x) || x->requests++ >= MCP_REQUESTS_MAX)
		return;
	if (x->view->era == ERA_STREAMABLE
	    && rpc_write_answer(&body, m->id, m->method) == 0) {
		lines_of(x, x->view, lines);
		(void)mcp_notify(x->c, x->c->url, lines, &body, MCP_NOTICE_MS);
	}
	buf_fini(&body);
}

/* In these revisions a closed stream does not cancel. */
static void
cancel_at_server(struct exchange *x, const char *const *lines)
{
	struct buf body = BUF_INIT(KIB);
	const char *params = arena_printf(x->mem,
	    "\"requestId\":%" PRId64 ",\"reason\":\"the caller gave up\"",
	    x->id);

	if (rpc_write(&body, 0, "notifications/cancelled", params, "") == 0)
		(void)mcp_notify(x->c, x->c->url, lines, &body, MCP_NOTICE_MS);
	buf_fini(&body);
}

static enum mcp_rc
legacy_post(struct exchange *x, const char *const *lines)
{
	struct buf body = BUF_INIT(MCP_ANSWER_MAX);
	enum mcp_rc rc;

	x->id = mcp_next_id(x->c);
	if (rpc_write(&body, x->id, x->method, x->params, legacy_meta(x)) == -1)
		rc = exchange_end(x, MCP_PROTOCOL, "the request is too large");
	else
		rc = exchange_post(x, x->c->url, lines, &body);
	buf_fini(&body);
	return rc;
}

/* Refused without being looked at, because the session is over. */
static bool
session_is_over(const struct exchange *x)
{
	if (x->view->session[0] == '\0')
		return false;
	if (x->status == 404)
		return true;
	return x->status == 400 && x->answered && x->result == NULL
	    && strcasestr(x->message, "session") != NULL;
}

enum mcp_rc
legacy_run(struct exchange *x)
{
	const char *lines[LINES_MAX];
	enum mcp_rc rc;

	lines_of(x, x->view, lines);
	rc = legacy_post(x, lines);
	if (rc == MCP_CANCELLED
	    || (!x->answered && (rc == MCP_UNKNOWN || x->status == 200)))
		cancel_at_server(x, lines);
	if (session_is_over(x)
	    || (rc != MCP_CANCELLED && exchange_is_refused(x))
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
legacy_begin(struct exchange *x, struct mcp_view *view)
{
	const char *lines[LINES_MAX];
	struct buf body = BUF_INIT(KIB);
	enum mcp_rc rc;

	*view = (struct mcp_view){ .era = ERA_STREAMABLE, .version = "" };
	x->view = view;
	x->method = "initialize";
	x->params = legacy_hello();
	lines_of(x, view, lines);
	rc = legacy_post(x, lines);
	if (rc != MCP_OK)
		goto out;
	view->version
	    = legacy_version(json_member_str(x->result, "protocolVersion"));
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
	if (rpc_write(&body, 0, "notifications/initialized", "", "") == 0)
		(void)mcp_notify(
		    x->c, x->c->url, lines, &body, exchange_left_ms(x));
out:
	buf_fini(&body);
	return rc;
}

/* Tell the server that nobody comes back. */
void
legacy_end(struct mcp_client *c)
{
	struct arena *mem;
	struct exchange x = { .c = c };
	struct http_request req
	    = { .method = "DELETE", .url = c->url, .total_ms = MCP_NOTICE_MS };
	struct http_response resp;
	const char *lines[LINES_MAX];

	if (c->view.era != ERA_STREAMABLE || c->view.session[0] == '\0')
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
