#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "nouns/metric.h"
#include "redis/due.h"
#include "redis/fleet.h"
#include "redis/format.h"
#include "tests/unit/redis_fixture.h"

#define LEASE_MS 10000
#define SHORT_MS 30
#define PATIENCE_MS 30000 /* waited out only where something is wrong */

static void
moment(int ms)
{
	const struct timespec t = { .tv_sec = ms / 1000,
		.tv_nsec = (ms % 1000) * 1000000L };

	nanosleep(&t, NULL);
}

/* Until the lease of a holder that died has passed. */
static struct job *
take_when_due(struct redis_fixture *f, const struct chat_name *chat,
    int64_t lease_ms)
{
	int64_t until = clock_boot_ms() + PATIENCE_MS;
	struct job *job;

	while ((job = fixture_take(f->store, chat, lease_ms)) == NULL
	    && clock_boot_ms() < until)
		moment(2);
	return job;
}

static int64_t
score(struct redis_fixture *f, const struct chat_name *chat)
{
	return redis_number(f, "ZSCORE {p%d}:due %s", chat->partition,
	    chat->text);
}

static void
a_job_holds_what_the_turn_needs(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name chat = fixture_chat("a/b c");
	struct job *job;
	int64_t before = clock_wall_ms();

	assert_null(fixture_take(f->store, &chat, LEASE_MS));
	assert_int_equal(fixture_say(f->store, &chat, "1", "one", "p.9"),
	    STORE_OK);
	assert_int_equal(fixture_say(f->store, &chat, "2", "two", ""),
	    STORE_OK);
	job = fixture_take(f->store, &chat, LEASE_MS);
	assert_non_null(job);
	assert_string_equal(job->chat.text, "default/http/a/b c");
	assert_string_equal(job->given->message.text, "one");
	assert_string_equal(job->given->message.address, "p.9");
	assert_int_equal(strlen(job->token), 32);
	assert_int_equal(job->given->seq, 1);
	assert_int_equal(job->attempt, 1);
	assert_int_equal(job->crashes, 0);
	assert_int_equal(job->failures, 0);
	assert_int_equal(job->njournal, 0);
	assert_int_equal(job->given->nhistory, 0);
	assert_int_equal(job->given->session.waiting, 2);
	assert_false(
	    job->given->session.exists || job->given->expired || job->stop);
	assert_true(job->started_ms >= before - 1);
	assert_true(job->given->accepted_ms >= before - 1);
	assert_int_equal(job->rc, STORE_OK);
	/* One turn at a time. */
	assert_null(fixture_take(f->store, &chat, LEASE_MS));
	assert_int_equal(fixture_finish(f->store, job, END_REPLIED, "One."),
	    STORE_OK);
	job_free(job);

	job = fixture_take(f->store, &chat, LEASE_MS);
	assert_non_null(job);
	assert_string_equal(job->given->message.text, "two");
	assert_int_equal(job->given->nhistory, 1);
	assert_string_equal(job->given->history[0].user, "one");
	assert_string_equal(job->given->history[0].assistant, "One.");
	assert_true(job->given->session.exists);
	assert_int_equal(job->given->session.state, SESSION_ACTIVE);
	assert_int_equal(job->given->session.turns, 1);
	assert_int_equal(fixture_finish(f->store, job, END_REPLIED, "Two."),
	    STORE_OK);
	job_free(job);
	assert_int_equal(score(f, &chat), -1);
}

