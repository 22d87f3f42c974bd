#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "redis/budget.h"
#include "redis/chats.h"
#include "redis/fleet.h"
#include "redis/format.h"
#include "tests/unit/redis_fixture.h"

#define LEASE_MS 10000
#define MINUTE_MS 60000
#define DAY_MS ((int64_t)86400 * 1000)

static struct arena *mem;

/* Keys, and what is in them, that name ARGV[1] or hold a message's keys. */
static const char MENTIONED[]
    = "local found = {} "
      "local function look(key, v) "
      "  if type(v) == 'table' then "
      "    for _, w in ipairs(v) do look(key, w) end "
      "  elseif string.find(tostring(v), ARGV[1], 1, true) then "
      "    found[#found + 1] = key end end "
      "local READ = {string = {'GET'}, hash = {'HGETALL'}, "
      "  list = {'LRANGE', 0, -1}, set = {'SMEMBERS'}, "
      "  zset = {'ZRANGE', 0, -1}, stream = {'XRANGE', '-', '+'}} "
      "for _, key in ipairs(redis.call('KEYS', '*')) do "
      "  local r = READ[redis.call('TYPE', key).ok] "
      "  look(key, key) "
      "  look(key, redis.call(r[1], key, unpack(r, 2))) end "
      "table.sort(found) return table.concat(found, ' ')";

static const char *
mentioned(struct redis_fixture *f, const char *name)
{
	return redis_text(f, "EVAL %s 0 %s", MENTIONED, name);
}

static void
say(struct redis_fixture *f, const char *name, const char *update)
{
	struct chat_name chat = fixture_chat(name);

	assert_int_equal(fixture_say(f->store, &chat, update, "hello", ""),
	    STORE_OK);
}

/* Take the next message of ${name} and answer it. */
static void
answer(struct redis_fixture *f, const char *name, enum turn_end end)
{
	struct chat_name chat = fixture_chat(name);
	struct job *job = fixture_take(f->store, &chat, LEASE_MS);

	assert_non_null(job);
	assert_int_equal(fixture_finish(f->store, job, end, "hi"), STORE_OK);
	job_free(job);
}

static const char *
name_at(const json_t *list, size_t i)
{
	return json_member_str(json_array_get(list, i), "chat");
}

static void
set_seen(struct redis_fixture *f, const char *name, int64_t ms)
{
	struct chat_name chat = fixture_chat(name);

	(void)redis_text(f, "ZADD {p%d}:chats %lld %s", chat.partition,
	    (long long)ms, chat.text);
}

static int64_t
seen(struct redis_fixture *f, const char *name)
{
	struct chat_name chat = fixture_chat(name);

	return redis_number(f, "ZSCORE {p%d}:chats %s", chat.partition,
	    chat.text);
}

static void
those_that_rest_are_listed(void **state)
{
	struct redis_fixture *f = *state;
	int64_t before = clock_wall_ms() - 1000;
	json_t *list, *row;
	char name[16];
	bool whole;

	assert_int_equal(chats_list(f->store, 10, mem, &list, &whole),
	    STORE_OK);
	assert_int_equal(json_array_size(list), 0);
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		say(f, name, "1");
		assert_true(seen(f, name) > before);
		set_seen(f, name, 1000 + i);
	}
	answer(f, "c7", END_REPLIED);
	say(f, "c7", "2");
	assert_int_equal(chats_list(f->store, 1000, mem, &list, &whole),
	    STORE_OK);
	assert_int_equal(json_array_size(list), 300);
	row = json_array_get(list, 0);
	assert_string_equal(json_member_str(row, "chat"), "default/http/c7");
	assert_int_equal(json_member_int(row, "messages", -1), 2);
	assert_int_equal(json_member_int(row, "waiting", -1), 1);
	assert_int_equal(json_member_int(row, "turns", -1), 1);
	assert_true(json_member_int(row, "tokens_in", -1) >= 0);
	assert_string_equal(name_at(list, 1), "default/http/c299");
	assert_string_equal(name_at(list, 299), "default/http/c0");
	assert_int_equal(chats_list(f->store, 260, mem, &list, &whole),
	    STORE_OK);
	assert_int_equal(json_array_size(list), 260);
	assert_string_equal(name_at(list, 259), "default/http/c41");
}

