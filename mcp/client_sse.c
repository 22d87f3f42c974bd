/*
 * client_sse: HTTP+SSE of 2024-11-05: one long GET carries all that the server
 * says, requests are POSTed to an address that it names first.
 *
 * No thread reads the stream while nobody waits.  Of those who wait, one reads
 * for all and hands each its messages; when it has its own answer, the next
 * goes on.
 */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/cond.h"
#include "base/json.h"
#include "base/sse.h"
#include "mcp/client_priv.h"

#define ANSWERS_MAX 16 /* of requests of the server's in one piece */
#define CATCH_UP_MAX 64 /* pieces that are read before a request is sent */

struct waiter {
	int64_t id;
	struct buf messages; /* each with its NUL */
	struct waiter *next;
};

struct mcp_link {
	struct mcp_client *c;
	struct http_stream *stream;
	struct http_response resp; /* of the stream */
	char endpoint[ENDPOINT_MAX];
	char other[ENDPOINT_MAX]; /* where it may be instead, "" */
	const char *version;

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t moved;
	int refs;
	bool reading; /* one of the waiting reads */
	bool dead;
	struct waiter *waiters;
	struct sse_reader reader;
	struct arena *scratch;
	struct buf answers[ANSWERS_MAX]; /* to be posted by the reader */
	int nanswers;
};

static struct mcp_link *
link_ref(struct mcp_link *l)
{
	if (l == NULL)
		return NULL;
	pthread_mutex_lock(&l->lock);
	l->refs++;
	pthread_mutex_unlock(&l->lock);
	return l;
}

