/*
 * ledger_reseal: every sealed value anew with the ring's first key, while workers
 * run.  A value that changed meanwhile is left: whoever wrote it sealed it
 * with the first key, or the next run finds it.
 *
 * Not walked: canaries, one per key.  API keys: by their list.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "redis/api_keys.h"
#include "redis/keys.h"
#include "redis/ledger.h"
#include "redis/reseal_priv.h"
#include "redis/task.h"

#define LETTERS_AT_ONCE 100
#define ID_LEN 32 /* of a message id */
#define INDEX_MAX 24

static enum store_rc
reseal_inbox(struct reseal_walk *w, const char *chat, const redisReply *list)
{
	enum store_rc rc = STORE_OK;

	for (size_t i = 0; i < list->elements && rc == STORE_OK; i++) {
		const redisReply *v = list->element[i];
		struct record_header h;
		char index[INDEX_MAX];

		(void)snprintf(index, sizeof(index), "%zu", i);
		if (v->type == REDIS_REPLY_STRING
		    && record_header_read(v->str, v->len, &h) == 0)
			rc = reseal_value(w, "list", index, chat, "inbox", h.id,
			    v, h.len);
	}
	return rc;
}

static enum store_rc
reseal_history(struct reseal_walk *w, const char *chat, const redisReply *list)
{
	enum store_rc rc = STORE_OK;

	for (size_t i = 0; i < list->elements && rc == STORE_OK; i++) {
		const redisReply *v = list->element[i];
		char id[ID_LEN + 1], index[INDEX_MAX];

		if (v->type != REDIS_REPLY_STRING || v->len <= sizeof(id))
			continue;
		(void)snprintf(index, sizeof(index), "%zu", i);
		memcpy(id, v->str, ID_LEN);
		id[ID_LEN] = '\0';
		rc = reseal_value(w, "list", index, chat, "history", id, v,
		    sizeof(id));
	}
	return rc;
}

/* Of which message the journal is.  ${id} NULL: it ended meanwhile. */
static enum store_rc
turn_id(struct reseal_walk *w, const char *name, const char **id)
{
	struct chat_name chat;
	struct batch b;
	redisReply *r = NULL;
	enum store_rc rc = STORE_DOWN;

	*id = NULL;
	if (chat_name_parse(&chat, name) == -1)
		return STORE_OK;
	batch_init(&b, w->st);
	batch_command(&b, "HGET", 2);
	batch_chat_key(&b, &chat, "chat");
	batch_str(&b, "id");
	if (store_run(w->st, &b, &r) == 0
	    && (reply_is_wrong_type(r)
		|| !reply_is_error(w->st, r, "reseal"))) {
		rc = STORE_OK;
		if (r->type == REDIS_REPLY_STRING)
			*id = arena_strdup(w->mem, r->str);
	}
	freeReplyObject(r);
	batch_fini(&b);
	return rc;
}

static enum store_rc
reseal_turn(struct reseal_walk *w, const char *chat, const redisReply *hash)
{
	char item[RECORD_ITEM_MAX], id[ID_LEN + 1];
	const char *of;
	enum store_rc rc = turn_id(w, chat, &of);

	if (rc != STORE_OK || of == NULL)
		return rc;
	(void)snprintf(id, sizeof(id), "%s", of);
	for (size_t i = 0; i + 1 < hash->elements && rc == STORE_OK; i += 2) {
		const char *name = reply_str(hash, i);

		if (name == NULL)
			continue;
		record_journal_item(item, id, name);
		rc = reseal_value(w, "hash", name, chat, "journal", item,
		    hash->element[i + 1], 0);
	}
	return rc;
}

static enum store_rc
reseal_chat(struct reseal_walk *w, const char *chat, const redisReply *hash)
{
	enum store_rc rc = STORE_OK;

	for (size_t i = 0; i + 1 < hash->elements && rc == STORE_OK; i += 2) {
		const char *name = reply_str(hash, i);

		if (name == NULL)
			continue;
		if (strcmp(name, "cred") == 0 || strcmp(name, "tools") == 0)
			rc = reseal_value(w, "hash", name, chat, "session",
			    name, hash->element[i + 1], 0);
	}
	return rc;
}

