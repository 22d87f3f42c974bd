#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "redis/breaker.h"
#include "redis/budget.h"
#include "redis/damage.h"
#include "redis/due.h"
#include "redis/fleet.h"
#include "redis/learned.h"
#include "redis/ledger.h"
#include "redis/prefix.h"
#include "redis/process.h"
#include "tests/unit/redis_fixture.h"

#define ID "0123456789abcdef"
#define WAIT_MS 30000

/* A store that Redis itself keeps to its prefix, in keys and in channels. */
static struct store *
open_with(struct redis_fixture *f, const char *prefix)
{
	const char user[] = { prefix[0], '\0' };
	char url[160];
	struct store_options o = { .url = url,
		.prefix = prefix,
		.ring = f->ring,
		.timeout_ms = 5000 };
	const char *why = "";
	struct store *st;

	(void)redis_text(f, "ACL SETUSER %s reset on >pw ~%s* &%s* +@all", user,
	    prefix, prefix);
	snprintf(url, sizeof(url), "unix://%s:pw@%s", user, f->socket);
	st = store_open(&o, &why);
	assert_non_null(st);
	return st;
}

static struct job *
take(struct store *st)
{
	struct job *jobs[4];

	return fixture_take_all(st, 4, 10000, jobs) == 1 ? jobs[0] : NULL;
}

static void
two_installations(void **state)
{
	struct redis_fixture *f = *state;
	struct store *a = open_with(f, "a:"), *b = open_with(f, "b:");
	struct chat_name chat = fixture_chat("shared");
	struct fleet_counts counts;
	struct inbox_answer answer;
	struct arena *mem = arena_new();
	json_t *doc = json_keep(mem, json_pack("{s:s}", "id", "w"));
	json_t *list;
	struct job *job;
	struct wake *wake;
	bool paused;

	assert_int_equal(store_canary(a), STORE_OK);
	assert_int_equal(store_canary(b), STORE_OK);
	wake = fixture_ear(a, "w");
	assert_int_equal(fixture_say(a, &chat, "1", "to a", ""), STORE_OK);
	assert_int_equal(fixture_hear(wake, 1000), 1u << chat.partition);
	wake_free(wake);
	assert_int_equal(fixture_say(b, &chat, "1", "to b", ""), STORE_OK);
	assert_int_equal(fixture_say(b, &chat, "2", "to b", ""), STORE_OK);

	assert_int_equal(fleet_count(a, &counts), STORE_OK);
	assert_int_equal(counts.accepted, 1);
	assert_int_equal(counts.waiting, 1);
	assert_int_equal(fleet_count(b, &counts), STORE_OK);
	assert_int_equal(counts.waiting, 2);
	assert_int_equal(fleet_count(f->store, &counts), STORE_OK);
	assert_int_equal(counts.accepted, 0);

	assert_int_equal(fleet_beat(a, FLEET_TURN, "w", doc), STORE_OK);
	assert_int_equal(fleet_read(a, FLEET_TURN, mem, &list), STORE_OK);
	assert_int_equal(json_array_size(list), 1);
	assert_int_equal(fleet_read(b, FLEET_TURN, mem, &list), STORE_OK);
	assert_int_equal(json_array_size(list), 0);
	assert_int_equal(fleet_pause(b, true), STORE_OK);
	assert_int_equal(fleet_is_paused(a, &paused), STORE_OK);
	assert_false(paused);
	assert_null(take(b));

	job = take(a);
	assert_non_null(job);
	assert_string_equal(job->given->message.text, "to a");
	assert_int_equal(fixture_finish(a, job, END_REPLIED, "from a"),
	    STORE_OK);
	job_free(job);
	assert_null(take(a));
	assert_int_equal(inbox_find(a, &chat, "1", "", mem, &answer),
	    STORE_ANSWERED);
	assert_int_equal(inbox_find(b, &chat, "1", "", mem, &answer),
	    STORE_EXISTS);
	/* Nothing was written in front of, or beside, the two. */
	assert_int_equal(
	    redis_number(f, "EVAL %s 0",
		"local n = 0 for _, k in ipairs(redis.call('KEYS', "
		"'*')) do if not string.find(k, '^[ab]:') then "
		"n = n + 1 end end return n"),
	    0);
	store_close(a);
	store_close(b);
	arena_free(mem);
}