static void
a_holder_that_dies(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name chat = fixture_chat("dies");
	struct journal_field step = { .name = "answer:0",
		.text = "thinking",
		.len = 8 };
	struct job *first, *second;
	bool stopped;

	assert_int_equal(fixture_say(f->store, &chat, "1", "hi", ""), STORE_OK);
	first = fixture_take(f->store, &chat, SHORT_MS);
	assert_non_null(first);
	assert_int_equal(journal_write(f->store, first, &step, 1, SHORT_MS,
			     60000, NULL, &stopped),
	    STORE_OK);
	second = take_when_due(f, &chat, LEASE_MS);
	assert_non_null(second);
	assert_string_not_equal(first->token, second->token);
	assert_int_equal(second->crashes, 1);
	assert_int_equal(second->attempt, 2);
	assert_int_equal(second->started_ms, first->started_ms);
	assert_int_equal(second->njournal, 1);
	assert_string_equal(second->journal[0].name, "answer:0");
	assert_string_equal(second->journal[0].text, "thinking");

	/* It was only slow: whatever it tries now is refused. */
	assert_int_equal(journal_write(f->store, first, &step, 1, LEASE_MS,
			     60000, NULL, &stopped),
	    STORE_LOST);
	assert_int_equal(journal_release(f->store, first, 0, false, NULL),
	    STORE_LOST);
	assert_int_equal(fixture_finish(f->store, first, END_REPLIED, "A"),
	    STORE_LOST);
	assert_int_equal(fixture_finish(f->store, second, END_REPLIED, "B"),
	    STORE_OK);
	assert_int_equal(
	    redis_number(f, "HGET {p%d}:counts replied", chat.partition), 1);
	job_free(first);
	job_free(second);
}

static void
poison(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name chat = fixture_chat("poison");
	struct chat_name other = { .partition = -1 };
	struct job *job;
	char name[16], update[16];

	assert_int_equal(fixture_say(f->store, &chat, "1", "boom", ""),
	    STORE_OK);
	for (int crash = 1; crash <= 5; crash++) {
		job = fixture_take(f->store, &chat, SHORT_MS);
		assert_non_null(job);
		assert_int_equal(job->crashes, crash == 1 ? 0 : crash - 1);
		job_free(job); /* and nothing more: it died */
		if (crash == 1) {
			job = take_when_due(f, &chat, SHORT_MS);
			assert_non_null(job);
			assert_int_equal(job->crashes, 1);
			job_free(job);
			crash = 2;
		}
		/* Its lease passes; the next look puts it off. */
		fixture_hurry(f);
		int64_t before = clock_wall_ms();

		assert_null(fixture_take(f->store, &chat, SHORT_MS));
		assert_int_equal(redis_number(f, "HEXISTS {p%d}:chat:%s token",
				     chat.partition, chat.text),
		    0);
		int64_t due = score(f, &chat);

		assert_true(due - before >= 750 * (1 << crash));
		assert_true(due - clock_wall_ms() <= 1250 * (1 << crash));
		/* Others of the partition are served meanwhile. */
		for (int i = 0; other.partition != chat.partition; i++) {
			snprintf(name, sizeof(name), "other%d", i);
			other = fixture_chat(name);
		}
		snprintf(update, sizeof(update), "%d", crash);
		assert_int_equal(
		    fixture_say(f->store, &other, update, "hi", ""), STORE_OK);
		job = fixture_take(f->store, &other, LEASE_MS);
		assert_non_null(job);
		assert_string_equal(job->given->message.text, "hi");
		assert_int_equal(
		    fixture_finish(f->store, job, END_REPLIED, "x"), STORE_OK);
		job_free(job);
		fixture_hurry(f); /* the wait passes */
	}
	job = fixture_take(f->store, &chat, LEASE_MS);
	assert_non_null(job);
	assert_int_equal(job->crashes, 5);
	assert_int_equal(fixture_finish(f->store, job, END_DEAD, "sorry"),
	    STORE_OK);
	job_free(job);
	assert_int_equal(redis_number(f, "XLEN {p%d}:dead", chat.partition), 1);
	assert_int_equal(redis_number(f, "HEXISTS {p%d}:chat:%s crashes",
			     chat.partition, chat.text),
	    0);
}

