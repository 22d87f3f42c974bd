#include "redis/inbox.h"

#include <ctype.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "redis/store_priv.h"

#define MEMORY_LOOK_MS 1000 /* how often accept asks for the memory in use */
#define SEEN_KEEP 112 /* with the 16 between two trims: the listpack's 128 */
#define SEEN_DAY_MS ((int64_t)86400 * 1000)
#define KIND_MESSAGE "message"

int64_t
seen_keep_ms(int64_t reply_keep_ms)
{
	return SEEN_DAY_MS + reply_keep_ms;
}

/* An address stands in the clear header: one word, no control characters. */
static bool
address_is_valid(const char *a)
{
	size_t len = strlen(a);

	if (len == 0 || len >= MESSAGE_ADDRESS_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)a[i]) && a[i] != '.' && a[i] != '_')
			return false;
	return true;
}

static const char *
address_word(const char *a)
{
	return a != NULL && address_is_valid(a) ? a : "-";
}

/* ANSWERED: "MAC CHAT\nSEALED" in ${r}. */
static enum store_rc
open_answer(struct store *st, const struct chat_name *chat, const redisReply *r,
    struct arena *mem, char mac[SEAL_DIGEST_MAX], struct inbox_answer *out)
{
	const redisReply *v = reply_string(r, 1);
	const char *blank = v == NULL ? NULL : memchr(v->str, ' ', v->len);
	const char *line = v == NULL ? NULL : memchr(v->str, '\n', v->len);
	size_t front;
	enum store_rc rc;

	if (blank == NULL || line == NULL || blank > line
	    || blank - v->str >= SEAL_DIGEST_MAX) {
		log_event(LOG_ERROR, "sealed_damaged", F_CHAT(chat),
		    F_STR("noun", "reply"),
		    F_STR("remedy", LOG_REMEDY_DAMAGED));
		return STORE_GONE;
	}
	memcpy(mac, v->str, (size_t)(blank - v->str));
	mac[blank - v->str] = '\0';
	front = (size_t)(line - v->str) + 1;
	rc = record_open(st, chat->text, "reply", out->id, v->str + front,
	    v->len - front, mem, &out->reply, &out->reply_len);
	if (rc == STORE_OK)
		return STORE_ANSWERED;
	/* Another worker may have the key: 503, not 410. */
	return rc == STORE_UNKNOWN_KEY ? STORE_DOWN : STORE_GONE;
}

/* What a script said of a message that is known. */
static enum store_rc
read_known(struct store *st, const struct chat_name *chat, enum store_rc rc,
    const redisReply *r, struct arena *mem, char mac[SEAL_DIGEST_MAX],
    struct inbox_answer *out)
{
	const char *stored;

	mac[0] = '\0';
	if (rc == STORE_ANSWERED)
		return open_answer(st, chat, r, mem, mac, out);
	if (rc == STORE_EXISTS) {
		out->seq = reply_int(r, 1);
		out->waiting = true;
		stored = reply_str(r, 2);
		if (stored != NULL && strlen(stored) < SEAL_DIGEST_MAX)
			memcpy(mac, stored, strlen(stored) + 1);
	}
	return rc;
}

/* One accept a second also asks how much memory Redis has left. */
static bool
time_to_look(struct store *st)
{
	int64_t now = clock_boot_ms();
	int64_t last = atomic_load(&st->memory_ms);

	return now - last >= MEMORY_LOOK_MS
	    && atomic_compare_exchange_strong(&st->memory_ms, &last, now);
}

/* Two keys, as they have two types: a limit may change while one lives. */
static void
batch_limit_key(struct batch *b, const struct chat_name *chat,
    const struct inbox_limits *limits)
{
	if (limits->per_minute <= INBOX_EXACT_MAX)
		batch_chat_key(b, chat, "window");
	else
		batch_chat_key(b, chat, "rate");
}

