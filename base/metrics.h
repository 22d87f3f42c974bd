/*
 * metrics: counters, gauges and histograms of all workers of a host.
 *
 * The values lie in one file that every worker maps (MAP_SHARED): a counter
 * outlives the process that counted, and any edge can answer for all.  Gauges
 * and levels are kept per process, and those of the living count.  What metrics exist is a
 * table (nouns/metric.h); the file's layout follows from it, and a file of
 * another layout is replaced.
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

#define METRIC_VALUES_MAX 24 /* label values of one metric */
#define METRIC_BUCKETS 14    /* upper bounds in ms: metrics.c */

struct metric_def {
	const char *name; /* "dragoman_turns_total" */
	const char *help;
	enum metric_type type;
	const char *label; /* NULL: none */
	const char
	    *values[METRIC_VALUES_MAX]; /* NULL ends; all known at build */
};

/*
 * Map ${path} (created by the umask, for others never); NULL: private memory, for tests and plain CGI.
 * -1: cannot be mapped, or has no room on its disk; the process goes on with
 * private memory.  So it does when the file is cut afterwards (SIGBUS is
 * handled here).
 */
int metrics_open(const char *path, const struct metric_def *defs,
    size_t n) WARN_UNUSED;
void metrics_close(void);

/* ${m} is an index into the table, ${value} into its label's values (0 when
 * it has no label).  Lock-free, from any thread, before metrics_open too. */
void metric_add(int m, int value, int64_t n);
void metric_set(int m, int value, int64_t v); /* of this process */
void metric_observe_us(int m, int value, int64_t us);
int64_t metric_total(int m, int value); /* over all workers */

/* Prometheus text format 0.0.4. */
int metrics_write(struct buf *out) WARN_UNUSED;

#endif
