/*
 * What was learned of a backend, as Redis keeps it: each field until its own
 * end, a tool's until its schema changes, and nothing that a stranger wrote
 * there does harm.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "llm/quirks.h"
#include "redis/learned.h"
#include "tests/unit/redis_fixture.h"

#define BACKEND "openai/m/0123abcd"
#define OTHER "openai/n/0123abcd"
#define HOUR_MS (60 * 60 * 1000LL)
#define KEY "{backend:" BACKEND "}:quirks"

/* The value of ${name}, or NULL; lives until the next call. */
static const struct learned *
find(struct store *st, const char *backend, const char *name)
{
	static struct learned all[LEARNED_FIELDS_MAX];
	size_t i, n;

	assert_int_equal(learned_read(st, backend, all, LEARNED_FIELDS_MAX, &n),
	    STORE_OK);
	for (i = 0; i < n; i++)
		if (strcmp(all[i].name, name) == 0)
			return &all[i];
	return NULL;
}

static void
expect(struct store *st, const char *backend, const char *name,
    const char *value)
{
	const struct learned *l = find(st, backend, name);

	if (l == NULL && value != NULL)
		fail_msg("%s is not known", name);
	if (l != NULL && value == NULL)
		fail_msg("%s is known: %s", name, l->value);
	if (l != NULL)
		assert_string_equal(l->value, value);
}

static void
add(struct store *st, const char *name, const char *value)
{
	assert_int_equal(learned_add(st, BACKEND, name, value), STORE_OK);
}

static void
kept_by_backend_and_forgotten(void **state)
{
	struct redis_fixture *f = *state;

	expect(f->store, BACKEND, "tools", NULL);
	add(f->store, "tools", "no");
	add(f->store, "max_tokens_value", "4096");
	assert_int_equal(learned_add(f->store, OTHER, "stream", "no"),
	    STORE_OK);
	expect(f->store, BACKEND, "tools", "no");
	expect(f->store, BACKEND, "max_tokens_value", "4096");
	expect(f->store, BACKEND, "stream", NULL);
	add(f->store, "max_tokens_value", "2048"); /* the newest counts */
	expect(f->store, BACKEND, "max_tokens_value", "2048");

	assert_int_equal(learned_forget(f->store, BACKEND), STORE_OK);
	expect(f->store, BACKEND, "tools", NULL);
	expect(f->store, OTHER, "stream", "no");
	assert_int_equal(redis_number(f, "EXISTS %s", KEY), 0);
	/* What is not there is forgotten, too. */
	assert_int_equal(learned_forget(f->store, BACKEND), STORE_OK);
}

static void
each_field_has_its_own_end(void **state)
{
	struct redis_fixture *f = *state;
	int64_t before = clock_wall_ms(), ttl;
	const struct learned *l;

	add(f->store, "tools", "no");
	l = find(f->store, BACKEND, "tools");
	assert_non_null(l);
	assert_true(l->until_ms >= before + LEARNED_LIFE_MS
	    && l->until_ms <= clock_wall_ms() + LEARNED_LIFE_MS);

	/* As if it had been learned a day and a bit ago, another an hour ago.
	 */
	redis_number(f, "HSET %s tools %lld%s", KEY, (long long)(before - 9),
	    " no");
	redis_number(f, "HSET %s images %lld%s", KEY,
	    (long long)(before + LEARNED_LIFE_MS - HOUR_MS), " no");
	add(f->store, "stream", "no");
	expect(f->store, BACKEND, "tools", NULL);
	expect(f->store, BACKEND, "images", "no");
	expect(f->store, BACKEND, "stream", "no");
	/* The key outlives the last of its fields, and not by much. */
	ttl = redis_number(f, "PTTL %s", KEY);
	assert_true(ttl > LEARNED_LIFE_MS && ttl <= 2 * LEARNED_LIFE_MS);
	/* Learned again, it is believed for another day. */
	add(f->store, "tools", "no");
	expect(f->store, BACKEND, "tools", "no");
}

