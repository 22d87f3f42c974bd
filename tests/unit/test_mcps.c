/*
 * mcps: a legacy session's record, its one stream, what is said on it and what
 * is kept of its calls, in an emptied Redis and beside what others wrote, too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "redis/mcps.h"
#include "redis/process.h"
#include "redis/versions.h"
#include "tests/unit/redis_fixture.h"

#define S "00112233445566778899aabbccddeeff"
#define K "{mcps:" S "}"
#define PROCESS "0123456789abcdef"
#define STREAM "fedcba9876543210"
#define WAIT_MS 5000

static struct mcps
get(struct redis_fixture *f)
{
	struct mcps m;

	assert_int_equal(mcps_read(f->store, S, &m), STORE_OK);
	return m;
}

static void
what_is_not_there_is_default(void **state)
{
	struct redis_fixture *f = *state;
	struct mcps m = get(f);

	assert_false(m.ended);
	assert_string_equal(m.level, "");
	assert_string_equal(m.stream, "");
	assert_string_equal(m.agreed, "");
	assert_int_equal(redis_number(f, "EXISTS " K), 0);
	(void)redis_text(f, "SET " K " x");
	m = get(f);
	assert_false(m.ended);
	assert_int_equal(mcps_set_level(f->store, S, "debug"), STORE_DAMAGED);
}

static void
what_is_kept_and_for_how_long(void **state)
{
	struct redis_fixture *f = *state;
	struct mcps m;

	assert_int_equal(mcps_set_level(f->store, S, "debug"), STORE_OK);
	assert_int_equal(mcps_agree(f->store, S, "2025-06-18 3",
			     "{\"name\":\"planted\"}", 18),
	    STORE_OK);
	m = get(f);
	assert_string_equal(m.level, "debug");
	assert_string_equal(m.agreed, "2025-06-18 3");
	assert_true(redis_number(f, "PTTL " K) > MCPS_KEEP_MS - 60000);
	assert_null(strstr(redis_text(f, "HGET " K " client"), "planted"));
	/* Each use lets it live on. */
	(void)redis_text(f, "PEXPIRE " K " 1000");
	(void)get(f);
	assert_true(redis_number(f, "PTTL " K) > MCPS_KEEP_MS - 60000);
}

static void
an_ended_one_stays_ended(void **state)
{
	struct redis_fixture *f = *state;
	int64_t said;

	assert_int_equal(mcps_set_level(f->store, S, "debug"), STORE_OK);
	assert_int_equal(mcps_end(f->store, S, 2 * MCPS_KEEP_MS), STORE_OK);
	assert_true(get(f).ended);
	assert_string_equal(get(f).level, "");
	/* A use does not shorten that. */
	assert_true(redis_number(f, "PTTL " K) > MCPS_KEEP_MS + 60000);
	assert_int_equal(mcps_take_stream(f->store, S, PROCESS ".1", &said),
	    STORE_GONE);
}

/* ---- its stream ---------------------------------------------------------- */

struct heard {
	pthread_mutex_t lock;
	int n;
	int64_t number;
	char kind[16];
	char piece[512];
	size_t len;
};

static void
on_piece(void *ctx, int64_t number, const char *kind, const char *sealed,
    size_t len)
{
	struct heard *h = ctx;

	pthread_mutex_lock(&h->lock);
	h->n++;
	h->number = number;
	(void)snprintf(h->kind, sizeof(h->kind), "%s", kind);
	h->len = len < sizeof(h->piece) ? len : 0;
	memcpy(h->piece, sealed, h->len);
	h->piece[h->len] = '\0';
	pthread_mutex_unlock(&h->lock);
}

static void
on_hears(void *ctx, bool hears)
{
	(void)ctx;
	(void)hears;
}

static void
expect(struct heard *h, int n, int64_t number, const char *kind)
{
	const struct timespec moment = { .tv_nsec = 2000000 };
	int64_t until = clock_boot_ms() + WAIT_MS;
	bool there = false;

	while (!there && clock_boot_ms() < until) {
		pthread_mutex_lock(&h->lock);
		there = h->n >= n;
		pthread_mutex_unlock(&h->lock);
		nanosleep(&moment, NULL);
	}
	assert_int_equal(h->n, n);
	assert_int_equal(h->number, number);
	assert_string_equal(h->kind, kind);
}

static struct mcps_look
look(struct redis_fixture *f, const char *address, struct arena *mem)
{
	struct mcps_look l = { .id = S, .address = address };

	assert_int_equal(mcps_look(f->store, &l, 1, mem), STORE_OK);
	return l;
}

