/*
 * metrics_layout: what lies where in the map, as the table says.
 */
#include <stdlib.h>
#include <string.h>

#include "base/metrics_priv.h"

static uint64_t
add_word(uint64_t h, uint64_t word)
{
	return (h ^ word) * 1099511628211u; /* FNV-1a */
}

/* With its end: "a" and "bc" are not "ab" and "c". */
static uint64_t
add_text(uint64_t h, const char *s)
{
	for (; s != NULL && *s != '\0'; s++)
		h = add_word(h, (unsigned char)*s);
	return add_word(h, s == NULL ? 0x100 : 0);
}

static int
values_of(const struct metric_def *d)
{
	int n = 0;

	while (n < METRIC_VALUES_MAX && d->values[n] != NULL)
		n++;
	return d->label == NULL ? 1 : n;
}

static int
set_of(struct metrics_layout *l, const char *label)
{
	size_t i;

	if (label == NULL)
		return -1;
	for (i = 0; i < l->nsets; i++)
		if (strcmp(l->sets[i], label) == 0)
			return (int)i;
	if (i == METRICS_SETS_MAX)
		abort();
	l->sets[l->nsets++] = label;
	return (int)i;
}

void
metrics_layout_make(struct metrics_layout *l, const struct metric_def *defs,
    size_t n)
{
	size_t i, per, *end;
	int v;

	if (n > METRICS_MAX)
		abort();
	*l = (struct metrics_layout){ .defs = defs,
		.n = n,
		.hash = 14695981039346656037u };
	for (i = 0; i < n; i++) {
		const struct metric_def *d = &defs[i];
		struct metrics_row *row = &l->rows[i];

		row->values = values_of(d);
		row->set = set_of(l, d->learned);
		row->cells = row->values
		    * (row->set == -1 ? 1 : METRIC_LEARNED_MAX + 1);
		per = d->type == METRIC_HISTOGRAM ? METRICS_HISTOGRAM_WORDS : 1;
		row->is_own = d->type == METRIC_GAUGE
		    || d->type == METRIC_LEVEL;
		end = row->is_own ? &l->nown : &l->nwords;
		row->first = *end;
		*end += per * (size_t)row->cells;

		l->hash = add_text(l->hash, d->name);
		l->hash = add_word(l->hash, (uint64_t)d->type);
		l->hash = add_text(l->hash, d->label);
		for (v = 0; d->label != NULL && v < row->values; v++)
			l->hash = add_text(l->hash, d->values[v]);
		l->hash = add_text(l->hash, d->learned);
	}
	l->size = sizeof(struct metrics_map)
	    + sizeof(int64_t)
		* (l->nwords + METRICS_PROCESSES_MAX * (1 + l->nown));
	l->hash = add_word(l->hash, l->size);
}