/* A tool is refused with the digest of its schema: one that was mended is
 * offered again, though the day is not over. */
static void
a_mended_tool_returns(void **state)
{
	struct redis_fixture *f = *state;
	struct llm_quirks q = LLM_QUIRKS_INIT;
	const struct learned *l;

	add(f->store, "tool:files__read", "d1");
	add(f->store, "tool:files__write", "d9");
	l = find(f->store, BACKEND, "tool:files__read");
	assert_non_null(l);
	assert_true(llm_quirks_set(&q, l->name, l->value));
	assert_true(llm_quirks_refuse_tool(&q, "files__read", "d1"));
	assert_false(llm_quirks_refuse_tool(&q, "files__read", "d2"));

	/* Mended, and refused again: the new one is. */
	add(f->store, "tool:files__read", "d2");
	l = find(f->store, BACKEND, "tool:files__read");
	assert_non_null(l);
	assert_true(llm_quirks_set(&q, l->name, l->value));
	assert_true(llm_quirks_refuse_tool(&q, "files__read", "d2"));
	assert_false(llm_quirks_refuse_tool(&q, "files__read", "d1"));
	expect(f->store, BACKEND, "tool:files__write", "d9");
}

/* A field that somebody else wrote, ${later}: ms from now in front. */
static const struct {
	const char *what, *name, *value;
	int64_t later;
	bool dated;
} DAMAGED[] = {
	{ "no value", "images", "", 0, false },
	{ "no date", "images", "no", 0, false },
	{ "a date alone", "images", "", 60000, true },
	{ "a blank and no value", "images", " ", 60000, true },
	{ "a date that is none", "images", "soon no", 0, false },
	{ "a date and more", "images", "x no", 60000, true },
	{ "a date too large", "images", "99999999999999999999999 no", 0,
	    false },
	{ "a date below zero", "images", "-5 no", 0, false },
	{ "its day is over", "images", " no", -1, true },
	{ "for ever", "images", " no", 30 * LEARNED_LIFE_MS, true },
	{ "a control in the value", "images", " no\033[2J", 60000, true },
	{ "a line end in the value", "images", " no\nyes", 60000, true },
	{ "a control in the name", "ima\tges", " no", 60000, true },
	{ "a name without letters", "", " no", 60000, true },
	{ "a long value", "images",
	    " nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
	    "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
	    "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
	    "nnnnnnnnnnnnnnnn",
	    60000, true },
	{ "a long name",
	    "iiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiiii"
	    "iiiiiiiiiiiiiiiiiiiiiiii",
	    " no", 60000, true },
};

static void
garbage_harms_nothing(void **state)
{
	struct redis_fixture *f = *state;
	struct learned all[LEARNED_FIELDS_MAX];
	size_t i, n;

	for (i = 0; i < NELEM(DAMAGED); i++) {
		redis_fixture_flush(state);
		add(f->store, "tools", "no");
		if (DAMAGED[i].dated)
			redis_number(f, "HSET %s %s %lld%s", KEY,
			    DAMAGED[i].name,
			    (long long)(clock_wall_ms() + DAMAGED[i].later),
			    DAMAGED[i].value);
		else
			redis_number(f, "HSET %s %s %s", KEY, DAMAGED[i].name,
			    DAMAGED[i].value);
		assert_int_equal(redis_number(f, "HLEN %s", KEY), 2);
		assert_int_equal(learned_read(f->store, BACKEND, all,
				     LEARNED_FIELDS_MAX, &n),
		    STORE_OK);
		if (n != 1 || strcmp(all[0].name, "tools") != 0
		    || strcmp(all[0].value, "no") != 0)
			fail_msg("%s: %zu fields", DAMAGED[i].what, n);
		add(f->store, "images", "no"); /* learned over it */
		expect(f->store, BACKEND, "images", "no");
	}
}

