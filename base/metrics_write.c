/*
 * metrics_write: the map as Prometheus text.
 */
#include <stdio.h>

#include "base/buf.h"
#include "base/metrics_priv.h"

static size_t
values_of(const struct metric_def *d)
{
	size_t n = 0;

	if (d->label == NULL)
		return 1;
	while (n < METRIC_VALUES_MAX && d->values[n] != NULL)
		n++;
	return n;
}

static int
write_labels(struct buf *out, const struct metric_def *d, size_t v,
    const char *le)
{
	if (d->label == NULL && le == NULL)
		return 0;
	if (d->label == NULL)
		return buf_printf(out, "{le=\"%s\"}", le);
	if (le == NULL)
		return buf_printf(out, "{%s=\"%s\"}", d->label, d->values[v]);
	return buf_printf(out, "{%s=\"%s\",le=\"%s\"}", d->label, d->values[v],
	    le);
}

static int
write_value(struct buf *out, struct metrics_map *map,
    const struct metric_def *d, int m, size_t v,
    const bool alive[PROCESSES_MAX])
{
	return buf_add_str(out, d->name) == -1
		|| write_labels(out, d, v, NULL) == -1
		|| buf_printf(out, " %lld\n",
		       (long long)metrics_process_total(map, d->type, m, (int)v,
			   alive))
		    == -1
	    ? -1
	    : 0;
}

static int
write_histogram(struct buf *out, struct metrics_map *map,
    const struct metric_def *d, int m, size_t v)
{
	struct metrics_histogram *h = &map->histograms[m][v];
	int64_t sum = 0;
	char le[32];
	size_t i;

	for (i = 0; i <= METRIC_BUCKETS; i++) {
		sum += atomic_load(&h->buckets[i]);
		if (i < METRIC_BUCKETS)
			snprintf(le, sizeof(le), "%g",
			    (double)METRICS_BOUNDS_US[i] / 1e6);
		else
			snprintf(le, sizeof(le), "+Inf");
		if (buf_printf(out, "%s_bucket", d->name) == -1
		    || write_labels(out, d, v, le) == -1
		    || buf_printf(out, " %lld\n", (long long)sum) == -1)
			return -1;
	}
	if (buf_printf(out, "%s_sum", d->name) == -1
	    || write_labels(out, d, v, NULL) == -1
	    || buf_printf(out, " %.6f\n%s_count",
		   (double)atomic_load(&h->sum_us) / 1e6, d->name)
		== -1
	    || write_labels(out, d, v, NULL) == -1
	    || buf_printf(out, " %lld\n", (long long)sum) == -1)
		return -1;
	return 0;
}

int
metrics_write_map(struct buf *out, struct metrics_map *map,
    const struct metric_def *defs, size_t n)
{
	static const char *const TYPES[] = { "counter", "gauge", "histogram",
		"gauge" };
	bool alive[PROCESSES_MAX];
	size_t i, v;

	metrics_process_see(map, alive); /* once: it asks the kernel for each */
	for (i = 0; i < n; i++) {
		const struct metric_def *d = &defs[i];

		if (buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", d->name,
			d->help, d->name, TYPES[d->type])
		    == -1)
			return -1;
		for (v = 0; v < values_of(d); v++)
			if ((d->type == METRIC_HISTOGRAM
				    ? write_histogram(out, map, d, (int)i, v)
				    : write_value(out, map, d, (int)i, v,
					alive))
			    == -1)
				return -1;
	}
	return 0;
}
