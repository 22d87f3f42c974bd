/*
 * client_link: one long GET, and the reading of it.
 *
 * No thread reads the stream while nobody waits.  Of those who wait, one reads
 * for all and hands each its messages; when it has its own answer, the next
 * goes on.
 */
#include "mcp/client_link.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/cond.h"
#include "base/json.h"

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

static void
heard_fini(struct heard *h)
{
	json_decref(h->id);
	json_decref(h->params);
	free(h->method);
}

void
link_unref(struct mcp_link *l)
{
	int refs, i;

	if (l == NULL)
		return;
	pthread_mutex_lock(&l->lock);
	refs = --l->refs;
	pthread_mutex_unlock(&l->lock);
	if (refs > 0)
		return;
	for (i = 0; i < l->nheard; i++)
		heard_fini(&l->heard[i]);
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

/* Make room: of many pings the server waits for the last (one for each minute
 * that nobody read).  False: all are others. */
static bool
drop_ping(struct mcp_link *l)
{
	int i;

	for (i = 0; i < l->nheard; i++)
		if (strcmp(l->heard[i].method, "ping") == 0)
			break;
	if (i == l->nheard)
		return false;
	heard_fini(&l->heard[i]);
	l->nheard--;
	memmove(&l->heard[i], &l->heard[i + 1],
	    (size_t)(l->nheard - i) * sizeof(l->heard[i]));
	return true;
}

/* Served without the lock: it may take its time. */
static void
hear(struct mcp_link *l, const struct rpc_message *m)
{
	struct heard *h;

	if (l->nheard == HEARD_MAX && !drop_ping(l))
		return;
	h = &l->heard[l->nheard];
	h->method = strdup(m->method);
	if (h->method == NULL)
		abort();
	h->id = json_incref((json_t *)m->id);
	h->params = json_incref(m->params);
	l->nheard++;
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
		if (w == NULL && l->c->handler != NULL)
			hear(l, m);
		break;
	case RPC_REQUEST:
		hear(l, m);
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

/* ---- reading ------------------------------------------------------------- */

void
link_notify(struct mcp_link *l, struct arena *mem, const struct buf *body)
{
	const char *lines[LEGACY_LINES_MAX];

	legacy_lines(mem, l->version, l->session, lines);
	(void)mcp_notify(l->c, l->endpoint, lines, body, MCP_NOTICE_MS);
}

/* What was heard: it belongs to no call, so the client's handler serves. */
static void
serve(struct mcp_link *l, struct exchange *x, const struct heard *h)
{
	struct buf body = BUF_INIT(MCP_REPLY_MAX);

	if (h->id == NULL)
		serve_notification(l->c->handler, h->method, h->params);
	/* Each costs a round trip: a server must not hold the caller so. */
	else if (!exchange_is_over(x) && x->requests++ < MCP_REQUESTS_MAX
	    && serve_request(l->c->handler, h->id, h->method, h->params, &body)
		== 0)
		link_notify(l, x->mem, &body);
	buf_fini(&body);
}

bool
link_read(struct mcp_link *l, struct exchange *x, int wait_ms)
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
	n = l->nheard;
	if (n > 0) {
		pthread_mutex_unlock(&l->lock);
		for (i = 0; i < n; i++) {
			serve(l, x, &l->heard[i]);
			heard_fini(&l->heard[i]);
		}
		pthread_mutex_lock(&l->lock);
		l->nheard = 0;
	}
	l->reading = false;
	pthread_cond_broadcast(&l->moved);
	buf_fini(&piece);
	return rc == 1;
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
	    && link_read(l, x, 0))
		;
	dead = l->dead;
	pthread_mutex_unlock(&l->lock);
	return dead;
}