static void
what_scripts_set_aside(void **state)
{
	struct redis_fixture *f = *state;
	struct store *a = open_with(f, "a:");
	struct chat_name chat = fixture_chat("damaged");
	struct arena *mem = arena_new();
	json_t *list;
	struct job *job;
	bool found = false;
	size_t i;
	json_t *one;
	int64_t n;

	assert_int_equal(fixture_say(a, &chat, "1", "hi", ""), STORE_OK);
	(void)redis_text(f, "DEL a:{p%d}:history:%s", chat.partition,
	    chat.text);
	(void)redis_text(f, "SET a:{p%d}:history:%s x", chat.partition,
	    chat.text);
	(void)redis_text(f, "SET a:{fleet}:stops x");
	job = take(a);
	assert_non_null(job);
	job_free(job);
	assert_int_equal(damage_find(a, mem, &list), STORE_OK);
	assert_int_equal(json_array_size(list), 2);
	json_array_foreach(list, i, one)
		found = found
		    || strcmp(json_member_str(one, "key"), "a:{fleet}:stops")
			== 0;
	assert_true(found);

	/* Walks over all keys find those of the prefix alone. */
	assert_int_equal(fixture_say(f->store, &chat, "1", "hi", ""), STORE_OK);
	(void)redis_text(f, "DEL a:{p%d}:due", chat.partition);
	(void)redis_text(f, "DEL {p%d}:due", chat.partition);
	assert_int_equal(due_requeue(a, ~0u, &n), STORE_OK);
	assert_int_equal(n, 1);
	assert_int_equal(redis_number(f, "EXISTS {p%d}:due", chat.partition),
	    0);
	assert_int_equal(redis_number(f, "ZCARD a:{p%d}:due", chat.partition),
	    1);
	store_close(a);
	arena_free(mem);
}

static void
reseal_one(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name chat = fixture_chat("reseal");
	struct seal_ring *both = redis_fixture_ring(
	    FIXTURE_KEY_2 "," FIXTURE_KEY_1);
	struct store_options o = { .url = f->url,
		.prefix = "a:",
		.ring = both };
	const char *why = "";
	struct store *a = open_with(f, "a:"), *next = store_open(&o, &why);
	int64_t changed;

	assert_non_null(next);
	assert_int_equal(store_canary(a), STORE_OK);
	assert_int_equal(fixture_say(a, &chat, "1", "hi", ""), STORE_OK);
	assert_int_equal(fixture_say(f->store, &chat, "1", "hi", ""), STORE_OK);
	assert_int_equal(ledger_reseal(next, NULL, NULL, &changed), STORE_OK);
	assert_int_equal(changed, 1);
	store_close(a);
	store_close(next);
	seal_ring_free(both);
}

struct heard {
	pthread_mutex_t lock;
	int pieces;
};

static void
on_piece(void *ctx, int64_t number, const char *kind, const char *sealed,
    size_t len)
{
	struct heard *h = ctx;

	(void)number;
	(void)kind;
	(void)sealed;
	(void)len;
	pthread_mutex_lock(&h->lock);
	h->pieces++;
	pthread_mutex_unlock(&h->lock);
}

static void
on_hears(void *ctx, bool hears)
{
	(void)ctx;
	(void)hears;
}

static const struct process_ear EAR = { .on_piece = on_piece,
	.on_hears = on_hears };

static int
pieces(struct heard *h)
{
	int n;

	pthread_mutex_lock(&h->lock);
	n = h->pieces;
	pthread_mutex_unlock(&h->lock);
	return n;
}

