#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "redis/due.h"
#include "redis/journal.h"
#include "tests/unit/redis_fixture.h"

#define LEASE_MS 10000
#define TIME_MS 60000

static int64_t
score(struct redis_fixture *f, const struct chat_name *chat)
{
	return redis_number(f, "ZSCORE {p%d}:due %s", chat->partition,
	    chat->text);
}

static struct job *
begin(struct redis_fixture *f, struct chat_name *chat, const char *name)
{
	struct job *job;

	*chat = fixture_chat(name);
	assert_int_equal(fixture_say(f->store, chat, "1", "hi", ""), STORE_OK);
	job = fixture_take(f->store, chat, LEASE_MS);
	assert_non_null(job);
	return job;
}

static void
steps_come_back(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name chat;
	struct job *job = begin(f, &chat, "steps");
	char bytes[3] = { 'a', '\0', 'b' };
	struct journal_field fields[] = {
		{ .name = "answer:0", .text = "calls", .len = 5 },
		{ .name = "result:0.0", .text = bytes, .len = sizeof(bytes) },
		{ .name = "result:0.1", .text = "", .len = 0 },
	};
	bool stopped = true;

	assert_int_equal(journal_write(f->store, job, fields, 3, LEASE_MS,
			     TIME_MS, NULL, &stopped),
	    STORE_OK);
	assert_false(stopped);
	/* The same again changes nothing. */
	assert_int_equal(journal_write(f->store, job, fields, 3, LEASE_MS,
			     TIME_MS, NULL, &stopped),
	    STORE_OK);
	assert_null(strstr(redis_text(f, "HGET {p%d}:turn:%s answer:0",
			       chat.partition, chat.text),
	    "calls"));
	assert_int_equal(journal_release(f->store, job, 0, false,
			     &(struct journal_field){ .name = "retry",
				 .text = "later",
				 .len = 5 }),
	    STORE_OK);
	job_free(job);

	job = fixture_take(f->store, &chat, LEASE_MS);
	assert_non_null(job);
	assert_int_equal(job->crashes, 0); /* given back, not died */
	assert_int_equal(job->failures, 0);
	assert_int_equal(job->attempt, 2);
	assert_int_equal(job->njournal, 4);
	for (size_t i = 0; i < job->njournal; i++) {
		const struct journal_field *j = &job->journal[i];

		if (strcmp(j->name, "result:0.0") == 0) {
			assert_int_equal(j->len, 3);
			assert_memory_equal(j->text, bytes, 3);
		} else if (strcmp(j->name, "result:0.1") == 0)
			assert_int_equal(j->len, 0);
		else if (strcmp(j->name, "retry") == 0)
			assert_string_equal(j->text, "later");
		else
			assert_string_equal(j->text, "calls");
	}
	assert_int_equal(fixture_finish(f->store, job, END_REPLIED, "x"),
	    STORE_OK);
	job_free(job);
}

