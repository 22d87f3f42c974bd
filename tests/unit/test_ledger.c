#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "redis/fleet.h"
#include "redis/ledger.h"
#include "tests/unit/redis_fixture.h"

static struct arena *mem;

static void
looking(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name a = fixture_chat("a"), none = fixture_chat("none");
	struct journal_field step = { .name = "answer:0",
		.text = "x",
		.len = 1 };
	struct job *job;
	json_t *doc;
	char name[16];
	bool stopped;

	for (int i = 0; i < 300; i++) {
		struct chat_name chat;

		snprintf(name, sizeof(name), "c%d", i);
		chat = fixture_chat(name);
		assert_int_equal(fixture_say(f->store, &chat, "1", "x", ""),
		    STORE_OK);
	}
	assert_int_equal(ledger_list(f->store, 1000, mem, &doc), STORE_OK);
	assert_int_equal(json_array_size(doc), 300);
	assert_int_equal(ledger_list(f->store, 260, mem, &doc), STORE_OK);
	assert_int_equal(json_array_size(doc), 260);
	assert_int_equal(ledger_list(f->store, 3, mem, &doc), STORE_OK);
	assert_int_equal(json_array_size(doc), 3);

	redis_fixture_flush(state);
	assert_int_equal(fixture_say(f->store, &a, "1", "x", "p.1"), STORE_OK);
	assert_int_equal(fixture_say(f->store, &a, "2", "y", ""), STORE_OK);
	job = fixture_take(f->store, &a, 10000);
	assert_non_null(job);
	assert_int_equal(journal_write(f->store, job, &step, 1, 10000, 60000,
			     NULL, &stopped),
	    STORE_OK);
	assert_int_equal(ledger_list(f->store, 10, mem, &doc), STORE_OK);
	doc = json_array_get(doc, 0);
	assert_string_equal(json_member_str(doc, "chat"), a.text);
	assert_int_equal(json_member_int(doc, "waiting", -1), 2);
	assert_true(json_member_bool(doc, "running", false));
	assert_int_equal(json_member_int(doc, "attempt", -1), 1);
	assert_int_equal(ledger_show(f->store, &a, mem, &doc), STORE_OK);
	assert_int_equal(json_array_size(json_object_get(doc, "inbox")), 2);
	assert_string_equal(
	    json_member_str(json_array_get(json_object_get(doc, "inbox"), 0),
		"message_id"),
	    job->id);
	assert_true(json_array_size(json_object_get(doc, "journal")) >= 1);
	assert_int_equal(ledger_show(f->store, &none, mem, &doc), STORE_NONE);
	job_free(job);
}

static void
kill_one(struct redis_fixture *f, const char *name, const char *text)
{
	struct chat_name chat = fixture_chat(name);
	struct job *job;

	assert_int_equal(fixture_say(f->store, &chat, "1", text, ""), STORE_OK);
	job = fixture_take(f->store, &chat, 10000);
	assert_non_null(job);
	assert_int_equal(fixture_finish(f->store, job, END_DEAD, "sorry"),
	    STORE_OK);
	job_free(job);
}

#define DAY_MS ((int64_t)86400 * 1000)

static void
replaying(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name chat = fixture_chat("one");
	struct fleet_counts c;
	struct job *job;
	json_t *dead, *letter;
	const char *id, *old;
	int64_t known;
	int i;

	kill_one(f, "one", "first text");
	kill_one(f, "two", "second text");
	assert_int_equal(ledger_dead(f->store, 10, true, mem, &dead), STORE_OK);
	assert_int_equal(json_array_size(dead), 2);
	assert_int_equal(ledger_dead(f->store, 1, false, mem, &letter),
	    STORE_OK);
	assert_int_equal(json_array_size(letter), 1);
	assert_null(json_object_get(json_array_get(letter, 0), "text"));

	letter = json_array_get(dead, 0);
	if (strcmp(json_member_str(letter, "chat"), chat.text) != 0)
		letter = json_array_get(dead, 1);
	assert_string_equal(json_member_str(letter, "text"), "first text");
	assert_string_equal(json_member_str(letter, "why"), "crashes");
	old = json_member_str(letter, "message_id");

	assert_int_equal(ledger_replay(f->store, "0:1-1", 0, mem, &id),
	    STORE_NONE);
	assert_int_equal(ledger_replay(f->store, "nonsense", 0, mem, &id),
	    STORE_NONE);
	for (i = 0; i < 300; i++) /* chat.inbox_max may be larger than usual */
		(void)redis_number(f, "ZADD {p%d}:seen:%s %d id%d",
		    chat.partition, chat.text, i, i);
	known = redis_number(f, "ZCARD {p%d}:seen:%s", chat.partition,
	    chat.text);
	assert_int_equal(ledger_replay(f->store, json_member_str(letter, "id"),
			     2 * DAY_MS, mem, &id),
	    STORE_OK);
	assert_int_equal(
	    redis_number(f, "ZCARD {p%d}:seen:%s", chat.partition, chat.text),
	    known + 1);
	/* As long as its reply may be kept: forget finds the reply by it. */
	assert_true(
	    redis_number(f, "PTTL {p%d}:seen:%s", chat.partition, chat.text)
	    > 2 * DAY_MS);
	assert_string_not_equal(id, old);
	assert_int_equal(
	    ledger_replay(f->store, json_member_str(letter, "id"), 0, mem, &id),
	    STORE_NONE);
	job = fixture_take(f->store, &chat, 10000);
	assert_non_null(job);
	assert_string_equal(job->given->message.text, "first text");
	assert_int_equal(fixture_finish(f->store, job, END_REPLIED, "ok"),
	    STORE_OK);
	job_free(job);
	assert_int_equal(fleet_count(f->store, &c), STORE_OK);
	assert_int_equal(c.accepted, 3);
	assert_int_equal(c.ended[END_DEAD], 2);
	assert_int_equal(c.ended[END_REPLIED], 1);
	assert_int_equal(c.dead, 1);
	assert_int_equal(c.unaccounted, 0);
}