/* The same process id under both: each hears its own alone. */
static void
channels(void **state)
{
	struct redis_fixture *f = *state;
	struct store *a = open_with(f, "a:"), *b = open_with(f, "b:");
	struct heard ha = { .pieces = 0 }, hb = { .pieces = 0 };
	struct process_listener *la, *lb;
	struct chat_name chat = fixture_chat("p");
	const struct timespec moment = { .tv_nsec = 2000000 };
	int64_t until = clock_boot_ms() + WAIT_MS;
	struct job *job;

	pthread_mutex_init(&ha.lock, NULL);
	pthread_mutex_init(&hb.lock, NULL);
	la = process_listen(a, ID, &EAR, &ha, WAIT_MS);
	lb = process_listen(b, ID, &EAR, &hb, WAIT_MS);
	assert_true(process_is_listening(la));
	assert_true(process_is_listening(lb));
	assert_int_equal(fixture_say(a, &chat, "1", "hi", ID ".7"), STORE_OK);
	job = take(a);
	assert_non_null(job);
	assert_int_equal(
	    process_publish(a, &chat, job->id, ID ".7", "delta", "{}", 2),
	    STORE_OK);
	assert_int_equal(fixture_finish(a, job, END_REPLIED, "done"), STORE_OK);
	job_free(job);
	while (pieces(&ha) < 2 && clock_boot_ms() < until)
		nanosleep(&moment, NULL);
	assert_int_equal(pieces(&ha), 2); /* the piece, and finish.lua's end */
	/* b's own comes after anything that had gone astray. */
	assert_int_equal(
	    process_publish(b, &chat, "x", ID ".1", "delta", "{}", 2),
	    STORE_OK);
	while (pieces(&hb) < 1 && clock_boot_ms() < until)
		nanosleep(&moment, NULL);
	assert_int_equal(pieces(&hb), 1);
	process_unlisten(la);
	process_unlisten(lb);
	store_close(a);
	store_close(b);
}

static const json_t *
other(struct store *st, struct arena *mem, const char *prefix)
{
	json_t *list, *one;
	size_t i;

	assert_int_equal(prefix_find(st, mem, &list), STORE_OK);
	json_array_foreach(list, i, one)
		if (strcmp(json_member_str(one, "prefix"), prefix) == 0)
			return one;
	return NULL;
}

static void
who_is_elsewhere(void **state)
{
	struct redis_fixture *f = *state;
	struct store_options o = { .url = f->url, .ring = f->ring };
	struct seal_ring *stranger = redis_fixture_ring(FIXTURE_KEY_2);
	struct arena *mem = arena_new();
	struct store *a, *b, *theirs;
	struct process_listener *l;
	struct heard h = { .pieces = 0 };
	const char *why = "";
	const json_t *one;

	pthread_mutex_init(&h.lock, NULL);
	o.prefix = "a:";
	a = store_open(&o, &why);
	o.prefix = STORE_PREFIX_NEW;
	b = store_open(&o, &why);
	o.prefix = "c:";
	o.ring = stranger;
	theirs = store_open(&o, &why);
	assert_int_equal(store_canary(a), STORE_OK);
	assert_null(other(a, mem, ""));
	assert_null(other(a, mem, STORE_PREFIX_NEW));

	/* Nobody lives there, but something of ours does. */
	assert_int_equal(store_canary(f->store), STORE_OK);
	one = other(a, mem, "");
	assert_non_null(one);
	assert_int_equal(json_member_int(one, "workers", -1), 0);
	assert_int_equal(json_member_int(one, "edges", -1), 0);

	assert_int_equal(store_canary(b), STORE_OK);
	assert_int_equal(
	    fleet_beat(b, FLEET_TURN, "w", json_keep(mem, json_object())),
	    STORE_OK);
	one = other(a, mem, STORE_PREFIX_NEW);
	assert_int_equal(json_member_int(one, "workers", -1), 1);

	/* An edge of any other name is found by its channel, and another
	 * installation's is none of ours. */
	l = process_listen(a, ID, &EAR, &h, WAIT_MS);
	one = other(b, mem, "a:");
	assert_int_equal(json_member_int(one, "edges", -1), 1);
	process_unlisten(l);
	assert_int_equal(store_canary(theirs), STORE_OK);
	l = process_listen(theirs, ID, &EAR, &h, WAIT_MS);
	assert_null(other(b, mem, "c:"));
	process_unlisten(l);
	store_close(a);
	store_close(b);
	store_close(theirs);
	seal_ring_free(stranger);
	arena_free(mem);
}

