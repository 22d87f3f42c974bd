/*
 * metrics_priv: the file that all workers of a host map, for the files of
 * metrics: metrics_layout.c (what lies where), metrics_map.c (the file),
 * metrics_process.c (values of each process), metrics_learned.c (labels),
 * metrics_write.c (as text).
 *
 * Whoever is killed leaves the file readable: a value is one atomic word, and
 * a learned name is whole before the number of names says that it is there.
 */
#ifndef BASE_METRICS_PRIV_H
#define BASE_METRICS_PRIV_H

#include <stdatomic.h>

#include "base/metrics.h"

#define METRICS_MAX 64     /* rows of the table */
#define METRICS_SETS_MAX 4 /* labels with learned values: two, and room */
#define METRICS_PROCESSES_MAX 256                    /* workers of one host */
#define METRICS_HISTOGRAM_WORDS (METRIC_BUCKETS + 2) /* +Inf, sum in us */

/* Upper bounds in microseconds; the last bucket is +Inf. */
extern const int64_t METRICS_BOUNDS_US[METRIC_BUCKETS];

/* Where the cells of one metric are: learned value times label value. */
struct metrics_row {
	size_t first; /* word; of a gauge or level within its process's part */
	int values;   /* of the label; 1 without one */
	int cells;
	int set;     /* of learned values; -1: none */
	bool is_own; /* a gauge or level */
};

struct metrics_layout {
	const struct metric_def *defs;
	size_t n;
	struct metrics_row rows[METRICS_MAX];
	const char *sets[METRICS_SETS_MAX]; /* their labels */
	size_t nsets;
	size_t nwords; /* of counters and histograms */
	size_t nown;   /* of gauges and levels, of one process */
	size_t size;   /* of the map, in bytes */
	uint64_t hash;
};

/* The names below ${n} are never changed. */
struct metrics_set {
	_Atomic uint64_t n;
	char names[METRIC_LEARNED_MAX][METRIC_LEARNED_BYTES];
};

struct metrics_map {
	uint64_t magic, layout;
	struct metrics_set sets[METRICS_SETS_MAX];
	_Atomic int64_t words[]; /* then for each process: owner, values */
};

/* metrics_layout.c */
/* Aborts where the table is longer than this file takes: it is our own. */
void metrics_layout_make(struct metrics_layout *l,
    const struct metric_def *defs, size_t n);

/* metrics_map.c */
/* The file at ${path}, made if it is none or of another layout.  NULL: errno
 * says why. */
struct metrics_map *metrics_map_open(const char *path,
    const struct metrics_layout *l) WARN_UNUSED;
/* NULL: no memory. */
struct metrics_map *metrics_map_private(
    const struct metrics_layout *l) WARN_UNUSED;
void metrics_map_close(struct metrics_map *map, const struct metrics_layout *l);
/* Somebody has cut the file since the last question: it is memory of this
 * process now, and empty. */
bool metrics_map_was_lost(void);
/* Of all processes that map the file, one; nobody waits long.  False: not
 * had. */
bool metrics_map_lock(void) WARN_UNUSED;
void metrics_map_unlock(void);

/* metrics_process.c */
/* The values of this process; NULL: there are too many processes. */
_Atomic int64_t *metrics_process_take(struct metrics_map *map,
    const struct metrics_layout *l);
void metrics_process_leave(_Atomic int64_t *own);
void metrics_process_see(const struct metrics_map *map,
    const struct metrics_layout *l, bool alive[METRICS_PROCESSES_MAX]);
/* Over all of ${alive}. */
int64_t metrics_process_total(const struct metrics_map *map,
    const struct metrics_layout *l, int m, int cell,
    const bool alive[METRICS_PROCESSES_MAX]);

/* metrics_learned.c */
int metrics_learned(struct metrics_map *map, int set, const char *value);
/* How many there are; their names are text in UTF-8, ended. */
int metrics_learned_n(const struct metrics_set *set);
/* The map is empty: what this process knows is put there again. */
void metrics_learned_again(struct metrics_map *map, size_t nsets);
void metrics_learned_forget(void); /* before another map */

/* metrics_write.c */
int metrics_write_map(struct buf *out, const struct metrics_map *map,
    const struct metrics_layout *l) WARN_UNUSED;

#endif