/* An edge of the release before accepted it: take knows. */
static void
take_lists_what_accept_did_not(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name chat = fixture_chat("old");
	int64_t accepted;

	say(f, "old", "1");
	accepted = seen(f, "old");
	(void)redis_text(f, "DEL {p%d}:chats", chat.partition);
	job_free(fixture_take(f->store, &chat, LEASE_MS));
	assert_int_equal(seen(f, "old"), accepted);
	/* Never back. */
	set_seen(f, "old", accepted + 5);
	fixture_hurry(f);
	job_free(fixture_take(f->store, &chat, LEASE_MS));
	assert_int_equal(seen(f, "old"), accepted + 5);
}

static void
those_from_before_are_filled_in_once(void **state)
{
	struct redis_fixture *f = *state;
	struct store *st = f->store;
	json_t *list;
	char name[16];
	bool whole;

	assert_int_equal(format_set(st, FORMAT_CHATS - 1), STORE_OK);
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "c%d", i);
		say(f, name, "1");
	}
	for (int p = 0; p < CHAT_PARTITIONS; p++)
		(void)redis_text(f, "DEL {p%d}:chats", p);
	say(f, "new", "1");
	assert_int_equal(chats_list(st, 1000, mem, &list, &whole), STORE_OK);
	assert_int_equal(json_array_size(list), 1);
	assert_false(whole);

	assert_int_equal(format_raise(st, FORMAT_CHATS), STORE_OK);
	assert_int_equal(chats_list(st, 1000, mem, &list, &whole), STORE_OK);
	assert_int_equal(json_array_size(list), 301);
	assert_true(whole);
	assert_true(seen(f, "c5") > clock_wall_ms() - MINUTE_MS);
}

/* Last seen, of one that was there before: as exactly as is known. */
static void
when_one_from_before_was_seen(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name chat = fixture_chat("a");
	static const struct {
		const char *hour, *ended;
		int64_t want;
	} cases[] = {
		{ "10", "1", 10 * INT64_C(3600000) },
		{ "10", "36000077", 36000077 },
		{ "x", "y", 0 },
	};
	int64_t n;

	for (size_t i = 0; i < NELEM(cases); i++) {
		redis_fixture_flush(state);
		(void)redis_text(f, "HSET {p%d}:chat:%s hour %s ended %s",
		    chat.partition, chat.text, cases[i].hour, cases[i].ended);
		assert_int_equal(chats_fill(f->store, &n), STORE_OK);
		assert_int_equal(n, 1);
		assert_int_equal(seen(f, "a"), cases[i].want);
	}
}

static void
one_is_shown(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name chat = fixture_chat("a"), none = fixture_chat("none");
	json_t *doc, *list;

	say(f, "a", "1");
	answer(f, "a", END_REPLIED);
	say(f, "a", "2");
	assert_int_equal(chats_show(f->store, &chat, false, mem, &doc),
	    STORE_OK);
	assert_int_equal(json_member_int(doc, "messages", -1), 2);
	assert_int_equal(json_member_int(doc, "waiting", -1), 1);
	assert_int_equal(json_member_int(doc, "history", -1), 1);
	assert_false(json_member_bool(doc, "running", true));
	assert_true(json_member_int(doc, "seen_ms", 0) == seen(f, "a"));
	assert_null(json_object_get(doc, "exchanges"));
	assert_null(json_object_get(doc, "inbox"));

	assert_int_equal(chats_show(f->store, &chat, true, mem, &doc),
	    STORE_OK);
	list = json_object_get(doc, "exchanges");
	assert_int_equal(json_array_size(list), 1);
	assert_non_null(json_member_str(json_array_get(list, 0), "assistant"));
	list = json_object_get(doc, "inbox");
	assert_int_equal(json_array_size(list), 1);
	assert_string_equal(json_string_value(json_array_get(list, 0)),
	    "hello");
	assert_int_equal(chats_show(f->store, &none, true, mem, &doc),
	    STORE_NONE);
}

