/*
 * The words of a cut answer that a turn keeps: the longest of a round, and of
 * no round before it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "chat/turn.h"

static struct turn t;

static int
begin(void **state)
{
	(void)state;
	t = (struct turn){ 0 };
	return 0;
}

static void
the_longest_are_kept(void **state)
{
	(void)state;
	assert_false(turn_has_kept(&t));
	turn_keep(&t, "");
	assert_false(turn_has_kept(&t));
	assert_false(t.kept_unwritten);
	turn_keep(&t, "Half an answer");
	assert_true(turn_has_kept(&t));
	assert_true(t.kept_unwritten);
	t.kept_unwritten = false;
	turn_keep(&t, "Half");
	turn_keep(&t, "");
	turn_keep(&t, "As much, that!"); /* the first of equals */
	assert_string_equal(t.kept, "Half an answer");
	assert_false(t.kept_unwritten);
	turn_keep(&t, "Half an answer, and");
	assert_string_equal(t.kept, "Half an answer, and");
	assert_true(t.kept_unwritten);
}

/* After the calls of a round another answer was asked for. */
static void
another_round_has_its_own(void **state)
{
	(void)state;
	t.nrounds = 1;
	turn_keep(&t, "Let me look that up for you");
	assert_true(turn_has_kept(&t));
	t.nrounds = 2;
	assert_false(turn_has_kept(&t));
	turn_keep(&t, "");
	assert_false(turn_has_kept(&t));
	turn_keep(&t, "It is");
	assert_true(turn_has_kept(&t));
	assert_string_equal(t.kept, "It is");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_longest_are_kept, begin),
		cmocka_unit_test_setup(another_round_has_its_own, begin),
	};

	return cmocka_run_group_tests_name("unanswered", tests, NULL, NULL);
}
