/*
 * wake: one of those who want it is woken, and nobody is woken in vain or
 * forgotten.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "redis/due.h"
#include "redis/wake.h"
#include "tests/unit/redis_fixture.h"

#define LEASE_MS 10000
#define SOON_MS 5000 /* a condition waits so long, and no test passes by it */
#define NOT_MS 30    /* that nothing comes: a wake is there within one */

static const struct store_options *
options(struct redis_fixture *f, const char *url)
{
	static struct store_options o;

	o = (struct store_options){ .url = url,
		.ring = f->ring,
		.timeout_ms = 2000 };
	return &o;
}

/* A chat of partition ${p}, the ${i}-th that is found. */
static struct chat_name
chat_in(int p, int i)
{
	struct chat_name chat;
	char name[24];

	for (int n = 0;; n++) {
		snprintf(name, sizeof(name), "c%d", n);
		chat = fixture_chat(name);
		if (chat.partition == p && i-- == 0)
			return chat;
	}
}

static void
say(struct redis_fixture *f, int p, int i)
{
	struct chat_name chat = chat_in(p, i);

	assert_int_equal(fixture_say(f->store, &chat, "1", "hi", ""), STORE_OK);
}

static bool
is_in(struct redis_fixture *f, int p, const char *id)
{
	return redis_number(f, "SISMEMBER {p%d}:free %s", p, id) == 1;
}

/* Takes up to ${n} jobs of ${p} and forgets them. */
static int
take(struct redis_fixture *f, struct wake *w, int p, int n)
{
	struct job *jobs[16];
	unsigned partitions = 1u << p;
	int got = due_take(f->store, w, &partitions, n, LEASE_MS, 0, jobs,
	    NULL);

	for (int i = 0; i < got; i++)
		job_free(jobs[i]);
	return got;
}

static void
one_is_woken(void **state)
{
	struct redis_fixture *f = *state;
	struct wake *a = fixture_ear(f->store, "a");
	struct wake *b = fixture_ear(f->store, "b"), *woken, *other;
	struct chat_name chat = chat_in(3, 0);

	say(f, 3, 0);
	woken = fixture_hear(a, NOT_MS) == 1u << 3 ? a : b;
	other = woken == a ? b : a;
	if (woken == b)
		assert_int_equal(fixture_hear(b, SOON_MS), 1u << 3);
	assert_int_equal(fixture_hear(other, NOT_MS), 0);
	assert_int_equal(redis_number(f, "SCARD {p3}:free"), 1);
	assert_int_equal(redis_number(f, "SCARD {p4}:free"), 2);
	/* Once for a job, not for a message. */
	assert_int_equal(fixture_say(f->store, &chat, "2", "ho", ""), STORE_OK);
	assert_int_equal(fixture_hear(other, NOT_MS), 0);
	/* Until it has looked, another one is woken. */
	say(f, 3, 1);
	assert_int_equal(fixture_hear(woken, NOT_MS), 0);
	assert_int_equal(fixture_hear(other, SOON_MS), 1u << 3);
	say(f, 3, 2);
	assert_int_equal(take(f, woken, 3, 4), 3);
	assert_int_equal(take(f, other, 3, 4), 0);
	assert_int_equal(redis_number(f, "SCARD {p3}:free"), 2);
	wake_free(a);
	wake_free(b);
}

/* Nobody who is gone keeps a wake for itself. */
static void
the_dead_take_themselves_out(void **state)
{
	struct redis_fixture *f = *state;
	struct wake *a = fixture_ear(f->store, "a");

	(void)redis_text(f, "SADD {p5}:free x1 x2 x3");
	say(f, 5, 0);
	assert_int_equal(fixture_hear(a, SOON_MS), 1u << 5);
	wake_free(a); /* as if it were killed: it leaves no set */
	say(f, 6, 0);
	assert_int_equal(redis_number(f, "SCARD {p6}:free"), 0);
	/* More of them than one wake looks at. */
	(void)redis_text(f, "SADD {p7}:free x1 x2 x3 x4 x5 x6");
	say(f, 7, 0);
	assert_int_equal(redis_number(f, "SCARD {p7}:free"), 3);
}

