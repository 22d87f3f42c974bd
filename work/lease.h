/*
 * lease: the jobs this process holds, and their renewal (docs/DESIGN.md, the
 * life of a message).
 *
 * All are renewed in one round trip every third of the lease.  A job that was
 * lost, or whose lease could not be renewed until shortly before its end, has
 * its turn's calls cancelled through its cancel flag.
 */
#ifndef WORK_LEASE_H
#define WORK_LEASE_H

#include <stdatomic.h>

#include "base/base.h"

/* Calls end this long before an unsure lease, or a quarter of a short one. */
#define LEASE_MARGIN_MS 2000

enum lease_state {
	LEASE_HELD,
	LEASE_UNSURE, /* not renewed in time: ask Redis before going on */
	LEASE_LOST,   /* another worker has it: end silently */
	LEASE_LATE,   /* turns.max_time passed */
};

struct job;
struct lease_book;
struct work_kind;
struct worker;

/* A held job; in the book from add to remove. */
struct lease {
	struct job *job;
	const struct work_kind *kind; /* of it */
	_Atomic int state;            /* enum lease_state */
	_Atomic int stopped;          /* /stop came */
	_Atomic int64_t until_ms;     /* boot clock */
	_Atomic int64_t margin_ms;    /* of LEASE_MARGIN_MS */
	volatile int cancel;          /* for llm and tool calls */
	int taken_back;               /* how often a cancel was; the turn's */
	bool renewing;                /* the book's */
	struct lease *next, **link;
};

struct lease_book *lease_book_new(struct worker *w);
int lease_book_start(struct lease_book *b) WARN_UNUSED;
void lease_book_stop(struct lease_book *b);
void lease_book_free(struct lease_book *b);

/* Of ${job}, which was just taken for ${lease_ms}. */
void lease_init(struct lease *l, struct job *job, const struct work_kind *kind,
    int64_t lease_ms);
void lease_add(struct lease_book *b, struct lease *l);
/* Waits for a renewal in flight: afterwards the job is the caller's alone. */
void lease_remove(struct lease_book *b, struct lease *l);
/* A write of its turn renewed it. */
void lease_renewed(struct lease *l, int64_t lease_ms);
/* Ask Redis whether somebody said /stop since the last look, if any job is
 * held: then all are renewed at once, which says to whom. */
void lease_look_for_stops(struct lease_book *b);
/* Sets the cancel flag of all: the process must end. */
void lease_cancel_all(struct lease_book *b);

#endif
