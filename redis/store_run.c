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

/* The commands of a batch that go to one node; ${repeat}: they were sent
 * before. */
struct share {
	const struct batch *b;
	const struct link_place *place;
	bool whole; /* they are the batch */
	bool repeat;
};

static bool
is_of(const struct share *s, size_t i)
{
	return s->b->items[i].place == s->place
	    && !(s->repeat && s->b->items[i].once);
}

static int
send_and_read(const struct share *s, struct link *c, redisReply **replies)
{
	const struct batch *b = s->b;
	redisContext *redis = c->redis;

	metric_add(METRIC_REDIS_ROUND_TRIPS, 0, 1);
	if (s->whole && !s->repeat
	    && redisAppendFormattedCommand(redis, b->out.data, b->out.len)
		!= REDIS_OK)
		return -1;
	for (size_t i = 0; !(s->whole && !s->repeat) && i < b->n; i++)
		if (is_of(s, i)
		    && redisAppendFormattedCommand(redis,
			   b->out.data + b->items[i].start,
			   batch_end(b, i) - b->items[i].start)
			!= REDIS_OK)
			return -1;
	for (size_t i = 0; i < b->n; i++)
		if (is_of(s, i) && link_reply(c, &replies[i]) == -1)
			return -1;
	return 0;
}

static bool
is_missing(const struct share *s, size_t i, redisReply *const *replies)
{
	return is_of(s, i) && s->b->items[i].script >= 0
	    && reply_begins(replies[i], "NOSCRIPT");
}

/* Scripts that Redis has forgotten (it was restarted): send their texts. */
static int
send_texts(const struct store *st, const struct share *s, struct link *c,
    redisReply **replies)
{
	const struct batch *b = s->b;
	struct batch t;
	size_t missing = 0;
	int rc = -1;

	for (size_t i = 0; i < b->n; i++)
		if (is_missing(s, i, replies))
			missing++;
	if (missing == 0)
		return 0;

	batch_init(&t, st);
	for (size_t i = 0; i < b->n; i++)
		if (is_missing(s, i, replies))
			batch_as_text(&t, b, i);
	metric_add(METRIC_REDIS_ROUND_TRIPS, 0, 1);
	if (t.bad
	    || redisAppendFormattedCommand(c->redis, t.out.data, t.out.len)
		!= REDIS_OK)
		goto out;
	for (size_t i = 0; i < b->n; i++) {
		if (!is_missing(s, i, replies))
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

/* Where each command goes.  NULL of one: no node is known (logged). */
static bool
find_places(struct store *st, struct batch *b)
{
	const struct link_place *place = NULL;
	int slot = SLOT_ANY;

	for (size_t i = 0; i < b->n && slot == SLOT_ANY; i++)
		slot = b->items[i].slot;
	for (size_t i = 0; i < b->n; i++) {
		if (b->items[i].slot != SLOT_ANY)
			slot = b->items[i].slot;
		place = st->finder->find(st, slot);
		if (place == NULL)
			return false;
		b->items[i].place = place;
	}
	return true;
}

/* The first command of the ${i}-th one's node? */
static bool
is_first(const struct batch *b, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (b->items[k].place == b->items[i].place)
			return false;
	return true;
}

static bool
goes_to_one(const struct batch *b)
{
	for (size_t i = 1; i < b->n; i++)
		if (b->items[i].place != b->items[0].place)
			return false;
	return true;
}

/* What goes to the node of command ${first}. */
static int
run_share(struct store *st, struct share *s, size_t first, redisReply **replies)
{
	s->place = s->b->items[first].place;
	s->repeat = false;
	for (int try = 0; try < 2; try++, s->repeat = true) {
		struct link *c = link_get(st, s->place);

		if (c == NULL)
			return -1;
		if (send_and_read(s, c, replies) == 0
		    && send_texts(st, s, c, replies) == 0) {
			if (reply_begins(replies[first], "READONLY"))
				/* It became a replica: ask for the primary. */
				link_broken(st, c, "readonly");
			else
				link_put(st, c);
			return 0;
		}
		for (size_t i = 0; i < s->b->n; i++)
			if (s->b->items[i].place == s->place) {
				freeReplyObject(replies[i]);
				replies[i] = NULL;
			}
		link_broken(st, c, try == 0 ? "repeated" : "given up");
	}
	store_log_down(st, "send", "no answer, twice");
	return -1;
}

int
store_run(struct store *st, struct batch *b, redisReply **replies)
{
	struct share s = { .b = b };

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
	if (!find_places(st, b))
		return -1;
	s.whole = goes_to_one(b);
	for (size_t i = 0; i < b->n; i++)
		if (is_first(b, i) && run_share(st, &s, i, replies) == -1) {
			replies_free(replies, b->n);
			return -1;
		}
	return 0;
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
