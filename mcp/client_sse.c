/*
 * client_sse: servers that answer on one long GET (client_link.c): opening it, and
 * requests.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/clock.h"
#include "mcp/client_link.h"

/* The GET itself, as far as its head. */
static enum mcp_rc
open_stream(struct exchange *x, struct mcp_link *l, const char *const *lines)
{
	struct http_request req = { .method = "GET",
		.url = x->c->url,
		.body_max = SIZE_MAX, /* of a stream that never ends */
		.connect_ms = MCP_CONNECT_MS,
		.first_byte_ms = exchange_left_ms(x),
		.total_ms = INT_MAX,
		.cancel = x->o == NULL ? NULL : x->o->cancel };
	char type[64] = "";

	if (mcp_fill(x->c, &req, lines) == -1)
		return exchange_end(x, MCP_PROTOCOL,
		    "too many headers for one request");
	req.flags |= HTTP_OUTLIVES; /* others' calls use the stream too */
	if (http_open(&req, &l->resp, &l->stream) != HTTP_OK)
		return exchange_http_end(x, &l->resp);
	x->status = l->resp.status;
	(void)http_header(&l->resp, "content-type", type, sizeof(type));
	if (l->resp.status != 200
	    || strncasecmp(type, "text/event-stream", 17) != 0)
		return exchange_end(x, MCP_PROTOCOL,
		    "HTTP %d and no stream of events", l->resp.status);
	return MCP_OK;
}

/* ---- HTTP+SSE ------------------------------------------------------------ */

/* The rest of the piece that names the endpoint is read, too. */
static int
on_first_event(void *ctx, const struct sse_event *ev)
{
	struct mcp_link *l = ctx;

	if (l->endpoint[0] != '\0')
		return link_take(l, ev);
	if (strcmp(ev->type, "endpoint") != 0)
		return 0;
	endpoint_behind(l->c->url, ev->data, l->other);
	if (endpoint_resolve(l->c->url, ev->data, l->endpoint) == 0)
		return 0;
	l->endpoint[0] = '\0';
	return 1;
}

static enum mcp_rc
wait_for_endpoint(struct exchange *x, struct mcp_link *l)
{
	struct buf piece = BUF_INIT(HTTP_STREAM_MAX);
	int rc = 0;

	while (rc == 0 && l->endpoint[0] == '\0' && clock_boot_ms() < x->until
	    && !exchange_is_cancelled(x)) {
		if (http_read(l->stream, MCP_SLICE_MS, &piece) == -1)
			break;
		rc = sse_reader_feed(&l->reader, buf_str(&piece), piece.len,
		    on_first_event, l);
		buf_reset(&piece);
	}
	buf_fini(&piece);
	if (rc == 0 && l->endpoint[0] != '\0')
		return MCP_OK;
	if (exchange_is_cancelled(x))
		return exchange_end(x, MCP_CANCELLED, "cancelled");
	if (rc == 1)
		return exchange_end(x, MCP_PROTOCOL,
		    "the stream names an address of another server");
	return exchange_end(x, MCP_PROTOCOL, "the stream names no address");
}

static enum mcp_rc
initialize(struct mcp_link *l, struct exchange *x)
{
	const char *ask;
	enum mcp_rc rc = MCP_ERROR;

	x->method = "initialize";
	for (ask = MCP_NEWEST_LEGACY; ask != NULL && rc == MCP_ERROR;
	     ask = legacy_instead(x, ask)) {
		x->params = legacy_hello(x, ask);
		rc = link_call(l, x);
	}
	return rc;
}

enum mcp_rc
link_begin(struct exchange *x, struct mcp_view *view, struct mcp_link **link)
{
	static const char *const lines[] = { "Accept: text/event-stream",
		NULL };
	struct mcp_link *l = link_new(x->c);
	struct buf body = BUF_INIT(KIB);
	enum mcp_rc rc;

	view_begin(view, ERA_LEGACY, "");
	view->transport = &MCP_SSE;
	x->view = view;

	rc = open_stream(x, l, lines);
	if (rc == MCP_OK)
		rc = wait_for_endpoint(x, l);
	if (rc != MCP_OK)
		goto out;
	rc = initialize(l, x);
	/* Nobody has seen the link but us. */
	if (x->status == 404 && l->other[0] != '\0') {
		memcpy(l->endpoint, l->other, sizeof(l->endpoint));
		rc = initialize(l, x);
	}
	if (rc != MCP_OK)
		goto out;
	l->version = legacy_agreed(x->result);
	if (l->version == NULL) {
		rc = exchange_end(x, MCP_PROTOCOL,
		    "the server speaks no version of MCP that we know");
		goto out;
	}
	view->version = l->version;
	if (rpc_write(&body, 0, "notifications/initialized", "", "") == 0)
		link_notify(l, x->mem, &body);
	*link = l;
	l = NULL;
out:
	buf_fini(&body);
	link_unref(l);
	return rc;
}

