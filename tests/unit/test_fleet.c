#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "nouns/metric.h"
#include "redis/breaker.h"
#include "redis/fleet.h"
#include "tests/unit/redis_fixture.h"

static void
workers(void **state)
{
	struct redis_fixture *f = *state;
	struct arena *mem = arena_new();
	json_t *a = json_keep(mem, json_pack("{s:s}", "id", "a"));
	json_t *b = json_keep(mem, json_pack("{s:s}", "id", "b"));
	json_t *records;

	assert_int_equal(fleet_read(f->store, FLEET_TURN, mem, &records),
	    STORE_OK);
	assert_int_equal(json_array_size(records), 0);
	assert_int_equal(fleet_beat(f->store, FLEET_TURN, "a", a), STORE_OK);
	assert_int_equal(fleet_beat(f->store, FLEET_TURN, "b", b), STORE_OK);
	assert_int_equal(fleet_beat(f->store, FLEET_TURN, "a", a), STORE_OK);
	assert_int_equal(fleet_read(f->store, FLEET_TURN, mem, &records),
	    STORE_OK);
	assert_int_equal(json_array_size(records), 2);
	/* One that was not heard of for too long. */
	(void)redis_text(f, "ZADD {fleet}:workers 1 a");
	assert_int_equal(fleet_read(f->store, FLEET_TURN, mem, &records),
	    STORE_OK);
	assert_int_equal(json_array_size(records), 1);
	assert_string_equal(json_member_str(json_array_get(records, 0), "id"),
	    "b");
	assert_int_equal(fleet_leave(f->store, FLEET_TURN, "b"), STORE_OK);
	assert_int_equal(fleet_read(f->store, FLEET_TURN, mem, &records),
	    STORE_OK);
	assert_int_equal(json_array_size(records), 0);
	arena_free(mem);
}

/* An edge is no turn worker, for whoever reads the one list or the other. */
static void
kinds(void **state)
{
	struct redis_fixture *f = *state;
	struct arena *mem = arena_new();
	json_t *a = json_keep(mem, json_pack("{s:s}", "id", "a"));
	json_t *b = json_keep(mem, json_pack("{s:s}", "id", "b"));
	json_t *edges, *turns;

	assert_int_equal(fleet_beat(f->store, FLEET_EDGE, "a", a), STORE_OK);
	assert_int_equal(fleet_beat(f->store, FLEET_TURN, "b", b), STORE_OK);
	assert_int_equal(fleet_read(f->store, FLEET_EDGE, mem, &edges),
	    STORE_OK);
	assert_int_equal(fleet_read(f->store, FLEET_TURN, mem, &turns),
	    STORE_OK);
	assert_int_equal(json_array_size(edges), 1);
	assert_int_equal(json_array_size(turns), 1);
	assert_string_equal(json_member_str(json_array_get(edges, 0), "id"),
	    "a");
	assert_string_equal(json_member_str(json_array_get(edges, 0), "kind"),
	    "edge");
	assert_string_equal(json_member_str(json_array_get(turns, 0), "kind"),
	    "turn");
	/* As releases read it that know one kind. */
	assert_int_equal(redis_number(f, "ZCARD {fleet}:workers"), 1);
	assert_int_equal(fleet_leave(f->store, FLEET_EDGE, "a"), STORE_OK);
	assert_int_equal(fleet_leave(f->store, FLEET_TURN, "b"), STORE_OK);
	assert_int_equal(fleet_read(f->store, FLEET_EDGE, mem, &edges),
	    STORE_OK);
	assert_int_equal(json_array_size(edges), 0);
	arena_free(mem);
}