static void
batch_accept(struct batch *b, struct store *st, const struct chat_name *chat,
    const struct message *msg, const char *id, const char *mac,
    const struct inbox_limits *limits, const char *body)
{
	batch_script(b, SCRIPT_ACCEPT, 10, 12);
	batch_chat_key(b, chat, "chat");
	batch_chat_key(b, chat, "inbox");
	batch_chat_key(b, chat, "seen");
	batch_limit_key(b, chat, limits);
	batch_partition_key(b, chat->partition, "due");
	batch_partition_key(b, chat->partition, "free");
	batch_partition_key(b, chat->partition, "counts");
	batch_item_key(b, chat->partition, "reply", id);
	batch_item_key(b, chat->partition, "wait", id);
	batch_partition_key(b, chat->partition, "chats");
	batch_str(b, id);
	batch_str(b, chat->text);
	batch_str(b, KIND_MESSAGE);
	batch_str(b, address_word(msg->address));
	batch_str(b, mac);
	batch_sealed(b, st, "", chat, "inbox", id, body, strlen(body));
	batch_int(b, limits->per_minute);
	batch_int(b, limits->max);
	batch_int(b, limits->bytes);
	batch_str(b, atomic_load(&st->memory_full) ? "1" : "0");
	batch_int(b, limits->max > SEEN_KEEP ? limits->max : SEEN_KEEP);
	batch_int(b, seen_keep_ms(limits->reply_keep_ms));
}

enum store_rc
inbox_put(struct store *st, const struct chat_name *chat,
    const struct message *msg, const struct inbox_limits *limits,
    struct arena *mem, struct inbox_answer *out)
{
	struct batch b;
	redisReply *r[3] = { NULL };
	char mac[SEAL_DIGEST_MAX], stored[SEAL_DIGEST_MAX];
	const char *body = message_write(mem, msg);
	size_t wait_at = 0, info_at = 0;
	enum store_rc rc = STORE_DOWN;

	*out = (struct inbox_answer){ 0 };
	message_id_make(chat, msg->update_id, out->id);
	batch_init(&b, st);
	if (body == NULL) {
		log_event(LOG_ERROR, "message_unwritable", F_CHAT(chat),
		    F_STR("remedy", LOG_REMEDY_REPORT));
		goto out;
	}
	seal_mac(st->ring, "text", msg->text, strlen(msg->text), mac);
	batch_accept(&b, st, chat, msg, out->id, mac, limits, body);
	if (st->replicas > 0) {
		wait_at = b.n;
		batch_command(&b, "WAIT", 2);
		batch_int(&b, st->replicas);
		batch_int(&b, st->wait_ms);
	}
	if (time_to_look(st)) {
		info_at = b.n;
		batch_command(&b, "INFO", 1);
		batch_str(&b, "memory");
	}
	if (store_run(st, &b, r) == -1)
		goto out;
	if (info_at != 0 && r[info_at] != NULL
	    && r[info_at]->type == REDIS_REPLY_STRING)
		atomic_store(&st->memory_full,
		    store_memory_is_full(r[info_at]->str));
	if (reply_is_oom(r[0])) {
		atomic_store(&st->memory_full, true);
		rc = STORE_FULL;
		goto out;
	}
	rc = read_known(st, chat, reply_code(st, r[0], "accept"), r[0], mem,
	    stored, out);
	if (rc == STORE_OK)
		out->seq = reply_int(r[0], 1);
	else if (rc == STORE_LIMITED)
		out->wait_ms = reply_int(r[0], 1);
	else if (stored[0] != '\0'
	    && !seal_mac_matches(st->ring, "text", msg->text, strlen(msg->text),
		stored))
		rc = STORE_CONFLICT;
	else if (rc == STORE_EXISTS && reply_int(r[0], 3) == 1)
		rc = STORE_OK; /* our own first answer was lost on the way */
	if (wait_at != 0 && (rc == STORE_OK || rc == STORE_EXISTS)
	    && (r[wait_at] == NULL || r[wait_at]->type != REDIS_REPLY_INTEGER
		|| r[wait_at]->integer < st->replicas)) {
		log_event(LOG_ERROR, "replica_missing", F_CHAT(chat),
		    F_STR("remedy",
			"look at Redis's replica, or set redis.durability: "
			"aof"));
		rc = STORE_DOWN; /* it lies there; a repeat finds it */
	}
out:
	replies_free(r, b.n);
	batch_fini(&b);
	return rc;
}