static void
who_has_no_room_passes_it_on(void **state)
{
	struct redis_fixture *f = *state;
	struct wake *a = fixture_ear(f->store, "a"), *b;

	say(f, 2, 0);
	b = fixture_ear(f->store, "b");
	assert_int_equal(fixture_hear(b, NOT_MS), 0);
	(void)!wake_wait(a, SOON_MS);
	assert_int_equal(wake_pass(a, DUE_ALL), 1u << 2);
	assert_int_equal(fixture_hear(b, SOON_MS), 1u << 2);
	assert_false(is_in(f, 2, "a"));
	assert_int_equal(take(f, b, 2, 1), 1);
	/* No room left: woken when it has looked again. */
	assert_false(is_in(f, 2, "b"));
	assert_int_equal(take(f, b, 2, 1), 0);
	assert_true(is_in(f, 2, "b"));
	/* Others have taken it meanwhile: nobody is woken in vain. */
	say(f, 2, 1);
	assert_int_equal(fixture_hear(b, SOON_MS), 1u << 2);
	assert_int_equal(take(f, NULL, 2, 4), 1);
	assert_int_equal(take(f, b, 2, 4), 0);
	(void)redis_text(f, "SADD {p2}:free a");
	say(f, 2, 2);
	if (fixture_hear(a, NOT_MS) == 0)
		assert_int_equal(fixture_hear(b, SOON_MS), 1u << 2);
	assert_int_equal(take(f, NULL, 2, 4), 1);
	(void)redis_text(f, "SADD {p2}:free b");
	(void)wake_pass(a, DUE_ALL);
	assert_int_equal(fixture_hear(b, NOT_MS), 0);
	wake_free(a);
	wake_free(b);
}

/* What is left behind is for whoever has room. */
static void
the_rest_wakes_the_next(void **state)
{
	struct redis_fixture *f = *state;
	struct wake *a = fixture_ear(f->store, "a"), *b;
	struct chat_name chat = chat_in(9, 0);
	struct job *job;

	say(f, 9, 0);
	say(f, 9, 1);
	assert_int_equal(fixture_hear(a, SOON_MS), 1u << 9);
	b = fixture_ear(f->store, "b");
	assert_int_equal(take(f, a, 9, 1), 1);
	assert_int_equal(fixture_hear(b, SOON_MS), 1u << 9);
	assert_int_equal(take(f, b, 9, 2), 1);
	wake_free(a);
	/* The next message of a chat; what is given back; /stop. */
	(void)redis_fixture_flush(state);
	assert_int_equal(fixture_say(f->store, &chat, "1", "hi", ""), STORE_OK);
	assert_int_equal(fixture_say(f->store, &chat, "2", "ho", ""), STORE_OK);
	job = fixture_take(f->store, &chat, LEASE_MS);
	assert_non_null(job);
	(void)redis_text(f, "SADD {p9}:free b");
	assert_int_equal(fixture_finish(f->store, job, END_REPLIED, "x"),
	    STORE_OK);
	job_free(job);
	assert_int_equal(fixture_hear(b, SOON_MS), 1u << 9);
	job = fixture_take(f->store, &chat, LEASE_MS);
	assert_non_null(job);
	(void)redis_text(f, "SADD {p9}:free b");
	assert_int_equal(journal_release(f->store, job, 0, false, NULL),
	    STORE_OK);
	job_free(job);
	assert_int_equal(fixture_hear(b, SOON_MS), 1u << 9);
	wake_free(b);
}

static void
who_ends_is_out_of_all(void **state)
{
	struct redis_fixture *f = *state;
	struct wake *a = fixture_ear(f->store, "a"), *b;

	say(f, 1, 0); /* woken, and it never looks */
	b = fixture_ear(f->store, "b");
	wake_leave(a);
	for (int p = 0; p < CHAT_PARTITIONS; p++) {
		assert_false(is_in(f, p, "a"));
		assert_true(is_in(f, p, "b") == (p != 1));
	}
	assert_int_equal(fixture_hear(b, SOON_MS), 1u << 1);
	wake_free(a);
	wake_free(b);
}

/* Until it hears again, and is in all sets, and knows what is due. */
static void
hear_again(struct redis_fixture *f, struct wake *w, unsigned expected)
{
	int64_t until = clock_boot_ms() + SOON_MS, next;
	unsigned due;

	while (!wake_is_out(w)) {
		assert_true(clock_boot_ms() < until);
		(void)!wake_wait(w, 10);
	}
	assert_int_equal(due_look(f->store, w, &due, &next), 0);
	assert_int_equal(due, expected);
	for (int p = 0; p < CHAT_PARTITIONS; p++)
		assert_true(is_in(f, p, "a"));
}

static void
a_cut_link_is_made_again(void **state)
{
	struct redis_fixture *f = *state;
	struct wake *a = fixture_ear(f->store, "a");
	int64_t reconnects = store_reconnects(f->store);

	assert_int_equal(redis_number(f, "CLIENT KILL TYPE pubsub"), 1);
	say(f, 11, 0);
	hear_again(f, a, 1u << 11);
	/* The same Redis: no holder of a turn was hindered. */
	assert_int_equal(store_reconnects(f->store), reconnects);
	say(f, 12, 0);
	assert_int_equal(fixture_hear(a, SOON_MS), 1u << 12);
	/* Another one: who holds turns comes first. */
	redis_fixture_restart(f);
	while (!wake_is_out(a))
		(void)!wake_wait(a, 10);
	assert_true(store_reconnects(f->store) > reconnects);
	hear_again(f, a, 1u << 11 | 1u << 12);
	wake_free(a);
}