static void
odd_jobs(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name chat = fixture_chat("odd");
	struct job *job, *jobs[4];
	unsigned partitions;
	int64_t next, before = clock_wall_ms();

	/* Nothing waits: the entry goes, and a token with it. */
	(void)redis_text(f, "ZADD {p%d}:due 1 %s", chat.partition, chat.text);
	(void)redis_text(f, "HSET {p%d}:chat:%s token x", chat.partition,
	    chat.text);
	assert_null(fixture_take(f->store, &chat, LEASE_MS));
	assert_int_equal(score(f, &chat), -1);
	assert_int_equal(
	    redis_number(f, "EXISTS {p%d}:chat:%s", chat.partition, chat.text),
	    0);

	/* A newer release's record is left to it. */
	assert_int_equal(fixture_say(f->store, &chat, "1", "hi", ""), STORE_OK);
	(void)redis_text(f, "HSET {p%d}:chat:%s v %d", chat.partition,
	    chat.text, FORMAT_NEWEST + 1);
	assert_null(fixture_take(f->store, &chat, LEASE_MS));
	assert_true(score(f, &chat) >= before + 1000);
	(void)redis_text(f, "HDEL {p%d}:chat:%s v", chat.partition, chat.text);

	/* More than an hour ahead: a clock went back. */
	(void)redis_text(f, "ZADD {p%d}:due %lld %s", chat.partition,
	    (long long)clock_wall_ms() + 2 * 3600000, chat.text);
	job = fixture_take(f->store, &chat, LEASE_MS);
	assert_non_null(job);

	/* How long to wait is told, by a glance too. */
	assert_int_equal(journal_release(f->store, job, 5000, false, NULL),
	    STORE_OK);
	job_free(job);
	next = 0;
	partitions = 1u << chat.partition;
	assert_int_equal(
	    due_take(f->store, NULL, &partitions, 4, LEASE_MS, 0, jobs, &next),
	    0);
	assert_int_equal(partitions, 0);
	assert_true(next >= before + 5000);
	assert_true(next < clock_wall_ms() + 5001);
	assert_int_equal(due_look(f->store, NULL, &partitions, &next), 0);
	assert_int_equal(partitions, 0);
	assert_true(next >= before + 5000);
	assert_true(next < clock_wall_ms() + 5001);

	/* Also when something was taken. */
	struct chat_name other = fixture_chat("another");

	assert_int_equal(fixture_say(f->store, &other, "1", "x", ""), STORE_OK);
	assert_int_equal(due_look(f->store, NULL, &partitions, &next), 0);
	assert_int_equal(partitions, 1u << other.partition);
	next = 0;
	partitions = DUE_ALL;
	assert_int_equal(
	    due_take(f->store, NULL, &partitions, 16, 60000, 0, jobs, &next),
	    1);
	assert_true(next >= before + 5000);
	assert_true(next < clock_wall_ms() + 5001);
	job_free(jobs[0]);
	(void)redis_text(f, "ZREM {p%d}:due %s", other.partition, other.text);

	/* Too old for its first step. */
	fixture_hurry(f);
	moment(5);
	partitions = 1u << chat.partition;
	assert_int_equal(
	    due_take(f->store, NULL, &partitions, 1, LEASE_MS, 1, jobs, NULL),
	    1);
	assert_true(jobs[0]->given->expired);
	struct journal_field step = { .name = "answer:0",
		.text = "x",
		.len = 1 };
	bool stopped;

	assert_int_equal(journal_write(f->store, jobs[0], &step, 1, LEASE_MS, 0,
			     NULL, &stopped),
	    STORE_OK);
	assert_int_equal(journal_release(f->store, jobs[0], 0, false, NULL),
	    STORE_OK);
	job_free(jobs[0]);
	partitions = 1u << chat.partition;
	assert_int_equal(
	    due_take(f->store, NULL, &partitions, 1, LEASE_MS, 1, jobs, NULL),
	    1);
	assert_false(jobs[0]->given->expired);
	job_free(jobs[0]);
}

/* What a newer release put there: nobody but its workers may touch it. */
static void
other_kinds_are_left_alone(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name chat = fixture_chat("kinds"), other;
	int64_t before = clock_wall_ms();
	struct job *job;
	char name[16];

	for (int i = 0;; i++) {
		snprintf(name, sizeof(name), "k%d", i);
		other = fixture_chat(name);
		if (other.partition == chat.partition)
			break;
	}
	(void)redis_text(f, "ZADD {p%d}:due 1 task:7 2 %s", chat.partition,
	    chat.text);
	(void)redis_text(f, "RPUSH {p%d}:inbox:%s %s", chat.partition,
	    chat.text, "0123 1 1 later - 00\nbody");
	assert_int_equal(fixture_say(f->store, &other, "1", "hi", ""),
	    STORE_OK);
	job = fixture_take(f->store, &chat, LEASE_MS);
	assert_non_null(job); /* the next one is served */
	assert_string_equal(job->chat.text, other.text);
	job_free(job);
	assert_true(score(f, &chat) >= before + 1000);
	assert_true(redis_number(f, "ZSCORE {p%d}:due task:7", chat.partition)
	    >= before + 1000);
	assert_int_equal(
	    redis_number(f, "LLEN {p%d}:inbox:%s", chat.partition, chat.text),
	    1);
	assert_int_equal(
	    redis_number(f, "EXISTS {p%d}:chat:%s", chat.partition, chat.text),
	    0);
}

