/*
 * metrics_write: the map as Prometheus text.
 */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/metrics_priv.h"
#include "base/text.h"

/* One series: a metric with values of its labels. */
struct series {
	const struct metrics_map *map;
	const struct metrics_layout *l;
	const bool *alive;
	int m, cell;
	const char *learned, *value; /* NULL: no such label */
};

static int
add_label(struct buf *out, const char *glue, const char *label,
    const char *value)
{
	if (buf_printf(out, "%s%s=\"", glue, label) == -1)
		return -1;
	for (; *value != '\0'; value++) {
		const char *as = *value == '\\' ? "\\\\"
		    : *value == '"'             ? "\\\""
		    : *value == '\n'            ? "\\n"
						: NULL;

		if ((as != NULL ? buf_add_str(out, as)
				: buf_add_char(out, *value))
		    == -1)
			return -1;
	}
	return buf_add_char(out, '"');
}

static int
add_labels(struct buf *out, const struct series *s, const char *le)
{
	const struct metric_def *d = &s->l->defs[s->m];
	const char *glue = "{";

	if (s->learned != NULL) {
		if (add_label(out, glue, d->learned, s->learned) == -1)
			return -1;
		glue = ",";
	}
	if (s->value != NULL) {
		if (add_label(out, glue, d->label, s->value) == -1)
			return -1;
		glue = ",";
	}
	if (le != NULL) {
		if (add_label(out, glue, "le", le) == -1)
			return -1;
		glue = ",";
	}
	return *glue == ',' ? buf_add_char(out, '}') : 0;
}

static int
add_number(struct buf *out, const struct series *s, const char *part,
    const char *le, const char *number)
{
	return buf_printf(out, "%s%s", s->l->defs[s->m].name, part) == -1
		|| add_labels(out, s, le) == -1
		|| buf_printf(out, " %s\n", number) == -1
	    ? -1
	    : 0;
}

static int64_t
number_of(const struct series *s)
{
	if (s->l->rows[s->m].is_own)
		return metrics_process_total(s->map, s->l, s->m, s->cell,
		    s->alive);
	return atomic_load(
	    &s->map->words[s->l->rows[s->m].first + (size_t)s->cell]);
}

static const _Atomic int64_t *
histogram_of(const struct series *s)
{
	return &s->map->words[s->l->rows[s->m].first
	    + METRICS_HISTOGRAM_WORDS * (size_t)s->cell];
}

static int
write_histogram(struct buf *out, const struct series *s)
{
	const _Atomic int64_t *h = histogram_of(s);
	int64_t sum = 0;
	char le[32], number[32];
	size_t i;

	for (i = 0; i <= METRIC_BUCKETS; i++) {
		sum += atomic_load(&h[i]);
		if (i < METRIC_BUCKETS)
			snprintf(le, sizeof(le), "%g",
			    (double)METRICS_BOUNDS_US[i] / 1e6);
		else
			snprintf(le, sizeof(le), "+Inf");
		snprintf(number, sizeof(number), "%lld", (long long)sum);
		if (add_number(out, s, "_bucket", le, number) == -1)
			return -1;
	}
	snprintf(number, sizeof(number), "%.6f",
	    (double)atomic_load(&h[METRIC_BUCKETS + 1]) / 1e6);
	if (add_number(out, s, "_sum", NULL, number) == -1)
		return -1;
	snprintf(number, sizeof(number), "%lld", (long long)sum);
	return add_number(out, s, "_count", NULL, number);
}

static int
write_series(struct buf *out, const struct series *s)
{
	char number[32];

	if (s->l->defs[s->m].type == METRIC_HISTOGRAM)
		return write_histogram(out, s);
	snprintf(number, sizeof(number), "%lld", (long long)number_of(s));
	return add_number(out, s, "", NULL, number);
}

/* Does anything count here? */
static bool
is_used(const struct series *s)
{
	const _Atomic int64_t *h = histogram_of(s);
	size_t i;

	if (s->l->defs[s->m].type != METRIC_HISTOGRAM)
		return number_of(s) != 0;
	for (i = 0; i <= METRIC_BUCKETS; i++)
		if (atomic_load(&h[i]) != 0)
			return true;
	return false;
}

/* All values of the label, for the learned value number ${i}. */
static int
write_values(struct buf *out, struct series *s, int i)
{
	const struct metric_def *d = &s->l->defs[s->m];
	int v, n = s->l->rows[s->m].values;

	for (v = 0; v < n; v++) {
		s->cell = i * n + v;
		s->value = d->label == NULL ? NULL : d->values[v];
		/* What nobody knows the name of is shown when it counts. */
		if ((i < METRIC_LEARNED_MAX || is_used(s))
		    && write_series(out, s) == -1)
			return -1;
	}
	return 0;
}

static int
write_learned(struct buf *out, struct series *s)
{
	const struct metrics_set *set = &s->map->sets[s->l->rows[s->m].set];
	char name[METRIC_LEARNED_BYTES];
	int i, n = metrics_learned_n(set);

	s->learned = name;
	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%.*s", (int)sizeof(name) - 1,
		    set->names[i]);
		/* As above: it may have been written by anybody. */
		if (name[0] != '\0' && text_is_utf8(name, strlen(name))
		    && write_values(out, s, i) == -1)
			return -1;
	}
	s->learned = METRIC_OTHER;
	return write_values(out, s, METRIC_LEARNED_MAX);
}

int
metrics_write_map(struct buf *out, const struct metrics_map *map,
    const struct metrics_layout *l)
{
	static const char *const TYPES[] = { "counter", "gauge", "histogram",
		"gauge" };
	bool alive[METRICS_PROCESSES_MAX];
	size_t i;

	metrics_process_see(map, l, alive); /* once: it asks the kernel */
	for (i = 0; i < l->n; i++) {
		const struct metric_def *d = &l->defs[i];
		struct series s = { map, l, alive, (int)i, 0, NULL, NULL };

		if (buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", d->name,
			d->help, d->name, TYPES[d->type])
			== -1
		    || (d->learned != NULL ? write_learned(out, &s)
					   : write_values(out, &s, 0))
			== -1)
			return -1;
	}
	return 0;
}