static void
redis_away_is_said(void **state)
{
	struct redis_fixture *f = *state;
	struct wake *a = fixture_ear(f->store, "a");
	int64_t until = clock_boot_ms() + SOON_MS;

	redis_fixture_kill(f);
	while (wake_wait(a, 10) != -1)
		assert_true(clock_boot_ms() < until);
	redis_fixture_restart(f);
	while (wake_wait(a, 10) == -1)
		assert_true(clock_boot_ms() < until);
	hear_again(f, a, 0);
	wake_free(a);
}

static void
it_is_roused(void **state)
{
	struct redis_fixture *f = *state;
	struct wake *a = fixture_ear(f->store, "a");
	int64_t from = clock_boot_ms();

	wake_rouse(a);
	assert_int_equal(wake_wait(a, SOON_MS), 0);
	assert_true(clock_boot_ms() - from < SOON_MS);
	assert_int_equal(wake_heard(a), 0);
	wake_free(a);
}

/* A set of another type is only slower, and one that was deleted heals. */
static void
damage_is_only_slower(void **state)
{
	struct redis_fixture *f = *state;
	struct wake *a = fixture_ear(f->store, "a");
	int64_t until = clock_boot_ms() + SOON_MS, next;
	unsigned due = 0;

	(void)redis_text(f, "DEL {p4}:free");
	(void)redis_text(f, "SET {p4}:free x");
	say(f, 4, 0);
	assert_int_equal(fixture_hear(a, NOT_MS), 0);
	assert_int_equal(due_look(f->store, a, &due, &next), 0);
	assert_int_equal(due, 1u << 4);
	assert_int_equal(take(f, a, 4, 2), 1);
	(void)redis_text(f, "DEL {p4}:free");
	while (!is_in(f, 4, "a")) {
		assert_true(clock_boot_ms() < until);
		(void)!wake_wait(a, 50);
		assert_int_equal(due_look(f->store, a, &due, &next), 0);
	}
	wake_free(a);
}

/* A user of Redis without channels: the looks are all there is. */
static void
the_deaf_are_not_listed(void **state)
{
	struct redis_fixture *f = *state;
	char url[sizeof(f->url) + 16];
	const char *why;
	struct store *st;
	struct wake *a;
	int64_t next;
	unsigned due;

	(void)redis_text(f,
	    "ACL SETUSER deaf reset on >pw ~* resetchannels +@all");
	snprintf(url, sizeof(url), "unix://deaf:pw@%s", f->socket);
	st = store_open(options(f, url), &why);
	assert_non_null(st);
	a = wake_new(st, "a", DUE_ALL);
	assert_non_null(a);
	for (int i = 0; i < 5; i++)
		assert_int_equal(wake_wait(a, 20), 0);
	assert_false(wake_is_out(a));
	struct chat_name chat = chat_in(8, 0);

	(void)redis_text(f, "SADD {p8}:free b");
	assert_int_equal(fixture_say(st, &chat, "1", "hi", ""), STORE_OK);
	assert_int_equal(due_look(st, a, &due, &next), 0);
	assert_int_equal(due, 1u << 8);
	assert_int_equal(take(f, a, 8, 2), 1);
	assert_false(is_in(f, 8, "a"));
	wake_free(a);
	store_close(st);
	(void)redis_text(f, "ACL DELUSER deaf");
}

static void
what_older_releases_left_goes(void **state)
{
	struct redis_fixture *f = *state;

	for (int p = 0; p < CHAT_PARTITIONS; p++)
		(void)redis_text(f, "LPUSH {p%d}:wake 1", p);
	wake_free(fixture_ear(f->store, "a"));
	for (int p = 0; p < CHAT_PARTITIONS; p++)
		assert_int_equal(redis_number(f, "EXISTS {p%d}:wake", p), 0);
}

#define TEST(t) cmocka_unit_test_setup(t, redis_fixture_flush)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_is_woken),
		TEST(the_dead_take_themselves_out),
		TEST(who_has_no_room_passes_it_on),
		TEST(the_rest_wakes_the_next),
		TEST(who_ends_is_out_of_all),
		TEST(a_cut_link_is_made_again),
		TEST(redis_away_is_said),
		TEST(it_is_roused),
		TEST(damage_is_only_slower),
		TEST(the_deaf_are_not_listed),
		TEST(what_older_releases_left_goes),
	};

	return cmocka_run_group_tests(tests, redis_fixture_setup,
	    redis_fixture_teardown);
}
