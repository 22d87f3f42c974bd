#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/clock.h"

static void
writes_times(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = {
		{ 0, "1970-01-01T00:00:00.000Z" },
		{ 1, "1970-01-01T00:00:00.001Z" },
		{ 951782400000, "2000-02-29T00:00:00.000Z" },
		{ 1763632800123, "2025-11-20T10:00:00.123Z" },
		{ 4102444799999, "2099-12-31T23:59:59.999Z" },
	};
	char out[CLOCK_ISO_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		assert_ptr_equal(clock_iso(cases[i].ms, out), out);
		assert_string_equal(out, cases[i].text);
	}
}

static void
runs_forward(void **state)
{
	int64_t us = clock_boot_us(), ms = clock_boot_ms();

	(void)state;
	assert_true(clock_wall_ms() > 1700000000000);
	assert_true(ms >= us / 1000);
	assert_true(clock_boot_us() >= us);
	assert_true(clock_boot_ms() >= ms);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_times),
		cmocka_unit_test(runs_forward),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
