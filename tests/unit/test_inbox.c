#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "redis/due.h"
#include "redis/session.h"
#include "tests/unit/redis_fixture.h"

static struct arena *mem;

static enum store_rc
put(struct redis_fixture *f, const struct chat_name *chat, const char *update,
    const char *text, const char *address, const struct inbox_limits *limits,
    struct inbox_answer *out)
{
	struct message m = { .update_id = update,
		.text = text,
		.address = address };

	return inbox_put(f->store, chat, &m, limits, mem, out);
}

/* What happens to a message, and what its repeat is then told. */
static void
repeats(void **state)
{
	struct redis_fixture *f = *state;
	enum stage { WAITING, RUNNING, ANSWERED, FORGOTTEN };
	static const struct {
		const char *name;
		enum stage stage;
		const char *text, *address;
		enum store_rc rc;
	} cases[] = {
		{ "waiting, from elsewhere", WAITING, "hi", "b.2",
		    STORE_EXISTS },
		{ "waiting, our own lost answer", WAITING, "hi", "a.1",
		    STORE_OK },
		{ "waiting, other text", WAITING, "ho", "b.2", STORE_CONFLICT },
		{ "running", RUNNING, "hi", "b.2", STORE_EXISTS },
		{ "running, other text", RUNNING, "ho", "", STORE_CONFLICT },
		{ "answered", ANSWERED, "hi", "b.2", STORE_ANSWERED },
		{ "answered, other text", ANSWERED, "ho", "b.2",
		    STORE_CONFLICT },
		{ "no longer kept", FORGOTTEN, "hi", "b.2", STORE_GONE },
	};

	for (size_t i = 0; i < NELEM(cases); i++) {
		struct chat_name chat = fixture_chat(cases[i].name);
		struct inbox_answer first, out;
		struct job *job = NULL;
		enum store_rc rc;

		assert_int_equal(
		    put(f, &chat, "1", "hi", "a.1", &FIXTURE_UNLIMITED, &first),
		    STORE_OK);
		assert_int_equal(first.seq, 1);
		if (cases[i].stage >= RUNNING) {
			job = fixture_take(f->store, &chat, 10000);
			assert_non_null(job);
		}
		if (cases[i].stage >= ANSWERED)
			assert_int_equal(fixture_finish(f->store, job,
					     END_REPLIED, "{\"reply\":1}"),
			    STORE_OK);
		if (cases[i].stage == FORGOTTEN)
			(void)redis_text(f, "DEL {p%d}:reply:%s",
			    chat.partition, first.id);

		rc = put(f, &chat, "1", cases[i].text, cases[i].address,
		    &FIXTURE_UNLIMITED, &out);
		if (rc != cases[i].rc)
			fail_msg("%s: %d", cases[i].name, rc);
		assert_string_equal(out.id, first.id);
		if (rc == STORE_ANSWERED)
			assert_string_equal(out.reply, "{\"reply\":1}");
		if (rc == STORE_EXISTS) {
			assert_true(out.waiting);
			assert_int_equal(redis_number(f,
					     "SISMEMBER {p%d}:wait:%s b.2",
					     chat.partition, first.id),
			    1);
		}
		assert_int_equal(redis_number(f, "HGET {p%d}:counts accepted",
				     chat.partition),
		    1);
		job_free(job);
		redis_fixture_flush(state);
	}
}

static void
finding(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name chat = fixture_chat("find");
	struct inbox_answer out;
	struct job *job;

	assert_int_equal(inbox_find(f->store, &chat, "1", "", mem, &out),
	    STORE_NONE);
	assert_int_equal(fixture_say(f->store, &chat, "0", "a", ""), STORE_OK);
	assert_int_equal(fixture_say(f->store, &chat, "1", "b", ""), STORE_OK);
	assert_int_equal(inbox_find(f->store, &chat, "1", "x.7", mem, &out),
	    STORE_EXISTS);
	assert_int_equal(out.seq, 2);
	assert_int_equal(
	    redis_number(f, "SCARD {p%d}:wait:%s", chat.partition, out.id), 1);
	assert_true(
	    redis_number(f, "TTL {p%d}:wait:%s", chat.partition, out.id) > 0);
	for (int i = 0; i < 2; i++) {
		job = fixture_take(f->store, &chat, 10000);
		assert_non_null(job);
		assert_int_equal(fixture_finish(f->store, job, END_REPLIED,
				     i == 0 ? "A" : "B"),
		    STORE_OK);
		job_free(job);
	}
	assert_int_equal(inbox_find(f->store, &chat, "1", "", mem, &out),
	    STORE_ANSWERED);
	assert_string_equal(out.reply, "B");
	assert_int_equal(out.reply_len, 1);
	(void)redis_text(f, "DEL {p%d}:reply:%s", chat.partition, out.id);
	assert_int_equal(inbox_find(f->store, &chat, "1", "", mem, &out),
	    STORE_GONE);
	assert_int_equal(inbox_find(f->store, &chat, "2", "", mem, &out),
	    STORE_NONE);
}

