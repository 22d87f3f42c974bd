#include "redis/ledger.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/log.h"
#include "redis/store_priv.h"

#define SHOW_MAX 200   /* inbox entries shown */
#define LIST_BATCH 256 /* chats looked at in one round trip */

/* ---- list ---- */

static int
list_batch(struct store *st, const struct chat_name *chats,
    const int64_t *due_ms, size_t n, json_t *out)
{
	struct batch b;
	redisReply **r = calloc(2 * n + 1, sizeof(redisReply *));
	int rc = -1;

	if (r == NULL)
		abort(); /* out of memory ends the program */
	batch_init(&b, st);
	for (size_t i = 0; i < n; i++) {
		batch_command(&b, "HMGET", 5);
		batch_chat_key(&b, &chats[i], "chat");
		batch_str(&b, "token");
		batch_str(&b, "attempt");
		batch_str(&b, "crashes");
		batch_str(&b, "failures");
		batch_command(&b, "LLEN", 1);
		batch_chat_key(&b, &chats[i], "inbox");
	}
	if (store_run(st, &b, r) == -1)
		goto out;
	for (size_t i = 0; i < n; i++) {
		const redisReply *c = r[2 * i];
		bool damaged = reply_is_wrong_type(c)
		    || reply_is_wrong_type(r[2 * i + 1]);

		if (!damaged
		    && (reply_is_error(st, c, "list")
			|| reply_is_error(st, r[2 * i + 1], "list")))
			goto out;
		(void)json_array_append_new(out,
		    json_pack("{s:s, s:b, s:I, s:b, s:I, s:I, s:I, s:I}",
			"chat", chats[i].text, "damaged", damaged, "waiting",
			(json_int_t)r[2 * i + 1]->integer, "running",
			reply_at(c, 0) != NULL, "attempt",
			(json_int_t)reply_int(c, 1), "crashes",
			(json_int_t)reply_int(c, 2), "failures",
			(json_int_t)reply_int(c, 3), "due_ms",
			(json_int_t)due_ms[i]));
	}
	rc = 0;
out:
	replies_free(r, 2 * n);
	free(r);
	batch_fini(&b);
	return rc;
}

enum store_rc
ledger_list(struct store *st, size_t max, struct arena *mem, json_t **out)
{
	struct batch b;
	redisReply *r[CHAT_PARTITIONS] = { NULL };
	struct chat_name *chats = arena_alloc(mem, LIST_BATCH * sizeof(*chats));
	int64_t due_ms[LIST_BATCH];
	size_t n = 0, total = 0;
	enum store_rc rc = STORE_DOWN;

	*out = json_keep(mem, json_array());
	batch_init(&b, st);
	for (int p = 0; p < CHAT_PARTITIONS; p++) {
		batch_command(&b, "ZRANGE", 4);
		batch_partition_key(&b, p, "due");
		batch_int(&b, 0);
		batch_int(&b, max > 0 ? (int64_t)max - 1 : 0);
		batch_str(&b, "WITHSCORES");
	}
	if (store_run(st, &b, r) == -1)
		goto out;
	for (int p = 0; p < CHAT_PARTITIONS; p++) {
		if (reply_is_wrong_type(r[p]))
			continue; /* doctor names it */
		if (reply_is_error(st, r[p], "list"))
			goto out;
		for (size_t i = 0; i + 1 < r[p]->elements && total < max;
		     i += 2) {
			const char *name = reply_str(r[p], i);

			if (name == NULL || strlen(name) >= CHAT_NAME_MAX
			    || chat_name_parse(&chats[n], name) == -1)
				continue;
			due_ms[n++] = reply_int(r[p], i + 1);
			total++;
			if (n < LIST_BATCH)
				continue;
			if (list_batch(st, chats, due_ms, n, *out) == -1)
				goto out;
			n = 0;
		}
	}
	if (n > 0 && list_batch(st, chats, due_ms, n, *out) == -1)
		goto out;
	rc = STORE_OK;
out:
	replies_free(r, CHAT_PARTITIONS);
	batch_fini(&b);
	return rc;
}

/* ---- show ---- */