static enum store_rc
reseal_task(struct reseal_walk *w, const char *name, const redisReply *hash)
{
	static const char *const STEPS[] = TASK_STEPS;
	char item[RECORD_ITEM_MAX], id[TASK_ID_MAX];
	struct chat_name task;
	enum store_rc rc = STORE_OK;
	size_t k;

	if (task_name_parse(&task, name, id) == -1)
		return STORE_OK;
	for (size_t i = 0; i + 1 < hash->elements && rc == STORE_OK; i += 2) {
		const char *field = reply_str(hash, i);

		if (field == NULL)
			continue;
		for (k = 0; k < NELEM(STEPS) && strcmp(field, STEPS[k]) != 0;)
			k++;
		if (k == NELEM(STEPS) && strcmp(field, "call") != 0
		    && strcmp(field, "result") != 0)
			continue;
		record_journal_item(item, id, field);
		rc = reseal_value(w, "hash", field, name,
		    k < NELEM(STEPS) ? "journal" : "task",
		    k < NELEM(STEPS) ? item : field, hash->element[i + 1], 0);
	}
	return rc;
}

/* A reply's key has its message in the place of the chat, which stands in the
 * value: "MAC CHAT\nSEALED". */
static enum store_rc
reseal_reply(struct reseal_walk *w, const char *id, const redisReply *v)
{
	const char *blank, *line;

	if (v->type != REDIS_REPLY_STRING)
		return STORE_OK; /* its time came */
	blank = memchr(v->str, ' ', v->len);
	line = memchr(v->str, '\n', v->len);
	if (blank == NULL || line == NULL || blank > line)
		return STORE_OK;
	return reseal_value(w, "string", "",
	    arena_memdup(w->mem, blank + 1, (size_t)(line - blank - 1)),
	    "reply", id, v, (size_t)(line + 1 - v->str));
}

/* "{tenant:T}:once:ID": the owner stands in the key. */
static enum store_rc
reseal_once(struct reseal_walk *w, const char *id, const redisReply *hash)
{
	const char *own = store_own_key(w->st, w->key);
	enum store_rc rc = STORE_OK;

	for (size_t i = 0; i + 1 < hash->elements && rc == STORE_OK; i += 2) {
		const char *name = reply_str(hash, i);

		if (name != NULL && strcmp(name, "doc") == 0)
			rc = reseal_value(w, "hash", name,
			    arena_memdup(w->mem, own + 1,
				strcspn(own + 1, "}")),
			    "once", id, hash->element[i + 1], 0);
	}
	return rc;
}

static enum store_rc
reseal_letter(struct reseal_walk *w, const redisReply *letter)
{
	const char *id = reply_str(letter, 0), *chat = NULL;
	const redisReply *fields = reply_at(letter, 1), *entry = NULL;
	struct record_header h;

	for (size_t i = 0; fields != NULL && i + 1 < fields->elements; i += 2) {
		const char *name = reply_str(fields, i);
		const char *value = reply_str(fields, i + 1);

		if (name == NULL || value == NULL)
			continue;
		if (strcmp(name, "chat") == 0)
			chat = value;
		else if (strcmp(name, "entry") == 0)
			entry = fields->element[i + 1];
	}
	if (id == NULL || chat == NULL || entry == NULL
	    || record_header_read(entry->str, entry->len, &h) == -1)
		return STORE_OK;
	return reseal_value(w, "stream", id, chat, "inbox", h.id, entry, h.len);
}

/* Letters sealed anew go to the end of the stream and are met once more. */
static enum store_rc
reseal_dead(struct reseal_walk *w)
{
	char from[64] = "-";
	enum store_rc rc = STORE_OK;
	size_t n = LETTERS_AT_ONCE;

	while (rc == STORE_OK && n == LETTERS_AT_ONCE) {
		struct batch b;
		redisReply *r = NULL;

		batch_init(&b, w->st);
		batch_command(&b, "XRANGE", 5);
		batch_whole_key(&b, w->key, w->key_len);
		batch_str(&b, from);
		batch_str(&b, "+");
		batch_str(&b, "COUNT");
		batch_int(&b, LETTERS_AT_ONCE);
		if (store_run(w->st, &b, &r) == -1
		    || (!reply_is_wrong_type(r)
			&& reply_is_error(w->st, r, "reseal")))
			rc = STORE_DOWN;
		n = rc == STORE_OK && r->type == REDIS_REPLY_ARRAY ? r->elements
								   : 0;
		for (size_t i = 0; i < n && rc == STORE_OK; i++)
			rc = reseal_letter(w, r->element[i]);
		if (n > 0 && reply_str(r->element[n - 1], 0) == NULL)
			n = 0; /* no letter */
		if (n > 0)
			(void)snprintf(from, sizeof(from), "(%s",
			    reply_str(r->element[n - 1], 0));
		freeReplyObject(r);
		batch_fini(&b);
	}
	return rc;
}