static void
counts(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name a = fixture_chat("a"), b = fixture_chat("b");
	struct fleet_counts c;
	struct job *job;

	assert_int_equal(fixture_say(f->store, &a, "1", "x", ""), STORE_OK);
	assert_int_equal(fixture_say(f->store, &a, "2", "x", ""), STORE_OK);
	assert_int_equal(fixture_say(f->store, &b, "1", "x", ""), STORE_OK);
	assert_int_equal(fleet_count(f->store, &c), STORE_OK);
	assert_int_equal(c.accepted, 3);
	assert_int_equal(c.waiting, 3);
	assert_int_equal(c.due, 2);
	assert_int_equal(c.unaccounted, 0);
	job = fixture_take(f->store, &a, 10000);
	assert_non_null(job);
	assert_int_equal(fixture_finish(f->store, job, END_DEAD, "x"),
	    STORE_OK);
	job_free(job);
	assert_int_equal(fleet_count(f->store, &c), STORE_OK);
	assert_int_equal(c.ended[END_DEAD], 1);
	assert_int_equal(c.ended[END_REPLIED], 0);
	assert_int_equal(c.dead, 1);
	assert_int_equal(c.waiting, 2);
	assert_int_equal(c.unaccounted, 0);
	/* A chat in limbo shows. */
	(void)redis_text(f, "ZREM {p%d}:due %s", b.partition, b.text);
	assert_int_equal(fleet_count(f->store, &c), STORE_OK);
	assert_int_equal(c.unaccounted, 1);
	(void)redis_text(f, "ZADD {p%d}:due 1 %s", b.partition, b.text);
	assert_int_equal(fleet_count(f->store, &c), STORE_OK);
	assert_true(c.oldest_ms > 1000000);
}

static void
breakers(void **state)
{
	struct redis_fixture *f = *state;
	struct store *other = redis_fixture_open(f, f->ring);
	const struct timespec moment = { .tv_nsec = 60000000 };
	char kind[BREAKER_KIND_MAX];
	int64_t until, trips;

	assert_int_equal(breaker_read(f->store, "p", &until, kind), STORE_OK);
	assert_int_equal(until, 0);
	for (int i = 1; i <= 3; i++) {
		assert_int_equal(
		    breaker_fail(f->store, "p", "quota", 3, 10000, 50, &until),
		    STORE_OK);
		assert_int_equal(until != 0, i == 3);
	}
	assert_int_equal(breaker_read(f->store, "p", &until, kind), STORE_OK);
	assert_true(until != 0);
	/* Another process sees it. */
	assert_int_equal(breaker_read(other, "p", &until, kind), STORE_OK);
	assert_true(until != 0);
	assert_string_equal(kind, "quota");
	assert_int_equal(breaker_read(other, "q", &until, kind), STORE_OK);
	assert_int_equal(until, 0);
	/* It closes by time; one more failure opens it again. */
	nanosleep(&moment, NULL);
	assert_int_equal(breaker_read(f->store, "p", &until, kind), STORE_OK);
	assert_int_equal(until, 0);
	assert_int_equal(
	    breaker_fail(f->store, "p", "quota", 3, 10000, 60000, &until),
	    STORE_OK);
	assert_true(until > clock_wall_ms());
	assert_int_equal(breaker_succeed(f->store, "p"), STORE_OK);
	assert_int_equal(redis_number(f, "EXISTS breaker:p"), 0);
	assert_int_equal(
	    breaker_fail(f->store, "p", "quota", 3, 10000, 60000, &until),
	    STORE_OK);
	assert_int_equal(until, 0);
	assert_int_equal(breaker_succeed(f->store, "p"), STORE_OK);
	/* Open for longer than ever set: the clock went back, and it is not. */
	(void)redis_text(f, "HSET breaker:p fails 0 since %lld until %lld",
	    (long long)clock_wall_ms(), (long long)clock_wall_ms() + 3600000);
	assert_int_equal(
	    breaker_fail(f->store, "p", "quota", 3, 10000, 60000, &until),
	    STORE_OK);
	assert_int_equal(until, 0);
	assert_int_equal(breaker_succeed(f->store, "p"), STORE_OK);
	/* Success that changes nothing costs nothing. */
	trips = metric_total(METRIC_REDIS_ROUND_TRIPS, 0);
	for (int i = 0; i < 10; i++)
		assert_int_equal(breaker_succeed(f->store, "p"), STORE_OK);
	assert_int_equal(metric_total(METRIC_REDIS_ROUND_TRIPS, 0), trips);
	store_close(other);
}