/* Thousands of them do not come again each second, and all at once. */
static void
many_of_another_kind_are_put_off(void **state)
{
	enum { MANY = 3000, ROUNDS = 1000 };
	struct redis_fixture *f = *state;
	struct chat_name chat = fixture_chat("many");
	unsigned partitions = 1u << chat.partition;
	struct job *job = NULL, *jobs[1];
	int64_t now;
	int i;

	(void)redis_text(f, "EVAL %s 1 {p%d}:due %d",
	    "for i = 1, ARGV[1] do "
	    "redis.call('ZADD', KEYS[1], i, 'task:' .. i) end",
	    chat.partition, MANY);
	assert_int_equal(fixture_say(f->store, &chat, "1", "hi", ""), STORE_OK);
	for (i = 0; i < ROUNDS && job == NULL; i++) {
		partitions = 1u << chat.partition;
		if (due_take(f->store, NULL, &partitions, 1, LEASE_MS, 1, jobs,
			NULL)
		    == 1)
			job = jobs[0];
	}
	assert_non_null(job);
	job_free(job);
	now = clock_wall_ms();
	assert_int_equal(redis_number(f, "ZCARD {p%d}:due", chat.partition),
	    MANY + 1);
	assert_true(redis_number(f, "ZCOUNT {p%d}:due -inf %lld",
			chat.partition, (long long)now + 20000)
	    < MANY / 5);
	assert_true(redis_number(f, "ZCOUNT {p%d}:due -inf %lld",
			chat.partition, (long long)now + 50000)
	    < MANY / 5 * 2);
	assert_true(redis_number(f, "ZCOUNT {p%d}:due -inf %lld",
			chat.partition, (long long)now + 92000)
	    == MANY + 1);
}

static void
the_format_that_is_written(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name chat = fixture_chat("format");
	struct journal_field step = { .name = "answer:0",
		.text = "x",
		.len = 1,
		.version = FORMAT_STEPS };
	struct store *st = redis_fixture_open(f, f->ring);
	struct job *job;
	int64_t stored;
	bool stopped;

	/* An empty Redis has no older release's workers. */
	assert_int_equal(format_now(st), FORMAT_FIRST);
	assert_int_equal(store_canary(st), STORE_OK);
	assert_int_equal(format_now(st), FORMAT_NEWEST);
	assert_int_equal(redis_number(f, "GET {fleet}:format"), FORMAT_NEWEST);
	/* Where there is none they may still run. */
	(void)redis_text(f, "DEL {fleet}:format");
	assert_int_equal(store_canary(st), STORE_OK);
	assert_int_equal(format_now(st), FORMAT_FIRST);
	assert_int_equal(format_read(st, &stored), STORE_OK);
	assert_int_equal(stored, 0);
	/* Emptied, it gets back what was known. */
	redis_fixture_flush(state);
	assert_int_equal(store_canary(st), STORE_OK);
	assert_int_equal(redis_number(f, "GET {fleet}:format"), FORMAT_FIRST);
	assert_int_equal(redis_number(f, "HLEN canary"), 1);
	assert_int_equal(format_set(st, FORMAT_NEWEST + 5), STORE_OK);
	assert_int_equal(format_now(st), FORMAT_NEWEST);
	/* What is no version changes nothing. */
	(void)redis_text(f, "SET {fleet}:format x");
	assert_int_equal(store_canary(st), STORE_OK);
	assert_int_equal(format_read(st, &stored), STORE_NONE);
	assert_int_equal(format_now(st), FORMAT_NEWEST);

	/* The record says which version its journal has, until it ends. */
	assert_int_equal(fixture_say(st, &chat, "1", "hi", ""), STORE_OK);
	job = fixture_take(st, &chat, LEASE_MS);
	assert_non_null(job);
	assert_int_equal(job->format, FORMAT_STEPS);
	assert_int_equal(
	    journal_write(st, job, &step, 1, LEASE_MS, 0, NULL, &stopped),
	    STORE_OK);
	assert_int_equal(
	    redis_number(f, "HGET {p%d}:chat:%s v", chat.partition, chat.text),
	    2);
	step.version = FORMAT_NEWEST + 1;
	assert_int_equal(journal_release(st, job, 0, false, &step), STORE_OK);
	job_free(job);
	assert_null(fixture_take(st, &chat, LEASE_MS)); /* newer than we are */
	(void)redis_text(f, "HSET {p%d}:chat:%s v 2", chat.partition,
	    chat.text);
	fixture_hurry(f);
	job = fixture_take(st, &chat, LEASE_MS);
	assert_non_null(job);
	assert_int_equal(job->njournal, 1);
	assert_int_equal(fixture_finish(st, job, END_REPLIED, "x"), STORE_OK);
	job_free(job);
	assert_int_equal(redis_number(f, "HEXISTS {p%d}:chat:%s v",
			     chat.partition, chat.text),
	    0);
	store_close(st);
}

