/*
 * THE table of keys (redis/keys.h), walked: each key that others damaged is
 * found, each that is of a chat is forgotten with it, each that is sealed is
 * sealed anew.  A row that one of these does not reach fails here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "nouns/api_key.h"
#include "nouns/chat_name.h"
#include "redis/budget.h"
#include "redis/chats.h"
#include "redis/damage.h"
#include "redis/keys.h"
#include "redis/ledger.h"
#include "tests/unit/redis_fixture.h"

#define ID "0123456789abcdef0123456789abcdef"
#define TASK "key/" ID
#define KEY_SIZE (CHAT_NAME_MAX + 128)
#define DAY_MS 86400000
#define LEASE_MS 10000

/* The key of ${row} that is of ${chat}, its message ${id}, today. */
static void
key_of(const struct key_row *row, const struct chat_name *chat, const char *id,
    char key[KEY_SIZE])
{
	long long day = clock_wall_ms() / DAY_MS;

	switch (row->scope) {
	case SCOPE_CHAT:
		snprintf(key, KEY_SIZE, "{p%d}:%s:%s", chat->partition,
		    row->noun, chat->text);
		break;
	case SCOPE_MESSAGE:
		snprintf(key, KEY_SIZE, "{p%d}:%s:%s", chat->partition,
		    row->noun, id);
		break;
	case SCOPE_DAY:
		snprintf(key, KEY_SIZE, "{p%d}:%s:%lld:%s", chat->partition,
		    row->noun, day, chat->text);
		break;
	case SCOPE_ASIDE:
		snprintf(key, KEY_SIZE, "{p%d}:%s:inbox:%s", chat->partition,
		    row->noun, chat->text);
		break;
	case SCOPE_TASK:
		snprintf(key, KEY_SIZE, "{p%d}:%s:" TASK, chat->partition,
		    row->noun);
		break;
	case SCOPE_WHO:
		snprintf(key, KEY_SIZE, "{p%d}:%s:%s", chat->partition,
		    row->noun, id);
		break;
	case SCOPE_PARTITION:
		snprintf(key, KEY_SIZE, "{p%d}:%s", chat->partition, row->noun);
		break;
	case SCOPE_TENANT:
		snprintf(key, KEY_SIZE, "{tenant:default}:%s", row->noun);
		break;
	case SCOPE_OF_TENANT:
		snprintf(key, KEY_SIZE, "{tenant:default}:%s:%s", row->noun,
		    id);
		break;
	default:
		snprintf(key, KEY_SIZE, "%s", row->pattern);
	}
}

/* ${key}, of ${type}, with ${text} in it. */
static void
make(struct redis_fixture *f, const char *key, const char *type,
    const char *text)
{
	static const struct {
		const char *type, *command;
	} MAKE[] = {
		{ "any", "SET %s %s" },
		{ "string", "SET %s %s" },
		{ "hash", "HSET %s field %s" },
		{ "list", "RPUSH %s %s" },
		{ "set", "SADD %s %s" },
		{ "zset", "ZADD %s 1 %s" },
		{ "stream", "XADD %s * chat %s" },
	};
	const char *said;

	for (size_t i = 0; i < NELEM(MAKE); i++)
		if (strcmp(MAKE[i].type, type) == 0) {
			said = redis_text(f, MAKE[i].command, key, text);
			if (said != NULL && said[0] == '!')
				fail_msg("%s: %s", key, said);
			return;
		}
	fail_msg("%s: no type of Redis: %s", key, type);
}

static void
rows_are_found_by_their_keys(void **state)
{
	struct chat_name chat = fixture_chat("ann");
	char key[KEY_SIZE];
	const char *rest;

	(void)state;
	for (size_t i = 0; i < KEYS_N; i++) {
		const struct key_row *row = &KEY_TABLE[i];

		assert_non_null(row->pattern); /* KEYS_N is their number */
		key_of(row, &chat, ID, key);
		if (keys_find(key, &rest) != (row->noun == NULL ? NULL : row))
			fail_msg("%s is another's", key);
		if (row->scope == SCOPE_CHAT)
			assert_string_equal(rest, chat.text);
	}
	assert_null(keys_find("{p1}:asleep", &rest));
	assert_null(keys_find("{p1}:chat", &rest));
	assert_null(keys_find("{p1}:due:more", &rest));
	assert_null(keys_find("{p1}:", &rest));
	assert_null(keys_find("{tenant:default}:due", &rest));
	assert_null(keys_find("{tenant:default}:key", &rest));
	assert_null(keys_find("{tenant:default}:keys:more", &rest));
	assert_null(keys_find("{p1}:version", &rest));
	assert_null(keys_find("other", &rest));
}