/* A chat with all that a chat can have. */
static void
live(struct redis_fixture *f, const char *name)
{
	const struct budget_limits limits = { 1000, 1000 };
	struct chat_name chat = fixture_chat(name);
	char update[16];
	int64_t day;

	for (int i = 0; i < 200; i++) {
		snprintf(update, sizeof(update), "%d", i);
		say(f, name, update);
		if (i == 0) /* asked for again, from elsewhere */
			assert_int_equal(fixture_say(f->store, &chat, "0",
					     "hello", "elsewhere.1"),
			    STORE_EXISTS);
		answer(f, name, i == 7 ? END_DEAD : END_REPLIED);
	}
	assert_int_equal(budget_reserve(f->store, &chat, 10, &limits, &day),
	    STORE_OK);
	(void)redis_text(f, "DEL {p%d}:history:%s", chat.partition, chat.text);
	(void)redis_text(f, "SET {p%d}:history:%s x", chat.partition,
	    chat.text);
	(void)redis_text(f, "HSET {p%d}:chat:%s tin x", chat.partition,
	    chat.text);
	(void)redis_text(f, "SET {p%d}:rate:%s 1", chat.partition, chat.text);
	(void)redis_text(f, "RPUSH {p%d}:window:%s 1", chat.partition,
	    chat.text);
	say(f, name, "damages");
	answer(f, name, END_DEAD);
	assert_int_equal(redis_number(f, "ZCARD {p%d}:damaged", chat.partition),
	    2);
	for (int i = 0; i < 3; i++) {
		snprintf(update, sizeof(update), "w%d", i);
		say(f, name, update);
	}
}

static void
nothing_is_left_of_a_forgotten_one(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name chat = fixture_chat("gone"), near;
	const struct budget_limits limits = { 1000, 1000 };
	struct journal_field step = { .name = "answer:0",
		.text = "x",
		.len = 1 };
	struct turn_outcome o = { .end = END_REPLIED,
		.reply = "late",
		.reply_keep_ms = MINUTE_MS };
	struct budget_change settle = { .reserved = 10, .spent = 20 };
	struct chats_forgotten forgotten;
	struct fleet_counts counts;
	struct job *job;
	json_t *list;
	bool stopped, whole;

	/* One that begins with the same letters stays. */
	say(f, "gone2", "1");
	near = fixture_chat("gone2");
	live(f, "gone");
	assert_int_equal(
	    budget_reserve(f->store, &chat, 10, &limits, &settle.day),
	    STORE_OK);
	job = fixture_take(f->store, &chat, LEASE_MS);
	assert_non_null(job);
	assert_int_equal(journal_write(f->store, job, &step, 1, LEASE_MS,
			     MINUTE_MS, NULL, &stopped),
	    STORE_OK);

	assert_int_equal(chats_forget(f->store, &chat, NULL, &forgotten),
	    STORE_OK);
	assert_int_equal(forgotten.waiting, 3);
	assert_true(forgotten.keys > 200); /* with a reply each */
	/* Who ran its turn leaves nothing either. */
	o.settle = &settle;
	assert_int_equal(journal_finish(f->store, job, &o), STORE_LOST);
	job_free(job);
	(void)redis_text(f, "DEL {p%d}:inbox:%s {p%d}:seen:%s {p%d}:chat:%s",
	    near.partition, near.text, near.partition, near.text,
	    near.partition, near.text);
	(void)redis_text(f, "ZREM {p%d}:chats %s", near.partition, near.text);
	(void)redis_text(f, "ZREM {p%d}:due %s", near.partition, near.text);
	assert_string_equal(mentioned(f, "gone"), "");
	assert_string_equal(mentioned(f, ":reply:"), "");
	assert_string_equal(mentioned(f, ":wait:"), "");

	assert_int_equal(chats_list(f->store, 10, mem, &list, &whole),
	    STORE_OK);
	assert_int_equal(json_array_size(list), 0);
	assert_int_equal(chats_show(f->store, &chat, true, mem, &list),
	    STORE_NONE);
	assert_int_equal(chats_forget(f->store, &chat, NULL, &forgotten),
	    STORE_NONE);
	assert_int_equal(fleet_count(f->store, &counts), STORE_OK);
	assert_int_equal(counts.ended[END_REFUSED], 3);
	assert_int_equal(counts.unaccounted, 1); /* gone2's, deleted by hand */

	/* It begins anew. */
	say(f, "gone", "1");
	answer(f, "gone", END_REPLIED);
	assert_int_equal(chats_show(f->store, &chat, false, mem, &list),
	    STORE_OK);
	assert_int_equal(json_member_int(list, "messages", -1), 1);
}