enum store_rc
inbox_control(struct store *st, const struct chat_name *chat,
    enum command command, const struct inbox_limits *limits, struct arena *mem,
    struct session *session, int64_t *wait_ms)
{
	struct batch b;
	redisReply *replies[2] = { NULL };
	const redisReply *r;
	enum store_rc rc = STORE_DOWN;

	*session = (struct session){ 0 };
	*wait_ms = 0;
	batch_init(&b, st);
	batch_script(&b, SCRIPT_CONTROL, 6, 3);
	batch_chat_key(&b, chat, "chat");
	batch_chat_key(&b, chat, "inbox");
	batch_limit_key(&b, chat, limits);
	batch_partition_key(&b, chat->partition, "due");
	batch_partition_key(&b, chat->partition, "free");
	batch_chat_key(&b, chat, "history");
	batch_str(&b, chat->text);
	batch_int(&b, limits->per_minute);
	batch_str(&b, command == COMMAND_STOP ? "1" : "0");
	if (command == COMMAND_STOP) { /* after the mark: they look for it */
		batch_command(&b, "INCR", 1);
		batch_key(&b, KEY_STOPS);
	}
	if (store_run(st, &b, replies) == -1)
		goto out;
	r = replies[0];
	rc = reply_code(st, r, "control");
	if (rc == STORE_LIMITED)
		*wait_ms = reply_int(r, 1);
	if (rc != STORE_OK)
		goto out;
	r = reply_at(r, 1);
	session->running = record_int(r, "running") == 1;
	session->waiting = record_int(r, "waiting");
	session->ended_ms = record_int(r, "ago");
	session->exchanges = record_int(r, "exchanges");
	if (record_session(st, chat, r, mem, session) != STORE_OK)
		rc = STORE_DOWN; /* unknown key; another worker may have it */
out:
	replies_free(replies, 2);
	batch_fini(&b);
	return rc;
}

static void
batch_find(struct batch *b, const struct chat_name *chat, const char *id,
    const char *address)
{
	batch_script(b, SCRIPT_FIND, 5, 2);
	batch_chat_key(b, chat, "chat");
	batch_chat_key(b, chat, "inbox");
	batch_chat_key(b, chat, "seen");
	batch_item_key(b, chat->partition, "reply", id);
	batch_item_key(b, chat->partition, "wait", id);
	batch_str(b, id);
	batch_str(b, address_word(address));
}

enum store_rc
inbox_find(struct store *st, const struct chat_name *chat,
    const char *update_id, const char *address, struct arena *mem,
    struct inbox_answer *out)
{
	struct batch b;
	redisReply *r = NULL;
	char mac[SEAL_DIGEST_MAX];
	enum store_rc rc = STORE_DOWN;

	*out = (struct inbox_answer){ 0 };
	message_id_make(chat, update_id, out->id);
	batch_init(&b, st);
	batch_find(&b, chat, out->id, address);
	if (store_run(st, &b, &r) == 0)
		rc = read_known(st, chat, reply_code(st, r, "find"), r, mem,
		    mac, out);
	freeReplyObject(r);
	batch_fini(&b);
	return rc;
}

enum store_rc
inbox_find_all(struct store *st, struct inbox_question *q, size_t n,
    struct arena *mem)
{
	struct batch b;
	redisReply **r = arena_alloc(mem, n * sizeof(redisReply *));
	char mac[SEAL_DIGEST_MAX];
	enum store_rc rc = STORE_DOWN;
	size_t i;

	batch_init(&b, st);
	for (i = 0; i < n; i++) {
		q[i].answer = (struct inbox_answer){ 0 };
		snprintf(q[i].answer.id, sizeof(q[i].answer.id), "%s", q[i].id);
		batch_find(&b, &q[i].chat, q[i].answer.id, "");
	}
	if (store_run(st, &b, r) == 0) {
		for (i = 0; i < n; i++)
			q[i].rc = read_known(st, &q[i].chat,
			    reply_code(st, r[i], "find"), r[i], mem, mac,
			    &q[i].answer);
		replies_free(r, n);
		rc = STORE_OK;
	}
	batch_fini(&b);
	return rc;
}
