#include "redis/fleet.h"

#include <stdio.h>

#include "base/json.h"
#include "base/log.h"
#include "redis/store_priv.h"

/* Chats looked at in one count of a partition: LLENs of some 10 ms.  Where more
 * wait, what is unaccounted is not known. */
#define COUNT_MAX 20000

static const struct {
	const char *name, *list, *record;
} KINDS[FLEET_KINDS] = {
	[FLEET_EDGE] = { "edge", KEY_EDGES, KEY_EDGE },
	[FLEET_TURN] = { "turn", KEY_WORKERS, KEY_WORKER },
};

static void
add_record_key(struct batch *b, enum fleet_kind kind, const char *id)
{
	char key[128];

	(void)snprintf(key, sizeof(key), "%s%s", KINDS[kind].record, id);
	batch_key(b, key);
}

enum store_rc
fleet_beat(struct store *st, enum fleet_kind kind, const char *id,
    json_t *record)
{
	struct batch b;
	struct arena *mem = arena_new();
	const char *text;
	enum store_rc rc = STORE_DOWN;

	(void)json_object_set_new(record, "kind",
	    json_string(KINDS[kind].name));
	text = json_text(mem, record);
	batch_init(&b, st);
	if (text == NULL) {
		log_event(LOG_ERROR, "heartbeat_unwritable",
		    F_STR("process", id), F_STR("remedy", LOG_REMEDY_REPORT));
		goto out;
	}
	batch_script(&b, SCRIPT_BEAT, 2, 3);
	batch_key(&b, KINDS[kind].list);
	add_record_key(&b, kind, id);
	batch_str(&b, id);
	batch_str(&b, text);
	batch_int(&b, FLEET_LIVE_MS);
	rc = store_run_code(st, &b, "beat");
out:
	batch_fini(&b);
	arena_free(mem);
	return rc;
}

enum store_rc
fleet_leave(struct store *st, enum fleet_kind kind, const char *id)
{
	struct batch b;
	redisReply *r[2] = { NULL };
	enum store_rc rc = STORE_DOWN;

	batch_init(&b, st);
	batch_command(&b, "ZREM", 2);
	batch_key(&b, KINDS[kind].list);
	batch_str(&b, id);
	batch_command(&b, "DEL", 1);
	add_record_key(&b, kind, id);
	if (store_run(st, &b, r) == 0 && !reply_is_error(st, r[0], "leave")
	    && !reply_is_error(st, r[1], "leave"))
		rc = STORE_OK;
	replies_free(r, 2);
	batch_fini(&b);
	return rc;
}

enum store_rc
fleet_read(struct store *st, enum fleet_kind kind, struct arena *mem,
    json_t **records)
{
	struct batch b;
	redisReply *r = NULL;
	enum store_rc rc = STORE_DOWN;

	*records = json_keep(mem, json_array());
	batch_init(&b, st);
	batch_script(&b, SCRIPT_FLEET, 1, 2);
	batch_key(&b, KINDS[kind].list);
	batch_key(&b, KINDS[kind].record);
	batch_int(&b, FLEET_LIVE_MS);
	if (store_run(st, &b, &r) == -1 || reply_is_error(st, r, "fleet"))
		goto out;
	if (reply_int(r, 0) == STORE_DAMAGED && r->elements == 1
	    && r->element[0]->type == REDIS_REPLY_INTEGER) {
		store_log_damaged(st, -1, KINDS[kind].list);
		rc = STORE_DAMAGED;
		goto out;
	}
	for (size_t i = 0; r->type == REDIS_REPLY_ARRAY && i < r->elements;
	     i++) {
		const redisReply *e = r->element[i];
		json_t *doc;

		if (e->type != REDIS_REPLY_STRING)
			continue;
		doc = json_read(mem, e->str, e->len, NULL, NULL);

		if (doc != NULL) /* another release's may be none of ours */
			(void)json_array_append(*records, doc);
	}
	rc = STORE_OK;
out:
	freeReplyObject(r);
	batch_fini(&b);
	return rc;
}