static void
move(void **state)
{
	struct redis_fixture *f = *state;
	struct store_options o = { .url = f->url,
		.prefix = "a:",
		.ring = f->ring };
	struct seal_ring *stranger = redis_fixture_ring(FIXTURE_KEY_2);
	struct chat_name chat = fixture_chat("moving");
	struct arena *mem = arena_new();
	const char *why = "";
	struct store *a = store_open(&o, &why), *theirs;
	int64_t moved, kept;
	struct fleet_counts counts;
	struct job *job;

	assert_int_equal(store_canary(f->store), STORE_OK);
	assert_int_equal(fixture_say(f->store, &chat, "1", "hi", ""), STORE_OK);
	(void)redis_text(f, "SET somebody's x");
	(void)redis_text(f, "SET canary-bird x");
	assert_int_equal(fleet_beat(f->store, FLEET_TURN, "w",
			     json_keep(mem, json_object())),
	    STORE_OK);
	assert_int_equal(prefix_move(a, "", &moved, &kept), STORE_EXISTS);
	assert_int_equal(fleet_leave(f->store, FLEET_TURN, "w"), STORE_OK);

	assert_int_equal(store_canary(a), STORE_OK); /* as the command does */
	assert_int_equal(prefix_move(a, "", &moved, &kept), STORE_OK);
	assert_true(moved > 5);
	assert_int_equal(kept, 0);
	assert_int_equal(redis_number(f, "EXISTS somebody's canary-bird"), 2);
	assert_int_equal(fleet_count(f->store, &counts), STORE_OK);
	assert_int_equal(counts.accepted, 0);
	assert_int_equal(fleet_count(a, &counts), STORE_OK);
	assert_int_equal(counts.waiting, 1);
	assert_int_equal(counts.unaccounted, 0);
	job = take(a);
	assert_non_null(job);
	assert_string_equal(job->given->message.text, "hi");
	job_free(job);

	/* There is nothing more; what another key sealed is another's. */
	assert_int_equal(prefix_move(a, "", &moved, &kept), STORE_NONE);
	assert_int_equal(redis_number(f, "EXISTS canary {fleet}:format"), 0);
	(void)redis_text(f, "SET {p1}:theirs x");
	o.prefix = "";
	o.ring = stranger;
	theirs = store_open(&o, &why);
	assert_int_equal(store_canary(theirs), STORE_OK);
	assert_int_equal(prefix_move(a, "", &moved, &kept), STORE_UNKNOWN_KEY);
	assert_int_equal(store_canary(theirs), STORE_OK);
	assert_int_equal(store_canary(a), STORE_OK);
	assert_int_equal(redis_number(f, "EXISTS {p1}:theirs canary"), 2);
	(void)redis_text(f, "DEL {p1}:theirs canary");

	/* And back; what is there under both is left, with the canary. */
	(void)redis_text(f, "HSET {p%d}:counts accepted 1", chat.partition);
	assert_int_equal(prefix_move(f->store, "a:", &moved, &kept), STORE_OK);
	assert_int_equal(kept, 1);
	assert_int_equal(redis_number(f, "EXISTS a:canary"), 1);
	(void)redis_text(f, "DEL {p%d}:counts", chat.partition);
	assert_int_equal(prefix_move(f->store, "a:", &moved, &kept), STORE_OK);
	assert_int_equal(moved, 3);
	assert_int_equal(
	    redis_number(f, "EVAL %s 0", "return #redis.call('KEYS', 'a:*')"),
	    0);
	assert_int_equal(fleet_count(f->store, &counts), STORE_OK);
	assert_int_equal(counts.waiting, 1);
	assert_int_equal(counts.unaccounted, 0);
	store_close(a);
	store_close(theirs);
	seal_ring_free(stranger);
	arena_free(mem);
}

