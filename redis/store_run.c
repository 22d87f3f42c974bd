/*
 * store_run: a batch is sent, and its answers are read.
 */
#include "base/log.h"
#include "nouns/metric.h"
#include "redis/store_priv.h"

/* For SQL_ECHO: the command and its first key, no values. */
static void
echo(const struct batch *b)
{
	for (size_t i = 0; i < b->n; i++) {
		const struct batch_item *it = &b->items[i];
		const char *text = buf_str(&b->out);
		const char *name, *key;
		char what[32] = "", first[LOG_STR_MAX] = "";
		size_t len;

		if (it->script >= 0) {
			name = script_text((enum script)it->script)->name;
			len = strlen(name);
		} else {
			name = strstr(text + it->start, "\r\n");
			name = strstr(name + 2, "\r\n") + 2;
			len = strcspn(name, "\r");
		}
		memcpy(what, name, len < sizeof(what) ? len : sizeof(what) - 1);
		if (it->key != 0) {
			key = strstr(text + it->key, "\r\n") + 2;
			len = strcspn(key, "\r");
			memcpy(first, key,
			    len < sizeof(first) ? len : sizeof(first) - 1);
		}
		log_event(LOG_INFO, "redis_command", F_STR("command", what),
		    F_STR("key", first));
	}
}

static int
send_and_read(const struct batch *b, struct link *c, bool repeat,
    redisReply **replies)
{
	redisContext *redis = c->redis;

	metric_add(METRIC_REDIS_ROUND_TRIPS, 0, 1);
	if (!repeat
	    && redisAppendFormattedCommand(redis, b->out.data, b->out.len)
		!= REDIS_OK)
		return -1;
	for (size_t i = 0; repeat && i < b->n; i++)
		if (!b->items[i].once
		    && redisAppendFormattedCommand(redis,
			   b->out.data + b->items[i].start,
			   batch_end(b, i) - b->items[i].start)
			!= REDIS_OK)
			return -1;
	for (size_t i = 0; i < b->n; i++) {
		if (repeat && b->items[i].once)
			continue;
		if (link_reply(c, &replies[i]) == -1)
			return -1;
	}
	return 0;
}

static bool
is_missing(const struct batch_item *it, const redisReply *r)
{
	return it->script >= 0 && reply_begins(r, "NOSCRIPT");
}

/* Scripts that Redis has forgotten (it was restarted): send their texts. */
static int
send_texts(const struct store *st, const struct batch *b, struct link *c,
    redisReply **replies)
{
	struct batch t;
	size_t missing = 0;
	int rc = -1;

	for (size_t i = 0; i < b->n; i++)
		if (is_missing(&b->items[i], replies[i]))
			missing++;
	if (missing == 0)
		return 0;

	batch_init(&t, st);
	for (size_t i = 0; i < b->n; i++) {
		if (!is_missing(&b->items[i], replies[i]))
			continue;
		batch_as_text(&t, b, i);
	}
	metric_add(METRIC_REDIS_ROUND_TRIPS, 0, 1);
	if (t.bad
	    || redisAppendFormattedCommand(c->redis, t.out.data, t.out.len)
		!= REDIS_OK)
		goto out;
	for (size_t i = 0; i < b->n; i++) {
		if (!is_missing(&b->items[i], replies[i]))
			continue;
		freeReplyObject(replies[i]);
		replies[i] = NULL;
		if (link_reply(c, &replies[i]) == -1)
			goto out;
	}
	rc = 0;
out:
	batch_fini(&t);
	return rc;
}

int
store_run(struct store *st, struct batch *b, redisReply **replies)
{
	for (size_t i = 0; i < b->n; i++)
		replies[i] = NULL;
	if (b->bad) {
		log_event(LOG_ERROR, "redis_refused",
		    F_STR("why", "a command is larger than 64 MiB"),
		    F_STR("remedy", LOG_REMEDY_REPORT));
		return -1;
	}
	if (st->echo)
		echo(b);
	for (int try = 0; try < 2; try++) {
		struct link *c = link_get(st);

		if (c == NULL)
			return -1;
		if (send_and_read(b, c, try > 0, replies) == 0
		    && send_texts(st, b, c, replies) == 0) {
			if (reply_begins(replies[0], "READONLY"))
				/* It became a replica: ask for the primary. */
				link_broken(st, c, "readonly");
			else
				link_put(st, c);
			return 0;
		}
		replies_free(replies, b->n);
		link_broken(st, c, try == 0 ? "repeated" : "given up");
	}
	store_log_down(st, "send", "no answer, twice");
	return -1;
}

enum store_rc
store_run_code(struct store *st, struct batch *b, const char *what)
{
	redisReply *r;
	enum store_rc rc = STORE_DOWN;

	if (store_run(st, b, &r) == 0)
		rc = reply_code(st, r, what);
	freeReplyObject(r);
	return rc;
}