static void
leases(void **state)
{
	struct redis_fixture *f = *state;
	const int64_t time_ms[3] = { TIME_MS, TIME_MS, TIME_MS };
	const int64_t short_ms[3] = { 500, 500, 500 };
	const int64_t own_ms[3] = { 500, 500, TIME_MS };
	struct chat_name chats[3];
	struct job *jobs[3];
	enum store_rc rc[3];
	bool stopped[3];
	char name[8];

	for (int i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "l%d", i);
		jobs[i] = begin(f, &chats[i], name);
	}
	(void)redis_text(f, "HSET {p%d}:chat:%s token other",
	    chats[1].partition, chats[1].text);
	(void)redis_text(f, "HSET {p%d}:chat:%s stop 1 taken %lld",
	    chats[2].partition, chats[2].text,
	    (long long)clock_wall_ms() - 1000);
	assert_int_equal(journal_renew(f->store, jobs, 3, 3 * LEASE_MS, time_ms,
			     rc, stopped),
	    STORE_OK);
	assert_int_equal(rc[0], STORE_OK);
	assert_int_equal(rc[1], STORE_LOST);
	assert_int_equal(rc[2], STORE_OK);
	assert_false(stopped[0] || stopped[1]);
	assert_true(stopped[2]);
	assert_true(score(f, &chats[0]) > clock_wall_ms() + 2 * LEASE_MS);
	assert_true(score(f, &chats[1]) < clock_wall_ms() + 2 * LEASE_MS);
	/* A hung thread gives its chat back. */
	assert_int_equal(
	    journal_renew(f->store, jobs, 3, LEASE_MS, short_ms, rc, stopped),
	    STORE_OK);
	assert_int_equal(rc[0], STORE_OK);
	assert_int_equal(rc[2], STORE_LATE);
	/* Each kind of job has its own longest time. */
	assert_int_equal(
	    journal_renew(f->store, jobs, 3, LEASE_MS, own_ms, rc, stopped),
	    STORE_OK);
	assert_int_equal(rc[0], STORE_OK);
	assert_int_equal(rc[2], STORE_OK);
	assert_int_equal(
	    journal_renew(f->store, NULL, 0, LEASE_MS, NULL, NULL, NULL),
	    STORE_OK);
	for (int i = 0; i < 3; i++)
		job_free(jobs[i]);
}

static void
giving_back(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name chat;
	struct job *job = begin(f, &chat, "back");
	int64_t before = clock_wall_ms();

	assert_int_equal(journal_release(f->store, job, 5000, true, NULL),
	    STORE_OK);
	assert_int_equal(journal_release(f->store, job, 5000, true, NULL),
	    STORE_LOST);
	assert_true(score(f, &chat) >= before + 5000);
	job_free(job);
	for (int i = 2; i <= 5; i++) {
		fixture_hurry(f);
		job = fixture_take(f->store, &chat, LEASE_MS);
		assert_non_null(job);
		assert_int_equal(job->failures, i - 1);
		/* Longer than take believes: cut. */
		assert_int_equal(journal_release(f->store, job,
				     (int64_t)100 * 3600000, true, NULL),
		    STORE_OK);
		assert_true(score(f, &chat) < clock_wall_ms() + 3600000);
		job_free(job);
	}
	fixture_hurry(f);
	job = fixture_take(f->store, &chat, LEASE_MS);
	assert_non_null(job);
	assert_int_equal(job->failures, 5);
	assert_int_equal(fixture_finish(f->store, job, END_REFUSED, "x"),
	    STORE_OK);
	job_free(job);
	assert_int_equal(redis_number(f, "HEXISTS {p%d}:chat:%s failures",
			     chat.partition, chat.text),
	    0);
}

static void
the_end_counts_once(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name chat;
	struct job *job = begin(f, &chat, "end");
	struct inbox_answer out;
	struct arena *mem = arena_new();

	assert_int_equal(fixture_say(f->store, &chat, "2", "ho", ""), STORE_OK);
	for (int i = 0; i < 3; i++) /* its answers got lost */
		assert_int_equal(
		    fixture_finish(f->store, job, END_REPLIED, "first"),
		    STORE_OK);
	assert_int_equal(
	    redis_number(f, "HGET {p%d}:counts replied", chat.partition), 1);
	assert_int_equal(
	    redis_number(f, "LLEN {p%d}:inbox:%s", chat.partition, chat.text),
	    1);
	assert_int_equal(
	    redis_number(f, "LLEN {p%d}:history:%s", chat.partition, chat.text),
	    1);
	job_free(job);

	/* An inbox that does not begin with ours is left alone. */
	job = fixture_take(f->store, &chat, LEASE_MS);
	assert_non_null(job);
	(void)redis_text(f, "LPUSH {p%d}:inbox:%s other", chat.partition,
	    chat.text);
	assert_int_equal(fixture_finish(f->store, job, END_REPLIED, "x"),
	    STORE_HEAD);
	(void)redis_text(f, "LPOP {p%d}:inbox:%s", chat.partition, chat.text);
	assert_int_equal(fixture_finish(f->store, job, END_REPLIED, "second"),
	    STORE_OK);
	assert_int_equal(score(f, &chat), -1);
	job_free(job);
	assert_int_equal(inbox_find(f->store, &chat, "2", "", mem, &out),
	    STORE_ANSWERED);
	assert_string_equal(out.reply, "second");
	assert_true(
	    redis_number(f, "PTTL {p%d}:reply:%s", chat.partition, out.id)
	    > 50000);
	arena_free(mem);
}