/* Of several chats and partitions, in one round trip. */
static void
finding_many(void **state)
{
	enum { N = 40 };
	struct redis_fixture *f = *state;
	struct inbox_question q[N + 1] = { 0 };
	char ids[N + 1][MESSAGE_ID_MAX], name[24];
	struct job *job;
	int i;

	for (i = 0; i <= N; i++) {
		snprintf(name, sizeof(name), "many %d", i);
		q[i].chat = fixture_chat(name);
		message_id_make(&q[i].chat, "1", ids[i]);
		q[i].id = ids[i];
		if (i < N) /* the last one never came */
			assert_int_equal(
			    fixture_say(f->store, &q[i].chat, "1", "hi", ""),
			    STORE_OK);
	}
	job = fixture_take(f->store, &q[7].chat, 10000);
	assert_non_null(job);
	assert_int_equal(fixture_finish(f->store, job, END_REPLIED, "seven"),
	    STORE_OK);
	assert_int_equal(inbox_find_all(f->store, q, N + 1, mem), STORE_OK);
	for (i = 0; i <= N; i++)
		if (strcmp(q[i].chat.text, job->chat.text) == 0) {
			assert_int_equal(q[i].rc, STORE_ANSWERED);
			assert_string_equal(q[i].answer.reply, "seven");
		} else {
			assert_int_equal(q[i].rc,
			    i < N ? STORE_EXISTS : STORE_NONE);
		}
	job_free(job);
	redis_fixture_kill(f);
	assert_int_equal(inbox_find_all(f->store, q, N + 1, mem), STORE_DOWN);
	redis_fixture_restart(f);
}

static void
limits(void **state)
{
	struct redis_fixture *f = *state;
	static const struct {
		const char *name;
		struct inbox_limits limits;
		int ok; /* so many are let in */
		enum store_rc then;
	} cases[] = {
		{ "messages", { 0, 3, 1 << 20, 0 }, 3, STORE_FULL },
		{ "bytes", { 0, 100, 2500, 0 }, 2, STORE_FULL },
		{ "rate", { 5, 100, 1 << 20, 0 }, 5, STORE_LIMITED },
		{ "rate of one", { 1, 100, 1 << 20, 0 }, 1, STORE_LIMITED },
		{ "no rate", { 0, 100, 1 << 20, 0 }, 60, STORE_OK },
		{ "a negative rate is none", { -1, 100, 1 << 20, 0 }, 60,
		    STORE_OK },
		{ "a large rate", { 1000000000, 100, 1 << 20, 0 }, 60,
		    STORE_OK },
		{ "full comes before the rate", { 2, 2, 1 << 20, 0 }, 2,
		    STORE_FULL },
	};
	char text[1001];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';

	for (size_t i = 0; i < NELEM(cases); i++) {
		struct chat_name chat = fixture_chat(cases[i].name);
		struct inbox_answer out;
		enum store_rc rc = STORE_OK;
		char update[16];

		for (int n = 0; n <= cases[i].ok; n++) {
			snprintf(update, sizeof(update), "%d", n);
			rc = put(f, &chat, update, text, "", &cases[i].limits,
			    &out);
			if (n < cases[i].ok && rc != STORE_OK)
				fail_msg("%s: %d: %d", cases[i].name, n, rc);
		}
		if (rc != cases[i].then)
			fail_msg("%s: then %d", cases[i].name, rc);
		if (rc == STORE_LIMITED) {
			/* until the first one is more than a minute ago */
			assert_true(out.wait_ms > 55000);
			assert_true(out.wait_ms <= 60001);
		}
		assert_int_equal(redis_number(f, "LLEN {p%d}:inbox:%s",
				     chat.partition, chat.text),
		    cases[i].ok + (rc == STORE_OK));
	}
}