/* Nothing of ours is left, of whichever noun; others' keys stay. */
static void
move_takes_each_noun(void **state)
{
	static const struct budget_limits limits = { 1000, 1000 };
	struct redis_fixture *f = *state;
	struct store_options o = { .url = f->url,
		.prefix = "a:",
		.ring = f->ring };
	struct chat_name chat = fixture_chat("moving"),
			 asks = fixture_chat("stopped");
	struct arena *mem = arena_new();
	char kind[BREAKER_KIND_MAX];
	const char *why = "";
	struct store *a = store_open(&o, &why);
	struct learned learned[LEARNED_FIELDS_MAX];
	struct session session;
	int64_t moved, kept, n;
	size_t known;
	struct job *job;

	assert_int_equal(store_canary(f->store), STORE_OK);
	assert_int_equal(fixture_say(f->store, &chat, "1", "hi", "p.1"),
	    STORE_OK);
	job = take(f->store);
	assert_non_null(job);
	assert_int_equal(fixture_finish(f->store, job, END_REPLIED, "hello"),
	    STORE_OK);
	job_free(job);
	assert_int_equal(fixture_say(f->store, &asks, "1", "hi", ""), STORE_OK);
	assert_int_equal(inbox_control(f->store, &asks, COMMAND_STOP,
			     &FIXTURE_UNLIMITED, mem, &session, &n),
	    STORE_OK);
	assert_int_equal(fleet_pause(f->store, true), STORE_OK);
	assert_int_equal(budget_reserve(f->store, &chat, 5, &limits, &n),
	    STORE_OK);
	assert_int_equal(learned_add(f->store, "openai/m/1", "tools", "none"),
	    STORE_OK);
	assert_int_equal(
	    breaker_fail(f->store, "openai/m", "down", 1, 60000, 60000, &n),
	    STORE_OK);
	(void)redis_text(f, "SET somebody's x");
	assert_int_equal(fleet_leave(f->store, FLEET_TURN, "w"), STORE_OK);

	n = redis_number(f, "KEYS *");
	assert_int_equal(prefix_move(a, "", &moved, &kept), STORE_OK);
	assert_int_equal(moved, n - 1);
	assert_int_equal(kept, 0);
	assert_int_equal(redis_number(f, "KEYS *"), n);
	assert_int_equal(redis_number(f, "KEYS a:*"), n - 1);

	assert_int_equal(
	    learned_read(a, "openai/m/1", learned, LEARNED_FIELDS_MAX, &known),
	    STORE_OK);
	assert_int_equal(known, 1);
	assert_int_equal(breaker_read(a, "openai/m", &n, kind), STORE_OK);
	assert_true(n > 0);
	assert_int_equal(budget_spent(a, &chat, &n, &moved), STORE_OK);
	assert_int_equal(n, 5);
	assert_int_equal(moved, 5);
	store_close(a);
	arena_free(mem);
}

#define TEST(t) cmocka_unit_test_setup(t, redis_fixture_flush)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(two_installations),
		TEST(what_scripts_set_aside),
		TEST(reseal_one),
		TEST(channels),
		TEST(who_is_elsewhere),
		TEST(move),
		TEST(move_takes_each_noun),
	};

	return cmocka_run_group_tests(tests, redis_fixture_setup,
	    redis_fixture_teardown);
}
