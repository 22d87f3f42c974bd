/*
 * requeue: chats that wait and that nobody looks for, because due, the queue of
 * their partition, was damaged and then deleted.
 */
#include "base/log.h"
#include "redis/due.h"
#include "redis/store_priv.h"

#define LEASE_MS "30000" /* of a turn that runs: its holder renews it */

static enum store_rc
requeue(struct store *st, int partition, const char *const *names, size_t n,
    void *ctx)
{
	int64_t *total = ctx;
	struct batch b;
	redisReply *r = NULL;
	enum store_rc rc = STORE_DOWN;

	batch_init(&b, st);
	batch_script(&b, SCRIPT_REQUEUE, 2, 2 + (int)n);
	batch_partition_key(&b, partition, "due");
	batch_partition_key(&b, partition, "free");
	batch_partition_front(&b, partition);
	batch_str(&b, LEASE_MS);
	for (size_t i = 0; i < n; i++)
		batch_str(&b, names[i]);
	if (store_run(st, &b, &r) == 0)
		rc = reply_code(st, r, "requeue");
	if (rc == STORE_OK)
		*total += reply_int(r, 1);
	if (rc == STORE_DAMAGED) /* it is, still: the others go on */
		rc = STORE_OK;
	freeReplyObject(r);
	batch_fini(&b);
	return rc;
}

enum store_rc
due_requeue(struct store *st, unsigned partitions, int64_t *n)
{
	const struct chat_walk w = { .noun = "inbox",
		.partitions = partitions,
		.names = requeue,
		.ctx = n };
	enum store_rc rc;

	*n = 0;
	rc = walk_chats(st, &w);
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
