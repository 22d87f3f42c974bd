/*
 * client_post: one POST of a JSON-RPC request, and where its answer is read.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"
#include "mcp/client_priv.h"

int
mcp_fill(const struct mcp_client *c, struct http_request *req,
    const char *const *lines)
{
	size_t n = 0, i;

	for (i = 0; lines[i] != NULL; i++) {
		if (n == HTTP_HEADERS_MAX - 1)
			return -1;
		req->headers[n++] = lines[i];
	}
	for (i = 0; i < c->nheaders; i++) {
		if (n == HTTP_HEADERS_MAX - 1)
			return -1;
		req->headers[n++] = c->headers[i];
	}
	req->headers[n] = NULL;
	req->flags = c->trust == MCP_TRUST_OPERATOR ? HTTP_OPERATOR : 0;
	return 0;
}

static void
take_session(struct exchange *x, const struct http_response *resp)
{
	bool found = http_header(resp, "mcp-session-id", x->session,
	    sizeof(x->session));

	if (!found)
		x->session[0] = '\0';
	x->long_session = !found && http_has_header(resp, "mcp-session-id");
}

/* For the operator: its host and path. */
static void
take_location(struct exchange *x, const struct http_response *resp)
{
	const char *shown;
	char value[512];
	struct text_address a;

	if (!http_header(resp, "location", value, sizeof(value)))
		return;
	shown = text_printable(x->mem, value);
	text_address(shown, &a);
	snprintf(x->location, sizeof(x->location), "%.*s%.*s", a.scheme, shown,
	    a.len, a.rest);
}

/*
 * Send ${req} and read until the answer or the end.  MCP_OK: something came,
 * see x->answered and x->status; ${is_stream}: it came as a stream.
 */
static enum mcp_rc
exchange_once(struct exchange *x, const struct http_request *req,
    bool *is_stream)
{
	struct http_response resp;
	struct http_stream *s = NULL;
	enum mcp_rc rc = MCP_OK;
	int got = 0;

	*is_stream = false;
	x->status = 0;
	x->ended = http_open(req, &resp, &s);
	if (x->ended != HTTP_OK) {
		rc = exchange_http_end(x, &resp);
		goto out;
	}
	x->status = resp.status;
	if (strcmp(req->method, "POST") == 0) /* not a rest's */
		take_session(x, &resp);
	if (resp.status >= 300 && resp.status < 400)
		take_location(x, &resp);
	got = exchange_read(x, s, &resp, is_stream);
	if (got == -1) {
		x->last_event[0] = '\0'; /* it would come again */
		rc = exchange_end(x, exchange_or_unknown(x, MCP_PROTOCOL),
		    "an event of the answer is too large");
	} else if (!x->answered && resp.rc != HTTP_OK)
		rc = exchange_http_end(x, &resp);
out:
	http_close(s);
	http_response_fini(&resp);
	return rc;
}

/* Wait before asking again; false: there is no time, or no wish, left. */
static bool
pause_before_resuming(struct exchange *x)
{
	int64_t wait = x->retry_ms >= 0 ? x->retry_ms : MCP_RESUME_MS, until;
	struct timespec slice = { .tv_nsec = 10 * 1000000L };

	if (wait < MCP_RESUME_MIN_MS)
		wait = MCP_RESUME_MIN_MS;
	if (wait > exchange_left_ms(x))
		wait = exchange_left_ms(x);
	until = clock_boot_ms() + wait;
	while (clock_boot_ms() < until) {
		if (clock_boot_ms() >= x->until || exchange_is_cancelled(x))
			return false;
		nanosleep(&slice, NULL);
	}
	return clock_boot_ms() < x->until && !exchange_is_cancelled(x);
}

/*
 * A server of 2025-11-25 may end a stream before its answer and be asked for
 * the rest, from the last event on.
 */
