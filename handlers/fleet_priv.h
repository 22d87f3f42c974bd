/*
 * fleet_priv: what the watch of the turn workers knows, for its siblings.
 */
#ifndef HANDLERS_FLEET_PRIV_H
#define HANDLERS_FLEET_PRIV_H

#include "base/arena.h"
#include "fcgi/edge.h"

enum fleet_page { FLEET_HEALTH, FLEET_READY, FLEET_PAGES };

/* A page as last rendered, in ${mem}; ${status} its HTTP status. */
const char *fleet_page(struct edge *e, enum fleet_page page,
    struct arena *mem, size_t *len, int *status);

/* "<host>/<model>" as the workers say it, else as our own settings do. */
void fleet_backend(struct edge *e, char *out, size_t out_max);

/* What keeps a message waiting, as last seen. */
enum fleet_wait { FLEET_SERVES, FLEET_NO_WORKER, FLEET_PAUSED };
enum fleet_wait fleet_waits(struct edge *e);

/*
 * May messages be written to Redis, that is: does our sealing key fit what
 * lies there?  False: Redis has not been asked yet, and is down.  A key that
 * does not fit ends the process.
 */
bool fleet_may_store(struct edge *e);

#endif
