/*
 * lease: the jobs this process holds, and their renewal (docs/DESIGN.md, the
 * life of a message).
 *
 * All are renewed in one round trip every third of the lease.  A lease says why
 * the calls of its job are cancelled, if they are: calls get the address of
 * that as their cancel flag.
 */
#ifndef WORK_LEASE_H
#define WORK_LEASE_H

#include <stdatomic.h>

#include "base/base.h"

/* Calls end this long before an unsure lease, or a quarter of a short one. */
#define LEASE_MARGIN_MS 2000

/*
 * Why the calls of a job are cancelled, and with that what becomes of it.  A
 * reason gives way to a later one of this list, never to an earlier one; only
 * the first is taken back, by a write that renews the lease.
 */
enum lease_why {
	LEASE_HELD,    /* they are not */
	LEASE_UNSURE,  /* not renewed in time: ask Redis before going on */
	LEASE_LATE,    /* its kind's longest time passed: end it */
	LEASE_DRAIN,   /* the process must end: hand it back */
	LEASE_STOP,    /* somebody said /stop: say so, and end it */
	LEASE_LOST,    /* another worker has it: end silently */
	LEASE_ABANDON, /* what runs is of no use any more: where the job goes
			  is decided */
	LEASE_WHY_N,
};

struct job;
struct lease_book;
struct work_kind;
struct worker;

/* A held job; in the book from add to remove. */
struct lease {
	struct job *job;
	const struct work_kind *kind; /* of it */
	volatile int why;             /* enum lease_why; by lease_* only */
	_Atomic int64_t until_ms;     /* boot clock */
	_Atomic int64_t margin_ms;    /* of LEASE_MARGIN_MS */
	int taken_back;               /* how often UNSURE was; its thread's */
	bool renewing;                /* the book's */
	struct lease *next, **link;
};

struct lease_book *lease_book_new(struct worker *w);
/* -1: no thread is to be had. */
int lease_book_start(struct lease_book *b) WARN_UNUSED;
void lease_book_stop(struct lease_book *b);
void lease_book_free(struct lease_book *b);

/* Of ${job}, which was just taken for ${lease_ms}. */
void lease_init(struct lease *l, struct job *job, const struct work_kind *kind,
    int64_t lease_ms);
void lease_add(struct lease_book *b, struct lease *l);
/* Waits for a renewal in flight: afterwards the job is the caller's alone. */
void lease_remove(struct lease_book *b, struct lease *l);
/* A write of its job renewed it, one that was sent after ${asked_ms} (boot
 * clock): ours must end before Redis's does. */
void lease_renewed(struct lease *l, int64_t asked_ms, int64_t lease_ms);
/* Cancel its calls because of ${why}. */
void lease_cancel(struct lease *l, enum lease_why why);
enum lease_why lease_why(const struct lease *l);
/* Is its end far enough to begin a call? */
bool lease_is_sure(const struct lease *l);
/* Ask Redis whether somebody said /stop since the last look, if any job is
 * held: then all are renewed at once, which says to whom. */
void lease_look_for_stops(struct lease_book *b);
/* Cancel the calls of all. */
void lease_cancel_all(struct lease_book *b, enum lease_why why);

#endif
