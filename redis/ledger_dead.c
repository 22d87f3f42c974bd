/*
 * ledger_dead: dead letters, listed and put back.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/log.h"
#include "nouns/message.h"
#include "redis/ledger.h"
#include "redis/store_priv.h"

#define LETTER_MAX 64 /* "PARTITION:MS-SEQ" */

/* A letter as the stream holds it; strings are borrowed from the reply. */
struct letter {
	const char *id;
	int partition;
	const char *chat, *why, *attempts, *time;
	const redisReply *entry;
	struct record_header header;
};

static int
letter_read(const redisReply *r, int partition, struct letter *out)
{
	const redisReply *fields = reply_at(r, 1);

	*out = (struct letter){ .id = reply_str(r, 0), .partition = partition };
	if (out->id == NULL || fields == NULL)
		return -1;
	for (size_t i = 0; i + 1 < fields->elements; i += 2) {
		const char *name = reply_str(fields, i);
		const char *value = reply_str(fields, i + 1);

		if (name == NULL || value == NULL)
			continue;
		if (strcmp(name, "chat") == 0)
			out->chat = value;
		else if (strcmp(name, "why") == 0)
			out->why = value;
		else if (strcmp(name, "attempts") == 0)
			out->attempts = value;
		else if (strcmp(name, "time") == 0)
			out->time = value;
		else if (strcmp(name, "entry") == 0)
			out->entry = fields->element[i + 1];
	}
	if (out->chat == NULL || out->entry == NULL)
		return -1;
	/* Of what was set aside there may be no header, or nothing at all. */
	if (record_header_read(out->entry->str, out->entry->len, &out->header)
	    == -1)
		out->header = (struct record_header){ .len = out->entry->len };
	return 0;
}

/* The message's JSON; NULL with the reason in ${rc}. */
static const char *
letter_open(struct store *st, const struct letter *l, struct arena *mem,
    size_t *len, enum store_rc *rc)
{
	const char *plain;

	*rc = record_open(st, l->chat, "inbox", l->header.id,
	    l->entry->str + l->header.len, l->entry->len - l->header.len, mem,
	    &plain, len);
	return *rc == STORE_OK ? plain : NULL;
}

static int64_t
letter_time(const struct letter *l)
{
	return strtoll(l->time != NULL ? l->time : l->id, NULL, 10);
}

static json_t *
letter_json(struct store *st, const struct letter *l, bool with_text,
    struct arena *mem)
{
	struct message m = { 0 };
	const char *plain;
	char id[LETTER_MAX];
	size_t len;
	enum store_rc rc;
	json_t *doc;

	(void)snprintf(id, sizeof(id), "%d:%s", l->partition, l->id);
	doc = json_pack("{s:s, s:i, s:s, s:s, s:s, s:I, s:I}", "id", id,
	    "partition", l->partition, "chat", l->chat, "message_id",
	    l->header.id, "why", l->why == NULL ? "" : l->why, "time_ms",
	    (json_int_t)letter_time(l), "attempts",
	    (json_int_t)strtoll(l->attempts == NULL ? "0" : l->attempts, NULL,
		10));
	if (!with_text || doc == NULL)
		return doc;
	plain = letter_open(st, l, mem, &len, &rc);
	if (plain != NULL && message_read(mem, plain, len, &m) == 0)
		(void)json_object_set_new(doc, "text", json_string(m.text));
	else
		(void)json_object_set_new(doc, "text", json_null());
	return doc;
}

static int
newest_first(const void *a, const void *b)
{
	int64_t ta = letter_time(a), tb = letter_time(b);

	return ta < tb ? 1 : ta > tb ? -1 : 0;
}

enum store_rc
ledger_dead(struct store *st, size_t max, bool with_text, struct arena *mem,
    json_t **out)
{
	struct batch b;
	redisReply *r[CHAT_PARTITIONS] = { NULL };
	struct letter *letters;
	size_t n = 0, room = 0;
	enum store_rc rc = STORE_DOWN;

	*out = json_keep(mem, json_array());
	batch_init(&b, st);
	for (int p = 0; p < CHAT_PARTITIONS; p++) {
		batch_command(&b, "XREVRANGE", 5);
		batch_partition_key(&b, p, "dead");
		batch_str(&b, "+");
		batch_str(&b, "-");
		batch_str(&b, "COUNT");
		batch_int(&b, (int64_t)max);
	}
	if (store_run(st, &b, r) == -1)
		goto out;
	for (int p = 0; p < CHAT_PARTITIONS; p++) {
		if (reply_is_wrong_type(r[p])) {
			freeReplyObject(r[p]); /* doctor names it */
			r[p] = NULL;
			continue;
		}
		if (reply_is_error(st, r[p], "dead"))
			goto out;
		room += r[p]->elements;
	}
	letters = arena_alloc(mem, (room + 1) * sizeof(*letters));
	for (int p = 0; p < CHAT_PARTITIONS; p++)
		for (size_t i = 0; r[p] != NULL && i < r[p]->elements; i++)
			if (letter_read(r[p]->element[i], p, &letters[n]) == 0)
				n++;
	qsort(letters, n, sizeof(*letters), newest_first);
	for (size_t i = 0; i < n && i < max; i++)
		(void)json_array_append_new(*out,
		    letter_json(st, &letters[i], with_text, mem));
	rc = STORE_OK;
out:
	replies_free(r, CHAT_PARTITIONS);
	batch_fini(&b);
	return rc;
}