/* ---- one endpoint -------------------------------------------------------- */

/*
 * Servers of one endpoint are to answer a request where it was POSTed.  Some
 * take it (202, or an empty stream) and answer on the GET stream, either
 * keeping the answer for it (modelcontextprotocol/python-sdk#1661,
 * modelcontextprotocol/ruby-sdk#323) or losing it when none is open
 * (r33drichards/mcp-js#185: rmcp 0.1.5).  So what acts waits there for the
 * answer, all else is asked again, and from then on the stream is open first.
 */
enum mcp_rc
listen_begin(struct exchange *x, const struct mcp_view *view,
    struct mcp_link **link)
{
	const char *lines[4];
	struct mcp_link *l = link_new(x->c);
	size_t n = 0;
	enum mcp_rc rc;

	l->listens = true;
	l->version = view->version;
	memcpy(l->session, view->session, sizeof(l->session));
	(void)snprintf(l->endpoint, sizeof(l->endpoint), "%s", x->c->url);
	lines[n++] = "Accept: text/event-stream";
	if (strcmp(view->version, "2025-06-18") >= 0)
		lines[n++] = arena_printf(x->mem, "MCP-Protocol-Version: %s",
		    view->version);
	if (view->session[0] != '\0')
		lines[n++] = arena_printf(x->mem, "Mcp-Session-Id: %s",
		    view->session);
	lines[n] = NULL;
	rc = strlen(x->c->url) < sizeof(l->endpoint)
	    ? open_stream(x, l, lines)
	    : exchange_end(x, MCP_PROTOCOL, "the server's address is too long");
	if (rc == MCP_OK) {
		*link = l;
		l = NULL;
	}
	link_unref(l);
	return rc;
}

/* The client's answers come on ${link}, if nobody else found out meanwhile. */
static void
listen_from_now(struct exchange *x, struct mcp_link *link)
{
	struct mcp_client *c = x->c;
	struct mcp_link *old = link;

	pthread_mutex_lock(&c->lock);
	if (c->view.generation == x->view->generation) {
		old = c->link;
		c->link = link;
		atomic_store(&c->listens, true);
		c->view.transport = &MCP_SSE;
		c->view.generation++;
	}
	*x->view = c->view;
	pthread_mutex_unlock(&c->lock);
	link_unref(old);
}

/* The same anew for the client's session; false: it can't be had. */
static bool
listen_again(struct exchange *x)
{
	struct mcp_link *link = NULL;

	if (listen_begin(x, x->view, &link) != MCP_OK)
		return false;
	listen_from_now(x, link);
	return true;
}

enum mcp_rc
listen_run(struct exchange *x, enum mcp_rc rc)
{
	struct mcp_link *l = NULL;
	char why[MCP_WHY_MAX];
	int status = x->status;

	memcpy(why, x->why, sizeof(why));
	if (listen_begin(x, x->view, &l) == MCP_OK) {
		listen_from_now(x, l);
	} else if (exchange_is_cancelled(x)) {
		return exchange_end(x, MCP_CANCELLED, "cancelled");
	} else { /* or another call was sooner, and there may be one only */
		pthread_mutex_lock(&x->c->lock);
		*x->view = x->c->view;
		pthread_mutex_unlock(&x->c->lock);
	}
	l = x->view->transport == &MCP_SSE ? link_of(x->c) : NULL;
	if (l == NULL) {
		x->status = status;
		memcpy(x->why, why, sizeof(why));
		return rc;
	}
	rc = x->acts ? link_await(l, x) : link_call(l, x);
	link_unref(l);
	return rc;
}

/* ---- requests ------------------------------------------------------------ */

static enum mcp_rc
request(struct exchange *x)
{
	struct mcp_link *l = link_of(x->c);
	enum mcp_rc rc;
	bool dead = link_is_dead(l, x);

	/* A proxy ended it, perhaps: the session may live. */
	if (dead && l != NULL && l->listens && listen_again(x)) {
		link_unref(l);
		l = link_of(x->c);
		dead = link_is_dead(l, x);
	}
	if (dead) {
		x->stale = true;
		rc = exchange_end(x, MCP_UNREACHED, "the stream ended");
	} else {
		rc = link_call(l, x);
		if (l->listens && legacy_session_is_over(x)) {
			x->stale = true;
			if (rc == MCP_UNKNOWN) /* not run, that is */
				rc = exchange_end(x, MCP_UNREACHED,
				    "the session is over");
		}
	}
	link_unref(l);
	return rc;
}

static void
send_on_link(struct exchange *x, const struct buf *body)
{
	struct mcp_link *l = link_of(x->c);

	if (l != NULL)
		link_notify(l, x->mem, body);
	link_unref(l);
}

const struct mcp_transport MCP_SSE = {
	.name = "HTTP+SSE",
	.begin = link_begin,
	.request = request,
	.send = send_on_link,
	.end = streamable_end, /* of one endpoint: it may have a session */
};