void
link_unref(struct mcp_link *l)
{
	int refs;

	if (l == NULL)
		return;
	pthread_mutex_lock(&l->lock);
	refs = --l->refs;
	pthread_mutex_unlock(&l->lock);
	if (refs > 0)
		return;
	http_close(l->stream);
	http_response_fini(&l->resp);
	sse_reader_fini(&l->reader);
	arena_free(l->scratch);
	pthread_cond_destroy(&l->moved);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

/* ---- what the server says ------------------------------------------------ */

static struct waiter *
waiter_of(struct mcp_link *l, const json_t *id)
{
	struct waiter *w;

	for (w = l->waiters; w != NULL; w = w->next)
		if (rpc_id_match(id, w->id) != RPC_ID_OTHER)
			return w;
	return NULL;
}

struct event {
	struct mcp_link *l;
	const struct sse_event *ev;
};

static int
on_message(void *ctx, const struct rpc_message *m)
{
	struct event *e = ctx;
	struct mcp_link *l = e->l;
	struct waiter *w = NULL;
	struct buf *b;

	switch (m->kind) {
	case RPC_RESULT:
	case RPC_ERROR:
		w = waiter_of(l, m->id);
		break;
	case RPC_NOTIFICATION:
		if (strcmp(m->method, "notifications/tools/list_changed") == 0)
			atomic_store(&l->c->list_changed, true);
		else if (strcmp(m->method, "notifications/progress") == 0)
			w = waiter_of(
			    l, json_object_get(m->params, "progressToken"));
		break;
	case RPC_REQUEST:
		if (l->nanswers == ANSWERS_MAX)
			break;
		b = &l->answers[l->nanswers];
		buf_init(b, 64 * KIB);
		if (rpc_write_answer(b, m->id, m->method) == 0)
			l->nanswers++;
		else
			buf_fini(b);
		break;
	default:
		break;
	}
	/* A message that is too much for its waiter is left out: an answer's
	 * waiter then runs into its deadline. */
	if (w != NULL && w->messages.len + e->ev->len < w->messages.max) {
		(void)!buf_add(&w->messages, e->ev->data, e->ev->len);
		(void)!buf_add_char(&w->messages, '\0');
	}
	return 0;
}

/* Under the lock. */
static int
on_event(void *ctx, const struct sse_event *ev)
{
	struct event e = { ctx, ev };

	if (ev->len > 0 && strcmp(ev->type, "endpoint") != 0) {
		(void)!rpc_read(
		    e.l->scratch, ev->data, ev->len, on_message, &e);
		arena_reset(e.l->scratch);
	}
	return 0;
}

/* ---- sending ------------------------------------------------------------- */

static void
lines_of(const struct mcp_link *l, struct arena *mem, const char *lines[4])
{
	size_t n = 0;

	lines[n++] = "Content-Type: application/json";
	lines[n++] = "Accept: application/json, text/event-stream";
	if (l->version != NULL && strcmp(l->version, "2025-06-18") >= 0)
		lines[n++]
		    = arena_printf(mem, "MCP-Protocol-Version: %s", l->version);
	lines[n] = NULL;
}

static enum mcp_rc
link_post(struct mcp_link *l, struct exchange *x, const struct buf *body)
{
	struct http_request req = { .method = "POST",
		.url = l->endpoint,
		.body = body->data,
		.body_len = body->len,
		.connect_ms = MCP_CONNECT_MS,
		.total_ms = exchange_left_ms(x),
		.cancel = x->o == NULL ? NULL : x->o->cancel };
	struct http_response resp;
	const char *lines[4];
	enum mcp_rc rc = MCP_OK;

	lines_of(l, x->mem, lines);
	if (mcp_fill(l->c, &req, lines) == -1)
		return exchange_end(
		    x, MCP_PROTOCOL, "too many headers for one request");
	if (x->acts)
		req.flags |= HTTP_ONCE;
	if (http_send(&req, &resp) != HTTP_OK) {
		rc = exchange_http_end(x, &resp);
		goto out;
	}
	x->status = resp.status;
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
	http_response_fini(&resp);
	return rc;
}

static void
link_notify(struct mcp_link *l, struct arena *mem, const struct buf *body)
{
	const char *lines[4];

	lines_of(l, mem, lines);
	(void)mcp_notify(l->c, l->endpoint, lines, body, MCP_NOTICE_MS);
}

/* ---- waiting ------------------------------------------------------------- */

/* Read once for all; under the lock, which is left meanwhile.  False: nothing
 * came. */
static bool
read_for_all(struct mcp_link *l, struct exchange *x, int wait_ms)
{
	struct buf piece = BUF_INIT(HTTP_STREAM_MAX);
	int rc, i, n;

	l->reading = true;
	pthread_mutex_unlock(&l->lock);
	rc = http_read(l->stream, wait_ms, &piece);
	pthread_mutex_lock(&l->lock);
	if (rc == -1
	    || (rc == 1
		&& sse_reader_feed(
		       &l->reader, piece.data, piece.len, on_event, l)
		    == -1))
		l->dead = true;
	n = l->nanswers;
	if (n > 0) {
		pthread_mutex_unlock(&l->lock);
		for (i = 0; i < n; i++) {
			if (!exchange_is_over(x)
			    && x->requests++ < MCP_REQUESTS_MAX)
				link_notify(l, x->mem, &l->answers[i]);
			buf_fini(&l->answers[i]);
		}
		pthread_mutex_lock(&l->lock);
		l->nanswers = 0;
	}
	l->reading = false;
	pthread_cond_broadcast(&l->moved);
	buf_fini(&piece);
	return rc == 1;
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
			return exchange_end(
			    x, lost, "the stream ended before the answer");
		if (l->reading)
			wait_slice(l);
		else
			(void)read_for_all(l, x, MCP_SLICE_MS);
	}
}

static void
cancel_at_server(struct mcp_link *l, struct exchange *x)
{
	struct buf body = BUF_INIT(KIB);
	const char *params = arena_printf(x->mem,
	    "\"requestId\":%" PRId64 ",\"reason\":\"the caller gave up\"",
	    x->id);

	if (rpc_write(&body, 0, "notifications/cancelled", params, "") == 0)
		link_notify(l, x->mem, &body);
	buf_fini(&body);
}

/* One request over ${l}. */
static enum mcp_rc
link_call(struct mcp_link *l, struct exchange *x)
{
	struct waiter w = { .id = mcp_next_id(x->c) }, **p;
	struct buf body = BUF_INIT(MCP_ANSWER_MAX);
	enum mcp_rc rc;

	x->id = w.id;
	exchange_reset(x);
	x->status = 0;
	buf_init(&w.messages, MCP_EVENT_MAX);
	pthread_mutex_lock(&l->lock);
	w.next = l->waiters;
	/* Taken out again below, before this returns. */
	/* cppcheck-suppress autoVariables */
	l->waiters = &w;
	pthread_mutex_unlock(&l->lock);

	if (rpc_write(&body, x->id, x->method, x->params, legacy_meta(x)) == -1)
		rc = exchange_end(x, MCP_PROTOCOL, "the request is too large");
	else
		rc = link_post(l, x, &body);
	pthread_mutex_lock(&l->lock);
	if (rc == MCP_OK)
		rc = link_wait(l, x, &w);
	for (p = &l->waiters; *p != &w; p = &(*p)->next)
		;
	*p = w.next;
	pthread_cond_broadcast(&l->moved); /* another may read now */
	pthread_mutex_unlock(&l->lock);
	buf_fini(&w.messages);
	buf_fini(&body);
	if (x->answered)
		return x->result != NULL
		    ? MCP_OK
		    : exchange_error_end(x);
	if (rc == MCP_CANCELLED || rc == MCP_UNKNOWN)
		cancel_at_server(l, x);
	return rc;
}