/* What /stop promised is kept, to the last moment; then it says so. */
static void
a_stop_before_the_end(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name chat = fixture_chat("stop");
	struct session session;
	struct arena *mem = arena_new();
	struct job *job;
	int64_t wait;

	assert_int_equal(inbox_control(f->store, &chat, COMMAND_STOP,
			     &FIXTURE_UNLIMITED, mem, &session, &wait),
	    STORE_OK);
	assert_int_equal(session.waiting, 0);
	assert_int_equal(session.ended_ms, -1);
	assert_int_equal(fixture_say(f->store, &chat, "1", "hi", ""), STORE_OK);
	job = fixture_take(f->store, &chat, LEASE_MS);
	assert_non_null(job);
	assert_int_equal(inbox_control(f->store, &chat, COMMAND_STOP,
			     &FIXTURE_UNLIMITED, mem, &session, &wait),
	    STORE_OK);
	assert_int_equal(session.waiting, 1);
	assert_int_equal(fixture_finish(f->store, job, END_REPLIED, "x"),
	    STORE_STOPPED);
	assert_int_equal(fixture_finish(f->store, job, END_REFUSED, "x"),
	    STORE_OK);
	assert_int_equal(fixture_finish(f->store, job, END_REPLIED, "x"),
	    STORE_OK); /* its own repeat */
	assert_int_equal(
	    redis_number(f, "HGET {p%d}:counts refused", chat.partition), 1);
	job_free(job);
	assert_int_equal(inbox_control(f->store, &chat, COMMAND_STOP,
			     &FIXTURE_UNLIMITED, mem, &session, &wait),
	    STORE_OK);
	assert_int_equal(session.waiting, 0);
	assert_true(session.ended_ms >= 0 && session.ended_ms < 5000);
	arena_free(mem);
}

/* Each address that waits costs a wake-up at the end. */
static void
many_wait_for_one_message(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name chat = fixture_chat("crowd");
	char address[24];
	enum store_rc rc;

	assert_int_equal(fixture_say(f->store, &chat, "1", "hi", "p.0"),
	    STORE_OK);
	for (int i = 1; i <= 300; i++) {
		snprintf(address, sizeof(address), "p.%d", i);
		rc = fixture_say(f->store, &chat, "1", "hi", address);
		if (rc != (i <= 256 ? STORE_EXISTS : STORE_CROWDED))
			fail_msg("%d: %d", i, rc);
	}
	/* Who waits already may ask again. */
	assert_int_equal(fixture_say(f->store, &chat, "1", "hi", "p.7"),
	    STORE_EXISTS);
	assert_int_equal(fixture_say(f->store, &chat, "1", "hi", ""),
	    STORE_EXISTS);
}

static void
pausing(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name chat = fixture_chat("pause");
	struct job *job;
	bool paused;

	assert_int_equal(fleet_pause(f->store, true), STORE_OK);
	assert_int_equal(fleet_is_paused(f->store, &paused), STORE_OK);
	assert_true(paused);
	assert_int_equal(fixture_say(f->store, &chat, "1", "hi", ""), STORE_OK);
	assert_null(fixture_take(f->store, &chat, LEASE_MS));
	assert_int_equal(fleet_pause(f->store, false), STORE_OK);
	assert_int_equal(fleet_is_paused(f->store, &paused), STORE_OK);
	assert_false(paused);
	job = fixture_take(f->store, &chat, LEASE_MS);
	assert_non_null(job);
	job_free(job);
}