static void
bytes_that_are_no_text(void **state)
{
	struct redis_fixture *f = *state;

	add(f->store, "tools", "no");
	redis_number(f, "HSET %s %b %b", KEY, "a\0b", (size_t)3, "\0\xff",
	    (size_t)2);
	expect(f->store, BACKEND, "tools", "no");
	expect(f->store, BACKEND, "a", NULL);
}

/* A key of another type is as if nothing were known, and is learned over. */
static void
a_key_of_another_type(void **state)
{
	static const char *const MADE[] = { "SET %s x", "LPUSH %s x",
		"SADD %s x", "ZADD %s 1 x", "XADD %s * a b" };
	struct redis_fixture *f = *state;
	size_t i;

	for (i = 0; i < NELEM(MADE); i++) {
		redis_fixture_flush(state);
		/* The first answers "OK", others a number: errors are none. */
		const char *said = redis_text(f, MADE[i], KEY);

		assert_true(said == NULL || said[0] != '!');
		expect(f->store, BACKEND, "tools", NULL);
		add(f->store, "tools", "no");
		expect(f->store, BACKEND, "tools", "no");

		redis_fixture_flush(state);
		(void)redis_text(f, MADE[i], KEY);
		assert_int_equal(learned_forget(f->store, BACKEND), STORE_OK);
		assert_int_equal(redis_number(f, "EXISTS %s", KEY), 0);
	}
}

static void
its_size_is_bounded(void **state)
{
	struct redis_fixture *f = *state;
	struct learned few[3];
	char name[LEARNED_NAME_MAX + 1], value[LEARNED_VALUE_MAX + 1];
	size_t i, n;

	for (i = 0; i < 3 * LEARNED_FIELDS_MAX; i++) {
		snprintf(name, sizeof(name), "tool:t%zu", i);
		add(f->store, name, "d");
		assert_true(
		    redis_number(f, "HLEN %s", KEY) <= LEARNED_FIELDS_MAX);
		expect(f->store, BACKEND, name, "d");
	}
	/* A reader with less room gets what it has room for. */
	assert_int_equal(learned_read(f->store, BACKEND, few, NELEM(few), &n),
	    STORE_OK);
	assert_int_equal(n, NELEM(few));

	/* Too long, empty or no text: nothing is written. */
	redis_fixture_flush(state);
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	memset(value, 'v', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	add(f->store, name, "no");
	add(f->store, "tools", value);
	add(f->store, "", "no");
	add(f->store, "tools", "");
	add(f->store, "tools", "n\no");
	assert_int_equal(redis_number(f, "EXISTS %s", KEY), 0);
	/* The longest that fit. */
	name[LEARNED_NAME_MAX - 1] = '\0';
	value[LEARNED_VALUE_MAX - 1] = '\0';
	add(f->store, name, value);
	expect(f->store, BACKEND, name, value);
}

static void
without_redis(void **state)
{
	struct redis_fixture *f = *state;
	struct learned all[LEARNED_FIELDS_MAX];
	size_t n = 7;

	add(f->store, "tools", "no");
	redis_fixture_kill(f);
	assert_int_equal(
	    learned_read(f->store, BACKEND, all, LEARNED_FIELDS_MAX, &n),
	    STORE_DOWN);
	assert_int_equal(n, 0);
	assert_int_equal(learned_add(f->store, BACKEND, "tools", "no"),
	    STORE_DOWN);
	assert_int_equal(learned_forget(f->store, BACKEND), STORE_DOWN);
	redis_fixture_restart(f);
	expect(f->store, BACKEND, "tools", "no");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, redis_fixture_flush)
	const struct CMUnitTest tests[] = {
		TEST(kept_by_backend_and_forgotten),
		TEST(each_field_has_its_own_end),
		TEST(a_mended_tool_returns),
		TEST(garbage_harms_nothing),
		TEST(bytes_that_are_no_text),
		TEST(a_key_of_another_type),
		TEST(its_size_is_bounded),
		TEST(without_redis),
	};

	return cmocka_run_group_tests_name("learned", tests,
	    redis_fixture_setup, redis_fixture_teardown);
}
