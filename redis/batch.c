#include "redis/store_priv.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "nouns/metric.h"

#define KEY_MAX (STORE_PREFIX_MAX + CHAT_NAME_MAX + 64)

void
batch_init(struct batch *b, const struct store *st)
{
	b->prefix = st->prefix;
	b->prefix_len = st->prefix_len;
	buf_init(&b->out, BATCH_MAX);
	b->items = b->few;
	b->cap = BATCH_FEW;
	b->n = 0;
	b->bad = false;
}

void
batch_fini(struct batch *b)
{
	buf_fini(&b->out);
	if (b->items != b->few)
		free(b->items);
	b->items = b->few;
	b->n = 0;
}

static void
add(struct batch *b, const void *bytes, size_t len)
{
	if (buf_add(&b->out, bytes, len) == -1)
		b->bad = true;
}

/* "*12\r\n", "$3\r\n" */
static void
add_count(struct batch *b, char mark, size_t n)
{
	char text[24];
	size_t at = sizeof(text);

	text[--at] = '\n';
	text[--at] = '\r';
	do {
		text[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	text[--at] = mark;
	add(b, text + at, sizeof(text) - at);
}

void
batch_mem(struct batch *b, const void *bytes, size_t len)
{
	add_count(b, '$', len);
	add(b, bytes, len);
	add(b, "\r\n", 2);
}

void
batch_str(struct batch *b, const char *s)
{
	batch_mem(b, s, strlen(s));
}

void
batch_int(struct batch *b, int64_t n)
{
	char text[24];
	size_t at = sizeof(text);
	uint64_t u = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;

	do {
		text[--at] = (char)('0' + u % 10);
		u /= 10;
	} while (u > 0);
	if (n < 0)
		text[--at] = '-';
	batch_mem(b, text + at, sizeof(text) - at);
}

static struct batch_item *
begin(struct batch *b, int script, int argc)
{
	struct batch_item *it;

	if (b->n == b->cap) {
		size_t cap = b->cap * 2;
		struct batch_item *more = malloc(cap * sizeof(*more));

		if (more == NULL)
			abort(); /* out of memory ends the worker */
		memcpy(more, b->items, b->n * sizeof(*more));
		if (b->items != b->few)
			free(b->items);
		b->items = more;
		b->cap = cap;
	}
	it = &b->items[b->n++];
	*it = (struct batch_item){ .script = script,
		.argc = argc,
		.start = b->out.len };
	add_count(b, '*', (size_t)argc);
	return it;
}

void
batch_script(struct batch *b, enum script s, int nkeys, int nargs)
{
	struct batch_item *it = begin(b, (int)s, 3 + nkeys + nargs);

	batch_str(b, "EVALSHA");
	batch_mem(b, script_text(s)->sha, 40);
	it->rest = b->out.len;
	batch_int(b, nkeys);
	it->key = b->out.len;
}

void
batch_command(struct batch *b, const char *name, int nargs)
{
	struct batch_item *it = begin(b, -1, 1 + nargs);

	batch_str(b, name);
	it->rest = b->out.len;
	it->key = nargs > 0 ? b->out.len : 0;
}

static size_t
put(char *out, size_t at, const char *s)
{
	size_t len = strlen(s);

	assert(at + len < KEY_MAX);
	memcpy(out + at, s, len);
	return at + len;
}

/* "{pN}:NOUN" and, unless NULL, ":ITEM", behind the installation's prefix. */
static void
add_key(struct batch *b, int partition, const char *noun, const char *item)
{
	char key[KEY_MAX];
	size_t at = b->prefix_len;

	memcpy(key, b->prefix, at);
	at = put(key, at, "{p");
	if (partition >= 10)
		key[at++] = (char)('0' + partition / 10);
	key[at++] = (char)('0' + partition % 10);
	at = put(key, at, "}:");
	at = put(key, at, noun);
	if (item != NULL) {
		key[at++] = ':';
		at = put(key, at, item);
	}
	batch_mem(b, key, at);
}

void
batch_chat_key(struct batch *b, const struct chat_name *chat, const char *noun)
{
	add_key(b, chat->partition, noun, chat->text);
}

void
batch_partition_front(struct batch *b, int partition)
{
	add_key(b, partition, "", NULL);
}

void
batch_key(struct batch *b, const char *key)
{
	size_t len = strlen(key);

	add_count(b, '$', b->prefix_len + len);
	add(b, b->prefix, b->prefix_len);
	add(b, key, len);
	add(b, "\r\n", 2);
}

void
batch_partition_key(struct batch *b, int partition, const char *noun)
{
	add_key(b, partition, noun, NULL);
}

void
batch_item_key(struct batch *b, int partition, const char *noun,
    const char *item)
{
	add_key(b, partition, noun, item);
}

void
batch_sealed(struct batch *b, const struct store *st, const char *front,
    const struct chat_name *chat, const char *noun, const char *item,
    const char *plain, size_t len)
{
	size_t nfront = strlen(front);

	add_count(b, '$', nfront + len + SEAL_OVERHEAD);
	add(b, front, nfront);
	if (seal_close(st->ring, chat->text, noun, item, plain, len, &b->out)
	    == -1)
		b->bad = true;
	add(b, "\r\n", 2);
}

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

static size_t
item_end(const struct batch *b, size_t i)
{
	return i + 1 < b->n ? b->items[i + 1].start : b->out.len;
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
			   item_end(b, i) - b->items[i].start)
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
reply_begins(const redisReply *r, const char *word)
{
	return r != NULL && r->type == REDIS_REPLY_ERROR
	    && strncmp(r->str, word, strlen(word)) == 0;
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
		const struct batch_item *it = &b->items[i];
		const struct script_text *s;

		if (!is_missing(&b->items[i], replies[i]))
			continue;
		s = script_text((enum script)it->script);
		add_count(&t, '*', (size_t)it->argc);
		batch_str(&t, "EVAL");
		batch_mem(&t, s->text, s->len);
		add(&t, b->out.data + it->rest, item_end(b, i) - it->rest);
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

void
replies_free(redisReply **replies, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		freeReplyObject(replies[i]);
		replies[i] = NULL;
	}
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
		struct link *c = link_get(st, LINK_SHORT);

		if (c == NULL)
			return -1;
		if (send_and_read(b, c, try > 0, replies) == 0
		    && send_texts(st, b, c, replies) == 0) {
			if (reply_begins(replies[0], "READONLY"))
				/* It became a replica: ask for the primary. */
				link_broken(st, c, "readonly");
			else
				link_put(st, LINK_SHORT, c);
			return 0;
		}
		replies_free(replies, b->n);
		link_broken(st, c, try == 0 ? "repeated" : "given up");
	}
	store_log_down(st, "send", "no answer, twice");
	return -1;
}

bool
reply_is_oom(const redisReply *r)
{
	return reply_begins(r, "OOM");
}

bool
reply_is_wrong_type(const redisReply *r)
{
	return reply_begins(r, "WRONGTYPE");
}

bool
reply_is_error(struct store *st, const redisReply *r, const char *what)
{
	if (r == NULL)
		return true;
	if (r->type != REDIS_REPLY_ERROR)
		return false;
	store_log_down(st, what, r->str);
	return true;
}

enum store_rc
reply_code(struct store *st, const redisReply *r, const char *what)
{
	if (reply_is_error(st, r, what))
		return STORE_DOWN;
	if (r->type != REDIS_REPLY_ARRAY || r->elements == 0
	    || r->element[0]->type != REDIS_REPLY_INTEGER
	    || r->element[0]->integer < STORE_OK
	    || r->element[0]->integer > STORE_STOPPED) {
		log_event(LOG_ERROR, "redis_refused", F_STR("what", what),
		    F_STR("why", "not an answer of ours"),
		    F_STR("remedy", LOG_REMEDY_REPORT));
		return STORE_DOWN;
	}
	return (enum store_rc)r->element[0]->integer;
}

const redisReply *
reply_at(const redisReply *r, size_t i)
{
	if (r == NULL || r->type != REDIS_REPLY_ARRAY || i >= r->elements
	    || r->element[i]->type == REDIS_REPLY_NIL)
		return NULL;
	return r->element[i];
}

const redisReply *
reply_string(const redisReply *r, size_t i)
{
	const redisReply *e = reply_at(r, i);

	return e != NULL && e->type == REDIS_REPLY_STRING ? e : NULL;
}

int64_t
reply_int(const redisReply *r, size_t i)
{
	const redisReply *e = reply_at(r, i);
	int64_t n = 0;

	if (e != NULL && e->type == REDIS_REPLY_INTEGER)
		n = e->integer;
	else if (e != NULL && e->type == REDIS_REPLY_STRING)
		n = strtoll(e->str, NULL, 10);
	return n < -REPLY_INT_MAX ? -REPLY_INT_MAX
	    : n > REPLY_INT_MAX   ? REPLY_INT_MAX
				  : n;
}

const char *
reply_str(const redisReply *r, size_t i)
{
	const redisReply *e = reply_string(r, i);

	return e != NULL ? e->str : NULL;
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