static void
few_slots_are_enough(void **state)
{
	struct redis_fixture *f = *state;
	struct job *jobs[32];
	char name[16];
	int n;

	for (int i = 0; i < 32; i++) {
		struct chat_name chat;

		snprintf(name, sizeof(name), "w%d", i);
		chat = fixture_chat(name);
		assert_int_equal(fixture_say(f->store, &chat, "1", "hi", ""),
		    STORE_OK);
	}
	n = fixture_take_all(f->store, 1, LEASE_MS, jobs);
	assert_int_equal(n, 1);
	n += fixture_take_all(f->store, 3, LEASE_MS, jobs + 1);
	assert_int_equal(n, 4);
	for (int i = 0; i < 32 && n < 32; i++) {
		int got = fixture_take_all(f->store, 32 - n, LEASE_MS,
		    jobs + n);

		assert_true(got > 0);
		n += got;
	}
	assert_int_equal(n, 32);
	for (int i = 0; i < n; i++)
		job_free(jobs[i]);
}

/* DESIGN.md: 1 to accept, 6 for a turn with a tool call, all in all. */
static void
round_trips(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name chat = fixture_chat("trips");
	struct journal_field step = { .name = "answer:0",
		.text = "x",
		.len = 1 };
	struct budget_change settle = { .reserved = 10, .spent = 5, .day = 1 };
	int64_t before = metric_total(METRIC_REDIS_ROUND_TRIPS, 0);
	struct job *job;
	bool stopped;

	/* The scripts are known from the tests before, but for the budget's:
	 * the first settlement costs one trip more. */
	assert_int_equal(fixture_say(f->store, &chat, "1", "hi", ""), STORE_OK);
	assert_int_equal(metric_total(METRIC_REDIS_ROUND_TRIPS, 0), before + 1);
	job = fixture_take(f->store, &chat, LEASE_MS);
	assert_non_null(job);
	assert_int_equal(metric_total(METRIC_REDIS_ROUND_TRIPS, 0), before + 2);
	assert_int_equal(journal_write(f->store, job, &step, 1, LEASE_MS, 60000,
			     &settle, &stopped),
	    STORE_OK);
	assert_int_equal(metric_total(METRIC_REDIS_ROUND_TRIPS, 0), before + 4);
	assert_int_equal(journal_write(f->store, job, &step, 1, LEASE_MS, 60000,
			     &settle, &stopped),
	    STORE_OK);
	assert_int_equal(metric_total(METRIC_REDIS_ROUND_TRIPS, 0), before + 5);
	assert_int_equal(fixture_finish(f->store, job, END_REPLIED, "x"),
	    STORE_OK);
	assert_int_equal(metric_total(METRIC_REDIS_ROUND_TRIPS, 0), before + 6);
	job_free(job);
}

/* ---- order ---- */

#define ORDER_THREADS 4
#define ORDER_MESSAGES 50

struct order {
	struct redis_fixture *f;
	struct chat_name chat;
	_Atomic int running, done, wrong;
};

static void *
order_worker(void *arg)
{
	struct order *o = arg;

	while (atomic_load(&o->done) < ORDER_MESSAGES) {
		struct job *job = fixture_take(o->f->store, &o->chat, LEASE_MS);
		char expected[16];

		if (job == NULL) {
			moment(2);
			continue;
		}
		if (atomic_fetch_add(&o->running, 1) != 0)
			atomic_fetch_add(&o->wrong, 1); /* two at a time */
		snprintf(expected, sizeof(expected), "m%d",
		    atomic_load(&o->done));
		if (strcmp(job->given->message.text, expected) != 0)
			atomic_fetch_add(&o->wrong, 1);
		atomic_fetch_sub(&o->running, 1);
		atomic_fetch_add(&o->done, 1);
		if (fixture_finish(o->f->store, job, END_REPLIED, "ok")
		    != STORE_OK)
			atomic_fetch_add(&o->wrong, 1);
		job_free(job);
	}
	return NULL;
}