static bool
is_named(const json_t *list, const char *key)
{
	const json_t *entry;
	size_t i;

	json_array_foreach(list, i, entry)
		if (strcmp(json_member_str(entry, "key"), key) == 0)
			return true;
	return false;
}

static void
damage_is_found(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name chat = fixture_chat("ann");
	struct arena *mem = arena_new();

	for (size_t i = 0; i < KEYS_N; i++) {
		const struct key_row *row = &KEY_TABLE[i];
		char key[KEY_SIZE];
		json_t *found;

		/* Others' names are known to those alone that use them: of a
		 * chat, below. */
		if (row->scope != SCOPE_PARTITION && row->scope != SCOPE_FLEET
		    && row->scope != SCOPE_TENANT)
			continue;
		(void)redis_fixture_flush(state);
		key_of(row, &chat, ID, key);
		make(f, key, strcmp(row->type, "set") == 0 ? "list" : "set",
		    "x");
		assert_int_equal(damage_find(f->store, mem, &found), STORE_OK);
		if (!is_named(found, key))
			fail_msg("%s: a set in its place is not found", key);
	}
	arena_free(mem);
}

/* Say ${update} in ${chat}, so many of which a minute are let in. */
static void
put(struct redis_fixture *f, const struct chat_name *chat, const char *update,
    const char *address, int64_t per_minute, struct arena *mem)
{
	struct message m = { .update_id = update,
		.text = "hello",
		.address = address };
	struct inbox_limits limits = { .per_minute = per_minute,
		.max = 9,
		.bytes = MIB };
	struct inbox_answer answer;
	enum store_rc rc = inbox_put(f->store, chat, &m, &limits, mem, &answer);

	if (rc != STORE_OK && rc != STORE_EXISTS)
		fail_msg("%s at %s: rc %d", update, address, rc);
}

/* All that looks at a key of ${chat}, whose first message is "1". */
static void
use(struct redis_fixture *f, const struct chat_name *chat, struct arena *mem)
{
	const struct budget_limits limits = { 1000, 1000 };
	int64_t day;

	put(f, chat, "1", "p.1", INBOX_EXACT_MAX, mem);
	put(f, chat, "1", "p.2", INBOX_EXACT_MAX, mem); /* again, elsewhere */
	put(f, chat, "2", "p.3", INBOX_EXACT_MAX + 1, mem);
	job_free(fixture_take(f->store, chat, LEASE_MS));
	assert_int_equal(budget_reserve(f->store, chat, 1, &limits, &day),
	    STORE_OK);
}

/* Who uses it sets it aside, and doctor finds it there. */
static void
damage_of_a_chat_is_found(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name chat = fixture_chat("ann");
	struct arena *mem = arena_new();
	char id[MESSAGE_ID_MAX];

	message_id_make(&chat, "1", id);
	for (size_t i = 0; i < KEYS_N; i++) {
		const struct key_row *row = &KEY_TABLE[i];
		char key[KEY_SIZE], aside[KEY_SIZE + 16];
		json_t *found;

		if (row->scope != SCOPE_CHAT && row->scope != SCOPE_MESSAGE
		    && row->scope != SCOPE_DAY)
			continue;
		(void)redis_fixture_flush(state);
		key_of(row, &chat, id, key);
		make(f, key, strcmp(row->type, "set") == 0 ? "list" : "set",
		    "x");
		use(f, &chat, mem);
		snprintf(aside, sizeof(aside), "{p%d}:damaged:%s",
		    chat.partition, strchr(key, ':') + 1);
		assert_int_equal(damage_find(f->store, mem, &found), STORE_OK);
		if (!is_named(found, aside))
			fail_msg("%s: what was in its place is not found", key);
	}
	arena_free(mem);
}