static void
the_newest_stream_gets_what_is_said(void **state)
{
	static const struct process_ear EAR = { on_piece, NULL, on_hears };
	struct redis_fixture *f = *state;
	struct heard h = { .lock = PTHREAD_MUTEX_INITIALIZER };
	struct process_listener *l = process_listen(f->store, PROCESS, &EAR, &h,
	    WAIT_MS);
	struct arena *mem = arena_new();
	struct mcps_event e;
	struct mcps_look there;
	int64_t said, before;

	assert_int_equal(mcps_say(f->store, S, "{}", 2), STORE_NONE);
	assert_int_equal(mcps_take_stream(f->store, S, PROCESS ".7", &said),
	    STORE_OK);
	assert_int_equal(said, 0);
	assert_int_equal(mcps_say(f->store, S, "{\"a\":1}", 7), STORE_OK);
	expect(&h, 1, 7, MCPS_SAY);
	assert_null(strstr(h.piece, "\"a\""));
	assert_int_equal(
	    mcps_open_said(f->store, S, h.piece, h.len, mem, &e, &before), 0);
	assert_string_equal(e.text, "{\"a\":1}");
	assert_int_equal(before, 0);
	said = e.number;
	assert_int_equal(mcps_say(f->store, S, "{\"a\":2}", 7), STORE_OK);
	expect(&h, 2, 7, MCPS_SAY);
	assert_int_equal(
	    mcps_open_said(f->store, S, h.piece, h.len, mem, &e, &before), 0);
	assert_int_equal(before, said);
	assert_true(e.number > said);
	/* Who missed both finds them. */
	there = look(f, PROCESS ".7", mem);
	assert_int_equal(there.nsaid, 2);
	assert_int_equal(there.said[0].number, said);
	assert_string_equal(there.said[1].text, "{\"a\":2}");
	assert_false(there.replaced);
	/* Another one takes its place. */
	assert_int_equal(mcps_take_stream(f->store, S, PROCESS ".8", &said),
	    STORE_OK);
	assert_int_equal(said, e.number);
	expect(&h, 3, 7, MCPS_OVER);
	assert_true(look(f, PROCESS ".7", mem).replaced);
	mcps_leave_stream(f->store, S, PROCESS ".7"); /* not the one there is */
	assert_string_equal(get(f).stream, PROCESS ".8");
	/* An emptied Redis gets it back, and numbers go on upwards. */
	assert_int_equal(redis_fixture_flush(state), 0);
	assert_false(look(f, PROCESS ".8", mem).replaced);
	assert_int_equal(mcps_say(f->store, S, "{\"a\":3}", 7), STORE_OK);
	expect(&h, 4, 8, MCPS_SAY);
	said = e.number;
	assert_int_equal(
	    mcps_open_said(f->store, S, h.piece, h.len, mem, &e, &before), 0);
	assert_int_equal(before, 0);
	assert_true(e.number > said);
	assert_int_equal(
	    mcps_open_said(f->store, S, "7 x", 3, mem, &e, &before), -1);
	assert_int_equal(
	    mcps_open_said(f->store, S, "7 6 ", 4, mem, &e, &before), -1);
	mcps_leave_stream(f->store, S, PROCESS ".8");
	assert_string_equal(get(f).stream, "");
	process_unlisten(l);
	arena_free(mem);
}

static void
what_is_kept_of_it_is_bounded(void **state)
{
	struct redis_fixture *f = *state;
	struct arena *mem = arena_new();
	int64_t said;
	int i;

	assert_int_equal(mcps_take_stream(f->store, S, PROCESS ".7", &said),
	    STORE_OK);
	for (i = 0; i < MCPS_SAID_MAX + 10; i++)
		assert_int_equal(mcps_say(f->store, S, "{}", 2), STORE_OK);
	assert_int_equal(look(f, PROCESS ".7", mem).nsaid, MCPS_SAID_MAX);
	/* Others wrote there: it begins anew. */
	(void)redis_text(f, "DEL " K ":events:said");
	(void)redis_text(f, "SET " K ":events:said x");
	assert_int_equal(mcps_say(f->store, S, "{}", 2), STORE_OK);
	assert_int_equal(look(f, PROCESS ".7", mem).nsaid, 1);
	arena_free(mem);
}

/* ---- subscriptions ------------------------------------------------------- */