/* A reply may be kept for longer than a day; history no longer has it. */
static void
a_reply_that_is_kept_for_days_is_forgotten(void **state)
{
	const int64_t keep_ms = 2 * DAY_MS;
	struct redis_fixture *f = *state;
	struct chat_name chat = fixture_chat("days");
	struct inbox_limits limits = { .max = 99,
		.bytes = MIB,
		.reply_keep_ms = keep_ms };
	struct turn_outcome o = { .end = END_REPLIED,
		.reply = "{}",
		.reply_keep_ms = keep_ms };
	struct chats_forgotten forgotten;

	for (int i = 0; i < 20; i++) { /* seen is cut each 16th time */
		char update[16];
		struct message m = { .update_id = update,
			.text = "hi",
			.address = "" };
		struct inbox_answer said;
		struct job *job;

		snprintf(update, sizeof(update), "%d", i);
		assert_int_equal(
		    inbox_put(f->store, &chat, &m, &limits, mem, &said),
		    STORE_OK);
		job = fixture_take(f->store, &chat, LEASE_MS);
		assert_non_null(job);
		assert_int_equal(journal_finish(f->store, job, &o), STORE_OK);
		job_free(job);
		if (i == 0) /* 36 hours ago */
			(void)redis_text(f, "ZADD {p%d}:seen:%s XX %lld %s",
			    chat.partition, chat.text,
			    (long long)(clock_wall_ms() - DAY_MS * 3 / 2),
			    said.id);
	}
	assert_true(
	    redis_number(f, "PTTL {p%d}:seen:%s", chat.partition, chat.text)
	    > keep_ms);
	(void)redis_text(f, "DEL {p%d}:history:%s", chat.partition, chat.text);
	assert_int_equal(chats_forget(f->store, &chat, NULL, &forgotten),
	    STORE_OK);
	assert_string_equal(mentioned(f, ":reply:"), "");
}

/* ${name} and ${other}, NAME:damaged, which lie in one partition. */
static void
two_of_one_partition(char name[32], char other[48])
{
	struct chat_name a, b;
	int i = 0;

	do {
		snprintf(name, 32, "n%d", i++);
		snprintf(other, 48, "%s:damaged", name);
		a = fixture_chat(name);
		b = fixture_chat(other);
	} while (a.partition != b.partition);
}