/* ---- forgotten ---- */

/* What of it names ARGV[1] is left in KEYS[1]. */
static const char NAMES[]
    = "local READ = {string = {'GET'}, hash = {'HGETALL'}, "
      "  list = {'LRANGE', 0, -1}, set = {'SMEMBERS'}, "
      "  zset = {'ZRANGE', 0, -1}, stream = {'XRANGE', '-', '+'}} "
      "local r = READ[redis.call('TYPE', KEYS[1]).ok] "
      "if not r then return 0 end "
      "return string.find(cjson.encode({redis.call(r[1], KEYS[1], "
      "  unpack(r, 2))}), ARGV[1], 1, true) and 1 or 0";

static void
a_chat_is_forgotten(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name chat = fixture_chat("ann");
	struct chats_forgotten gone;
	char key[KEY_SIZE], noted[KEY_SIZE];

	for (size_t i = 0; i < KEYS_N; i++) {
		const struct key_row *row = &KEY_TABLE[i];

		if (row->noun == NULL || row->whose != WHOSE_PERSON)
			continue;
		key_of(row, &chat, ID, key);
		snprintf(noted, sizeof(noted), "{p%d}:chat:%s turns",
		    chat.partition, chat.text);
		make(f, key, row->type,
		    strcmp(row->noun, "seen") == 0          ? ID
			: strcmp(row->noun, "damaged") == 0 ? noted
							    : chat.text);
	}
	assert_int_equal(chats_forget(f->store, &chat, NULL, &gone), STORE_OK);
	for (size_t i = 0; i < KEYS_N; i++) {
		const struct key_row *row = &KEY_TABLE[i];

		if (row->noun == NULL || row->whose != WHOSE_PERSON)
			continue;
		key_of(row, &chat, ID, key);
		if (row->scope == SCOPE_PARTITION
			? redis_number(f, "EVAL %s 1 %s ann", NAMES, key) != 0
			: redis_number(f, "EXISTS %s", key) != 0)
			fail_msg("%s is not forgotten", key);
	}
}

/* ---- sealed anew ---- */

/* ${front} in clear, and then ${plain} sealed. */
static void
sealed(struct redis_fixture *f, struct buf *out, const char *front,
    const struct chat_name *chat, const char *noun, const char *item)
{
	buf_reset(out);
	assert_int_equal(buf_add_str(out, front), 0);
	assert_int_equal(
	    seal_close(f->ring, chat->text, noun, item, "{}", 2, out), 0);
}

#define HEADER ID " 1 1 message - " ID "\n"

static void
make_inbox(struct redis_fixture *f, const struct chat_name *chat,
    const char *key, struct buf *v)
{
	sealed(f, v, HEADER, chat, "inbox", ID);
	(void)redis_text(f, "RPUSH %s %b", key, v->data, v->len);
}

static void
make_dead(struct redis_fixture *f, const struct chat_name *chat,
    const char *key, struct buf *v)
{
	sealed(f, v, HEADER, chat, "inbox", ID);
	(void)redis_text(f, "XADD %s * chat %s entry %b", key, chat->text,
	    v->data, v->len);
}

static void
make_history(struct redis_fixture *f, const struct chat_name *chat,
    const char *key, struct buf *v)
{
	sealed(f, v, ID " ", chat, "history", ID);
	(void)redis_text(f, "RPUSH %s %b", key, v->data, v->len);
}

static void
make_turn(struct redis_fixture *f, const struct chat_name *chat,
    const char *key, struct buf *v)
{
	sealed(f, v, "", chat, "journal", ID "/answer:0");
	(void)redis_text(f, "HSET %s answer:0 %b", key, v->data, v->len);
	(void)redis_text(f, "HSET {p%d}:chat:%s id " ID, chat->partition,
	    chat->text);
}

static void
make_chat(struct redis_fixture *f, const struct chat_name *chat,
    const char *key, struct buf *v)
{
	sealed(f, v, "", chat, "session", "cred");
	(void)redis_text(f, "HSET %s cred %b", key, v->data, v->len);
}

