/*
 * requeue: chats that wait and that nobody looks for, because due, the queue of
 * their partition, was damaged and then deleted.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "redis/due.h"
#include "redis/store_priv.h"

#define SCAN_COUNT 500
#define NAMES_MAX 128    /* of one script */
#define LEASE_MS "30000" /* of a turn that runs: its holder renews it */

/* "{p7}:inbox:NAME" to its partition and name; -1: none of ours. */
static int
name_of(const struct store *st, const redisReply *key, const char **name)
{
	const char *own = NULL;
	char *end;
	long p;

	if (key->type == REDIS_REPLY_STRING)
		own = store_own_key(st, key->str);
	if (own == NULL || strncmp(own, "{p", 2) != 0)
		return -1;
	p = strtol(own + 2, &end, 10);
	if (p < 0 || p >= CHAT_PARTITIONS || strncmp(end, "}:inbox:", 8) != 0)
		return -1;
	*name = end + 8;
	return (int)p;
}

/* Those of one page that lie in ${partition}. */
static enum store_rc
requeue_page(struct store *st, const redisReply *keys, int partition,
    int64_t *n)
{
	const char *names[NAMES_MAX], *name;
	struct batch b;
	redisReply *r = NULL;
	enum store_rc rc = STORE_OK;

	for (size_t i = 0; i < keys->elements && rc == STORE_OK;) {
		int count = 0;

		for (; i < keys->elements && count < NAMES_MAX; i++)
			if (name_of(st, keys->element[i], &name) == partition)
				names[count++] = name;
		if (count == 0)
			break;
		batch_init(&b, st);
		batch_script(&b, SCRIPT_REQUEUE, 2, 2 + count);
		batch_partition_key(&b, partition, "due");
		batch_partition_key(&b, partition, "wake");
		batch_partition_front(&b, partition);
		batch_str(&b, LEASE_MS);
		for (int k = 0; k < count; k++)
			batch_str(&b, names[k]);
		rc = STORE_DOWN;
		if (store_run(st, &b, &r) == 0)
			rc = reply_code(st, r, "requeue");
		if (rc == STORE_OK)
			*n += reply_int(r, 1);
		if (rc == STORE_DAMAGED) /* it is, still: the others go on */
			rc = STORE_OK;
		freeReplyObject(r);
		r = NULL;
		batch_fini(&b);
	}
	return rc;
}

enum store_rc
due_requeue(struct store *st, unsigned partitions, int64_t *n)
{
	char cursor[32] = "0";
	enum store_rc rc;

	*n = 0;
	do {
		struct batch b;
		redisReply *r = NULL;
		const redisReply *keys;

		batch_init(&b, st);
		batch_command(&b, "SCAN", 5);
		batch_str(&b, cursor);
		batch_str(&b, "MATCH");
		batch_key(&b, "{p*}:inbox:*");
		batch_str(&b, "COUNT");
		batch_int(&b, SCAN_COUNT);
		rc = STORE_DOWN;
		if (store_run(st, &b, &r) == 0
		    && !reply_is_error(st, r, "requeue")
		    && reply_str(r, 0) != NULL && reply_at(r, 1) != NULL) {
			rc = STORE_OK;
			keys = reply_at(r, 1);
			(void)snprintf(cursor, sizeof(cursor), "%s",
			    reply_str(r, 0));
			for (int p = 0; p < CHAT_PARTITIONS; p++)
				if ((partitions & 1u << p) != 0
				    && rc == STORE_OK)
					rc = requeue_page(st, keys, p, n);
		}
		freeReplyObject(r);
		batch_fini(&b);
	} while (rc == STORE_OK && strcmp(cursor, "0") != 0);
	if (*n > 0)
		log_event(LOG_WARN, "chats_requeued", F_INT("chats", *n));
	return rc;
}

void
due_requeue_healed(struct store *st)
{
	unsigned healed = atomic_exchange(&st->due_healed, 0);
	int64_t n;

	if (healed == 0)
		return;
	if (due_requeue(st, healed, &n) != STORE_OK) /* at the next heartbeat */
		atomic_fetch_or(&st->due_healed, healed);
}
