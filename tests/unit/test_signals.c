#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/signals.h"

#define SOON_MS 10

static void
waits_for_who_asks(void **state)
{
	(void)state;
	assert_int_equal(signals_wait(0), SIGNALS_NONE);
	kill(getpid(), SIGHUP);
	assert_int_equal(signals_wait(SOON_MS), SIGNALS_RELOAD);
	kill(getpid(), SIGINT);
	assert_int_equal(signals_wait(SOON_MS), SIGNALS_END);
	kill(getpid(), SIGTERM);
	assert_int_equal(signals_wait(SOON_MS), SIGNALS_END);
	assert_int_equal(signals_wait(SOON_MS), SIGNALS_NONE);
}

static void
an_end_leaves_the_reload(void **state)
{
	(void)state;
	kill(getpid(), SIGHUP);
	assert_false(signals_end_came(SOON_MS));
	kill(getpid(), SIGTERM);
	assert_true(signals_end_came(SOON_MS));
	assert_false(signals_end_came(0));
	assert_int_equal(signals_wait(0), SIGNALS_RELOAD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_for_who_asks),
		cmocka_unit_test(an_end_leaves_the_reload),
	};

	signals_block();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