/* ---- replay ---- */

static bool
is_stream_id(const char *s)
{
	size_t ms = strspn(s, "0123456789");
	size_t seq = s[ms] == '-' ? strspn(s + ms + 1, "0123456789") : 0;

	return ms > 0 && seq > 0 && s[ms + 1 + seq] == '\0'
	    && ms + seq < LETTER_MAX / 2;
}

static enum store_rc
replay_one(struct store *st, const struct letter *l, int64_t reply_keep_ms,
    struct arena *mem, const char **id)
{
	struct batch b;
	struct chat_name chat;
	char update[LETTER_MAX + 16], new_id[MESSAGE_ID_MAX];
	const char *plain;
	size_t len;
	enum store_rc rc;

	if (strlen(l->chat) >= CHAT_NAME_MAX
	    || chat_name_parse(&chat, l->chat) == -1 || l->header.id[0] == '\0')
		return STORE_NONE;
	plain = letter_open(st, l, mem, &len, &rc);
	if (plain == NULL)
		return rc;
	/* The same letter gets the same id, so that a repeat is one too. */
	(void)snprintf(update, sizeof(update), "replay:%s", l->id);
	message_id_make(&chat, update, new_id);
	batch_init(&b, st);
	batch_script(&b, SCRIPT_REPLAY, 7, 7);
	batch_chat_key(&b, &chat, "chat");
	batch_chat_key(&b, &chat, "inbox");
	batch_chat_key(&b, &chat, "seen");
	batch_partition_key(&b, chat.partition, "due");
	batch_partition_key(&b, chat.partition, "free");
	batch_partition_key(&b, chat.partition, "counts");
	batch_partition_key(&b, chat.partition, "dead");
	batch_str(&b, l->id);
	batch_str(&b, new_id);
	batch_str(&b, chat.text);
	batch_str(&b, l->header.kind);
	batch_str(&b, l->header.mac);
	batch_sealed(&b, st, "", &chat, "inbox", new_id, plain, len);
	batch_int(&b, seen_keep_ms(reply_keep_ms));
	rc = store_run_code(st, &b, "replay");
	if (rc == STORE_OK)
		*id = arena_strdup(mem, new_id);
	batch_fini(&b);
	return rc;
}

enum store_rc
ledger_replay(struct store *st, const char *letter, int64_t reply_keep_ms,
    struct arena *mem, const char **id)
{
	struct batch b;
	redisReply *r[CHAT_PARTITIONS] = { NULL };
	const char *colon = strchr(letter, ':');
	const char *stream_id = colon == NULL ? letter : colon + 1;
	long only = colon == NULL ? -1 : strtol(letter, NULL, 10);
	enum store_rc rc = STORE_DOWN;

	*id = NULL;
	if (!is_stream_id(stream_id))
		return STORE_NONE;
	batch_init(&b, st);
	for (int p = 0; p < CHAT_PARTITIONS; p++) {
		batch_command(&b, "XRANGE", 3);
		batch_partition_key(&b, p, "dead");
		batch_str(&b, stream_id);
		batch_str(&b, stream_id);
	}
	if (store_run(st, &b, r) == -1)
		goto out;
	rc = STORE_NONE;
	for (int p = 0; p < CHAT_PARTITIONS && rc == STORE_NONE; p++) {
		struct letter l;

		if (reply_is_wrong_type(r[p]))
			continue;
		if (reply_is_error(st, r[p], "replay")) {
			rc = STORE_DOWN;
			break;
		}
		if ((only == -1 || only == p) && r[p]->elements == 1
		    && letter_read(r[p]->element[0], p, &l) == 0)
			rc = replay_one(st, &l, reply_keep_ms, mem, id);
	}
out:
	replies_free(r, CHAT_PARTITIONS);
	batch_fini(&b);
	return rc;
}
