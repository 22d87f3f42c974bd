#include "redis/chats.h"

#include <stdlib.h>

#include "base/json.h"
#include "nouns/history_entry.h"
#include "nouns/message.h"
#include "redis/format.h"
#include "redis/store_priv.h"

#define LIST_BATCH 256 /* chats looked at in one round trip */

/* ---- list ---- */

/* A chat of the list; the name is borrowed from the reply. */
struct listed {
	const char *name;
	int64_t seen_ms;
};

static int
newest_first(const void *a, const void *b)
{
	const struct listed *x = a, *y = b;

	if (x->seen_ms != y->seen_ms)
		return x->seen_ms < y->seen_ms ? 1 : -1;
	return strcmp(x->name, y->name);
}

/* The record and the length of the inbox of ${chat}: two answers. */
static void
batch_look(struct batch *b, const struct chat_name *chat)
{
	batch_command(b, "HGETALL", 1);
	batch_chat_key(b, chat, "chat");
	batch_command(b, "LLEN", 1);
	batch_chat_key(b, chat, "inbox");
}

/* What was set aside, or is to be, says nothing: zeros. */
static json_t *
row_of(const struct chat_name *chat, int64_t seen_ms, const redisReply *record,
    const redisReply *waiting)
{
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "chat",
	    chat->text, "seen_ms", (json_int_t)seen_ms, "messages",
	    (json_int_t)record_int(record, "seq"), "waiting",
	    waiting->type == REDIS_REPLY_INTEGER ? (json_int_t)waiting->integer
						 : (json_int_t)0,
	    "turns", (json_int_t)record_int(record, "turns"), "tokens_in",
	    (json_int_t)record_int(record, "tin"), "tokens_out",
	    (json_int_t)record_int(record, "tout"));
}

/* The rows of ${n} chats of the list. */
static enum store_rc
add_rows(struct store *st, const struct listed *l, size_t n, json_t *out)
{
	struct chat_name chats[LIST_BATCH];
	int64_t seen_ms[LIST_BATCH];
	struct batch b;
	redisReply *r[2 * LIST_BATCH] = { NULL };
	size_t known = 0;
	enum store_rc rc = STORE_DOWN;

	batch_init(&b, st);
	for (size_t i = 0; i < n; i++) {
		if (strlen(l[i].name) >= CHAT_NAME_MAX
		    || chat_name_parse(&chats[known], l[i].name) == -1)
			continue; /* nobody's */
		seen_ms[known] = l[i].seen_ms;
		batch_look(&b, &chats[known++]);
	}
	if (known == 0) {
		batch_fini(&b);
		return STORE_OK;
	}
	if (store_run(st, &b, r) == -1)
		goto out;
	for (size_t i = 0; i < 2 * known; i++)
		if (reply_has_failed(st, r[i], "chats"))
			goto out;
	for (size_t i = 0; i < known; i++)
		(void)json_array_append_new(out,
		    row_of(&chats[i], seen_ms[i], r[2 * i], r[2 * i + 1]));
	rc = STORE_OK;
out:
	replies_free(r, 2 * known);
	batch_fini(&b);
	return rc;
}

/* The newest ${max} of all partitions; names are borrowed from ${r}. */
static enum store_rc
read_lists(struct store *st, size_t max, struct arena *mem,
    redisReply *r[CHAT_PARTITIONS], struct listed **out, size_t *n)
{
	struct batch b;
	size_t room = 0;
	enum store_rc rc = STORE_DOWN;

	*n = 0;
	batch_init(&b, st);
	for (int p = 0; p < CHAT_PARTITIONS; p++) {
		batch_command(&b, "ZREVRANGE", 4);
		batch_partition_key(&b, p, "chats");
		batch_int(&b, 0);
		batch_int(&b, (int64_t)max - 1);
		batch_str(&b, "WITHSCORES");
	}
	if (store_run(st, &b, r) == -1)
		goto out;
	for (int p = 0; p < CHAT_PARTITIONS; p++) {
		if (reply_has_failed(st, r[p], "chats"))
			goto out;
		room += r[p]->elements / 2;
	}
	*out = arena_alloc(mem, (room + 1) * sizeof(**out));
	for (int p = 0; p < CHAT_PARTITIONS; p++)
		for (size_t i = 0; i + 1 < r[p]->elements; i += 2)
			if (reply_str(r[p], i) != NULL)
				(*out)[(*n)++] = (struct listed){
					.name = reply_str(r[p], i),
					.seen_ms = reply_int(r[p], i + 1)
				};
	qsort(*out, *n, sizeof(**out), newest_first);
	if (*n > max)
		*n = max;
	rc = STORE_OK;
out:
	batch_fini(&b);
	return rc;
}

