/*
 * pool: threads that do one piece of work each, grown only while all are busy.
 *
 * A thread that was idle for POOL_IDLE_MS ends: what malloc keeps for it
 * would pin many pages.  All signals are blocked in pool threads.  Stacks are
 * POOL_STACK bytes: no large arrays on them.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <pthread.h>

#include "base/base.h"

#define POOL_IDLE_MS 10000
/* 256 KB would do; but libc keeps 40 MB of stacks of threads that ended, with
 * 20 KB of each in memory: so they are 40 stacks instead of 160. */
#define POOL_STACK (1 * MIB)

struct pool;

struct pool *pool_new(const char *name, int max);

/* Run ${work}(${arg}) on a thread.  -1: all ${max} are busy (nothing is
 * queued) or the pool is closing; nothing will run. */
int pool_run(struct pool *p, void (*work)(void *arg), void *arg) WARN_UNUSED;

/* A piece of work that may wait for its thread.  It lies in the caller's memory
 * until ${work} is called. */
struct pool_job {
	void (*work)(void *arg);
	void *arg;
	struct pool_job *next; /* the pool's */
};

/* As pool_run, but while all are busy ${job} waits for one of them, unless
 * ${waiting_max} others do already.  What waits when the pool is drained is
 * still done. */
int pool_queue(struct pool *p, struct pool_job *job,
    int waiting_max) WARN_UNUSED;

/* Threads that could take work now, those not yet started included. */
int pool_free_slots(struct pool *p);
int pool_busy(struct pool *p);
int pool_threads(struct pool *p);

/* No new work; wait until the running ends, at most ${wait_ms}.  0: idle,
 * -1: something still runs (the pool must then not be freed). */
int pool_drain(struct pool *p, int wait_ms) WARN_UNUSED;
void pool_free(struct pool *p); /* after a drain that returned 0 */

/* Start one thread of its own, with a name (15 bytes) and signals blocked, but
 * those of its own faults (SIGBUS, SIGSEGV, ...). */
int thread_start(pthread_t *out, const char *name, void *(*run)(void *),
    void *arg) WARN_UNUSED;

#endif
