/*
 * client_wait: requests whose answers come on one long GET.
 */
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/cond.h"
#include "mcp/client_link.h"

static enum mcp_rc
link_post(struct mcp_link *l, struct exchange *x, const struct buf *body)
{
	struct http_request req = { .method = "POST",
		.url = l->endpoint,
		.body = body->data,
		.body_len = body->len,
		.body_max = MCP_ANSWER_MAX,
		.connect_ms = MCP_CONNECT_MS,
		.total_ms = exchange_left_ms(x),
		.cancel = x->o == NULL ? NULL : x->o->cancel };
	struct http_response resp;
	struct http_stream *s = NULL;
	const char *lines[LEGACY_LINES_MAX];
	enum mcp_rc rc = MCP_OK;
	bool is_stream;

	legacy_lines(x->mem, l->version, l->session, lines);
	if (mcp_fill(l->c, &req, lines) == -1)
		return exchange_end(x, MCP_PROTOCOL,
		    "too many headers for one request");
	if (x->acts)
		req.flags |= HTTP_ONCE;
	if ((l->listens ? http_open(&req, &resp, &s) : http_send(&req, &resp))
	    != HTTP_OK) {
		rc = exchange_http_end(x, &resp);
		goto out;
	}
	x->status = resp.status;
	/* Where both may be, the answer is here or on the stream. */
	if (l->listens && exchange_read(x, s, &resp, &is_stream) == -1) {
		rc = exchange_end(x, exchange_or_unknown(x, MCP_PROTOCOL),
		    "an event of the answer is too large");
		goto out;
	}
	if (resp.status >= 200 && resp.status < 300)
		goto out;
	if (resp.status == 401 || resp.status == 403 || resp.status >= 500)
		rc = exchange_status_end(x);
	else
		rc = exchange_end(x, MCP_UNREACHED, "HTTP %d", resp.status);
	/* The stream lives, as far as we see, but its session does not. */
	x->stale = resp.status == 400 || resp.status == 404
	    || resp.status == 410 || exchange_is_refused(x);
out:
	http_close(s);
	http_response_fini(&resp);
	return rc;
}

static void
wait_slice(struct mcp_link *l)
{
	(void)cond_wait_ms(&l->moved, &l->lock, MCP_SLICE_MS);
}

/* Take what came for ${w}; true once its answer is there. */
static bool
take_messages(struct exchange *x, struct mcp_link *l, struct waiter *w)
{
	struct buf took = w->messages;
	const char *m;

	buf_init(&w->messages, MCP_EVENT_MAX);
	pthread_mutex_unlock(&l->lock);
	for (m = buf_str(&took); m < took.data + took.len && !x->answered;
	     m += strlen(m) + 1)
		(void)exchange_take(x, m, strlen(m));
	buf_fini(&took);
	if (!x->answered && x->maybe)
		x->answered = true;
	pthread_mutex_lock(&l->lock);
	return x->answered;
}

static enum mcp_rc
link_wait(struct mcp_link *l, struct exchange *x, struct waiter *w)
{
	enum mcp_rc lost = exchange_or_unknown(x, MCP_UNREACHED);

	for (;;) {
		if (w->messages.len > 0 && take_messages(x, l, w))
			return MCP_OK;
		if (exchange_is_cancelled(x))
			return exchange_end(x, MCP_CANCELLED, "cancelled");
		if (clock_boot_ms() >= x->until)
			return exchange_end(x, lost, "no answer in time");
		if (l->dead)
			return exchange_end(x, lost,
			    "the stream ended before the answer");
		if (l->reading)
			wait_slice(l);
		else
			(void)link_read(l, x, MCP_SLICE_MS);
	}
}

static void
cancel_at_server(struct mcp_link *l, struct exchange *x)
{
	struct buf body = BUF_INIT(KIB);

	if (legacy_write_cancel(x, &body) == 0)
		link_notify(l, x->mem, &body);
	buf_fini(&body);
}

static void
waiter_begin(struct mcp_link *l, struct waiter *w, int64_t id)
{
	w->id = id;
	buf_init(&w->messages, MCP_EVENT_MAX);
	pthread_mutex_lock(&l->lock);
	w->next = l->waiters;
	l->waiters = w;
	pthread_mutex_unlock(&l->lock);
}

static void
waiter_end(struct mcp_link *l, struct waiter *w)
{
	struct waiter **p;

	pthread_mutex_lock(&l->lock);
	for (p = &l->waiters; *p != w; p = &(*p)->next)
		;
	*p = w->next;
	pthread_cond_broadcast(&l->moved); /* another may read now */
	pthread_mutex_unlock(&l->lock);
	buf_fini(&w->messages);
}

/* What ${w} is answered; ${rc}: how sending went. */
static enum mcp_rc
wait_end(struct mcp_link *l, struct exchange *x, struct waiter *w,
    enum mcp_rc rc)
{
	if (rc == MCP_OK && !x->answered) {
		pthread_mutex_lock(&l->lock);
		rc = link_wait(l, x, w);
		pthread_mutex_unlock(&l->lock);
	}
	waiter_end(l, w);
	if (x->answered)
		return x->result != NULL ? MCP_OK : exchange_error_end(x);
	if (rc == MCP_CANCELLED || rc == MCP_UNKNOWN)
		cancel_at_server(l, x);
	return rc;
}

enum mcp_rc
link_call(struct mcp_link *l, struct exchange *x)
{
	struct waiter w;
	struct buf body = BUF_INIT(MCP_ANSWER_MAX);
	enum mcp_rc rc;

	x->id = mcp_next_id(x->c);
	exchange_reset(x);
	x->status = 0;
	waiter_begin(l, &w, x->id);
	if (rpc_write(&body, x->id, x->method, x->params, exchange_meta(x))
	    == -1)
		rc = exchange_end(x, MCP_PROTOCOL, "the request is too large");
	else
		rc = link_post(l, x, &body);
	rc = wait_end(l, x, &w, rc);
	buf_fini(&body);
	return rc;
}

enum mcp_rc
link_await(struct mcp_link *l, struct exchange *x)
{
	struct waiter w;

	waiter_begin(l, &w, x->id);
	return wait_end(l, x, &w, MCP_OK);
}