enum store_rc
chats_list(struct store *st, size_t max, struct arena *mem, json_t **out,
    bool *whole)
{
	redisReply *r[CHAT_PARTITIONS] = { NULL };
	struct listed *list = NULL;
	int64_t stored;
	size_t n;
	enum store_rc rc;

	*out = json_keep(mem, json_array());
	*whole = false;
	if (max == 0)
		return STORE_OK;
	rc = read_lists(st, max, mem, r, &list, &n);
	for (size_t i = 0; rc == STORE_OK && i < n; i += LIST_BATCH)
		rc = add_rows(st, list + i,
		    n - i < LIST_BATCH ? n - i : LIST_BATCH, *out);
	replies_free(r, CHAT_PARTITIONS);
	if (rc == STORE_OK && format_read(st, &stored) == STORE_OK)
		*whole = stored >= FORMAT_CHATS;
	return rc;
}

/* ---- show ---- */

/* Exchanges of ${list}, oldest first. */
static json_t *
show_history(struct store *st, const struct chat_name *chat,
    const redisReply *list, struct arena *mem)
{
	json_t *out = json_array();

	for (size_t i = 0; i < list->elements; i++) {
		const redisReply *e = reply_string(list, i);
		struct history_entry h;
		char id[MESSAGE_ID_MAX];
		const char *plain;
		size_t len;

		if (e == NULL || e->len < MESSAGE_ID_MAX)
			continue;
		memcpy(id, e->str, MESSAGE_ID_MAX - 1);
		id[MESSAGE_ID_MAX - 1] = '\0';
		(void)json_array_append_new(out,
		    record_open(st, chat->text, "history", id,
			e->str + MESSAGE_ID_MAX, e->len - MESSAGE_ID_MAX, mem,
			&plain,
			&len) == STORE_OK
			    && history_entry_read(mem, plain, len, &h) == 0
			? json_pack("{s:s, s:s}", "user", h.user, "assistant",
			    h.assistant)
			: json_null());
	}
	return out;
}

/* Texts that wait for their turn. */
static json_t *
show_inbox(struct store *st, const struct chat_name *chat,
    const redisReply *list, struct arena *mem)
{
	json_t *out = json_array();

	for (size_t i = 0; i < list->elements; i++) {
		const redisReply *e = reply_string(list, i);
		struct record_header h;
		struct message m;
		const char *plain;
		size_t len;

		if (e == NULL || record_header_read(e->str, e->len, &h) == -1)
			continue;
		(void)json_array_append_new(out,
		    record_open(st, chat->text, "inbox", h.id, e->str + h.len,
			e->len - h.len, mem, &plain,
			&len) == STORE_OK
			    && message_read(mem, plain, len, &m) == 0
			? json_string(m.text)
			: json_null());
	}
	return out;
}

enum store_rc
chats_show(struct store *st, const struct chat_name *chat, bool contents,
    struct arena *mem, json_t **out)
{
	enum { SEEN, KEPT, RECORD, WAITING, EXCHANGES, INBOX, N };
	struct batch b;
	redisReply *r[N] = { NULL };
	const char *state;
	enum store_rc rc = STORE_DOWN;

	*out = NULL;
	batch_init(&b, st);
	batch_command(&b, "ZSCORE", 2);
	batch_partition_key(&b, chat->partition, "chats");
	batch_str(&b, chat->text);
	batch_command(&b, "LLEN", 1);
	batch_chat_key(&b, chat, "history");
	batch_look(&b, chat);
	if (contents) {
		batch_command(&b, "LRANGE", 3);
		batch_chat_key(&b, chat, "history");
		batch_int(&b, 0);
		batch_int(&b, -1);
		batch_command(&b, "LRANGE", 3);
		batch_chat_key(&b, chat, "inbox");
		batch_int(&b, 0);
		batch_int(&b, -1);
	}
	if (store_run(st, &b, r) == -1)
		goto out;
	for (size_t i = 0; i < b.n; i++)
		if (reply_has_failed(st, r[i], "chats"))
			goto out;
	rc = STORE_NONE;
	if (r[SEEN]->type != REDIS_REPLY_STRING && r[RECORD]->elements == 0
	    && r[WAITING]->integer == 0)
		goto out;
	*out = json_keep(mem,
	    row_of(chat,
		r[SEEN]->type == REDIS_REPLY_STRING
		    ? strtoll(r[SEEN]->str, NULL, 10)
		    : 0,
		r[RECORD], r[WAITING]));
	state = record_text(r[RECORD], "state");
	if (state != NULL)
		(void)json_object_set_new(*out, "state", json_string(state));
	(void)json_object_set_new(*out, "running",
	    json_boolean(record_at(r[RECORD], "token") != NULL));
	(void)json_object_set_new(*out, "token_set",
	    json_boolean(record_at(r[RECORD], "cred") != NULL));
	(void)json_object_set_new(*out, "history",
	    json_integer((json_int_t)r[KEPT]->integer));
	if (contents) {
		(void)json_object_set_new(*out, "exchanges",
		    show_history(st, chat, r[EXCHANGES], mem));
		(void)json_object_set_new(*out, "inbox",
		    show_inbox(st, chat, r[INBOX], mem));
	}
	rc = STORE_OK;
out:
	replies_free(r, N);
	batch_fini(&b);
	return rc;
}
