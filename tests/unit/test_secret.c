#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "base/secret.h"

static void
equals_itself_only(void **state)
{
	static const struct {
		const char *secret, *said;
		bool equal, listed;
	} cases[] = {
		{ "abc", "abc", true, true },
		{ "abc", "abd", false, false },
		{ "abc", "ab", false, false },
		{ "abc", "abcd", false, false },
		{ "abc", "", false, false },
		{ "abc", NULL, false, false },
		{ "old,new", "old", false, true },
		{ "old,new", "new", false, true },
		{ "old, new", "new", false, true },
		{ "old,new", "old,new", true, false },
		{ "old,", "", false, false },
		{ ",", "", false, false },
		{ "", "", false, false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		struct secret s = { 0 };

		secret_set(&s, cases[i].secret, strlen(cases[i].secret));
		if (secret_equals(&s, cases[i].said) != cases[i].equal
		    || secret_list_has(&s, cases[i].said) != cases[i].listed)
			fail_msg("\"%s\" and \"%s\"", cases[i].secret,
			    cases[i].said == NULL ? "NULL" : cases[i].said);
		secret_clear(&s);
	}
}

static void
is_set_changed_and_cleared(void **state)
{
	struct secret s = { 0 }, copy;

	(void)state;
	assert_false(secret_is_set(&s));
	assert_false(secret_equals(&s, ""));
	assert_false(secret_list_has(&s, ""));
	secret_set(&s, "one", 3);
	secret_set(&s, "second", 6);
	assert_true(secret_is_set(&s));
	assert_string_equal(s.bytes, "second");
	secret_set(&s, s.bytes, 3); /* of itself */
	assert_string_equal(s.bytes, "sec");
	copy = s;
	secret_wipe(&copy);
	assert_false(secret_is_set(&copy));
	assert_memory_equal(s.bytes, "\0\0\0", 3);
	secret_clear(&s);
	secret_clear(&s);
	secret_wipe(&s);
	assert_false(secret_is_set(&s));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equals_itself_only),
		cmocka_unit_test(is_set_changed_and_cleared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
