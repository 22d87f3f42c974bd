/*
 * worker: a process that takes jobs and runs them.
 *
 * One thread takes jobs for as many free slots as there are (take.h); one
 * renews the leases of all that are held (lease.h); one reports (heartbeat.h);
 * each job has a thread of the pool.  What is done with a job is its kind's
 * (kind.h).  Rules: docs/DESIGN.md, work and its kinds.
 */
#ifndef WORK_WORKER_H
#define WORK_WORKER_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/base.h"
#include "nouns/settings.h"
#include "redis/due.h"
#include "work/kind.h"

#define WORKER_ID_MAX 17
#define WORKER_CALM 4 /* threads of jobs; with more there is a storm */

struct lease_book;
struct pool;
struct store;
struct wake;

/* It only grows. */
enum worker_stop {
	WORKER_RUNS,
	WORKER_DRAINS, /* steps end, leases go back, nothing is taken */
	WORKER_ENDS,   /* what still runs is cut short and handed back */
};

struct worker {
	char id[WORKER_ID_MAX];
	int64_t started_ms;
	struct store *store;
	struct wake *wake;                 /* the taker's ear */
	struct work_row kinds[JOB_KIND_N]; /* by enum job_kind; main's */
	struct pool *turns;                /* chats' pool */
	struct pool *calls;                /* further threads of jobs */
	struct lease_book *leases;
	pthread_mutex_t mu;
	struct settings *settings; /* under mu */
	_Atomic int running[JOB_KIND_N];
	_Atomic int stopping; /* enum worker_stop */
	atomic_bool beat_now; /* there is something to report */
	atomic_bool trim; /* a storm is over: a new thread is to take jobs */
};

/* The settings in force, referenced. */
struct settings *worker_settings(struct worker *w);
/* Takes ${s}; all kinds obey. */
void worker_set_settings(struct worker *w, struct settings *s);

/* One step on: drain, then end. */
void worker_stop(struct worker *w);
/* Is nothing new to be begun? */
bool worker_is_stopping(const struct worker *w);
/* Has it drained long enough? */
bool worker_is_ending(const struct worker *w);

#endif
