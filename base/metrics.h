/*
 * metrics: counters, gauges and histograms of all workers of a host.
 *
 * The values lie in one file that every worker maps (MAP_SHARED): a counter
 * outlives the process that counted, and any edge can answer for all.  Gauges
 * and levels are kept per process, and those of the living count.  What
 * metrics exist is a table (nouns/metric.h); the file's layout follows from
 * it, and a file of another layout is replaced.
 *
 * A metric has a label whose values the table names, one whose values are
 * learned at run time (the servers and tools of this installation), or both.
 * Metrics with a learned label of the same name learn the same values.
 */
#ifndef BASE_METRICS_H
#define BASE_METRICS_H

#include "base/base.h"

struct buf;

/* A level is a gauge of something that all processes look at (a queue): the
 * highest of the living counts, where a gauge's are summed. */
enum metric_type {
	METRIC_COUNTER,
	METRIC_GAUGE,
	METRIC_HISTOGRAM,
	METRIC_LEVEL,
};

#define METRIC_VALUES_MAX 24 /* values of one label in the table */
#define METRIC_BUCKETS 14    /* upper bounds in ms: metrics_map.c */

/* Each value is a series for ever in who stores metrics, and of a histogram
 * seventeen: what comes after that is counted together. */
#define METRIC_LEARNED_MAX 200
#define METRIC_LEARNED_BYTES 96 /* with NUL; names of servers and tools: 64 */
#define METRIC_OTHER "other"

struct metric_def {
	const char *name; /* "dragoman_turns_total" */
	const char *help;
	enum metric_type type;
	const char *label; /* NULL: none */
	const char
	    *values[METRIC_VALUES_MAX]; /* NULL ends; all known at build */
	const char *learned; /* a label with learned values; NULL: none */
};

/*
 * Map ${path} (created by the umask, for others never); NULL: private memory,
 * for tests and plain CGI.
 * -1: cannot be mapped, or has no room on its disk; the process goes on with
 * private memory.  So it does when the file is cut afterwards (SIGBUS is
 * handled here).
 */
int metrics_open(const char *path, const struct metric_def *defs,
    size_t n) WARN_UNUSED;
void metrics_close(void);

/* ${m} is an index into the table, ${cell} into its label's values (0 when
 * it has no label); with a learned label, see metric_with.  Lock-free, from
 * any thread, before metrics_open too. */
void metric_add(int m, int cell, int64_t n);
void metric_set(int m, int cell, int64_t v); /* of this process */
void metric_observe_us(int m, int cell, int64_t us);
/* Over all workers; of a histogram, how often it was observed. */
int64_t metric_total(int m, int cell);

/*
 * The number of ${value} for the learned label of ${m}, the same in all
 * processes and as long as metrics are open: who counts often asks once.
 * METRIC_LEARNED_MAX, which is written as METRIC_OTHER: there are too many, or
 * it is empty, no UTF-8, or that very word.  The table is what may be learned
 * from: never a text that a stranger may choose freely.
 */
int metric_learn(int m, const char *value);
/* The cell of a ${learned} value and of value ${value} (0 without a label). */
int metric_with(int m, int learned, int value);

/* Prometheus text format 0.0.4. */
int metrics_write(struct buf *out) WARN_UNUSED;

#endif