/* What a turn changes in its chat. */
static void
what_a_turn_leaves(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name chat = fixture_chat("leaves");
	struct session_token token = { "parent-token", "derived-token", 99 };
	struct history_entry line = { "q", "a" };
	struct turn_outcome all = { .end = END_REPLIED,
		.add = &line,
		.history_max = 2,
		.set_state = true,
		.state = SESSION_AWAITING_TOKEN,
		.token = &token,
		.last_tools = "[\"echo\"]",
		.usage = { 10, 3 } };
	struct turn_outcome nothing = { .end = END_REFUSED, .history_max = 2 };
	struct session_token none = { 0 };
	struct turn_outcome forget = { .end = END_REPLIED,
		.forget_history = true,
		.forget_session = true,
		.set_state = true,
		.state = SESSION_NEEDS_TOKEN,
		.history_max = 2 };
	struct turn_outcome drop = { .end = END_REPLIED,
		.token = &none,
		.last_tools = "",
		.history_max = 2 };
	const struct {
		const char *name;
		const struct turn_outcome *outcome;
		size_t nhistory; /* seen by the next turn */
		bool token, tools;
		enum session_state state;
		int64_t in;
	} cases[] = {
		{ "all", &all, 1, true, true, SESSION_AWAITING_TOKEN, 10 },
		{ "nothing", &nothing, 1, true, true, SESSION_AWAITING_TOKEN,
		    10 },
		{ "again", &all, 2, true, true, SESSION_AWAITING_TOKEN, 20 },
		{ "history is cut", &all, 2, true, true, SESSION_AWAITING_TOKEN,
		    30 },
		{ "token dropped", &drop, 2, false, false,
		    SESSION_AWAITING_TOKEN, 30 },
		{ "back", &all, 2, true, true, SESSION_AWAITING_TOKEN, 40 },
		{ "forgotten", &forget, 0, false, false, SESSION_NEEDS_TOKEN,
		    40 },
	};
	struct job *job;
	char update[8];

	assert_int_equal(fixture_say(f->store, &chat, "x", "hi", ""), STORE_OK);
	job = fixture_take(f->store, &chat, LEASE_MS);
	for (size_t i = 0; i < NELEM(cases); i++) {
		struct session *s;

		assert_non_null(job);
		assert_int_equal(
		    journal_finish(f->store, job, cases[i].outcome), STORE_OK);
		job_free(job);
		snprintf(update, sizeof(update), "%zu", i);
		assert_int_equal(fixture_say(f->store, &chat, update, "hi", ""),
		    STORE_OK);
		job = fixture_take(f->store, &chat, LEASE_MS);
		assert_non_null(job);
		s = &job->given->session;
		if (job->given->nhistory != cases[i].nhistory
		    || (s->token.parent != NULL) != cases[i].token
		    || (s->last_tools != NULL) != cases[i].tools
		    || s->state != cases[i].state
		    || s->tokens_in != cases[i].in)
			fail_msg("%s", cases[i].name);
		assert_int_equal(s->turns, i + 1);
		if (cases[i].token) {
			assert_string_equal(s->token.parent, "parent-token");
			assert_string_equal(s->token.derived, "derived-token");
			assert_int_equal(s->token.derived_until_ms, 99);
			assert_string_equal(s->last_tools, "[\"echo\"]");
		}
	}
	job_free(job);
}