/* What is set aside is no other chat's, whatever that one is called. */
static void
a_chat_may_be_called_damaged(void **state)
{
	struct redis_fixture *f = *state;
	char name[32], other[48];
	struct chat_name chat;
	struct chats_forgotten forgotten;
	int64_t noted;

	two_of_one_partition(name, other);
	chat = fixture_chat(name);
	say(f, other, "1");
	say(f, name, "1");
	(void)redis_text(f, "DEL {p%d}:inbox:%s", chat.partition, chat.text);
	(void)redis_text(f, "SET {p%d}:inbox:%s x", chat.partition, chat.text);
	say(f, name, "2"); /* sets it aside */
	assert_int_equal(redis_number(f, "EXISTS {p%d}:damaged:inbox:%s",
			     chat.partition, chat.text),
	    1);
	assert_int_equal(chats_forget(f->store, &chat, NULL, &forgotten),
	    STORE_OK);
	assert_int_equal(redis_number(f, "EXISTS {p%d}:damaged:inbox:%s",
			     chat.partition, chat.text),
	    0);
	answer(f, other, END_REPLIED);

	/* An older release's is forgotten with its chat, where no other one
	 * can be meant. */
	say(f, name, "3");
	(void)redis_text(f, "SET {p%d}:history:%s:damaged x", chat.partition,
	    chat.text);
	(void)redis_text(f, "ZADD {p%d}:damaged 1 {p%d}:history:%s:damaged",
	    chat.partition, chat.partition, chat.text);
	noted = redis_number(f, "ZCARD {p%d}:damaged", chat.partition);
	assert_int_equal(chats_forget(f->store, &chat, NULL, &forgotten),
	    STORE_OK);
	assert_int_equal(redis_number(f, "ZCARD {p%d}:damaged", chat.partition),
	    noted);
	say(f, name, "4");
	(void)redis_text(f, "ZREM {p%d}:chats %s:damaged", chat.partition,
	    chat.text);
	assert_int_equal(chats_forget(f->store, &chat, NULL, &forgotten),
	    STORE_OK);
	assert_int_equal(redis_number(f, "EXISTS {p%d}:history:%s:damaged",
			     chat.partition, chat.text),
	    0);
	assert_int_equal(redis_number(f, "ZCARD {p%d}:damaged", chat.partition),
	    0);
}

/* Others' keys: what they wrote does not stop it. */
static void
damaged_lists(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name chat = fixture_chat("a");
	struct chats_forgotten forgotten;
	json_t *list;
	int64_t n;
	bool whole;

	(void)redis_text(f, "SET {p%d}:chats x", chat.partition);
	say(f, "a", "1");
	answer(f, "a", END_REPLIED);
	assert_int_equal(chats_list(f->store, 10, mem, &list, &whole),
	    STORE_OK);
	assert_int_equal(json_array_size(list), 0);
	assert_int_equal(chats_fill(f->store, &n), STORE_DAMAGED);
	(void)redis_text(f, "SET {p%d}:damaged x", chat.partition);
	(void)redis_text(f, "DEL {p%d}:dead", chat.partition);
	(void)redis_text(f, "SET {p%d}:dead x", chat.partition);
	assert_int_equal(chats_forget(f->store, &chat, NULL, &forgotten),
	    STORE_OK);
	(void)redis_text(f, "DEL {p%d}:chats", chat.partition);
	(void)redis_text(f, "ZADD {p%d}:chats 5 nobody", chat.partition);
	assert_int_equal(chats_list(f->store, 10, mem, &list, &whole),
	    STORE_OK);
	assert_int_equal(json_array_size(list), 0);
}

#define TEST(t) cmocka_unit_test_setup(t, redis_fixture_flush)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(those_that_rest_are_listed),
		TEST(take_lists_what_accept_did_not),
		TEST(those_from_before_are_filled_in_once),
		TEST(when_one_from_before_was_seen),
		TEST(one_is_shown),
		TEST(nothing_is_left_of_a_forgotten_one),
		TEST(a_reply_that_is_kept_for_days_is_forgotten),
		TEST(a_chat_may_be_called_damaged),
		TEST(damaged_lists),
	};
	int rc;

	mem = arena_new();
	rc = cmocka_run_group_tests(tests, redis_fixture_setup,
	    redis_fixture_teardown);
	arena_free(mem);
	return rc;
}