static enum mcp_rc
resume(struct exchange *x, const char *url, const char *const *lines)
{
	struct http_request req = { .method = "GET",
		.url = url,
		.body_max = MCP_ANSWER_MAX,
		.connect_ms = MCP_CONNECT_MS };
	const char *all[HTTP_HEADERS_MAX];
	enum mcp_rc rc = MCP_OK;
	bool is_stream = true;
	size_t n, k;
	int tries;

	for (tries = 0; tries < MCP_RESUME_MAX && rc == MCP_OK && is_stream
	     && !x->answered && x->last_event[0] != '\0';
	     tries++) {
		if (!pause_before_resuming(x))
			break;
		all[0] = "Accept: text/event-stream";
		all[1] = arena_printf(x->mem, "Last-Event-ID: %s",
		    x->last_event);
		for (n = 2, k = 0; lines[k] != NULL && n < NELEM(all) - 1; k++)
			if (strncmp(lines[k], "Accept:", 7) != 0
			    && strncmp(lines[k], "Content-Type:", 13) != 0)
				all[n++] = lines[k];
		all[n] = NULL;
		if (mcp_fill(x->c, &req, all) == -1)
			break;
		req.total_ms = exchange_left_ms(x);
		req.cancel = x->o == NULL ? NULL : x->o->cancel;
		rc = exchange_once(x, &req, &is_stream);
	}
	if (exchange_is_cancelled(x))
		return exchange_end(x, MCP_CANCELLED, "cancelled");
	return rc;
}

static enum mcp_rc
post(struct exchange *x, const char *url, const char *const *lines,
    const struct buf *body)
{
	struct http_request req = { .method = "POST",
		.url = url,
		.body = body->data,
		.body_len = body->len,
		.body_max = MCP_ANSWER_MAX,
		.connect_ms = MCP_CONNECT_MS };
	enum mcp_rc rc;
	bool is_stream;
	int posted;

	exchange_reset(x);
	x->last_event[0] = '\0';
	x->retry_ms = -1;
	if (mcp_fill(x->c, &req, lines) == -1)
		return exchange_end(x, MCP_PROTOCOL,
		    "too many headers for one request");
	req.total_ms = exchange_left_ms(x);
	req.cancel = x->o == NULL ? NULL : x->o->cancel;
	if (x->acts)
		req.flags |= HTTP_ONCE;
	rc = exchange_once(x, &req, &is_stream);
	if (!x->answered && is_stream && x->view->era == ERA_LEGACY
	    && rc != MCP_CANCELLED && x->last_event[0] != '\0') {
		posted = x->status;
		rc = resume(x, url, lines);
		/* What a GET was told says nothing of the request. */
		x->status = posted;
		x->silent = false;
		if (rc != MCP_OK && rc != MCP_CANCELLED)
			rc = exchange_or_unknown(x, rc);
	}
	if (x->answered)
		return exchange_answer_end(x);
	if (rc != MCP_OK)
		return rc;
	x->taken = x->silent && (is_stream || x->status == 202);
	if (is_stream && !x->silent)
		return exchange_end(x, exchange_or_unknown(x, MCP_UNREACHED),
		    "the stream ended before the answer");
	return exchange_status_end(x);
}

enum mcp_rc
exchange_post(struct exchange *x, const char *const *lines,
    const char *(*meta)(const struct exchange *x))
{
	struct buf body = BUF_INIT(MCP_ANSWER_MAX);
	enum mcp_rc rc;

	x->id = mcp_next_id(x->c);
	if (rpc_write(&body, x->id, x->method, x->params, meta(x)) == -1)
		rc = exchange_end(x, MCP_PROTOCOL, "the request is too large");
	else
		rc = post(x, x->c->url, lines, &body);
	buf_fini(&body);
	return rc;
}

int
mcp_notify(struct mcp_client *c, const char *url, const char *const *lines,
    const struct buf *body, int wait_ms)
{
	struct http_request req = { .method = "POST",
		.url = url,
		.body = body->data,
		.body_len = body->len,
		.connect_ms = MCP_CONNECT_MS,
		.total_ms = wait_ms };
	struct http_response resp;
	int status;

	if (mcp_fill(c, &req, lines) == -1)
		return 0;
	(void)http_send(&req, &resp);
	status = resp.rc == HTTP_OK ? resp.status : 0;
	http_response_fini(&resp);
	return status;
}
