#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "nouns/session.h"

static void
states_have_names(void **state)
{
	static const struct {
		enum session_state state;
		const char *name;
	} cases[] = {
		{ SESSION_NEEDS_TOKEN, "needs_token" },
		{ SESSION_AWAITING_TOKEN, "awaiting_token" },
		{ SESSION_ACTIVE, "active" },
	};
	static const char *const wrong[] = { "", "Active", "active ", "none" };
	enum session_state s;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		assert_string_equal(session_state_name(cases[i].state),
		    cases[i].name);
		assert_int_equal(session_state_parse(cases[i].name, &s), 0);
		assert_int_equal(s, cases[i].state);
	}
	for (i = 0; i < NELEM(wrong); i++)
		assert_int_equal(session_state_parse(wrong[i], &s), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
