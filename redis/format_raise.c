/*
 * format_raise: the list of chats gets those from before there was one, and
 * format remembers it.
 */
#include "redis/chats.h"
#include "redis/format.h"
#include "redis/store_priv.h"

static enum store_rc
enlist(struct store *st, int partition, const char *const *names, size_t n,
    void *ctx)
{
	int64_t *total = ctx;
	struct batch b;
	redisReply *r = NULL;
	enum store_rc rc = STORE_DOWN;

	batch_init(&b, st);
	batch_script(&b, SCRIPT_ENLIST, 1, 1 + (int)n);
	batch_partition_key(&b, partition, "chats");
	batch_partition_front(&b, partition);
	for (size_t i = 0; i < n; i++)
		batch_str(&b, names[i]);
	if (store_run(st, &b, &r) == 0)
		rc = reply_code(st, r, "enlist");
	if (rc == STORE_OK)
		*total += reply_int(r, 1);
	freeReplyObject(r);
	batch_fini(&b);
	return rc;
}

enum store_rc
chats_fill(struct store *st, int64_t *n)
{
	const struct chat_walk w = { .noun = "chat",
		.partitions = WALK_ALL,
		.names = enlist,
		.ctx = n };

	*n = 0;
	return walk_chats(st, &w);
}

enum store_rc
format_raise(struct store *st, int64_t format)
{
	enum store_rc rc = STORE_OK;
	int64_t n;

	if (format >= FORMAT_CHATS)
		rc = chats_fill(st, &n);
	return rc == STORE_OK ? format_set(st, format) : rc;
}
