#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/clock.h"
#include "redis/due.h"
#include "work/lease.h"

#define LEASE_MS 15000

static int
is_cancelled(const struct lease *l)
{
	return __atomic_load_n(&l->cancel, __ATOMIC_RELAXED);
}

static void
a_write_makes_an_unsure_lease_sure(void **state)
{
	static const struct {
		const char *what;
		enum lease_state before, after;
		int cancelled;
	} cases[] = {
		{ "held", LEASE_HELD, LEASE_HELD, 1 },
		{ "unsure: its calls may go on", LEASE_UNSURE, LEASE_HELD, 0 },
		{ "lost", LEASE_LOST, LEASE_LOST, 1 },
		{ "late", LEASE_LATE, LEASE_LATE, 1 },
	};
	struct lease_book *b = lease_book_new(NULL);
	struct job job = { .stop = false };
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		struct lease l = { .cancel = 1 };

		lease_init(&l, &job, NULL, LEASE_MS);
		lease_add(b, &l);
		assert_int_equal(is_cancelled(&l), 0);
		atomic_store(&l.state, cases[i].before);
		atomic_store(&l.until_ms, 0);
		__atomic_store_n(&l.cancel, 1, __ATOMIC_RELAXED);
		lease_renewed(&l, LEASE_MS);
		if (atomic_load(&l.state) != (int)cases[i].after
		    || is_cancelled(&l) != cases[i].cancelled
		    || l.taken_back != !cases[i].cancelled)
			fail_msg("%s", cases[i].what);
		assert_true(atomic_load(&l.until_ms) > clock_boot_ms());
		lease_remove(b, &l);
	}
	lease_book_free(b);
	lease_book_free(NULL);
}

static void
all_are_cancelled_at_once(void **state)
{
	struct lease_book *b = lease_book_new(NULL);
	struct job job = { .stop = true };
	struct lease l[3] = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(l); i++) {
		lease_init(&l[i], &job, NULL, LEASE_MS);
		lease_add(b, &l[i]);
	}
	assert_int_equal(atomic_load(&l[0].stopped), 1);
	lease_remove(b, &l[1]);
	lease_cancel_all(b);
	assert_int_equal(is_cancelled(&l[0]), 1);
	assert_int_equal(is_cancelled(&l[1]), 0);
	assert_int_equal(is_cancelled(&l[2]), 1);
	lease_remove(b, &l[2]);
	lease_remove(b, &l[0]);
	lease_book_free(b);
}

static void
a_short_lease_has_a_short_margin(void **state)
{
	struct job job = { .stop = false };
	struct lease l;

	(void)state;
	lease_init(&l, &job, NULL, LEASE_MS);
	assert_int_equal(l.margin_ms, LEASE_MARGIN_MS);
	lease_init(&l, &job, NULL, 1000);
	assert_int_equal(l.margin_ms, 250);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_write_makes_an_unsure_lease_sure),
		cmocka_unit_test(all_are_cancelled_at_once),
		cmocka_unit_test(a_short_lease_has_a_short_margin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
