#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "base/text.h"
#include "chat/phrases.h"

/* Whole sentences, each once: a person reads them, without a model's help. */
static void
are_sentences(void **state)
{
	static const char *const all[] = {
		PHRASE_WELCOME,
		PHRASE_CONNECTED,
		PHRASE_BAD_TOKEN,
		PHRASE_TOKEN_SERVER_DOWN,
		PHRASE_TOKEN_EXPIRED,
		PHRASE_TOKEN_UNSURE,
		PHRASE_DISCONNECTED,
		PHRASE_CLEARED,
		PHRASE_RESET,
		PHRASE_MODEL_FAILED,
		PHRASE_TOO_LONG,
		PHRASE_EMPTY,
		PHRASE_FOUND_DATA,
		PHRASE_REFUSED,
		PHRASE_FILTERED,
		PHRASE_QUOTA,
		PHRASE_LIMITED,
		PHRASE_DENIED,
		PHRASE_UNREACHABLE,
		PHRASE_INVALID,
		PHRASE_LOADING,
		PHRASE_LIMIT,
		PHRASE_CUT_OFF,
		PHRASE_FILTER_STOPPED,
		PHRASE_STOPPED,
		PHRASE_EXPIRED,
		PHRASE_DEAD,
		PHRASE_LATE,
		PHRASE_BUDGET_TURN,
		PHRASE_BUDGET_CHAT,
		PHRASE_HIGHER_TIER,
		PHRASE_SUMMARISE,
		PHRASE_OUTCOME_UNKNOWN,
	};
	size_t i, j;

	(void)state;
	for (i = 0; i < NELEM(all); i++) {
		size_t len = strlen(all[i]);

		assert_true(len >= 8 && len < 700);
		assert_true(text_is_utf8(all[i], len));
		assert_non_null(strchr(".?!)", all[i][len - 1]));
		assert_null(strstr(all[i], "  "));
		for (j = 0; j < i; j++)
			assert_string_not_equal(all[i], all[j]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(are_sentences),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
