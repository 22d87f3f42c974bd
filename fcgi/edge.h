/*
 * edge: what handlers need of their process, and its life (edge_run.c).
 */
#ifndef FCGI_EDGE_H
#define FCGI_EDGE_H

#include <stdatomic.h>

#include "base/base.h"
#include "nouns/settings.h"

struct classes;
struct mcp_edge;
struct park;
struct route;
struct store;
struct watch;

struct edge {
	struct settings *settings; /* edge_settings(), edge_set_settings() */
	atomic_flag settings_lock; /* held for a few instructions */
	struct store *store;       /* may be down, never NULL */
	struct park *park;         /* NULL: plain CGI, one request */
	struct classes *classes;   /* its threads (class.h); NULL: plain CGI */
	char process_id[17];       /* address of this process */
	_Atomic bool draining;
	_Atomic bool is_public; /* listens beyond loopback: chat.open refused */
	_Atomic bool may_store; /* edge_may_store() was true once */
	struct mcp_edge *mcp;   /* what /mcp needs: handlers/mcp_edge.c's */
	struct watch *watch; /* of the turn workers: handlers/fleet_watch.c's */
};

/* The settings in force, referenced. */
struct settings *edge_settings(struct edge *e);
/* Take ${s} (its reference) into force; who uses the old ones keeps them. */
void edge_set_settings(struct edge *e, struct settings *s);

/*
 * May messages be written to Redis, that is: does our sealing key fit what
 * lies there?  False: Redis has not been asked yet, and is down.  A key that
 * does not fit ends the process.
 */
bool edge_may_store(struct edge *e);

/*
 * Serve until SIGTERM: accept on server.listen, grow threads while all are
 * busy, park, drain.  The signals are blocked (base/signals.h); ${reload} is
 * called with ${ctx} on SIGHUP.  Returns the exit code.
 */
int edge_run(struct edge *e, const struct route *routes,
    void (*reload)(void *ctx), void *ctx);

/* Started as plain CGI (no FastCGI socket on descriptor 0, GATEWAY_INTERFACE
 * set)? */
bool edge_is_cgi(void);
int edge_run_cgi(struct edge *e, const struct route *routes);

#endif