static json_t *
show_inbox(const redisReply *list)
{
	json_t *out = json_array();

	for (size_t i = 0; i < list->elements; i++) {
		struct record_header h;

		if (list->element[i]->type != REDIS_REPLY_STRING
		    || record_header_read(list->element[i]->str,
			   list->element[i]->len, &h)
			== -1)
			continue;
		(void)json_array_append_new(out,
		    json_pack("{s:s, s:I, s:I, s:s, s:b, s:I}", "message_id",
			h.id, "seq", (json_int_t)h.seq, "time_ms",
			(json_int_t)h.time_ms, "kind", h.kind, "waited_for",
			strcmp(h.address, "-") != 0, "bytes",
			(json_int_t)list->element[i]->len));
	}
	return out;
}

static json_t *
show_names(const redisReply *list)
{
	json_t *out = json_array();

	for (size_t i = 0; i < list->elements; i++)
		if (reply_str(list, i) != NULL)
			(void)json_array_append_new(out,
			    json_string(reply_str(list, i)));
	return out;
}

enum store_rc
ledger_show(struct store *st, const struct chat_name *chat, struct arena *mem,
    json_t **out)
{
	enum { CHAT, INBOX, WAITING, TURN, HISTORY, DUE, N };
	struct batch b;
	redisReply *r[N] = { NULL };
	const redisReply *c;
	const char *state;
	enum store_rc rc = STORE_DOWN;

	*out = NULL;
	batch_init(&b, st);
	batch_command(&b, "HGETALL", 1);
	batch_chat_key(&b, chat, "chat");
	batch_command(&b, "LRANGE", 3);
	batch_chat_key(&b, chat, "inbox");
	batch_int(&b, 0);
	batch_int(&b, SHOW_MAX - 1);
	batch_command(&b, "LLEN", 1);
	batch_chat_key(&b, chat, "inbox");
	batch_command(&b, "HKEYS", 1);
	batch_chat_key(&b, chat, "turn");
	batch_command(&b, "LLEN", 1);
	batch_chat_key(&b, chat, "history");
	batch_command(&b, "ZSCORE", 2);
	batch_partition_key(&b, chat->partition, "due");
	batch_str(&b, chat->text);
	if (store_run(st, &b, r) == -1)
		goto out;
	for (int i = 0; i < N; i++)
		if (!reply_is_wrong_type(r[i])
		    && reply_is_error(st, r[i], "show"))
			goto out;
	c = r[CHAT];
	state = record_text(c, "state");
	if (record_at(c, "seq") == NULL && state == NULL
	    && r[WAITING]->integer == 0 && r[HISTORY]->integer == 0) {
		rc = STORE_NONE;
		goto out;
	}
	*out = json_keep(mem,
	    json_pack("{s:s, s:i, s:s?, s:b, s:I, s:I, s:I, s:b, s:I, s:I, "
		      "s:I, s:I, s:I, s:b, s:I, s:I, s:o, s:o, s:o}",
		"chat", chat->text, "partition", chat->partition, "state",
		state, "running", record_at(c, "token") != NULL, "attempt",
		(json_int_t)record_int(c, "attempt"), "crashes",
		(json_int_t)record_int(c, "crashes"), "failures",
		(json_int_t)record_int(c, "failures"), "stopped",
		record_at(c, "stop") != NULL, "seq",
		(json_int_t)record_int(c, "seq"), "turns",
		(json_int_t)record_int(c, "turns"), "tokens_in",
		(json_int_t)record_int(c, "tin"), "tokens_out",
		(json_int_t)record_int(c, "tout"), "inbox_bytes",
		(json_int_t)record_int(c, "bytes"), "token_set",
		record_at(c, "cred") != NULL, "waiting",
		(json_int_t)r[WAITING]->integer, "history",
		(json_int_t)r[HISTORY]->integer, "inbox", show_inbox(r[INBOX]),
		"journal", show_names(r[TURN]), "due_ms",
		r[DUE]->type == REDIS_REPLY_STRING
		    ? json_integer((json_int_t)strtoll(r[DUE]->str, NULL, 10))
		    : json_null()));
	rc = STORE_OK;
out:
	replies_free(r, N);
	batch_fini(&b);
	return rc;
}
