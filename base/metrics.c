#include "base/metrics.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/metrics_priv.h"

static struct metrics_map *map; /* NULL: counts are dropped */
static struct metrics_process *own;
static const struct metric_def *defs;
static size_t ndefs;

static void
say_lost(void)
{
	log_event(LOG_WARN, "metrics_private",
	    F_STR("why", "the file was cut, or its disk failed"));
	own = metrics_process_take(map);
}

int
metrics_open(const char *path, const struct metric_def *table, size_t n)
{
	struct metrics_map *m = NULL;
	int rc = 0;

	if (n > METRICS_MAX)
		abort(); /* our own table */
	if (path != NULL) {
		m = metrics_map_open(path, table, n);
		if (m == NULL) {
			log_event(LOG_WARN, "metrics_private",
			    F_STR("file", path),
			    F_STR("why", strerrordesc_np(errno)));
			rc = -1;
		}
	}
	if (m == NULL)
		m = metrics_map_private();
	if (m == NULL)
		return -1;
	defs = table;
	ndefs = n;
	map = m;
	own = metrics_process_take(m);
	return rc;
}

void
metrics_close(void)
{
	struct metrics_map *m = map;

	if (m == NULL)
		return;
	if (own != NULL)
		atomic_store(&own->owner, 0);
	own = NULL;
	map = NULL;
	metrics_map_close(m);
}

void
metric_add(int m, int value, int64_t n)
{
	if (map != NULL && value >= 0 && value < METRIC_VALUES_MAX)
		atomic_fetch_add_explicit(&map->counters[m][value], n,
		    memory_order_relaxed);
}

void
metric_set(int m, int value, int64_t v)
{
	if (metrics_map_was_lost())
		say_lost();
	if (own != NULL && value >= 0 && value < METRIC_VALUES_MAX)
		atomic_store_explicit(&own->values[m][value], v,
		    memory_order_relaxed);
}

void
metric_observe_us(int m, int value, int64_t us)
{
	struct metrics_histogram *h;
	size_t i;

	if (map == NULL || value < 0 || value >= METRIC_VALUES_MAX)
		return;
	if (us < 0)
		us = 0; /* two hosts' clocks: a sum never goes down */
	h = &map->histograms[m][value];
	for (i = 0; i < METRIC_BUCKETS && us > METRICS_BOUNDS_US[i]; i++)
		;
	atomic_fetch_add_explicit(&h->buckets[i], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&h->sum_us, us, memory_order_relaxed);
}

int64_t
metric_total(int m, int value)
{
	bool alive[PROCESSES_MAX];

	if (map == NULL)
		return 0;
	metrics_process_see(map, alive);
	return metrics_process_total(map, defs[m].type, m, value, alive);
}

int
metrics_write(struct buf *out)
{
	return map == NULL ? 0 : metrics_write_map(out, map, defs, ndefs);
}
