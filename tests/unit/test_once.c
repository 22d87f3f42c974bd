/*
 * once: done by the first who asks, known by all who ask the same, whoever
 * died, came late, or asks for something else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/arena.h"
#include "redis/once.h"
#include "tests/unit/redis_fixture.h"

#define ID "0123456789abcdef0123456789abcdef"
#define ASKED "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define OTHER "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define KEY "{tenant:default}:once:" ID

static struct once
by(const char *token)
{
	return (struct once){ .tenant = "default",
		.id = ID,
		.asked = ASKED,
		.token = token,
		.run_ms = 60000,
		.keep_ms = 600000 };
}

static enum once_rc
begin(struct redis_fixture *f, const struct once *o, const char **result)
{
	static struct arena *mem;
	size_t len;

	arena_free(mem);
	mem = arena_new();
	*result = NULL;
	return once_begin(f->store, o, mem, result, &len);
}

static void
the_first_does_it(void **state)
{
	struct redis_fixture *f = *state;
	struct once a = by("a"), b = by("b"), c = by("c");
	const char *result;

	assert_int_equal(begin(f, &a, &result), ONCE_BEGUN);
	/* Its answer was lost on the way. */
	assert_int_equal(begin(f, &a, &result), ONCE_BEGUN);
	assert_int_equal(begin(f, &b, &result), ONCE_RUNS);
	c.asked = OTHER;
	assert_int_equal(begin(f, &c, &result), ONCE_OTHER);
	once_end(f->store, &b, "b's", 3); /* it is not his */
	assert_int_equal(begin(f, &b, &result), ONCE_RUNS);
	once_end(f->store, &a, "a's", 3);
	assert_int_equal(begin(f, &b, &result), ONCE_DONE);
	assert_string_equal(result, "a's");
	assert_int_equal(begin(f, &a, &result), ONCE_DONE);
	assert_int_equal(begin(f, &c, &result), ONCE_OTHER);
	assert_null(strstr(redis_text(f, "HGET " KEY " doc"), "a's"));
	assert_true(redis_number(f, "PTTL " KEY) > 0);
}

static void
what_was_not_done_is_begun_anew(void **state)
{
	struct redis_fixture *f = *state;
	struct once a = by("a"), b = by("b");
	const char *result;

	assert_int_equal(begin(f, &a, &result), ONCE_BEGUN);
	once_forget(f->store, &b); /* not his */
	assert_int_equal(begin(f, &b, &result), ONCE_RUNS);
	once_forget(f->store, &a);
	assert_int_equal(begin(f, &b, &result), ONCE_BEGUN);
}

static void
who_died_leaves_it_unknown(void **state)
{
	struct redis_fixture *f = *state;
	struct once a = by("a"), b = by("b");
	const char *result;

	a.run_ms = -1000;
	assert_int_equal(begin(f, &a, &result), ONCE_BEGUN);
	assert_int_equal(begin(f, &b, &result), ONCE_LOST);
	b.asked = OTHER;
	assert_int_equal(begin(f, &b, &result), ONCE_OTHER);
}

static void
a_large_result_is_done_all_the_same(void **state)
{
	struct redis_fixture *f = *state;
	struct once a = by("a"), b = by("b");
	struct arena *mem = arena_new();
	char *text = arena_alloc(mem, ONCE_RESULT_MAX + 2);
	const char *result;

	memset(text, 'x', ONCE_RESULT_MAX + 1);
	assert_int_equal(begin(f, &a, &result), ONCE_BEGUN);
	once_end(f->store, &a, text, ONCE_RESULT_MAX + 1);
	assert_int_equal(begin(f, &b, &result), ONCE_LARGE);
	(void)redis_text(f, "DEL " KEY);
	assert_int_equal(begin(f, &a, &result), ONCE_BEGUN);
	once_end(f->store, &a, text, ONCE_RESULT_MAX);
	assert_int_equal(begin(f, &b, &result), ONCE_DONE);
	assert_int_equal(strlen(result), ONCE_RESULT_MAX);
	arena_free(mem);
}

static void
a_look_says_whether_it_runs(void **state)
{
	static const char *const ids[] = { ID,
		"ffffffffffffffffffffffffffffffff" };
	struct redis_fixture *f = *state;
	struct once a = by("a");
	const char *result;
	bool runs[2];

	assert_int_equal(begin(f, &a, &result), ONCE_BEGUN);
	assert_int_equal(once_look(f->store, "default", ids, 2, runs), 0);
	assert_true(runs[0]);
	assert_false(runs[1]);
	once_end(f->store, &a, "r", 1);
	assert_int_equal(once_look(f->store, "default", ids, 1, runs), 0);
	assert_false(runs[0]);
}

/* Who waits stands in the record, as often as there is room. */
static void
who_waits_is_noted(void **state)
{
	struct redis_fixture *f = *state;
	struct once a = by("a"), b = by("b");
	const char *result;
	int i;

	assert_int_equal(begin(f, &a, &result), ONCE_BEGUN);
	b.address = "0011223344556677.12";
	for (i = 0; i < 1000; i++)
		assert_int_equal(begin(f, &b, &result), ONCE_RUNS);
	assert_true(strlen(redis_text(f, "HGET " KEY " wait")) < 8300);
	once_end(f->store, &a, "r", 1);
	assert_int_equal(begin(f, &b, &result), ONCE_DONE);
	assert_int_equal(redis_number(f, "HEXISTS " KEY " wait"), 0);
}

static void
what_others_wrote_is_refused(void **state)
{
	struct redis_fixture *f = *state;
	struct once a = by("a");
	const char *result;

	(void)redis_text(f, "SET " KEY " x");
	assert_int_equal(begin(f, &a, &result), ONCE_DOWN);
	(void)redis_text(f, "DEL " KEY);
	(void)redis_text(f, "HSET " KEY " doc forged");
	assert_int_equal(begin(f, &a, &result), ONCE_DOWN);
	/* Of another record. */
	(void)redis_text(f, "DEL " KEY);
	a.id = "ffffffffffffffffffffffffffffffff";
	assert_int_equal(begin(f, &a, &result), ONCE_BEGUN);
	once_end(f->store, &a, "r", 1);
	(void)redis_text(f,
	    "RENAME {tenant:default}:once:ffffffffffffffffffffffffffffffff " KEY);
	a.id = ID;
	assert_int_equal(begin(f, &a, &result), ONCE_DOWN);
}

#define TEST(t) cmocka_unit_test_setup(t, redis_fixture_flush)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_does_it),
		TEST(what_was_not_done_is_begun_anew),
		TEST(who_died_leaves_it_unknown),
		TEST(a_large_result_is_done_all_the_same),
		TEST(a_look_says_whether_it_runs),
		TEST(who_waits_is_noted),
		TEST(what_others_wrote_is_refused),
	};

	return cmocka_run_group_tests(tests, redis_fixture_setup,
	    redis_fixture_teardown);
}