/* So many of ${n} messages, all at once, are let in. */
static int
burst(struct redis_fixture *f, const struct chat_name *chat, int64_t per_minute,
    int n, const char *update, int64_t *wait_ms)
{
	struct inbox_limits l = { .per_minute = per_minute,
		.max = 10000,
		.bytes = 1 << 24 };
	struct inbox_answer out;
	char id[32];
	int in = 0;

	*wait_ms = 0;
	for (int i = 0; i < n; i++) {
		enum store_rc rc;

		snprintf(id, sizeof(id), "%s-%d", update, i);
		rc = put(f, chat, id, "x", "", &l, &out);
		if (rc == STORE_OK)
			in++;
		else
			assert_int_equal(rc, STORE_LIMITED);
		if (rc == STORE_LIMITED)
			*wait_ms = out.wait_ms;
	}
	return in;
}

/* The messages of ${chat} that were let in are so much older. */
static void
age(struct redis_fixture *f, const struct chat_name *chat, int64_t ms)
{
	(void)redis_text(f, "EVAL %s 1 {p%d}:window:%s %lld",
	    "for i, v in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do "
	    "redis.call('LSET', KEYS[1], i - 1, string.format('%.0f', v - "
	    "ARGV[1])) end",
	    chat->partition, chat->text, (long long)ms);
}

static void
never_more_in_any_minute(void **state)
{
	static const int64_t limits[] = { 1, 2, 20, 1000 };
	struct redis_fixture *f = *state;
	int64_t wait;

	for (size_t i = 0; i < NELEM(limits); i++) {
		int n = (int)limits[i];
		char name[16];
		struct chat_name chat;

		snprintf(name, sizeof(name), "exact%d", n);
		chat = fixture_chat(name);
		assert_int_equal(burst(f, &chat, n, n + 5, "a", &wait), n);
		assert_int_equal(redis_number(f, "LLEN {p%d}:window:%s",
				     chat.partition, chat.text),
		    n);
		/* What was refused does not count, and nothing leaks in. */
		age(f, &chat, 35000);
		assert_int_equal(burst(f, &chat, n, n, "b", &wait), 0);
		assert_true(wait <= 25001);
		assert_true(wait > 15000);
		/* The wait is true. */
		age(f, &chat, wait - 2000);
		assert_int_equal(burst(f, &chat, n, 1, "c", &wait), 0);
		age(f, &chat, wait);
		assert_int_equal(burst(f, &chat, n, 1, "d", &wait), 1);
		assert_true(redis_number(f, "PTTL {p%d}:window:%s",
				chat.partition, chat.text)
		    > 55000);
	}
}

/* One that was let in half a minute ago leaves room for the others only. */
static void
a_window_slides(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name chat = fixture_chat("slides");
	int64_t wait;

	assert_int_equal(burst(f, &chat, 10, 4, "a", &wait), 4);
	age(f, &chat, 30000);
	assert_int_equal(burst(f, &chat, 10, 20, "b", &wait), 6);
	age(f, &chat, 30001);
	assert_int_equal(burst(f, &chat, 10, 20, "c", &wait), 4);
	assert_true(wait <= 30001);
	/* Another limit counts what is there. */
	assert_int_equal(burst(f, &chat, 12, 20, "d", &wait), 2);
	assert_int_equal(burst(f, &chat, 3, 20, "e", &wait), 0);
	age(f, &chat, 60001);
	assert_int_equal(burst(f, &chat, 3, 20, "f", &wait), 3);
	assert_int_equal(
	    redis_number(f, "LLEN {p%d}:window:%s", chat.partition, chat.text),
	    3);
}

static void
odd_windows(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name chat = fixture_chat("odd");
	int64_t wait;

	/* A clock went back: as of now, so it heals in a minute. */
	assert_int_equal(burst(f, &chat, 5, 9, "a", &wait), 5);
	age(f, &chat, -3600000);
	assert_int_equal(burst(f, &chat, 5, 9, "b", &wait), 0);
	assert_true(wait > 55000 && wait <= 60001);
	age(f, &chat, 60001);
	assert_int_equal(burst(f, &chat, 5, 9, "c", &wait), 5);
	/* What is none goes, and the chat begins anew. */
	(void)redis_text(f, "DEL {p%d}:window:%s", chat.partition, chat.text);
	(void)redis_text(f, "SET {p%d}:window:%s x", chat.partition, chat.text);
	assert_int_equal(burst(f, &chat, 5, 9, "d", &wait), 5);
	(void)redis_text(f, "LSET {p%d}:window:%s 0 x", chat.partition,
	    chat.text);
	assert_int_equal(burst(f, &chat, 5, 9, "e", &wait), 5);
}

