/*
 * chats_forget: all that there is of a chat goes.
 */
#include <stdlib.h>

#include "redis/chats.h"
#include "redis/store_priv.h"

#define LETTERS_AT_ONCE 100
#define REPLIES_MAX 10000 /* the longest inbox */
#define LETTERS_MAX 20000 /* more than a stream keeps */

/* Is ${letter} of ${chat}?  Its fields are NAME value ... */
static bool
is_letter_of(const redisReply *letter, const struct chat_name *chat)
{
	const char *of = record_text(reply_at(letter, 1), "chat");

	return of != NULL && strcmp(of, chat->text) == 0;
}

/* The ids of the dead letters of ${chat} into ${ids}, at most LETTERS_MAX. */
static enum store_rc
find_letters(struct store *st, const struct chat_name *chat, struct arena *mem,
    const char **ids, size_t *n)
{
	const char *from = "-";
	size_t got = LETTERS_AT_ONCE;
	enum store_rc rc = STORE_OK;

	*n = 0;
	while (rc == STORE_OK && got == LETTERS_AT_ONCE) {
		struct batch b;
		redisReply *r = NULL;

		batch_init(&b, st);
		batch_command(&b, "XRANGE", 5);
		batch_partition_key(&b, chat->partition, "dead");
		batch_str(&b, from);
		batch_str(&b, "+");
		batch_str(&b, "COUNT");
		batch_int(&b, LETTERS_AT_ONCE);
		if (store_run(st, &b, &r) == -1
		    || reply_has_failed(st, r, "chats"))
			rc = STORE_DOWN;
		got = rc == STORE_OK && r->type == REDIS_REPLY_ARRAY
		    ? r->elements
		    : 0;
		for (size_t i = 0; i < got; i++) {
			const char *id = reply_str(r->element[i], 0);

			if (id == NULL)
				continue;
			from = arena_printf(mem, "(%s", id);
			if (is_letter_of(r->element[i], chat)
			    && *n < LETTERS_MAX)
				ids[(*n)++] = from + 1;
		}
		freeReplyObject(r);
		batch_fini(&b);
	}
	return rc;
}

/* The ids of what waits in ${chat}, at most REPLIES_MAX, into ${ids}. */
static enum store_rc
find_waiting(struct store *st, const struct chat_name *chat, struct arena *mem,
    const char **ids, size_t *n)
{
	struct batch b;
	redisReply *r = NULL;
	enum store_rc rc = STORE_DOWN;

	*n = 0;
	batch_init(&b, st);
	batch_command(&b, "LRANGE", 3);
	batch_chat_key(&b, chat, "inbox");
	batch_int(&b, 0);
	batch_int(&b, REPLIES_MAX - 1);
	if (store_run(st, &b, &r) == 0 && !reply_has_failed(st, r, "chats"))
		rc = STORE_OK;
	for (size_t i = 0;
	     rc == STORE_OK && r->type == REDIS_REPLY_ARRAY && i < r->elements;
	     i++) {
		const redisReply *e = reply_string(r, i);
		struct record_header h;

		if (e != NULL && *n < REPLIES_MAX
		    && record_header_read(e->str, e->len, &h) == 0)
			ids[(*n)++] = arena_strdup(mem, h.id);
	}
	freeReplyObject(r);
	batch_fini(&b);
	return rc;
}

enum store_rc
chats_forget(struct store *st, const struct chat_name *chat, const char *reply,
    struct chats_forgotten *out)
{
	static const char *const NOUNS[] = { "chat", "inbox", "history", "turn",
		"seen", "rate", "window" };
	static const char *const LISTS[] = { "due", "counts", "damaged", "dead",
		"chats" };
	struct arena *mem = arena_new();
	const char **letters = arena_alloc(mem, LETTERS_MAX * sizeof(*letters));
	const char **waiting = arena_alloc(mem, REPLIES_MAX * sizeof(*waiting));
	struct batch b;
	redisReply *r = NULL;
	size_t n, nwaiting = 0;
	enum store_rc rc = find_letters(st, chat, mem, letters, &n);

	*out = (struct chats_forgotten){ 0 };
	batch_init(&b, st);
	if (rc == STORE_OK && reply != NULL)
		rc = find_waiting(st, chat, mem, waiting, &nwaiting);
	if (rc != STORE_OK)
		goto out;
	batch_script(&b, SCRIPT_FORGET, NELEM(NOUNS) + NELEM(LISTS),
	    2 + (int)n + 2 * (int)nwaiting);
	for (size_t i = 0; i < NELEM(NOUNS); i++)
		batch_chat_key(&b, chat, NOUNS[i]);
	for (size_t i = 0; i < NELEM(LISTS); i++)
		batch_partition_key(&b, chat->partition, LISTS[i]);
	batch_str(&b, chat->text);
	batch_int(&b, (int64_t)n);
	for (size_t i = 0; i < n; i++)
		batch_str(&b, letters[i]);
	for (size_t i = 0; i < nwaiting; i++) {
		batch_str(&b, waiting[i]);
		batch_sealed(&b, st, "", chat, "reply", waiting[i], reply,
		    strlen(reply));
	}
	rc = STORE_DOWN;
	if (store_run(st, &b, &r) == 0)
		rc = reply_code(st, r, "forget");
	if (rc == STORE_OK) {
		out->keys = reply_int(r, 1);
		out->waiting = reply_int(r, 2);
	}
	freeReplyObject(r);
out:
	batch_fini(&b);
	arena_free(mem);
	return rc;
}
