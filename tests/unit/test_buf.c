#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "base/buf.h"

static void
grows_to_its_limit_and_not_past_it(void **state)
{
	struct buf b = BUF_INIT(1000);
	int i;

	(void)state;
	assert_string_equal(buf_str(&b), "");
	for (i = 0; i < 100; i++)
		assert_int_equal(buf_add(&b, "0123456789", 10), 0);
	assert_int_equal(b.len, 1000);
	assert_int_equal(b.data[1000], 0);
	assert_false(b.full);
	assert_int_equal(buf_add_char(&b, 'x'), -1);
	assert_true(b.full);
	assert_int_equal(b.len, 1000);
	assert_int_equal(buf_add(&b, "", 0), 0);
	buf_reset(&b);
	assert_false(b.full);
	assert_string_equal(buf_str(&b), "");
	assert_int_equal(buf_add_str(&b, "again"), 0);
	assert_string_equal(buf_str(&b), "again");
	buf_fini(&b);
	assert_int_equal(buf_add_str(&b, "reusable"), 0);
	buf_wipe(&b);
	assert_null(b.data);
}

static void
a_refused_add_adds_nothing(void **state)
{
	struct buf b = BUF_INIT(4);

	(void)state;
	assert_int_equal(buf_add_str(&b, "abc"), 0);
	assert_int_equal(buf_printf(&b, "%d", 12), -1);
	assert_int_equal(buf_add(&b, "de", 2), -1);
	assert_int_equal(buf_add(&b, "x", SIZE_MAX), -1);
	assert_string_equal(buf_str(&b), "abc");
	assert_int_equal(buf_printf(&b, "%d", 1), 0);
	assert_string_equal(buf_str(&b), "abc1");
	buf_fini(&b);
}

/* There is memory for it, but no leave. */
static void
a_refused_print_prints_nothing(void **state)
{
	struct buf b = BUF_INIT(100);

	(void)state;
	assert_int_equal(buf_printf(&b, "%90d", 1), 0);
	assert_int_equal(buf_printf(&b, "%11d", 2), -1);
	assert_int_equal(b.len, 90);
	assert_int_equal(strlen(buf_str(&b)), 90);
	assert_int_equal(buf_printf(&b, "%10d", 3), 0);
	assert_int_equal(strlen(buf_str(&b)), 100);
	assert_int_equal(b.data[99], '3');
	assert_int_equal(buf_add_char(&b, 'x'), -1);
	assert_int_equal(strlen(buf_str(&b)), 100);
	buf_fini(&b);
}

static void
room_that_is_taken_early_is_empty(void **state)
{
	struct buf b = BUF_INIT(1000);

	(void)state;
	assert_int_equal(buf_reserve(&b, 900), 0);
	assert_string_equal(buf_str(&b), "");
	assert_int_equal(b.len, 0);
	assert_int_equal(buf_reserve(&b, 1001), -1);
	assert_int_equal(buf_add_str(&b, "x"), 0);
	assert_int_equal(buf_reserve(&b, 950), 0);
	assert_string_equal(buf_str(&b), "x");
	buf_fini(&b);
}

static void
drops_from_the_front(void **state)
{
	static const struct {
		size_t drop;
		const char *left;
	} cases[] = { { 0, "abcdef" }, { 2, "cdef" }, { 6, "" }, { 99, "" } };
	struct buf b = BUF_INIT(100);
	size_t i;

	(void)state;
	buf_drop(&b, 3);
	for (i = 0; i < NELEM(cases); i++) {
		buf_reset(&b);
		assert_int_equal(buf_add_str(&b, "abcdef"), 0);
		buf_drop(&b, cases[i].drop);
		assert_string_equal(buf_str(&b), cases[i].left);
		assert_int_equal(b.len, strlen(cases[i].left));
	}
	buf_fini(&b);
}

static void
prints_what_is_long(void **state)
{
	struct buf b = BUF_INIT(100000);
	int i;

	(void)state;
	for (i = 0; i < 100; i++)
		assert_int_equal(buf_printf(&b, "%500d", i), 0);
	assert_int_equal(b.len, 50000);
	assert_memory_equal(b.data + 49998, "99", 3);
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_to_its_limit_and_not_past_it),
		cmocka_unit_test(a_refused_add_adds_nothing),
		cmocka_unit_test(a_refused_print_prints_nothing),
		cmocka_unit_test(room_that_is_taken_early_is_empty),
		cmocka_unit_test(drops_from_the_front),
		cmocka_unit_test(prints_what_is_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