static int progressed;

static void
on_progress(void *ctx, int64_t seen, int64_t changed)
{
	assert_ptr_equal(ctx, &progressed);
	assert_true(changed <= seen);
	progressed++;
}

/* With the new key first everything is sealed anew, and opens without the
 * old one. */
static void
resealing(void **state)
{
	struct redis_fixture *f = *state;
	struct seal_ring *both = redis_fixture_ring(
	    FIXTURE_KEY_2 "," FIXTURE_KEY_1);
	struct seal_ring *new = redis_fixture_ring(FIXTURE_KEY_2);
	struct store *st_both = redis_fixture_open(f, both);
	struct store *st_new = redis_fixture_open(f, new);
	struct chat_name chat = fixture_chat("a:b");
	struct session_token token = { "parent", "derived", 1 };
	struct history_entry line = { "q", "a" };
	struct turn_outcome o = { .end = END_REPLIED,
		.add = &line,
		.history_max = 5,
		.token = &token,
		.last_tools = "[]",
		.reply = "the answer",
		.reply_keep_ms = 60000 };
	struct journal_field step = { .name = "answer:0",
		.text = "thinking",
		.len = 8 };
	struct inbox_answer answer;
	struct job *job;
	json_t *dead;
	int64_t changed;
	bool stopped;

	for (int i = 0; i < 150; i++) {
		char name[16];

		snprintf(name, sizeof(name), "dead%d", i);
		kill_one(f, name, "dead text");
	}
	assert_int_equal(fixture_say(f->store, &chat, "1", "one", ""),
	    STORE_OK);
	assert_int_equal(fixture_say(f->store, &chat, "2", "two", ""),
	    STORE_OK);
	job = fixture_take(f->store, &chat, 10000);
	assert_non_null(job);
	assert_int_equal(journal_finish(f->store, job, &o), STORE_OK);
	job_free(job);
	job = fixture_take(f->store, &chat, 10000);
	assert_non_null(job);
	assert_int_equal(journal_write(f->store, job, &step, 1, 10000, 60000,
			     NULL, &stopped),
	    STORE_OK);
	assert_int_equal(journal_release(f->store, job, 0, false, NULL),
	    STORE_OK);
	job_free(job);

	assert_int_equal(ledger_reseal(f->store, NULL, NULL, &changed),
	    STORE_OK);
	assert_int_equal(changed, 0);
	assert_int_equal(
	    ledger_reseal(st_both, on_progress, &progressed, &changed),
	    STORE_OK);
	/* inbox, history, journal, token, tools, reply; letters with replies */
	assert_int_equal(changed, 6 + 2 * 150);
	assert_true(progressed > 0);
	assert_int_equal(ledger_reseal(st_both, NULL, NULL, &changed),
	    STORE_OK);
	assert_int_equal(changed, 0);

	assert_int_equal(store_canary(st_new), STORE_OK);
	job = fixture_take(st_new, &chat, 10000);
	assert_non_null(job);
	assert_int_equal(job->rc, STORE_OK);
	assert_string_equal(job->given->message.text, "two");
	assert_int_equal(job->given->nhistory, 1);
	assert_int_equal(job->njournal, 1);
	assert_string_equal(job->journal[0].text, "thinking");
	assert_string_equal(job->given->session.token.parent, "parent");
	assert_string_equal(job->given->session.last_tools, "[]");
	job_free(job);
	assert_int_equal(inbox_find(st_new, &chat, "1", "", mem, &answer),
	    STORE_ANSWERED);
	assert_string_equal(answer.reply, "the answer");
	assert_int_equal(ledger_dead(st_new, 1000, true, mem, &dead), STORE_OK);
	assert_int_equal(json_array_size(dead), 150);
	for (size_t i = 0; i < 150; i++)
		assert_string_equal(
		    json_member_str(json_array_get(dead, i), "text"),
		    "dead text");
	store_close(st_both);
	store_close(st_new);
	seal_ring_free(both);
	seal_ring_free(new);
}

#define TEST(t) cmocka_unit_test_setup(t, redis_fixture_flush)

int
main(void)
{
	const struct CMUnitTest tests[] = { TEST(looking), TEST(replaying),
		TEST(resealing) };
	int rc;

	mem = arena_new();
	rc = cmocka_run_group_tests(tests, redis_fixture_setup,
	    redis_fixture_teardown);
	arena_free(mem);
	return rc;
}
