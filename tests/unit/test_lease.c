#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/clock.h"
#include "redis/due.h"
#include "work/lease.h"

#define LEASE_MS 15000

static struct job job;

/* A reason gives way to a later one of the list only. */
static void
the_strongest_reason_stays(void **state)
{
	int before, after;

	(void)state;
	for (before = LEASE_HELD; before < LEASE_WHY_N; before++)
		for (after = LEASE_HELD; after < LEASE_WHY_N; after++) {
			int wanted = before > after ? before : after;
			struct lease l;

			lease_init(&l, &job, NULL, LEASE_MS);
			assert_int_equal(lease_why(&l), LEASE_HELD);
			lease_cancel(&l, (enum lease_why)before);
			lease_cancel(&l, (enum lease_why)after);
			if ((int)lease_why(&l) != wanted)
				fail_msg("%d, then %d: %d", before, after,
				    (int)lease_why(&l));
			/* It is the calls' cancel flag. */
			assert_int_equal(l.why != 0, wanted != LEASE_HELD);
		}
}

static void
a_write_makes_an_unsure_lease_sure(void **state)
{
	int why;

	(void)state;
	for (why = LEASE_HELD; why < LEASE_WHY_N; why++) {
		bool back = why == LEASE_UNSURE;
		struct lease l;

		lease_init(&l, &job, NULL, LEASE_MS);
		atomic_store(&l.until_ms, 0);
		lease_cancel(&l, (enum lease_why)why);
		assert_false(lease_is_sure(&l));
		lease_renewed(&l, clock_boot_ms(), LEASE_MS);
		if ((int)lease_why(&l) != (back ? LEASE_HELD : why)
		    || l.taken_back != (int)back)
			fail_msg("%d: %d", why, (int)lease_why(&l));
		assert_true(lease_is_sure(&l));
	}
}

/* The answer may have taken long: Redis counts from when it was asked. */
static void
a_write_renews_from_when_it_was_sent(void **state)
{
	const int64_t asked_ms = clock_boot_ms() - 4000;
	struct lease l;

	(void)state;
	lease_init(&l, &job, NULL, LEASE_MS);
	lease_renewed(&l, asked_ms, LEASE_MS);
	assert_int_equal(l.until_ms, asked_ms + LEASE_MS);
	assert_true(lease_is_sure(&l));
	/* Longer than the lease: it is not ours for sure. */
	lease_renewed(&l, asked_ms, 2000);
	assert_int_equal(l.until_ms, asked_ms + 2000);
	assert_int_equal(l.margin_ms, 500);
	assert_false(lease_is_sure(&l));
}

static void
all_are_cancelled_at_once(void **state)
{
	struct lease_book *b = lease_book_new(NULL);
	struct job stopped = { .stop = true };
	struct lease l[4];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(l); i++) {
		lease_init(&l[i], i == 3 ? &stopped : &job, NULL, LEASE_MS);
		lease_add(b, &l[i]);
	}
	assert_int_equal(lease_why(&l[3]), LEASE_STOP);
	lease_remove(b, &l[1]);
	lease_cancel_all(b, LEASE_DRAIN);
	assert_int_equal(lease_why(&l[0]), LEASE_DRAIN);
	assert_int_equal(lease_why(&l[1]), LEASE_HELD);
	assert_int_equal(lease_why(&l[2]), LEASE_DRAIN);
	assert_int_equal(lease_why(&l[3]), LEASE_STOP);
	lease_remove(b, &l[3]);
	lease_remove(b, &l[2]);
	lease_remove(b, &l[0]);
	lease_book_free(b);
	lease_book_free(NULL);
}

static void
a_short_lease_has_a_short_margin(void **state)
{
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
		cmocka_unit_test(the_strongest_reason_stays),
		cmocka_unit_test(a_write_makes_an_unsure_lease_sure),
		cmocka_unit_test(a_write_renews_from_when_it_was_sent),
		cmocka_unit_test(all_are_cancelled_at_once),
		cmocka_unit_test(a_short_lease_has_a_short_margin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
