/*
 * class: threads shared out by what a request waits for (enum route_class), so
 * that no kind of request takes what another needs.
 *
 * A connection must be accepted and its head read before its class is known.
 * So PROBE and ACCEPT, which are short, are served by the thread that accepted
 * them: nothing is handed from thread to thread, as long as fewer than the
 * class's share are served at once.  CALL has a pool of threads of its own, and
 * so has all that is parked first and then worked on.  A class that has no
 * route has no share.
 *
 *   class     share            when all are busy
 *   probe     CLASS_PROBES     up to CLASS_WAITING wait; who ends takes the next
 *   accept    server.threads   the same
 *   call      server.threads   the same
 *
 * CLASS_READERS more threads accept, so that heads are read while all shares
 * are in use.  Beyond CLASS_WAITING a request is refused.
 */
#ifndef FCGI_CLASS_H
#define FCGI_CLASS_H

#include "base/pool.h"
#include "fcgi/route.h"

#define CLASS_PROBES 4  /* each takes microseconds */
#define CLASS_READERS 4 /* as many as wait in accept: ACCEPT_WAIT */
/* Each holds a descriptor and some 20 KB, so this is 20 MB; 64 threads do as
 * many accepts in half a second. */
#define CLASS_WAITING 1024

struct classes;

/* ${threads}: server.threads. */
struct classes *classes_new(const struct route *routes, int threads);
/* Threads that accept, at most. */
int classes_accepting(const struct classes *cs);
/* Those of the pools, now. */
int classes_threads(struct classes *cs);

enum class_rc {
	CLASS_HERE,  /* do it yourself, then class_leave */
	CLASS_LATER, /* another thread does ${job} (pool.h), or has done it */
	CLASS_FULL,  /* too many wait */
};

/* May this thread, an accepting one, serve a request of ${class}? */
enum class_rc class_enter(struct classes *cs, enum route_class class,
    struct pool_job *job) WARN_UNUSED;
/* Its request is served: does what waited meanwhile. */
void class_leave(struct classes *cs, enum route_class class);

/* From any thread: do ${job} on one of CALL's.  -1: too many wait, or the
 * process drains; nothing will run.  No route of ours has that class yet: it is
 * for MCP methods that call tools. */
int class_call(struct classes *cs, struct pool_job *job) WARN_UNUSED;

/* After the accepting threads have ended: as pool_drain. */
int classes_drain(struct classes *cs, int wait_ms) WARN_UNUSED;
void classes_free(struct classes *cs); /* after a drain that returned 0 */

#endif
