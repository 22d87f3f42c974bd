/*
 * metrics_priv: the file that all workers of a host map, for the files of
 * metrics: metrics_map.c (the file), metrics_process.c (values of each
 * process), metrics_write.c (as text).
 */
#ifndef BASE_METRICS_PRIV_H
#define BASE_METRICS_PRIV_H

#include <stdatomic.h>

#include "base/metrics.h"

#define METRICS_MAX 64    /* rows of the table */
#define PROCESSES_MAX 256 /* workers of one host */

/* Upper bounds in microseconds; the last bucket is +Inf. */
extern const int64_t METRICS_BOUNDS_US[METRIC_BUCKETS];

struct metrics_histogram {
	_Atomic int64_t buckets[METRIC_BUCKETS + 1];
	_Atomic int64_t sum_us;
};

struct metrics_process {
	_Atomic int64_t owner; /* owner_of(pid), 0: free */
	_Atomic int64_t values[METRICS_MAX][METRIC_VALUES_MAX];
};

struct metrics_map {
	uint64_t magic, layout;
	_Atomic int64_t counters[METRICS_MAX][METRIC_VALUES_MAX];
	struct metrics_histogram histograms[METRICS_MAX][METRIC_VALUES_MAX];
	struct metrics_process gauges[PROCESSES_MAX];
};

/* metrics_map.c */
/* The file at ${path}, made if it is none or another table's.  NULL: errno
 * says why. */
struct metrics_map *metrics_map_open(const char *path,
    const struct metric_def *defs, size_t n) WARN_UNUSED;
struct metrics_map *metrics_map_private(void) WARN_UNUSED; /* NULL: no memory */
void metrics_map_close(struct metrics_map *map);
/* Somebody has cut the file since the last question. */
bool metrics_map_was_lost(void);

/* metrics_process.c */
/* The part of this process; NULL: there are too many. */
struct metrics_process *metrics_process_take(struct metrics_map *map);
void metrics_process_see(struct metrics_map *map, bool alive[PROCESSES_MAX]);
/* Over all of ${alive}. */
int64_t metrics_process_total(struct metrics_map *map, enum metric_type type,
    int m, int value, const bool alive[PROCESSES_MAX]);

/* metrics_write.c */
int metrics_write_map(struct buf *out, struct metrics_map *map,
    const struct metric_def *defs, size_t n) WARN_UNUSED;

#endif
