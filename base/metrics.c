#include "base/metrics.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "base/log.h"
#include "base/metrics_priv.h"

static struct metrics_map *map; /* NULL: counts are dropped */
static struct metrics_layout layout;
static _Atomic int64_t *own;

int
metrics_open(const char *path, const struct metric_def *table, size_t n)
{
	struct metrics_map *m = NULL;
	int rc = 0;

	metrics_layout_make(&layout, table, n);
	metrics_learned_forget();
	if (path != NULL) {
		m = metrics_map_open(path, &layout);
		if (m == NULL) {
			log_event(LOG_WARN, "metrics_private",
			    F_STR("file", path),
			    F_STR("why", strerrordesc_np(errno)));
			rc = -1;
		}
	}
	if (m == NULL)
		m = metrics_map_private(&layout);
	if (m == NULL)
		return -1;
	map = m;
	own = metrics_process_take(m, &layout);
	return rc;
}

void
metrics_close(void)
{
	struct metrics_map *m = map;

	if (m == NULL)
		return;
	metrics_process_leave(own);
	own = NULL;
	map = NULL;
	metrics_map_close(m, &layout);
}

static void
say_lost(void)
{
	log_event(LOG_WARN, "metrics_private",
	    F_STR("why", "the file was cut, or its disk failed"));
	metrics_learned_again(map, layout.nsets);
	own = metrics_process_take(map, &layout);
}

int
metric_learn(int m, const char *value)
{
	return map == NULL || layout.rows[m].set == -1
	    ? METRIC_LEARNED_MAX
	    : metrics_learned(map, layout.rows[m].set, value);
}

int
metric_with(int m, int learned, int value)
{
	int n = layout.rows[m].values;

	return value < 0 || value >= n ? -1 : learned * n + value;
}

/* The first word of a cell; NULL: there is none. */
static _Atomic int64_t *
cell_of(int m, int cell, size_t words)
{
	const struct metrics_row *row = &layout.rows[m];

	if (map == NULL || row->is_own || cell < 0 || cell >= row->cells)
		return NULL;
	return &map->words[row->first + words * (size_t)cell];
}

void
metric_add(int m, int cell, int64_t n)
{
	_Atomic int64_t *word = cell_of(m, cell, 1);

	if (word != NULL)
		atomic_fetch_add_explicit(word, n, memory_order_relaxed);
}

void
metric_set(int m, int cell, int64_t v)
{
	const struct metrics_row *row = &layout.rows[m];

	if (metrics_map_was_lost())
		say_lost();
	if (own != NULL && row->is_own && cell >= 0 && cell < row->cells)
		atomic_store_explicit(&own[row->first + (size_t)cell], v,
		    memory_order_relaxed);
}

void
metric_observe_us(int m, int cell, int64_t us)
{
	_Atomic int64_t *h = cell_of(m, cell, METRICS_HISTOGRAM_WORDS);
	size_t i;

	if (h == NULL)
		return;
	if (us < 0)
		us = 0; /* two hosts' clocks: a sum never goes down */
	for (i = 0; i < METRIC_BUCKETS && us > METRICS_BOUNDS_US[i]; i++)
		;
	atomic_fetch_add_explicit(&h[i], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&h[METRIC_BUCKETS + 1], us,
	    memory_order_relaxed);
}

static int64_t
observed(int m, int cell)
{
	const _Atomic int64_t *h = cell_of(m, cell, METRICS_HISTOGRAM_WORDS);
	int64_t n = 0;
	size_t i;

	for (i = 0; i <= METRIC_BUCKETS; i++)
		n += atomic_load(&h[i]);
	return n;
}

int64_t
metric_total(int m, int cell)
{
	bool alive[METRICS_PROCESSES_MAX];

	if (map == NULL || cell < 0 || cell >= layout.rows[m].cells)
		return 0;
	if (layout.defs[m].type == METRIC_HISTOGRAM)
		return observed(m, cell);
	if (!layout.rows[m].is_own)
		return atomic_load(cell_of(m, cell, 1));
	metrics_process_see(map, &layout, alive);
	return metrics_process_total(map, &layout, m, cell, alive);
}

int
metrics_write(struct buf *out)
{
	return map == NULL ? 0 : metrics_write_map(out, map, &layout);
}