enum store_rc
fleet_pause(struct store *st, bool paused)
{
	struct batch b;
	redisReply *r[CHAT_PARTITIONS] = { NULL };
	enum store_rc rc = STORE_DOWN;

	batch_init(&b, st);
	for (int p = 0; p < CHAT_PARTITIONS; p++) {
		batch_command(&b, paused ? "SET" : "DEL", paused ? 2 : 1);
		batch_partition_key(&b, p, "paused");
		if (paused)
			batch_str(&b, "1");
	}
	if (store_run(st, &b, r) == 0) {
		rc = STORE_OK;
		for (int p = 0; p < CHAT_PARTITIONS; p++)
			if (reply_is_error(st, r[p], "pause"))
				rc = STORE_DOWN;
	}
	replies_free(r, CHAT_PARTITIONS);
	batch_fini(&b);
	return rc;
}

/* Paused as soon as one partition is: that is what the operator must see. */
enum store_rc
fleet_is_paused(struct store *st, bool *paused)
{
	struct batch b;
	redisReply *r[CHAT_PARTITIONS] = { NULL };
	enum store_rc rc = STORE_DOWN;

	*paused = false;
	batch_init(&b, st);
	for (int p = 0; p < CHAT_PARTITIONS; p++) {
		batch_command(&b, "EXISTS", 1);
		batch_partition_key(&b, p, "paused");
	}
	if (store_run(st, &b, r) == 0) {
		rc = STORE_OK;
		for (int p = 0; p < CHAT_PARTITIONS; p++) {
			if (reply_is_error(st, r[p], "paused"))
				rc = STORE_DOWN;
			else if (r[p]->integer > 0)
				*paused = true;
		}
	}
	replies_free(r, CHAT_PARTITIONS);
	batch_fini(&b);
	return rc;
}

/* The order in which lua/count.lua answers. */
enum {
	COUNT_WAITING,
	COUNT_DUE,
	COUNT_LATE,
	COUNT_DEAD,
	COUNT_ALL,
	COUNT_ASIDE,
	COUNT_ACCEPTED,
	COUNT_ENDS,
	COUNT_N = COUNT_ENDS + END_N
};

static void
add_counts(struct fleet_counts *out, const redisReply *r)
{
	int64_t late = reply_int(r, COUNT_LATE), unaccounted;

	out->waiting += reply_int(r, COUNT_WAITING);
	out->due += reply_int(r, COUNT_DUE);
	out->dead += reply_int(r, COUNT_DEAD);
	out->aside += reply_int(r, COUNT_ASIDE);
	out->accepted += reply_int(r, COUNT_ACCEPTED);
	if (late > out->oldest_ms)
		out->oldest_ms = late;
	unaccounted = reply_int(r, COUNT_ACCEPTED)
	    - reply_int(r, COUNT_WAITING);
	for (size_t end = 0; end < END_N; end++) {
		out->ended[end] += reply_int(r, COUNT_ENDS + end);
		unaccounted -= reply_int(r, COUNT_ENDS + end);
	}
	if (reply_int(r, COUNT_ALL) == 1) /* else not all were looked at */
		out->unaccounted += unaccounted;
}

enum store_rc
fleet_count(struct store *st, struct fleet_counts *out)
{
	struct batch b;
	redisReply *r[CHAT_PARTITIONS] = { NULL };
	enum store_rc rc = STORE_DOWN;

	*out = (struct fleet_counts){ 0 };
	batch_init(&b, st);
	for (int p = 0; p < CHAT_PARTITIONS; p++) {
		batch_script(&b, SCRIPT_COUNT, 4, 2 + END_N);
		batch_partition_key(&b, p, "counts");
		batch_partition_key(&b, p, "due");
		batch_partition_key(&b, p, "dead");
		batch_partition_key(&b, p, "damaged");
		batch_partition_front(&b, p);
		batch_int(&b, COUNT_MAX);
		for (int end = 0; end < END_N; end++)
			batch_str(&b, turn_end_name((enum turn_end)end));
	}
	if (store_run(st, &b, r) == -1)
		goto out;
	for (int p = 0; p < CHAT_PARTITIONS; p++) {
		if (reply_is_error(st, r[p], "count"))
			goto out;
		if (r[p]->type == REDIS_REPLY_ARRAY
		    && r[p]->elements == COUNT_N)
			add_counts(out, r[p]);
		else { /* the others are counted all the same */
			const char *key = reply_str(r[p], 0);

			out->damaged++;
			store_log_damaged(st, p, key == NULL ? "?" : key);
		}
	}
	rc = STORE_OK;
out:
	replies_free(r, CHAT_PARTITIONS);
	batch_fini(&b);
	return rc;
}
