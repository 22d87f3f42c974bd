/*
 * fleet: what the workers say of themselves and what they see; what the
 * operator switched for all.
 *
 * A worker writes its record every FLEET_EVERY_MS; one that is older than
 * FLEET_LIVE_MS is not alive.  Records are JSON and hold no secret: those of
 * turn workers are made by work/heartbeat and the kinds of job, those of edges
 * by handlers/fleet_beat.  All have id, host, pid, version, format, started_ms
 * (wall).  Another kind of worker is a row of fleet.c.
 */
#ifndef REDIS_FLEET_H
#define REDIS_FLEET_H

#include <jansson.h>

#include "nouns/turn_end.h"
#include "redis/store.h"

#define FLEET_EVERY_MS 3000
#define FLEET_LIVE_MS 10000

enum fleet_kind { FLEET_EDGE, FLEET_TURN, FLEET_KINDS };

/* Sets "kind" in ${record}. */
enum store_rc fleet_beat(struct store *st, enum fleet_kind kind, const char *id,
    json_t *record) WARN_UNUSED;
enum store_rc fleet_leave(struct store *st, enum fleet_kind kind,
    const char *id) WARN_UNUSED;

/* A JSON array of the records of the living of ${kind}, in ${mem} (borrowed).
 * DAMAGED: their list is none. */
enum store_rc fleet_read(struct store *st, enum fleet_kind kind,
    struct arena *mem, json_t **records) WARN_UNUSED;

/*
 * What stands between the workers of ${records} and their models: an array of
 * {name ("HOST/MODEL" or "HOST/MODEL@NAME"), kind (llm_rc_name), words (of it,
 * for everybody), lasts (somebody must act), reloads (and the workers be
 * restarted then), why, remedy, since_ms (wall)} in ${mem}, a row a model.  Not
 * what a later answer ended.
 */
json_t *fleet_troubles(const json_t *records, struct arena *mem);

/* dragoman pause|resume: no job is taken while set. */
enum store_rc fleet_pause(struct store *st, bool paused) WARN_UNUSED;
enum store_rc fleet_is_paused(struct store *st, bool *paused) WARN_UNUSED;

/* Sums over all partitions (redis/README.md: counts). */
struct fleet_counts {
	int64_t accepted;
	int64_t ended[END_N];
	int64_t waiting;     /* in inboxes of due chats */
	int64_t due;         /* jobs */
	int64_t oldest_ms;   /* age of the longest overdue job */
	int64_t dead;        /* letters kept */
	int64_t aside;       /* keys and fields set aside as damaged */
	int damaged;         /* partitions that cannot be counted */
	int64_t unaccounted; /* accepted - ended - waiting: must be 0 */
};
enum store_rc fleet_count(struct store *st,
    struct fleet_counts *out) WARN_UNUSED;

#endif
