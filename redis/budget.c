#include "redis/budget_priv.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

#define DAY_MS ((int64_t)86400 * 1000)

static int64_t
today(void)
{
	return clock_wall_ms() / DAY_MS;
}

/* Keys: {pN}:budget:DAY:NAME and budget:DAY. */
static void
key_of_chat(struct batch *b, const struct chat_name *chat, int64_t day)
{
	char item[CHAT_NAME_MAX + 24];

	(void)snprintf(item, sizeof(item), "%lld:%s", (long long)day,
	    chat->text);
	batch_item_key(b, chat->partition, "budget", item);
}

static void
key_of_all(struct batch *b, int64_t day)
{
	char key[40];

	(void)snprintf(key, sizeof(key), "budget:%lld", (long long)day);
	batch_key(b, key);
}

static void
add_both(struct batch *b, const struct chat_name *chat, int64_t day,
    int64_t tokens, const struct budget_limits *limits, bool settle)
{
	batch_script(b, SCRIPT_BUDGET, 1, 3);
	key_of_chat(b, chat, day);
	batch_int(b, tokens);
	batch_int(b, limits->chat);
	batch_str(b, settle ? "1" : "0");
	batch_script(b, SCRIPT_BUDGET, 1, 3);
	key_of_all(b, day);
	batch_int(b, tokens);
	batch_int(b, limits->day);
	batch_str(b, settle ? "1" : "0");
}

void
budget_batch(struct batch *b, const struct chat_name *chat,
    const struct budget_change *change)
{
	static const struct budget_limits none = { 0, 0 };
	size_t from = b->n;

	if (change == NULL || change->spent == change->reserved)
		return;
	add_both(b, chat, change->day, change->spent - change->reserved, &none,
	    true);
	for (size_t i = from; i < b->n; i++)
		b->items[i].once = true;
}

/* One of the two refused: take back what the other one counted. */
static void
take_back(struct store *st, const struct chat_name *chat, int64_t day,
    int64_t tokens, bool from_chat)
{
	struct batch b;
	redisReply *r = NULL;

	batch_init(&b, st);
	batch_script(&b, SCRIPT_BUDGET, 1, 2);
	if (from_chat)
		key_of_chat(&b, chat, day);
	else
		key_of_all(&b, day);
	batch_int(&b, -tokens);
	batch_int(&b, 0);
	if (store_run(st, &b, &r) == 0)
		(void)reply_is_error(st, r, "budget");
	freeReplyObject(r);
	batch_fini(&b);
}

enum store_rc
budget_reserve(struct store *st, const struct chat_name *chat, int64_t tokens,
    const struct budget_limits *limits, int64_t *day)
{
	struct batch b;
	redisReply *r[2] = { NULL };
	enum store_rc by_chat, by_all, rc = STORE_DOWN;

	*day = today();
	if (limits->chat <= 0 && limits->day <= 0)
		return STORE_OK;
	batch_init(&b, st);
	add_both(&b, chat, *day, tokens, limits, false);
	if (store_run(st, &b, r) == -1)
		goto out;
	by_chat = reply_code(st, r[0], "budget");
	by_all = reply_code(st, r[1], "budget");
	if (by_all == STORE_DAMAGED) { /* all chats shall not wait for it */
		store_log_damaged(st, -1, "budget");
		by_all = STORE_OK;
	}
	if (by_chat == by_all) {
		rc = by_chat;
		goto out;
	}
	if (by_chat == STORE_OK)
		take_back(st, chat, *day, tokens, true);
	else if (by_all == STORE_OK)
		take_back(st, chat, *day, tokens, false);
	if (by_chat != STORE_DOWN && by_all != STORE_DOWN)
		rc = STORE_LIMITED;
out:
	replies_free(r, 2);
	batch_fini(&b);
	return rc;
}

static int64_t
number(const redisReply *r)
{
	return r != NULL && r->type == REDIS_REPLY_STRING
	    ? strtoll(r->str, NULL, 10)
	    : 0;
}

enum store_rc
budget_spent(struct store *st, const struct chat_name *chat, int64_t *by_chat,
    int64_t *by_all)
{
	struct batch b;
	redisReply *r[2] = { NULL };
	enum store_rc rc = STORE_DOWN;
	int64_t day = today();

	*by_chat = *by_all = 0;
	batch_init(&b, st);
	batch_command(&b, "GET", 1);
	key_of_all(&b, day);
	if (chat != NULL) {
		batch_command(&b, "GET", 1);
		key_of_chat(&b, chat, day);
	}
	if (store_run(st, &b, r) == 0 && !reply_is_error(st, r[0], "budget")
	    && (chat == NULL || !reply_is_error(st, r[1], "budget"))) {
		*by_all = number(r[0]);
		*by_chat = number(r[1]);
		rc = STORE_OK;
	}
	replies_free(r, b.n);
	batch_fini(&b);
	return rc;
}
