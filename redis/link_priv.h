/*
 * link_priv: a socket to Redis: how it is made, where it leads, and the pool
 * of those that nobody uses just now.
 *
 * How one is made is a struct link_transport: TCP or a unix socket
 * (link_transport.c).  To which node it leads is a struct link_finder's to say:
 * there is one, for one address (url.c).  With Sentinel it will be the primary
 * that the sentinels name; with Cluster the node that has a hash slot, and find
 * gets that slot.  Whoever sees that a node is a primary no more calls
 * link_broken, and link_open asks the finder anew.
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
	/* The node to write to.  Many threads ask at once: what is given stays
	 * valid as long as the store.  NULL: none is known (logged). */
	const struct link_place *(*find)(struct store *st);
};
extern const struct link_finder LINK_ONE_ADDRESS; /* that of redis.url */

struct store_url {
	struct link_place place;
	char *user; /* NULL: none */
	char *password;
	int db;
};

/* url.c: 0, or -1 with the reason. */
int store_url_parse(const char *text, struct store_url *url,
    const char **why) WARN_UNUSED;
void store_url_free(struct store_url *url);

/* Blocking pops wait longer than a command may take: a pool of their own. */
enum link_kind { LINK_SHORT, LINK_WAITING, LINK_KINDS };

struct link {
	redisContext *redis;
	struct link *next;
	int64_t idle_since_ms; /* boot clock */
	int timeout_ms;        /* of one answer */
	unsigned era;          /* the store's when it was taken into use */
};

/* NULL: none to be had (logged). */
struct link *link_get(struct store *st, enum link_kind kind) WARN_UNUSED;
void link_put(struct store *st, enum link_kind kind, struct link *c);
/* The answer to the next command that was appended, sent first where it was
 * not.  -1: none came (c->redis says why); the link is of no more use. */
int link_reply(struct link *c, redisReply **out) WARN_UNUSED;
/*
 * It failed: closed, and with it all that were there when it was opened, for
 * they are dead too: the idle ones now, others when they are put back.
 */
void link_broken(struct store *st, struct link *c, const char *what);
/* A link outside the pool, for a subscription. */
redisContext *link_open(struct store *st, int timeout_ms) WARN_UNUSED;
void link_close_idle(struct store *st);

#endif