/* Those that are read as a whole. */
static const struct {
	const char *noun;
	enum store_rc (*reseal)(struct reseal_walk *w, const char *chat,
	    const redisReply *value);
} NOUNS[] = {
	{ "inbox", reseal_inbox },
	{ "history", reseal_history },
	{ "turn", reseal_turn },
	{ "chat", reseal_chat },
	{ "reply", reseal_reply },
	{ "once", reseal_once },
	{ "task", reseal_task },
};

static void
batch_read(struct batch *b, const struct reseal_walk *w, const char *type)
{
	if (strcmp(type, "list") == 0) {
		batch_command(b, "LRANGE", 3);
		batch_whole_key(b, w->key, w->key_len);
		batch_int(b, 0);
		batch_int(b, -1);
		return;
	}
	batch_command(b, strcmp(type, "hash") == 0 ? "HGETALL" : "GET", 1);
	batch_whole_key(b, w->key, w->key_len);
}

static enum store_rc
reseal_whole(struct reseal_walk *w, const struct key_row *row, const char *rest)
{
	struct batch b;
	redisReply *r = NULL;
	enum store_rc rc = STORE_OK;

	for (size_t i = 0; i < NELEM(NOUNS); i++) {
		if (strcmp(NOUNS[i].noun, row->noun) != 0)
			continue;
		batch_init(&b, w->st);
		batch_read(&b, w, row->type);
		if (store_run(w->st, &b, &r) == -1)
			rc = STORE_DOWN;
		else if (!reply_is_wrong_type(r)) /* else take's to set aside */
			rc = reply_is_error(w->st, r, "reseal")
			    ? STORE_DOWN
			    : NOUNS[i].reseal(w, rest, r);
		freeReplyObject(r);
		batch_fini(&b);
	}
	return rc;
}

/* ${w}->key, behind the prefix: of a row of the table, or none of ours. */
static enum store_rc
reseal_key(struct reseal_walk *w)
{
	const char *own = store_own_key(w->st, w->key), *rest;
	const struct key_row *row = own == NULL ? NULL : keys_find(own, &rest);

	if (row == NULL || !row->sealed)
		return STORE_OK;
	return row->scope == SCOPE_PARTITION ? reseal_dead(w)
					     : reseal_whole(w, row, rest);
}

static enum store_rc
reseal_page(struct store *st, const redisReply *keys, void *ctx)
{
	struct reseal_walk *w = ctx;
	enum store_rc rc = STORE_OK;

	(void)st;
	for (size_t i = 0; i < keys->elements && rc == STORE_OK; i++) {
		if (keys->element[i]->type != REDIS_REPLY_STRING)
			continue;
		w->key = keys->element[i]->str;
		w->key_len = keys->element[i]->len;
		rc = reseal_key(w);
	}
	if (w->progress != NULL)
		w->progress(w->ctx, w->seen, w->changed);
	return rc;
}

enum store_rc
ledger_reseal(struct store *st,
    void (*progress)(void *ctx, int64_t seen, int64_t changed), void *ctx,
    int64_t *changed)
{
	struct reseal_walk w = { .st = st, .progress = progress, .ctx = ctx };
	enum store_rc rc;

	*changed = 0;
	/* First the canary, so that no worker with the old ring alone starts
	 * to write while we go through. */
	rc = store_canary(st);
	if (rc != STORE_OK)
		return rc;
	w.mem = arena_new();
	rc = walk_keys(st, st->prefix, "{p*", "reseal", reseal_page, &w);
	if (rc == STORE_OK)
		rc = walk_keys(st, st->prefix, "{tenant:*}:once:*", "reseal",
		    reseal_page, &w);
	if (rc == STORE_OK)
		rc = api_keys_reseal(st, &w.seen, &w.changed);
	arena_free(w.mem);
	*changed = w.changed;
	return rc;
}