/* Above 1,000 a minute: a tenth at once, then one each 60 s / N. */
static void
a_large_limit_is_smooth(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name chat = fixture_chat("large");
	struct inbox_limits l = { .per_minute = 1200,
		.max = 10000,
		.bytes = 1 << 24 };
	struct inbox_answer out;
	int64_t wait, before = clock_wall_ms(), in, spent;

	in = burst(f, &chat, l.per_minute, 1000, "a", &wait);
	spent = clock_wall_ms() - before;
	assert_true(in >= 120);
	assert_true(in <= 120 + spent / 50 + 1);
	assert_true(wait <= 50);
	assert_int_equal(redis_number(f, "EXISTS {p%d}:window:%s",
			     chat.partition, chat.text),
	    0);
	/* A time far ahead (a clock went back) is cut. */
	(void)redis_text(f, "SET {p%d}:rate:%s 99999999999999999",
	    chat.partition, chat.text);
	assert_int_equal(put(f, &chat, "again", "x", "", &l, &out),
	    STORE_LIMITED);
	assert_true(out.wait_ms <= 51);
}

/* Many are asked for at once: each gets its own. */
static void
states_of_many(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name chats[3] = { fixture_chat("many"),
		fixture_chat("many more"), fixture_chat("nobody") };
	const struct chat_name *who[] = { &chats[0], &chats[1], &chats[2] };
	struct session s[3];

	(void)redis_text(f, "HSET {p%d}:chat:%s state active",
	    chats[0].partition, chats[0].text);
	(void)redis_text(f, "HSET {p%d}:chat:%s state awaiting_token",
	    chats[1].partition, chats[1].text);
	assert_int_equal(session_read(f->store, who, 3, s), STORE_OK);
	assert_true(s[0].exists && s[1].exists);
	assert_int_equal(s[0].state, SESSION_ACTIVE);
	assert_int_equal(s[1].state, SESSION_AWAITING_TOKEN);
	assert_false(s[2].exists);
	assert_int_equal(session_read(f->store, who, 0, s), STORE_OK);
	redis_fixture_kill(f);
	assert_int_equal(session_read(f->store, who, 3, s), STORE_DOWN);
	assert_false(s[0].exists);
	redis_fixture_restart(f);
}

static void
words_that_are_answered_at_once(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name chat = fixture_chat("words");
	const struct chat_name *who = &chat;
	struct inbox_limits l = { .per_minute = 3, .max = 9, .bytes = 9999 };
	struct session s;
	struct job *job;
	int64_t wait;
	bool stopped;

	assert_int_equal(inbox_control(f->store, &chat, COMMAND_STATUS,
			     &FIXTURE_UNLIMITED, mem, &s, &wait),
	    STORE_OK);
	assert_false(s.exists || s.running);
	assert_int_equal(
	    redis_number(f, "EXISTS {p%d}:chat:%s", chat.partition, chat.text),
	    0); /* asking leaves nothing behind */
	assert_int_equal(session_read(f->store, &who, 1, &s), STORE_OK);
	assert_false(s.exists);
	assert_non_null(
	    redis_text(f, "SET {p%d}:chat:%s x", chat.partition, chat.text));
	assert_int_equal(session_read(f->store, &who, 1, &s), STORE_OK);
	assert_false(s.exists); /* damaged */
	assert_int_equal(
	    redis_number(f, "DEL {p%d}:chat:%s", chat.partition, chat.text), 1);
	/* Stop with nothing to stop must not stop what comes later. */
	assert_int_equal(inbox_control(f->store, &chat, COMMAND_STOP,
			     &FIXTURE_UNLIMITED, mem, &s, &wait),
	    STORE_OK);
	assert_int_equal(fixture_say(f->store, &chat, "1", "a", ""), STORE_OK);
	job = fixture_take(f->store, &chat, 10000);
	assert_non_null(job);
	assert_false(job->stop);

	for (int i = 0; i < 3; i++)
		assert_int_equal(inbox_control(f->store, &chat,
				     i == 2 ? COMMAND_STOP : COMMAND_STATUS, &l,
				     mem, &s, &wait),
		    STORE_OK);
	assert_true(s.running);
	assert_int_equal(s.waiting, 1);
	assert_int_equal(
	    inbox_control(f->store, &chat, COMMAND_STATUS, &l, mem, &s, &wait),
	    STORE_LIMITED);
	assert_true(wait > 45000 && wait <= 60001);
	assert_int_equal(
	    journal_write(f->store, job, NULL, 0, 10000, 60000, NULL, &stopped),
	    STORE_OK);
	assert_true(stopped);
	/* The message behind it is not stopped. */
	assert_int_equal(fixture_say(f->store, &chat, "2", "b", ""), STORE_OK);
	assert_int_equal(fixture_finish(f->store, job, END_REFUSED, "stopped"),
	    STORE_OK);
	job_free(job);
	job = fixture_take(f->store, &chat, 10000);
	assert_non_null(job);
	assert_false(job->stop);
	assert_true(job->given->session.exists);
	/* Who only asks is not limited, nor counts for who is. */
	assert_int_equal(
	    redis_number(f, "DEL {p%d}:window:%s", chat.partition, chat.text),
	    1);
	assert_int_equal(session_read(f->store, &who, 1, &s), STORE_OK);
	assert_true(s.exists);
	assert_int_equal(s.state, job->given->session.state);
	assert_int_equal(redis_number(f, "EXISTS {p%d}:window:%s",
			     chat.partition, chat.text),
	    0);

	/* One that waits to be tried again is stopped at once. */
	assert_int_equal(journal_release(f->store, job, 60000, true, NULL),
	    STORE_OK);
	job_free(job);
	assert_null(fixture_take(f->store, &chat, 10000));
	assert_int_equal(inbox_control(f->store, &chat, COMMAND_STOP,
			     &FIXTURE_UNLIMITED, mem, &s, &wait),
	    STORE_OK);
	job = fixture_take(f->store, &chat, 10000);
	assert_non_null(job);
	assert_true(job->stop);
	assert_int_equal(job->failures, 1);
	job_free(job);
}