static void
fifty_messages_keep_their_order(void **state)
{
	struct order o = { .f = *state, .chat = fixture_chat("order") };
	pthread_t threads[ORDER_THREADS];
	char text[16];

	for (int i = 0; i < ORDER_THREADS; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, order_worker, &o), 0);
	for (int i = 0; i < ORDER_MESSAGES; i++) {
		snprintf(text, sizeof(text), "m%d", i);
		assert_int_equal(
		    fixture_say(o.f->store, &o.chat, text, text, ""), STORE_OK);
	}
	for (int i = 0; i < ORDER_THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&o.wrong), 0);
	assert_int_equal(atomic_load(&o.done), ORDER_MESSAGES);
}

/* ---- a random run ---- */

#define RUN_CHATS 24
#define RUN_MESSAGES 15 /* a chat */
#define RUN_THREADS 4
#define RUN_SECONDS 60 /* then something is stuck */

struct run {
	struct redis_fixture *f;
	struct chat_name chats[RUN_CHATS];
	/* A bit for each message that ended, for it may only once.  (Their
	 * order cannot be seen from here: another worker may end the next one
	 * before this one comes to write down that its own did.) */
	_Atomic unsigned ends[RUN_CHATS];
	_Atomic int wrong;
	_Atomic bool over;
	bool redis_dies;
	unsigned seed;
};

struct run_worker {
	struct run *run;
	unsigned seed;
};

static unsigned
dice(unsigned *seed, unsigned sides)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 16) % sides;
}

static void
run_job(struct run_worker *w, struct job *job)
{
	struct run *run = w->run;
	struct store *st = run->f->store;
	struct journal_field step = { .name = "answer:0",
		.text = "a step",
		.len = 6 };
	int chat = atoi(chat_name_chat(&job->chat));
	int number = atoi(job->given->message.text);
	enum turn_end end = END_REPLIED;
	enum store_rc rc;
	bool stopped;

	if (dice(&w->seed, 3) == 0
	    && journal_write(st, job, &step, 1, SHORT_MS * 10, 60000, NULL,
		   &stopped)
		== STORE_LOST)
		return;
	switch (dice(&w->seed, 12)) {
	case 0: /* dies */
		return;
	case 1: /* stalls past its lease, and goes on */
		moment(SHORT_MS + 10);
		break;
	case 2:
		(void)!journal_release(st, job, dice(&w->seed, 20), true, NULL);
		return;
	default:
		break;
	}
	if (job->crashes >= 5 || job->failures >= 5)
		end = END_DEAD;
	do
		rc = fixture_finish(st, job, end, "reply");
	while (rc == STORE_DOWN && run->redis_dies && dice(&w->seed, 50) != 0);
	if (rc == STORE_LOST || (rc == STORE_DOWN && run->redis_dies))
		return;
	if (rc != STORE_OK
	    || (atomic_fetch_or(&run->ends[chat], 1u << number) & 1u << number)
		!= 0)
		atomic_fetch_add(&run->wrong, 1);
	if (dice(&w->seed, 4) == 0) {
		/* A repeat; another may have taken the next one by now. */
		rc = fixture_finish(st, job, end, "reply");
		if (rc != STORE_OK && rc != STORE_LOST && !run->redis_dies)
			atomic_fetch_add(&run->wrong, 1);
	}
}

static void *
run_worker(void *arg)
{
	struct run_worker *w = arg;
	struct run *run = w->run;
	struct wake *wake = wake_new(run->f->store, "run", DUE_ALL);
	unsigned todo = 0, due;

	assert_non_null(wake);
	while (!atomic_load(&run->over)) {
		struct job *jobs[4];
		int64_t next;
		int n;

		(void)!wake_wait(wake, todo != 0 ? 0 : 10);
		todo |= wake_heard(wake);
		if (todo == 0 || dice(&w->seed, 2) == 0) {
			(void)!due_look(run->f->store, wake, &due, &next);
			todo |= due;
		}
		n = due_take(run->f->store, wake, &todo, 4, SHORT_MS, 0, jobs,
		    NULL);
		for (int i = 0; i < n; i++) {
			run_job(w, jobs[i]);
			job_free(jobs[i]);
		}
	}
	wake_leave(wake);
	wake_free(wake);
	return NULL;
}

