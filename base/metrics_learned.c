/*
 * metrics_learned: values of labels that nobody knew at build time.
 *
 * They are found without a lock.  A new one is added by one process at a time;
 * who is killed meanwhile has changed nothing that anybody looks at.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/metrics_priv.h"
#include "base/text.h"

#define MARK_BYTES 9 /* "~12345678": tells two long names apart */

/* What this process has seen, for a map that is lost. */
static struct metrics_set known[METRICS_SETS_MAX];
static pthread_mutex_t known_lock = PTHREAD_MUTEX_INITIALIZER;

static unsigned
hash_of(const char *s)
{
	uint32_t h = 2166136261u;

	for (; *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * 16777619u;
	return h;
}

/* ${value} as it is kept.  False: it has no name of its own. */
static bool
as_name(const char *value, char name[METRIC_LEARNED_BYTES])
{
	size_t len = strlen(value);

	if (len == 0 || strcmp(value, METRIC_OTHER) == 0
	    || !text_is_utf8(value, len))
		return false;
	if (len < METRIC_LEARNED_BYTES) {
		memcpy(name, value, len + 1);
		return true;
	}
	len = text_whole(value, METRIC_LEARNED_BYTES - 1 - MARK_BYTES);
	snprintf(name, METRIC_LEARNED_BYTES, "%.*s~%08x", (int)len, value,
	    hash_of(value));
	return true;
}

int
metrics_learned_n(const struct metrics_set *set)
{
	uint64_t n = atomic_load_explicit(&set->n, memory_order_acquire);

	/* Who may write the file may have written anything. */
	return n > METRIC_LEARNED_MAX ? METRIC_LEARNED_MAX : (int)n;
}

static int
find(const struct metrics_set *set, const char *name)
{
	int n = metrics_learned_n(set), i;

	for (i = 0; i < n; i++)
		if (strncmp(set->names[i], name, METRIC_LEARNED_BYTES) == 0)
			return i;
	return -1;
}

/* Of one process at a time. */
static int
add(struct metrics_set *set, const char *name)
{
	int n = metrics_learned_n(set);

	if (n == METRIC_LEARNED_MAX)
		return -1;
	memcpy(set->names[n], name, METRIC_LEARNED_BYTES);
	atomic_store_explicit(&set->n, (uint64_t)n + 1, memory_order_release);
	return n;
}

/* All up to number ${i} of ${set}, if it is new here. */
static void
keep(const struct metrics_set *from, int set, int i)
{
	struct metrics_set *to = &known[set];
	int n;

	if (metrics_learned_n(to) > i)
		return;
	pthread_mutex_lock(&known_lock);
	n = metrics_learned_n(to);
	if (n <= i) {
		memcpy(to->names[n], from->names[n],
		    (size_t)(i + 1 - n) * METRIC_LEARNED_BYTES);
		atomic_store_explicit(&to->n, (uint64_t)i + 1,
		    memory_order_release);
	}
	pthread_mutex_unlock(&known_lock);
}

int
metrics_learned(struct metrics_map *map, int number, const char *value)
{
	char name[METRIC_LEARNED_BYTES] = "";
	struct metrics_set *set = &map->sets[number];
	int i;

	if (!as_name(value, name))
		return METRIC_LEARNED_MAX;
	i = find(set, name);
	if (i == -1 && metrics_learned_n(set) < METRIC_LEARNED_MAX
	    && metrics_map_lock()) {
		i = find(set, name); /* another may have been first */
		if (i == -1)
			i = add(set, name);
		metrics_map_unlock();
	}
	if (i == -1)
		return METRIC_LEARNED_MAX;
	keep(set, number, i);
	return i;
}

void
metrics_learned_again(struct metrics_map *map, size_t nsets)
{
	size_t i;

	pthread_mutex_lock(&known_lock);
	for (i = 0; i < nsets; i++) {
		memcpy(map->sets[i].names, known[i].names,
		    sizeof(known[i].names));
		atomic_store_explicit(&map->sets[i].n,
		    (uint64_t)metrics_learned_n(&known[i]),
		    memory_order_release);
	}
	pthread_mutex_unlock(&known_lock);
}

void
metrics_learned_forget(void)
{
	size_t i;

	for (i = 0; i < METRICS_SETS_MAX; i++)
		atomic_store(&known[i].n, 0);
}
