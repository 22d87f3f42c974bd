/*
 * client_post: one POST of a JSON-RPC request, and the reading of its answer.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/sse.h"
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
	req->flags = HTTP_OPERATOR;
	return 0;
}

/* ---- messages ------------------------------------------------------------ */

static void
take_progress(struct exchange *x, const struct rpc_message *m)
{
	const json_t *total = json_object_get(m->params, "total");
	const json_t *progress = json_object_get(m->params, "progress");

	if (x->o == NULL || x->o->on_progress == NULL
	    || !rpc_id_is(json_object_get(m->params, "progressToken"), x->id))
		return;
	x->o->on_progress(x->o->ctx,
	    json_is_number(progress) ? json_number_value(progress) : 0,
	    json_is_number(total) ? json_number_value(total) : 0,
	    json_member_str(m->params, "message"));
}

static void
take_notification(struct exchange *x, const struct rpc_message *m)
{
	if (strcmp(m->method, "notifications/progress") == 0)
		take_progress(x, m);
	else if (strcmp(m->method, "notifications/tools/list_changed") == 0)
		atomic_store(&x->c->list_changed, true);
}

static int
take_message(void *ctx, const struct rpc_message *m)
{
	struct exchange *x = ctx;

	switch (m->kind) {
	case RPC_NOTIFICATION:
		take_notification(x, m);
		return 0;
	case RPC_REQUEST:
		/* A modern server must not ask; it gets no answer. */
		if (x->view->era != ERA_MODERN)
			legacy_answer(x, m);
		return 0;
	case RPC_RESULT:
		if (!rpc_id_is(m->id, x->id))
			return 0;
		x->result = json_keep(x->mem, json_incref(m->result));
		break;
	case RPC_ERROR:
		/* Without an id it can only be about what was posted. */
		if (m->id != NULL && !rpc_id_is(m->id, x->id))
			return 0;
		x->code = m->code;
		x->message = arena_strdup(x->mem, m->message);
		x->data = json_keep(x->mem, json_incref(m->data));
		break;
	default:
		return 0;
	}
	x->answered = true;
	return 1;
}

int
exchange_take(struct exchange *x, const char *bytes, size_t len)
{
	int rc;

	rc = rpc_read(x->scratch, bytes, len, take_message, x);
	arena_reset(x->scratch);
	return rc;
}

/* ---- the end ------------------------------------------------------------- */

bool
exchange_is_refused(const struct exchange *x)
{
	static const int others[] = { 401, 403, 408, 429 };
	size_t i;

	for (i = 0; i < NELEM(others); i++)
		if (x->status == others[i])
			return false;
	return !x->acts && x->status >= 400 && x->status < 500;
}

enum mcp_rc
exchange_or_unknown(const struct exchange *x, enum mcp_rc rc)
{
	return x->acts ? MCP_UNKNOWN : rc;
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
		    "HTTP %d", x->status);
	default:
		break;
	}
	if (x->status >= 500)
		return exchange_end(x, MCP_UNREACHED, "HTTP %d", x->status);
	if (x->status >= 300 && x->status < 400)
		return exchange_end(x, MCP_PROTOCOL,
		    "HTTP %d: redirects are not followed, give the last "
		    "address",
		    x->status);
	return exchange_end(x,
	    x->status < 300 ? exchange_or_unknown(x, MCP_PROTOCOL)
			    : MCP_PROTOCOL,
	    "HTTP %d and no MCP answer", x->status);
}

static enum mcp_rc
answer_end(struct exchange *x)
{
	if (x->status == 401 || x->status == 403)
		return exchange_status_end(x);
	if (x->result != NULL)
		return MCP_OK;
	if (x->status >= 500 && x->status != 500)
		return exchange_status_end(x);
	return exchange_end(x, MCP_ERROR, "%s (%lld)",
	    x->message[0] == '\0' ? "error" : x->message, (long long)x->code);
}

/* ---- reading ------------------------------------------------------------- */

static int
on_event(void *ctx, const struct sse_event *ev)
{
	struct exchange *x = ctx;

	if (ev->id[0] != '\0' && strlen(ev->id) < sizeof(x->last_event))
		memcpy(x->last_event, ev->id, strlen(ev->id) + 1);
	if (ev->len == 0 || strcmp(ev->type, "message") != 0)
		return 0;
	/* What is not JSON may not be for us; the answer may still come. */
	return exchange_take(x, ev->data, ev->len) == 1;
}