enum mcp_rc
link_run(struct exchange *x)
{
	struct mcp_link *l;
	enum mcp_rc rc;
	bool dead = true;
	int pieces = 0;

	pthread_mutex_lock(&x->c->lock);
	l = link_ref(x->c->link);
	pthread_mutex_unlock(&x->c->lock);
	if (l != NULL) {
		pthread_mutex_lock(&l->lock);
		/* What came while nobody waited; its last may be the end. */
		while (!l->reading && !l->dead && pieces++ < CATCH_UP_MAX
		    && read_for_all(l, x, 0))
			;
		dead = l->dead;
		pthread_mutex_unlock(&l->lock);
	}
	if (dead) {
		x->stale = true;
		rc = exchange_end(x, MCP_UNREACHED, "the stream ended");
	} else {
		rc = link_call(l, x);
	}
	link_unref(l);
	return rc;
}

/* ---- beginning ----------------------------------------------------------- */

static int
on_first_event(void *ctx, const struct sse_event *ev)
{
	struct mcp_link *l = ctx;

	if (strcmp(ev->type, "endpoint") != 0)
		return 0;
	endpoint_behind(l->c->url, ev->data, l->other);
	return endpoint_resolve(l->c->url, ev->data, l->endpoint) == 0 ? 1 : 2;
}

static enum mcp_rc
open_stream(struct exchange *x, struct mcp_link *l)
{
	static const char *const lines[]
	    = { "Accept: text/event-stream", NULL };
	struct http_request req = { .method = "GET",
		.url = x->c->url,
		.body_max = SIZE_MAX, /* of a stream that never ends */
		.connect_ms = MCP_CONNECT_MS,
		.first_byte_ms = exchange_left_ms(x),
		.total_ms = INT_MAX,
		.cancel = x->o == NULL ? NULL : x->o->cancel };
	struct buf piece = BUF_INIT(HTTP_STREAM_MAX);
	char type[64] = "";
	int rc = 0;

	if (mcp_fill(x->c, &req, lines) == -1)
		return exchange_end(
		    x, MCP_PROTOCOL, "too many headers for one request");
	req.flags |= HTTP_OUTLIVES; /* others' calls use the stream too */
	if (http_open(&req, &l->resp, &l->stream) != HTTP_OK)
		return exchange_http_end(x, &l->resp);
	x->status = l->resp.status;
	(void)http_header(&l->resp, "content-type", type, sizeof(type));
	if (l->resp.status != 200
	    || strncasecmp(type, "text/event-stream", 17) != 0)
		return exchange_end(x, MCP_PROTOCOL,
		    "HTTP %d and no stream of events", l->resp.status);
	while (rc == 0 && clock_boot_ms() < x->until
	    && !exchange_is_cancelled(x)) {
		if (http_read(l->stream, MCP_SLICE_MS, &piece) == -1)
			break;
		rc = sse_reader_feed(
		    &l->reader, buf_str(&piece), piece.len, on_first_event, l);
		buf_reset(&piece);
	}
	buf_fini(&piece);
	if (rc == 1)
		return MCP_OK;
	if (exchange_is_cancelled(x))
		return exchange_end(x, MCP_CANCELLED, "cancelled");
	if (rc == 2)
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
		x->params = legacy_hello(x->mem, ask);
		rc = link_call(l, x);
	}
	return rc;
}

enum mcp_rc
link_begin(struct exchange *x, struct mcp_view *view, struct mcp_link **link)
{
	struct mcp_link *l = calloc(1, sizeof(*l));
	struct buf body = BUF_INIT(KIB);
	enum mcp_rc rc;

	if (l == NULL)
		abort();
	l->c = x->c;
	l->refs = 1;
	l->scratch = arena_new();
	pthread_mutex_init(&l->lock, NULL);
	cond_init(&l->moved);
	sse_reader_init(&l->reader, MCP_EVENT_MAX);
	*view = (struct mcp_view){ .era = ERA_LINK, .version = "" };
	x->view = view;

	rc = open_stream(x, l);
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
