/*
 * link_priv: a socket to Redis: how it is made, where it leads, and the pool
 * of those that nobody uses just now.
 *
 * How one is made is a struct link_transport: TCP or a unix socket
 * (link_transport.c).  To which node it leads is a struct link_finder's to say:
 * there is one, for one address (url.c).  With Sentinel it will be the primary
 * that the sentinels name; with Cluster the node that has the hash slot.  Whoever
 * sees that a node is a primary no more calls link_broken, and the next command
 * asks the finder anew.
 *
 * What Cluster needs besides its finder: an answer MOVED makes the finder read
 * the map of slots anew and the command is sent again (store_run, where READONLY
 * is seen); a turn worker has one subscription a node (wake.c); SCAN asks each
 * node (walk.c, ledger_reseal.c).
 */
#ifndef REDIS_LINK_PRIV_H
#define REDIS_LINK_PRIV_H

#include <hiredis/hiredis.h>

#include "redis/store.h"

struct link_transport;

/* Where a node is. */
struct link_place {
	const struct link_transport *transport;
	char *path; /* of a unix socket; or NULL */
	char *host; /* of TCP; or NULL */
	int port;
};

struct link_transport {
	const char *name;
	/* NULL or with an error: hiredis says why. */
	redisContext *(
	    *connect)(const struct link_place *p, struct timeval wait);
	/* It stands: what this kind of socket needs. */
	void (*tune)(redisContext *c);
};
extern const struct link_transport LINK_TCP, LINK_UNIX;

struct link_finder {
	const char *name;
	/*
	 * The node to write keys of ${slot} to; SLOT_ANY: any node.  NULL: none
	 * is known (logged).  A place is a node: the same one for each slot of
	 * it, for as long as the store lives.  Many threads ask at once.
	 */
	const struct link_place *(*find)(struct store *st, int slot);
};
extern const struct link_finder LINK_ONE_ADDRESS; /* that of redis.url */

struct store_url {
	struct link_place place;
	char *user; /* NULL: none */
	char *password;
	int db;
};

/* nouns/redis_url.h, as a place.  0, or -1 with the reason. */
int store_url_parse(const char *text, struct store_url *url,
    const char **why) WARN_UNUSED;
void store_url_free(struct store_url *url);

struct link {
	redisContext *redis;
	const struct link_place *place;
	struct link *next;
	int64_t idle_since_ms; /* boot clock */
	int timeout_ms;        /* of one answer: the store's */
	unsigned era;          /* the store's when it was taken into use */
};

/* To ${place}.  NULL: none to be had (logged). */
struct link *link_get(struct store *st,
    const struct link_place *place) WARN_UNUSED;
void link_put(struct store *st, struct link *c);
/* The answer to the next command that was appended, sent first where it was
 * not.  -1: none came (c->redis says why); the link is of no more use. */
int link_reply(struct link *c, redisReply **out) WARN_UNUSED;
/*
 * It failed: closed, and with it all that were there when it was opened, for
 * they are dead too: the idle ones now, others when they are put back.
 */
void link_broken(struct store *st, struct link *c, const char *what);
/* A link outside the pool, for a subscription.  ${place} may be NULL: none. */
redisContext *link_open(struct store *st,
    const struct link_place *place) WARN_UNUSED;
/*
 * ${c} was just made.  It is a reconnect after a link that failed in use, or if
 * it leads to another Redis, or to one that was started since: then leases may
 * have ended while nobody could renew them.  ${closed}: it takes the place of
 * one that was closed.  If the same Redis did that (its "timeout", a balancer),
 * it is none.
 */
void link_note(struct store *st, redisContext *c, bool closed);
void link_close_idle(struct store *st);

#endif