/* 1: the answer came, 0: the stream is over, -1: an event is too large. */
static int
read_events(struct exchange *x, struct http_stream *s)
{
	struct buf piece = BUF_INIT(HTTP_STREAM_MAX);
	struct sse_reader r;
	int rc = 0;

	sse_reader_init(&r, MCP_EVENT_MAX);
	while (rc == 0 && http_read(s, MCP_SLICE_MS * 10, &piece) >= 0) {
		rc = sse_reader_feed(&r, piece.data, piece.len, on_event, x);
		buf_reset(&piece);
	}
	if (r.retry_ms >= 0)
		x->retry_ms = r.retry_ms;
	if (r.id.len > 0 && r.id.len < sizeof(x->last_event))
		memcpy(x->last_event, buf_str(&r.id), r.id.len + 1);
	sse_reader_fini(&r);
	buf_fini(&piece);
	return rc;
}

static void
read_whole(struct exchange *x, struct http_stream *s)
{
	struct buf all = BUF_INIT(MCP_ANSWER_MAX);

	while (http_read(s, MCP_SLICE_MS * 10, &all) >= 0)
		if (all.len == all.max)
			break;
	if (all.len > 0)
		(void)exchange_take(x, buf_str(&all), all.len);
	buf_fini(&all);
}

static void
take_session(struct exchange *x, const struct http_response *resp)
{
	bool found = http_header(
	    resp, "mcp-session-id", x->session, sizeof(x->session));

	if (!found)
		x->session[0] = '\0';
	x->long_session = !found && http_has_header(resp, "mcp-session-id");
}

/*
 * Send ${req} and read until the answer or the end.  MCP_OK: something came,
 * see x->answered and x->status; ${is_stream}: it came as a stream.
 */
static enum mcp_rc
exchange_once(
    struct exchange *x, const struct http_request *req, bool *is_stream)
{
	struct http_response resp;
	struct http_stream *s = NULL;
	enum mcp_rc rc = MCP_OK;
	char type[128] = "";
	int got = 0;

	*is_stream = false;
	x->status = 0;
	if (http_open(req, &resp, &s) != HTTP_OK) {
		rc = exchange_http_end(x, &resp);
		goto out;
	}
	x->status = resp.status;
	if (strcmp(req->method, "POST") == 0) /* not a rest's */
		take_session(x, &resp);
	(void)http_header(&resp, "content-type", type, sizeof(type));
	*is_stream = resp.status == 200
	    && strncasecmp(type, "text/event-stream", 17) == 0;
	if (*is_stream)
		got = read_events(x, s);
	else
		read_whole(x, s);
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
		all[1]
		    = arena_printf(x->mem, "Last-Event-ID: %s", x->last_event);
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

enum mcp_rc
exchange_post(struct exchange *x, const char *url, const char *const *lines,
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

	x->answered = false;
	x->result = x->data = NULL;
	x->message = "";
	x->code = 0;
	x->last_event[0] = '\0';
	x->retry_ms = -1;
	if (mcp_fill(x->c, &req, lines) == -1)
		return exchange_end(
		    x, MCP_PROTOCOL, "too many headers for one request");
	req.total_ms = exchange_left_ms(x);
	req.cancel = x->o == NULL ? NULL : x->o->cancel;
	if (x->acts)
		req.flags |= HTTP_ONCE;
	rc = exchange_once(x, &req, &is_stream);
	if (!x->answered && is_stream && x->view->era == ERA_STREAMABLE
	    && rc != MCP_CANCELLED && x->last_event[0] != '\0') {
		posted = x->status;
		rc = resume(x, url, lines);
		/* What a GET was told says nothing of the request. */
		x->status = posted;
		if (rc != MCP_OK && rc != MCP_CANCELLED)
			rc = exchange_or_unknown(x, rc);
	}
	if (x->answered)
		return answer_end(x);
	if (rc != MCP_OK)
		return rc;
	if (is_stream)
		return exchange_end(x, exchange_or_unknown(x, MCP_UNREACHED),
		    "the stream ended before the answer");
	return exchange_status_end(x);
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
