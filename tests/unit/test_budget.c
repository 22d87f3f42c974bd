#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "redis/budget.h"
#include "redis/journal.h"
#include "tests/unit/redis_fixture.h"

static void
reserving(void **state)
{
	struct redis_fixture *f = *state;
	static const struct {
		const char *name;
		struct budget_limits limits;
		int64_t tokens[3];
		enum store_rc rc[3];
		int64_t chat, all; /* spent afterwards */
	} cases[] = {
		{ "off", { 0, 0 }, { 100, 100, 100 },
		    { STORE_OK, STORE_OK, STORE_OK }, 0, 0 },
		{ "chat", { 250, 0 }, { 100, 100, 100 },
		    { STORE_OK, STORE_OK, STORE_LIMITED }, 200, 200 },
		{ "day", { 0, 150 }, { 100, 100, 50 },
		    { STORE_OK, STORE_LIMITED, STORE_OK }, 150, 150 },
		{ "both", { 100, 100 }, { 101, 100, 1 },
		    { STORE_LIMITED, STORE_OK, STORE_LIMITED }, 100, 100 },
		{ "chat is tighter", { 100, 1000 }, { 60, 60, 40 },
		    { STORE_OK, STORE_LIMITED, STORE_OK }, 100, 100 },
	};

	for (size_t i = 0; i < NELEM(cases); i++) {
		struct chat_name chat = fixture_chat(cases[i].name);
		int64_t by_chat, by_all, day;

		redis_fixture_flush(state);
		for (int n = 0; n < 3; n++) {
			enum store_rc rc = budget_reserve(f->store, &chat,
			    cases[i].tokens[n], &cases[i].limits, &day);

			if (rc != cases[i].rc[n])
				fail_msg("%s: %d: %d", cases[i].name, n, rc);
			assert_true(day > 20000);
		}
		assert_int_equal(
		    budget_spent(f->store, &chat, &by_chat, &by_all), STORE_OK);
		assert_int_equal(by_chat, cases[i].chat);
		assert_int_equal(by_all, cases[i].all);
		assert_int_equal(
		    budget_spent(f->store, NULL, &by_chat, &by_all), STORE_OK);
		assert_int_equal(by_chat, 0);
		assert_int_equal(by_all, cases[i].all);
	}
}

static void
settling(void **state)
{
	struct redis_fixture *f = *state;
	struct chat_name chat = fixture_chat("settle");
	struct budget_limits limits = { 1000, 1000 };
	struct budget_change change = { .reserved = 500 };
	struct turn_outcome o = { .end = END_REPLIED, .history_max = 1 };
	struct job *job;
	int64_t by_chat, by_all;
	bool stopped;

	assert_int_equal(fixture_say(f->store, &chat, "1", "hi", ""), STORE_OK);
	job = fixture_take(f->store, &chat, 10000);
	assert_non_null(job);
	assert_int_equal(
	    budget_reserve(f->store, &chat, 500, &limits, &change.day),
	    STORE_OK);
	change.spent = 120;
	assert_int_equal(journal_write(f->store, job, NULL, 0, 10000, 60000,
			     &change, &stopped),
	    STORE_OK);
	assert_int_equal(budget_spent(f->store, &chat, &by_chat, &by_all),
	    STORE_OK);
	assert_int_equal(by_chat, 120);
	assert_int_equal(by_all, 120);
	/* More than was thought, along with the end; never below nothing. */
	change.reserved = 0;
	change.spent = 30;
	o.settle = &change;
	assert_int_equal(journal_finish(f->store, job, &o), STORE_OK);
	assert_int_equal(budget_spent(f->store, &chat, &by_chat, &by_all),
	    STORE_OK);
	assert_int_equal(by_chat, 150);
	assert_int_equal(by_all, 150);
	assert_true(
	    redis_number(f, "TTL budget:%lld", (long long)change.day) > 86400);
	job_free(job);
}

#define TEST(t) cmocka_unit_test_setup(t, redis_fixture_flush)

int
main(void)
{
	const struct CMUnitTest tests[] = { TEST(reserving), TEST(settling) };

	return cmocka_run_group_tests(tests, redis_fixture_setup,
	    redis_fixture_teardown);
}