static void *
run_edge(void *arg)
{
	struct run_worker *w = arg;
	char update[16], text[16];

	for (int m = 0; m < RUN_MESSAGES; m++)
		for (int c = 0; c < RUN_CHATS; c++) {
			enum store_rc rc;

			snprintf(update, sizeof(update), "u%d", m);
			snprintf(text, sizeof(text), "%d", m);
			do
				rc = fixture_say(w->run->f->store,
				    &w->run->chats[c], update, text, "");
			while (!atomic_load(&w->run->over)
			    && (rc == STORE_DOWN || /* as a client would */
				dice(&w->seed, 5) == 0));
			if (rc != STORE_OK && rc != STORE_EXISTS
			    && rc != STORE_ANSWERED)
				atomic_fetch_add(&w->run->wrong, 1);
		}
	return NULL;
}

static int64_t
run_ended(const struct fleet_counts *c)
{
	return c->ended[END_REPLIED] + c->ended[END_DEAD];
}

static void
random_run(struct redis_fixture *f, bool redis_dies)
{
	struct run *run = calloc(1, sizeof(*run));
	struct run_worker workers[RUN_THREADS + 1];
	pthread_t threads[RUN_THREADS + 1];
	struct fleet_counts counts = { 0 };
	const char *given = getenv("DRAGOMAN_TEST_SEED");
	int64_t until = clock_boot_ms() + RUN_SECONDS * 1000;

	assert_non_null(run);
	run->f = f;
	run->redis_dies = redis_dies;
	run->seed = given != NULL ? (unsigned)strtoul(given, NULL, 10)
				  : (unsigned)clock_wall_ms();
	printf("seed: DRAGOMAN_TEST_SEED=%u\n", run->seed);
	for (int c = 0; c < RUN_CHATS; c++) {
		char name[16];

		snprintf(name, sizeof(name), "%d", c);
		run->chats[c] = fixture_chat(name);
	}
	for (int i = 0; i <= RUN_THREADS; i++) {
		workers[i] = (struct run_worker){ run,
			run->seed + 7919u * (unsigned)i };
		assert_int_equal(pthread_create(&threads[i], NULL,
				     i == RUN_THREADS ? run_edge : run_worker,
				     &workers[i]),
		    0);
	}
	/* Time passes faster here: leases end early, waits are short. */
	for (int n = 1; run_ended(&counts) < RUN_CHATS * RUN_MESSAGES
	     && clock_boot_ms() < until;
	     n++) {
		moment(redis_dies ? 30 : 100);
		if (redis_dies && n <= 5)
			redis_fixture_restart(f);
		fixture_hurry(f);
		if (fleet_count(f->store, &counts) != STORE_OK
		    || counts.unaccounted != 0)
			atomic_fetch_add(&run->wrong, 1);
	}
	atomic_store(&run->over, true);
	for (int i = 0; i <= RUN_THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(fleet_count(f->store, &counts), STORE_OK);
	assert_int_equal(atomic_load(&run->wrong), 0);
	assert_int_equal(counts.accepted, RUN_CHATS * RUN_MESSAGES);
	assert_int_equal(run_ended(&counts), RUN_CHATS * RUN_MESSAGES);
	assert_int_equal(counts.dead, counts.ended[END_DEAD]);
	assert_int_equal(counts.unaccounted, 0);
	assert_int_equal(counts.waiting, 0);
	assert_int_equal(counts.due, 0);
	free(run);
}

static void
nothing_is_lost_when_holders_die(void **state)
{
	random_run(*state, false);
}

static void
nothing_is_lost_when_redis_dies(void **state)
{
	random_run(*state, true);
}

#define TEST(t) cmocka_unit_test_setup(t, redis_fixture_flush)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_job_holds_what_the_turn_needs),
		TEST(a_holder_that_dies),
		TEST(poison),
		TEST(odd_jobs),
		TEST(other_kinds_are_left_alone),
		TEST(many_of_another_kind_are_put_off),
		TEST(the_format_that_is_written),
		TEST(a_stop_before_the_end),
		TEST(many_wait_for_one_message),
		TEST(pausing),
		TEST(few_slots_are_enough),
		TEST(round_trips),
		TEST(fifty_messages_keep_their_order),
		TEST(nothing_is_lost_when_holders_die),
		TEST(nothing_is_lost_when_redis_dies),
	};

	return cmocka_run_group_tests(tests, redis_fixture_setup,
	    redis_fixture_teardown);
}