static void
dead_letters(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name chat;
	struct job *job = begin(f, &chat, "dead");

	assert_int_equal(fixture_finish(f->store, job, END_DEAD, "sorry"),
	    STORE_OK);
	assert_int_equal(fixture_finish(f->store, job, END_DEAD, "sorry"),
	    STORE_OK);
	job_free(job);
	assert_int_equal(redis_number(f, "XLEN {p%d}:dead", chat.partition), 1);
	assert_int_equal(
	    redis_number(f, "HGET {p%d}:counts dead", chat.partition), 1);
	assert_int_equal(
	    redis_number(f, "LLEN {p%d}:history:%s", chat.partition, chat.text),
	    0);
}

/* What is sealed belongs to its place. */
static void
moved_values_do_not_open(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name a, b;
	struct job *job = begin(f, &a, "mine");
	struct journal_field step = { .name = "answer:0",
		.text = "secret",
		.len = 6 };
	char name[24];
	bool stopped;
	int n = 0;

	assert_int_equal(journal_write(f->store, job, &step, 1, LEASE_MS,
			     TIME_MS, NULL, &stopped),
	    STORE_OK);
	assert_int_equal(journal_release(f->store, job, 0, false, NULL),
	    STORE_OK);
	job_free(job);
	(void)redis_text(f, "EVAL %s 1 {p%d}:turn:%s",
	    "redis.call('HSET', KEYS[1], 'answer:1', "
	    "redis.call('HGET', KEYS[1], 'answer:0'))",
	    a.partition, a.text);
	job = fixture_take(f->store, &a, LEASE_MS);
	assert_non_null(job);
	assert_int_equal(job->njournal, 1);
	assert_int_equal(job->rc, STORE_NONE);
	job_free(job);

	do /* of the same partition: one slot */
		snprintf(name, sizeof(name), "yours%d", n++);
	while (fixture_chat(name).partition != a.partition);
	job = begin(f, &b, name);
	assert_int_equal(journal_release(f->store, job, 0, false, NULL),
	    STORE_OK);
	job_free(job);
	(void)redis_text(f, "EVAL %s 2 {p%d}:inbox:%s {p%d}:inbox:%s",
	    "redis.call('DEL', KEYS[2]) redis.call('RPUSH', KEYS[2], "
	    "redis.call('LINDEX', KEYS[1], 0))",
	    a.partition, a.text, b.partition, b.text);
	job = fixture_take(f->store, &b, LEASE_MS);
	assert_non_null(job);
	assert_int_equal(job->rc, STORE_NONE);
	assert_string_equal(job->given->message.text, "");
	job_free(job);
}

static void
a_key_that_is_not_here(void **state)
{
	struct redis_fixture *f = *state;
	struct seal_ring *other = redis_fixture_ring(FIXTURE_KEY_2);
	struct store *st = redis_fixture_open(f, other);
	struct chat_name chat;
	struct job *job = begin(f, &chat, "key");

	assert_int_equal(journal_release(f->store, job, 0, false, NULL),
	    STORE_OK);
	job_free(job);
	job = fixture_take(st, &chat, LEASE_MS);
	assert_non_null(job);
	assert_int_equal(job->rc, STORE_UNKNOWN_KEY);
	assert_int_equal(journal_release(st, job, 0, false, NULL), STORE_OK);
	job_free(job);
	job = fixture_take(f->store, &chat, LEASE_MS);
	assert_non_null(job);
	assert_int_equal(job->rc, STORE_OK);
	job_free(job);
	store_close(st);
	seal_ring_free(other);
}

#define TEST(t) cmocka_unit_test_setup(t, redis_fixture_flush)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(steps_come_back),
		TEST(leases),
		TEST(giving_back),
		TEST(the_end_counts_once),
		TEST(what_a_turn_leaves),
		TEST(dead_letters),
		TEST(moved_values_do_not_open),
		TEST(a_key_that_is_not_here),
	};

	return cmocka_run_group_tests(tests, redis_fixture_setup,
	    redis_fixture_teardown);
}
