/*
 * client_link: requests whose answers come on one long GET.
 *
 * No thread reads the stream while nobody waits.  Of those who wait, one reads
 * for all and hands each its messages; when it has its own answer, the next
 * goes on.
 */
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
#include "mcp/client_link.h"

#define CATCH_UP_MAX 64 /* pieces that are read before a request is sent */

struct mcp_link *
link_new(struct mcp_client *c)
{
	struct mcp_link *l = calloc(1, sizeof(*l));

	if (l == NULL)
		abort();
	l->c = c;
	l->refs = 1;
	l->scratch = arena_new();
	pthread_mutex_init(&l->lock, NULL);
	cond_init(&l->moved);
	sse_reader_init(&l->reader, MCP_EVENT_MAX);
	l->reader.json = true;
	return l;
}

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

struct mcp_link *
link_of(struct mcp_client *c)
{
	struct mcp_link *l;

	pthread_mutex_lock(&c->lock);
	l = link_ref(c->link);
	pthread_mutex_unlock(&c->lock);
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
			w = waiter_of(l,
			    json_object_get(m->params, "progressToken"));
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

int
link_take(void *ctx, const struct sse_event *ev)
{
	struct event e = { ctx, ev };

	if (ev->len > 0 && strcmp(ev->type, "endpoint") != 0) {
		(void)!rpc_read(e.l->scratch, ev->data, ev->len, on_message,
		    &e);
		arena_reset(e.l->scratch);
	}
	return 0;
}

/* ---- sending ------------------------------------------------------------- */

static void
lines_of(const struct mcp_link *l, struct arena *mem,
    const char *lines[LEGACY_LINES_MAX])
{
	legacy_lines(mem, l->version, l->session, lines);
}

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

	lines_of(l, x->mem, lines);
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

void
link_notify(struct mcp_link *l, struct arena *mem, const struct buf *body)
{
	const char *lines[LEGACY_LINES_MAX];

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
		&& sse_reader_feed(&l->reader, piece.data, piece.len, link_take,
		       l)
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
			return exchange_end(x, lost,
			    "the stream ended before the answer");
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

bool
link_is_dead(struct mcp_link *l, struct exchange *x)
{
	int pieces = 0;
	bool dead;

	if (l == NULL)
		return true;
	pthread_mutex_lock(&l->lock);
	while (!l->reading && !l->dead && pieces++ < CATCH_UP_MAX
	    && read_for_all(l, x, 0))
		;
	dead = l->dead;
	pthread_mutex_unlock(&l->lock);
	return dead;
}