/* What stands between workers and their models, of all records together. */
static void
troubles(void **state)
{
	static const struct {
		/* "NAME KIND" of each, "!" if it lasts, "~" if the workers
		 * must read their settings again, ": WORDS". */
		const char *name, *records, *found;
	} CASES[] = {
		{ "nobody", "[]", "" },
		{ "nothing", "[{'backends':[{'name':'a','last':'ok'}]}]", "" },
		{ "one of two models",
		    "[{'backends':[{'name':'a','trouble':{'kind':'denied','why'"
		    ":"
		    "'w','remedy':'r','since_ms':5}},{'name':'b'}]}]",
		    "a denied!~: the provider rejects the API key. " },
		{ "the same at two workers is one",
		    "[{'backends':[{'name':'a','trouble':{'kind':'model',"
		    "'since_ms':5}}]},{'backends':[{'name':'a','trouble':{"
		    "'kind':'model','since_ms':6}}]}]",
		    "a model!~: the provider does not have this model. " },
		{ "another worker was answered later",
		    "[{'backends':[{'name':'a','trouble':{'kind':'quota',"
		    "'since_ms':5}}]},{'backends':[{'name':'a','answered_ms':6}"
		    "]}]",
		    "" },
		{ "and before",
		    "[{'backends':[{'name':'a','trouble':{'kind':'quota',"
		    "'since_ms':5}}]},{'backends':[{'name':'a','answered_ms':4}"
		    "]}]",
		    "a quota!: its quota or credit is used up. " },
		{ "the last question got no answer",
		    "[{'backends':[{'name':'a','last':'retry','asked_ms':5}]}]",
		    "a retry: it does not answer. " },
		{ "or half of one",
		    "[{'backends':[{'name':'a','last':'broken','asked_ms':5}]}]",
		    "a retry: it does not answer. " },
		{ "what is one question's alone",
		    "[{'backends':[{'name':'a','last':'invalid','asked_ms':5}]}"
		    "]",
		    "" },
		{ "what lasts is said first",
		    "[{'backends':[{'name':'a','last':'broken','asked_ms':5}]},"
		    "{'backends':[{'name':'a','trouble':{'kind':'denied',"
		    "'since_ms':1}}]}]",
		    "a denied!~: the provider rejects the API key. " },
		{ "a kind that only the worker knows",
		    "[{'backends':[{'name':'a','trouble':{'kind':'new',"
		    "'words':'it is new','lasts':true,'reloads':true}},"
		    "{'name':'b','trouble':{'kind':'denied','words':'no',"
		    "'lasts':true}},{'name':'c','trouble':{'kind':'denied',"
		    "'words':'for once'}},{'name':'d','trouble':{'kind':'x'}}]"
		    "}]",
		    "a new!~: it is new. b denied!: no. c denied: for once. d "
		    "x: it does not answer. " },
		{ "another release's, or anybody's",
		    "[7,{'backends':8},{'backends':[9,{'name':7},{'name':'a',"
		    "'trouble':'x'},{'name':'b','trouble':{'kind':1}}]}]",
		    "" },
	};

	(void)state;
	for (size_t i = 0; i < NELEM(CASES); i++) {
		struct arena *mem = arena_new();
		char text[1024], found[256] = "";
		const json_t *list, *one;
		size_t j;

		snprintf(text, sizeof(text), "%s", CASES[i].records);
		for (char *q = text; *q != '\0'; q++)
			if (*q == '\'')
				*q = '"';
		list = fleet_troubles(
		    json_read(mem, text, strlen(text), NULL, NULL), mem);
		json_array_foreach(list, j, one)
			snprintf(found + strlen(found),
			    sizeof(found) - strlen(found), "%s %s%s%s: %s. ",
			    json_member_str(one, "name"),
			    json_member_str(one, "kind"),
			    json_member_bool(one, "lasts", false) ? "!" : "",
			    json_member_bool(one, "reloads", false) ? "~" : "",
			    json_member_str(one, "words"));
		if (strcmp(found, CASES[i].found) != 0)
			fail_msg("%s: \"%s\"", CASES[i].name, found);
		arena_free(mem);
	}
}

#define TEST(t) cmocka_unit_test_setup(t, redis_fixture_flush)

int
main(void)
{
	const struct CMUnitTest tests[] = { TEST(workers), TEST(kinds),
		TEST(counts), TEST(breakers), TEST(troubles) };

	return cmocka_run_group_tests(tests, redis_fixture_setup,
	    redis_fixture_teardown);
}
