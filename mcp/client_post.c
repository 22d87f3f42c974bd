/*
 * client_post: one POST of a JSON-RPC request, and the reading of its answer.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
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
	req->flags = HTTP_OPERATOR;
	return 0;
}

/* ---- messages ------------------------------------------------------------ */

static void
take_progress(struct exchange *x, const struct rpc_message *m)
{
	const json_t *total = json_object_get(m->params, "total");
	const json_t *progress = json_object_get(m->params, "progress");
	const char *message = json_member_str(m->params, "message");

	if (x->o == NULL || x->o->on_progress == NULL
	    || rpc_id_match(json_object_get(m->params, "progressToken"), x->id)
		== RPC_ID_OTHER)
		return;
	x->o->on_progress(x->o->ctx,
	    json_is_number(progress) ? json_number_value(progress) : 0,
	    json_is_number(total) ? json_number_value(total) : 0,
	    message == NULL ? NULL
			    : mcp_client_hide(x->c, x->scratch, message));
}

static void
take_notification(struct exchange *x, const struct rpc_message *m)
{
	if (strcmp(m->method, "notifications/progress") == 0)
		take_progress(x, m);
	else if (strcmp(m->method, "notifications/tools/list_changed") == 0)
		atomic_store(&x->c->list_changed, true);
}

/* The answer is ${m}; what was taken with a worse id goes. */
static void
take_answer(struct exchange *x, const struct rpc_message *m)
{
	x->result = x->data = NULL;
	if (m->kind == RPC_RESULT) {
		x->result = json_keep(x->mem, json_incref(m->result));
		return;
	}
	x->code = m->code;
	x->message = arena_strdup(x->mem, m->message);
	x->data = json_keep(x->mem, json_incref(m->data));
}

/*
 * Is ${m} the answer to what was posted?  RPC_ID_TEXT: perhaps.  An error
 * without an id can only be about that; so can one in the body of a refusal,
 * whose id is "server-error" (the Python SDK), or one in which the id was lost
 * (modelcontextprotocol/python-sdk#1144).
 */
static enum rpc_id_match
is_ours(const struct exchange *x, const struct rpc_message *m)
{
	enum rpc_id_match match = rpc_id_match(m->id, x->id);

	if (m->kind == RPC_ERROR && match == RPC_ID_OTHER
	    && (m->id == NULL || x->status >= 400))
		return RPC_ID_SAME;
	if (m->kind == RPC_ERROR && match == RPC_ID_OTHER
	    && json_is_string(m->id))
		return RPC_ID_TEXT;
	return match;
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
	case RPC_ERROR:
		break;
	default:
		return 0;
	}
	switch (is_ours(x, m)) {
	case RPC_ID_SAME:
		take_answer(x, m);
		x->answered = true;
		return 1;
	case RPC_ID_TEXT:
		/* Unless a better one comes. */
		if (!x->maybe)
			take_answer(x, m);
		x->maybe = true;
		return 0;
	default:
		return 0;
	}
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

bool
exchange_is_unanswered(const struct exchange *x, enum mcp_rc rc)
{
	return !x->answered && x->taken
	    && (rc == MCP_PROTOCOL || rc == MCP_UNKNOWN);
}

const char *
exchange_meta(const struct exchange *x)
{
	if (x->o == NULL || x->o->on_progress == NULL)
		return "";
	return arena_printf(x->mem, "\"progressToken\":%" PRId64, x->id);
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

static enum mcp_rc
answer_end(struct exchange *x)
{
	if (x->status == 401 || x->status == 403)
		return exchange_status_end(x);
	if (x->result != NULL)
		return MCP_OK;
	if (x->status >= 500 && x->status != 500)
		return exchange_status_end(x);
	return exchange_error_end(x);
}

/* ---- one request ---------------------------------------------------------- */

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

void
exchange_reset(struct exchange *x)
{
	x->answered = x->maybe = x->silent = x->taken = false;
	x->result = x->data = NULL;
	x->message = "";
	x->code = 0;
	x->said[0] = x->location[0] = '\0';
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
	if (!x->answered && is_stream && x->view->era == ERA_STREAMABLE
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
		return answer_end(x);
	if (rc != MCP_OK)
		return rc;
	x->taken = x->silent && (is_stream || x->status == 202);
	if (is_stream && !x->silent)
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
