/*
 * walk: what looks through all keys: for another prefix or encryption key, for
 * what was damaged, and for chats from before there was a list of them.  Nothing
 * else scans.
 */
#include <stdio.h>
#include <stdlib.h>

#include "redis/store_priv.h"

#define SCAN_COUNT 500

/* "{p7}:NOUN:NAME" to its partition and name; -1: none of ours. */
static int
name_of(const struct store *st, const redisReply *key, const char *noun,
    const char **name)
{
	const char *own = NULL;
	size_t len = strlen(noun);
	char *end;
	long p;

	if (key->type == REDIS_REPLY_STRING)
		own = store_own_key(st, key->str);
	if (own == NULL || strncmp(own, "{p", 2) != 0)
		return -1;
	p = strtol(own + 2, &end, 10);
	if (p < 0 || p >= CHAT_PARTITIONS || strncmp(end, "}:", 2) != 0
	    || strncmp(end + 2, noun, len) != 0 || end[2 + len] != ':')
		return -1;
	*name = end + 2 + len + 1;
	return (int)p;
}

/* Those of one page that lie in ${partition}. */
static enum store_rc
walk_partition(struct store *st, const struct chat_walk *w,
    const redisReply *keys, int partition)
{
	const char *names[WALK_NAMES], *name;
	enum store_rc rc = STORE_OK;

	for (size_t i = 0; i < keys->elements && rc == STORE_OK;) {
		size_t n = 0;

		for (; i < keys->elements && n < WALK_NAMES; i++)
			if (name_of(st, keys->element[i], w->noun, &name)
			    == partition)
				names[n++] = name;
		if (n == 0)
			break;
		rc = w->names(st, partition, names, n, w->ctx);
	}
	return rc;
}

static enum store_rc
walk_page(struct store *st, const redisReply *keys, void *ctx)
{
	const struct chat_walk *w = ctx;
	enum store_rc rc = STORE_OK;

	for (int p = 0; p < CHAT_PARTITIONS && rc == STORE_OK; p++)
		if ((w->partitions & 1u << p) != 0)
			rc = walk_partition(st, w, keys, p);
	return rc;
}

enum store_rc
walk_chats(struct store *st, const struct chat_walk *w)
{
	char pattern[64];

	(void)snprintf(pattern, sizeof(pattern), "{p*}:%s:*", w->noun);
	return walk_keys(st, st->prefix, pattern, "walk", walk_page, (void *)w);
}

enum store_rc
walk_keys(struct store *st, const char *prefix, const char *pattern,
    const char *what, walk_page_fn *page, void *ctx)
{
	char cursor[32] = "0", match[STORE_PREFIX_MAX + 64];
	enum store_rc rc;

	(void)snprintf(match, sizeof(match), "%s%s", prefix, pattern);
	do {
		struct batch b;
		redisReply *r = NULL;

		batch_init(&b, st);
		batch_command(&b, "SCAN", 5);
		batch_str(&b, cursor);
		batch_str(&b, "MATCH");
		batch_str(&b, match);
		batch_str(&b, "COUNT");
		batch_int(&b, SCAN_COUNT);
		rc = STORE_DOWN;
		if (store_run(st, &b, &r) == 0 && !reply_is_error(st, r, what)
		    && reply_str(r, 0) != NULL && reply_at(r, 1) != NULL) {
			(void)snprintf(cursor, sizeof(cursor), "%s",
			    reply_str(r, 0));
			rc = page(st, reply_at(r, 1), ctx);
		}
		freeReplyObject(r);
		batch_fini(&b);
	} while (rc == STORE_OK && strcmp(cursor, "0") != 0);
	return rc;
}
