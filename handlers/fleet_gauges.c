/*
 * fleet_gauges: metrics of what no single process knows: the queue, and the
 * breakers of all workers.
 */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "handlers/fleet_priv.h"
#include "nouns/metric.h"
#include "redis/due.h"
#include "redis/fleet.h"

#define FLEET_UNSURE_LOOKS 2 /* unaccounted twice in a row is no accident */

/* A provider's breaker is open when all its models' are. */
void
fleet_gauge_breakers(const struct fleet_view *v)
{
	const char *const *values = METRICS[METRIC_BREAKER_OPEN].values;
	int64_t now = clock_wall_ms();
	int i;

	for (i = 0; i < METRIC_VALUES_MAX && values[i] != NULL; i++) {
		size_t len = strlen(values[i]), n = 0, open = 0;
		const char *name;
		json_t *until;

		json_object_foreach(v->backends, name, until) {
			if (strncmp(name, values[i], len) != 0
			    || (name[len] != '/' && name[len] != '\0'))
				continue;
			n++;
			open += json_integer_value(until) > now;
		}
		metric_set(METRIC_BREAKER_OPEN, i, n > 0 && n == open);
	}
}

void
fleet_gauge_queue(struct store *st, int *unsure)
{
	int64_t requeued;
	struct fleet_counts counts;

	if (fleet_count(st, &counts) != STORE_OK)
		return;
	metric_set(METRIC_UNACCOUNTED, 0, counts.unaccounted);
	metric_set(METRIC_DAMAGED, 0, counts.aside + counts.damaged);
	metric_set(METRIC_QUEUE_LENGTH, 0, counts.waiting);
	metric_set(METRIC_QUEUE_AGE, 0, counts.oldest_ms / 1000);
	*unsure = counts.unaccounted == 0 ? 0 : *unsure + 1;
	if (*unsure != FLEET_UNSURE_LOOKS)
		return;
	/* They may lie in inboxes that nobody looks at: due was deleted. */
	if (due_requeue(st, DUE_ALL, &requeued) != STORE_OK || requeued == 0)
		log_event(LOG_ERROR, "messages_unaccounted",
		    F_INT("messages", counts.unaccounted),
		    F_STR("remedy", "dragoman turns list; report this"));
}