static void
seen_stays_small(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name chat = fixture_chat("seen");
	char update[16];

	for (int i = 0; i < 300; i++) {
		struct job *job;

		snprintf(update, sizeof(update), "%d", i);
		assert_int_equal(fixture_say(f->store, &chat, update, "x", ""),
		    STORE_OK);
		job = fixture_take(f->store, &chat, 10000);
		assert_non_null(job);
		assert_int_equal(
		    fixture_finish(f->store, job, END_REPLIED, NULL), STORE_OK);
		job_free(job);
		assert_true(redis_number(f, "ZCARD {p%d}:seen:%s",
				chat.partition, chat.text)
		    <= 128);
	}
	assert_string_equal(redis_text(f, "OBJECT ENCODING {p%d}:seen:%s",
				chat.partition, chat.text),
	    "listpack");
	assert_true(
	    redis_number(f, "TTL {p%d}:seen:%s", chat.partition, chat.text)
	    > 86000);
	assert_int_equal(fixture_say(f->store, &chat, "299", "x", ""),
	    STORE_GONE);
	/* What an idle chat leaves behind. */
	assert_int_equal(
	    redis_number(f, "EXISTS {p%d}:turn:%s", chat.partition, chat.text),
	    0);
	assert_int_equal(
	    redis_number(f, "EXISTS {p%d}:inbox:%s", chat.partition, chat.text),
	    0);
	assert_int_equal(
	    redis_number(f, "LLEN {p%d}:history:%s", chat.partition, chat.text),
	    0); /* these had no reply to write down */
	assert_int_equal(
	    redis_number(f, "HLEN {p%d}:chat:%s", chat.partition, chat.text),
	    6); /* seq, hour, done, ended, turns, state */
}

static void
nothing_is_readable(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name chat = fixture_chat("sealed");
	const char *entry;

	assert_int_equal(
	    fixture_say(f->store, &chat, "1", "planted-text", "a.1"), STORE_OK);
	entry = redis_text(f, "LINDEX {p%d}:inbox:%s 0", chat.partition,
	    chat.text);
	assert_non_null(entry);
	assert_null(strstr(entry, "planted"));
	assert_non_null(strstr(entry, " message a.1 "));
}

static int
setup(void **state)
{
	arena_reset(mem);
	return redis_fixture_flush(state);
}

#define TEST(t) cmocka_unit_test_setup(t, setup)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(repeats),
		TEST(finding),
		TEST(finding_many),
		TEST(limits),
		TEST(never_more_in_any_minute),
		TEST(a_window_slides),
		TEST(odd_windows),
		TEST(a_large_limit_is_smooth),
		TEST(states_of_many),
		TEST(words_that_are_answered_at_once),
		TEST(seen_stays_small),
		TEST(nothing_is_readable),
	};
	int rc;

	mem = arena_new();
	rc = cmocka_run_group_tests(tests, redis_fixture_setup,
	    redis_fixture_teardown);
	arena_free(mem);
	return rc;
}