static void
subscriptions(void **state)
{
	struct redis_fixture *f = *state;
	struct arena *mem = arena_new();
	struct mcps_look l;
	char uri[64];
	int i;

	assert_int_equal(versions_raise_resource(f->store, "file:///a", NULL),
	    STORE_OK);
	assert_int_equal(mcps_subscribe(f->store, S, "file:///a"), STORE_OK);
	l = look(f, PROCESS ".1", mem);
	assert_int_equal(l.nsubscriptions, 1);
	assert_string_equal(l.subscriptions[0].uri, "file:///a");
	assert_true(l.subscriptions[0].since > 0);
	assert_int_equal(mcps_unsubscribe(f->store, S, "file:///a"), STORE_OK);
	assert_int_equal(look(f, PROCESS ".1", mem).nsubscriptions, 0);
	for (i = 0; i < MCPS_SUBSCRIPTIONS_MAX; i++) {
		snprintf(uri, sizeof(uri), "file:///%d", i);
		assert_int_equal(mcps_subscribe(f->store, S, uri), STORE_OK);
	}
	assert_int_equal(mcps_subscribe(f->store, S, "file:///b"), STORE_FULL);
	assert_int_equal(look(f, PROCESS ".1", mem).nsubscriptions,
	    MCPS_SUBSCRIPTIONS_MAX);
	arena_free(mem);
}

/* ---- events of a call ---------------------------------------------------- */

static enum store_rc
add(struct redis_fixture *f, int64_t number, const char *text, bool last,
    int keep)
{
	const struct mcps_event e = { .number = number,
		.last = last,
		.text = text,
		.len = strlen(text) };

	return mcps_call_add(f->store, S, STREAM, &e, keep, 60000);
}

static void
a_call_is_read_from_where_its_client_was(void **state)
{
	struct redis_fixture *f = *state;
	struct arena *mem = arena_new();
	struct mcps_event *e;
	size_t n;

	assert_int_equal(mcps_call_read(f->store, S, STREAM, 0, mem, &e, &n),
	    STORE_NONE);
	assert_int_equal(mcps_call_begin(f->store, S, STREAM, 60000), STORE_OK);
	assert_int_equal(mcps_call_read(f->store, S, STREAM, 0, mem, &e, &n),
	    STORE_OK);
	assert_int_equal(n, 0);
	assert_int_equal(add(f, 1, "{\"p\":1}", false, 255), STORE_OK);
	/* A look that comes late changes nothing. */
	assert_int_equal(mcps_call_begin(f->store, S, STREAM, 60000), STORE_OK);
	assert_int_equal(add(f, 2, "{\"p\":2}", false, 255), STORE_OK);
	assert_int_equal(add(f, 3, "{\"r\":3}", true, 255), STORE_OK);
	assert_int_equal(mcps_call_read(f->store, S, STREAM, 1, mem, &e, &n),
	    STORE_OK);
	assert_int_equal(n, 2);
	assert_int_equal(e[0].number, 2);
	assert_false(e[0].last);
	assert_string_equal(e[1].text, "{\"r\":3}");
	assert_true(e[1].last);
	assert_int_equal(mcps_call_read(f->store, S, STREAM, 3, mem, &e, &n),
	    STORE_OK);
	assert_int_equal(n, 0);
	assert_int_equal(
	    mcps_call_read(f->store, S, STREAM, INT64_MAX, mem, &e, &n),
	    STORE_OK);
	assert_int_equal(n, 0);
	assert_true(redis_number(f, "PTTL " K ":events:" STREAM) > 0);
	arena_free(mem);
}

static void
the_answer_may_push_out_the_rest(void **state)
{
	struct redis_fixture *f = *state;
	struct arena *mem = arena_new();
	struct mcps_event *e;
	size_t n;

	assert_int_equal(add(f, 1, "{\"p\":1}", false, 255), STORE_OK);
	assert_int_equal(add(f, 2, "{\"r\":2}", true, 0), STORE_OK);
	assert_int_equal(mcps_call_read(f->store, S, STREAM, 0, mem, &e, &n),
	    STORE_OK);
	assert_int_equal(n, 1);
	assert_int_equal(e[0].number, 2);
	arena_free(mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_is_not_there_is_default,
		    redis_fixture_flush),
		cmocka_unit_test_setup(what_is_kept_and_for_how_long,
		    redis_fixture_flush),
		cmocka_unit_test_setup(an_ended_one_stays_ended,
		    redis_fixture_flush),
		cmocka_unit_test_setup(the_newest_stream_gets_what_is_said,
		    redis_fixture_flush),
		cmocka_unit_test_setup(what_is_kept_of_it_is_bounded,
		    redis_fixture_flush),
		cmocka_unit_test_setup(subscriptions, redis_fixture_flush),
		cmocka_unit_test_setup(a_call_is_read_from_where_its_client_was,
		    redis_fixture_flush),
		cmocka_unit_test_setup(the_answer_may_push_out_the_rest,
		    redis_fixture_flush),
	};

	return cmocka_run_group_tests(tests, redis_fixture_setup,
	    redis_fixture_teardown);
}