static void
make_reply(struct redis_fixture *f, const struct chat_name *chat,
    const char *key, struct buf *v)
{
	char front[KEY_SIZE];

	snprintf(front, sizeof(front), "%s %s\n", ID, chat->text);
	sealed(f, v, front, chat, "reply", ID);
	(void)redis_text(f, "SET %s %b", key, v->data, v->len);
}

static void
make_task(struct redis_fixture *f, const struct chat_name *chat,
    const char *key, struct buf *v)
{
	struct chat_name task = { .text = TASK };

	(void)chat;
	sealed(f, v, "", &task, "task", "result");
	(void)redis_text(f, "HSET %s result %b", key, v->data, v->len);
}

/* As `dragoman key create` makes one: by their list it is found. */
static void
make_api_key(struct redis_fixture *f, const struct chat_name *chat,
    const char *key, struct buf *v)
{
	struct chat_name owner = { .text = "tenant:default" };
	struct api_key k = { .name = "n8n", .id = ID, .rate = -1 };
	struct arena *mem = arena_new();
	const char *doc = api_key_write(mem, &k);

	(void)chat;
	buf_reset(v);
	assert_non_null(doc);
	assert_int_equal(
	    seal_close(f->ring, owner.text, "api_key", ID, doc, strlen(doc), v),
	    0);
	(void)redis_text(f, "HSET %s doc %b", key, v->data, v->len);
	(void)redis_text(f, "HSET {tenant:default}:keys n8n " ID);
	arena_free(mem);
}

static void
make_once(struct redis_fixture *f, const struct chat_name *chat,
    const char *key, struct buf *v)
{
	struct chat_name owner = { .text = "tenant:default" };

	(void)chat;
	sealed(f, v, "", &owner, "once", ID);
	(void)redis_text(f, "HSET %s doc %b", key, v->data, v->len);
}

static const struct {
	const char *noun;
	void (*make)(struct redis_fixture *f, const struct chat_name *chat,
	    const char *key, struct buf *v);
} SEALED[] = {
	{ "inbox", make_inbox },
	{ "dead", make_dead },
	{ "history", make_history },
	{ "turn", make_turn },
	{ "chat", make_chat },
	{ "reply", make_reply },
	{ "task", make_task },
	{ "key", make_api_key },
	{ "once", make_once },
};

static void
what_is_sealed_is_sealed_anew(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name chat = fixture_chat("ann");
	struct seal_ring *both = redis_fixture_ring(
	    FIXTURE_KEY_2 "," FIXTURE_KEY_1);
	struct store *st = redis_fixture_open(f, both);
	struct buf v = BUF_INIT(4 * KIB);
	char key[KEY_SIZE];
	int64_t changed;

	for (size_t i = 0; i < KEYS_N; i++) {
		const struct key_row *row = &KEY_TABLE[i];
		bool made = false;

		if (!row->sealed || row->noun == NULL)
			continue; /* a canary is of its key for ever */
		(void)redis_fixture_flush(state);
		assert_int_equal(store_canary(f->store), STORE_OK);
		key_of(row, &chat, ID, key);
		for (size_t k = 0; k < NELEM(SEALED); k++)
			if (strcmp(SEALED[k].noun, row->noun) == 0) {
				SEALED[k].make(f, &chat, key, &v);
				made = true;
			}
		if (!made)
			fail_msg("%s: no value of it is known here", key);
		assert_int_equal(ledger_reseal(st, NULL, NULL, &changed),
		    STORE_OK);
		if (changed != 1)
			fail_msg("%s: %d values sealed anew", key,
			    (int)changed);
		assert_int_equal(ledger_reseal(st, NULL, NULL, &changed),
		    STORE_OK);
		assert_int_equal(changed, 0);
	}
	buf_fini(&v);
	store_close(st);
	seal_ring_free(both);
}

#define TEST(t) cmocka_unit_test_setup(t, redis_fixture_flush)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_found_by_their_keys),
		TEST(damage_is_found),
		TEST(damage_of_a_chat_is_found),
		TEST(a_chat_is_forgotten),
		TEST(what_is_sealed_is_sealed_anew),
	};

	return cmocka_run_group_tests(tests, redis_fixture_setup,
	    redis_fixture_teardown);
}
