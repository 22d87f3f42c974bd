/*
 * doctor_messages: what became of messages, and do any wait too long?
 */
#include "cli/doctor.h"

#include "redis/fleet.h"

#define QUEUE_OLD_MS 60000 /* nobody should wait that long for a worker */

void
doctor_messages(struct doctor *d)
{
	struct fleet_counts counts = { 0 };
	int before = d->warnings + d->errors;

	if (d->store == NULL)
		return;
	if (fleet_count(d->store, &counts) != STORE_OK) {
		doctor_find(d, DOCTOR_ERROR, "messages", "look at Redis's log",
		    "they cannot be counted");
		return;
	}
	if (counts.damaged > 0)
		doctor_find(d, DOCTOR_ERROR, "messages",
		    "delete the damaged keys that are named above",
		    "those of %d partitions cannot be counted", counts.damaged);
	if (counts.unaccounted != 0)
		doctor_find(d, DOCTOR_ERROR, "messages",
		    "if Redis lost data, these are the messages that it lost; "
		    "else report it, with dragoman turns list --json",
		    "%lld accepted messages are unaccounted for",
		    (long long)counts.unaccounted);
	if (counts.dead > 0)
		doctor_find(d, DOCTOR_WARN, "messages",
		    "dragoman turns dead --text, then dragoman turns replay "
		    "ID",
		    "%lld could not be answered (dead)",
		    (long long)counts.dead);
	if (counts.oldest_ms > QUEUE_OLD_MS)
		doctor_find(d, DOCTOR_WARN, "messages",
		    "start more turn workers, or look at the model's "
		    "latency",
		    "a chat has waited %s for a worker",
		    cli_ago(d->cli, counts.oldest_ms));
	if (d->warnings + d->errors == before)
		doctor_find(d, DOCTOR_OK, "messages", NULL,
		    "%lld accepted, all accounted for; %lld wait",
		    (long long)counts.accepted, (long long)counts.waiting);
}
