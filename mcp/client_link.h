/*
 * client_link: one long GET on which a server answers, and what waits for it.
 *
 * Two kinds of server do so: those of 2024-11-05, which name first where
 * requests are POSTed to (HTTP+SSE); and some of one endpoint, which take a
 * request there and answer on the stream (client_sse.c).
 */
#ifndef MCP_CLIENT_LINK_H
#define MCP_CLIENT_LINK_H

#include "base/sse.h"
#include "mcp/client_priv.h"

/* Of the server's own in one piece; of more, the oldest pings are dropped, else
 * the newest. */
#define HEARD_MAX 16

struct waiter {
	int64_t id;
	struct buf messages; /* each with its NUL */
	struct waiter *next;
};

/* A request of the server's, or a notification (id NULL). */
struct heard {
	json_t *id, *params;
	char *method;
};

struct mcp_link {
	struct mcp_client *c;
	struct http_stream *stream;
	struct http_response resp; /* of the stream */
	char endpoint[ENDPOINT_MAX];
	char other[ENDPOINT_MAX]; /* where it may be instead, "" */
	const char *version;
	bool listens;                  /* the server has one endpoint */
	char session[MCP_SESSION_MAX]; /* of such a server, "" */

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t moved;
	int refs;
	bool reading; /* one of the waiting reads */
	bool dead;
	struct waiter *waiters;
	struct sse_reader reader;
	struct arena *scratch;
	struct heard heard[HEARD_MAX]; /* the reader serves them */
	int nheard;
};

/* client_link.c */
struct mcp_link *link_new(struct mcp_client *c);
/* The client's own, a new reference; NULL: it has none. */
struct mcp_link *link_of(struct mcp_client *c);
/* An event of the stream of ${ctx}, a link that is locked or not yet shared. */
int link_take(void *ctx, const struct sse_event *ev);
/* Read once for all who wait; under the lock, which is left meanwhile.  False:
 * nothing came. */
bool link_read(struct mcp_link *l, struct exchange *x, int wait_ms);
/* Take in what came while nobody waited: is the stream at its end?  NULL is
 * dead. */
bool link_is_dead(struct mcp_link *l, struct exchange *x);
void link_notify(struct mcp_link *l, struct arena *mem, const struct buf *body);

/* client_wait.c */
/* One request over ${l}. */
enum mcp_rc link_call(struct mcp_link *l, struct exchange *x) WARN_UNUSED;
/* Wait for the answer to what was POSTed as x->id. */
enum mcp_rc link_await(struct mcp_link *l, struct exchange *x) WARN_UNUSED;

#endif
