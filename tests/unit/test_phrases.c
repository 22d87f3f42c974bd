#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "base/text.h"
#include "chat/phrases.h"
#include "nouns/metric.h"

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
		PHRASE_UNKNOWN_MODEL,
		PHRASE_ADDRESS,
		PHRASE_UNREACHABLE,
		PHRASE_UNCHOSEN,
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
		PHRASE_TOOL_ASKS,
		PHRASE_TOOL_LATER,
		PHRASE_TOOL_SILENT,
		PHRASE_TOOL_SILENT_FAILURE,
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

/* What does not pass is never told as if it did, nor in another's words. */
static void
a_permanent_failure_has_its_own(void **state)
{
	(void)state;
	for (int rc = LLM_OK + 1; rc < LLM_RC_N; rc++) {
		const char *phrase = phrase_of((enum llm_rc)rc);
		bool lasts = llm_needs_operator((enum llm_rc)rc);

		if (lasts != (strstr(phrase, "needs the operator") != NULL)
		    || lasts
			!= (strstr(phrase, "trying again will not help")
			    != NULL))
			fail_msg("%s: %s", llm_rc_name((enum llm_rc)rc),
			    phrase);
		for (int other = LLM_OK + 1; lasts && other < rc; other++)
			assert_string_not_equal(phrase,
			    phrase_of((enum llm_rc)other));
	}
}

/* One row an end, and the metric's labels in the same order. */
static void
kinds_have_names_and_words(void **state)
{
	const char *const *labels = METRICS[METRIC_MODEL_ERRORS].values;

	(void)state;
	for (int rc = 0; rc < LLM_RC_N; rc++) {
		assert_non_null(llm_rc_name((enum llm_rc)rc));
		assert_non_null(llm_rc_words((enum llm_rc)rc));
		assert_string_equal(labels[rc], llm_rc_name((enum llm_rc)rc));
		for (int other = 0; other < rc; other++)
			assert_string_not_equal(llm_rc_words((enum llm_rc)rc),
			    llm_rc_words((enum llm_rc)other));
	}
	assert_null(labels[LLM_RC_N]);
	/* An account is no setting: nothing is read again for it. */
	assert_int_equal(llm_mend(LLM_QUOTA), LLM_MEND_THERE);
	assert_int_equal(llm_mend(LLM_DENIED), LLM_MEND_HERE);
	assert_false(llm_needs_operator(LLM_RETRY));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(are_sentences),
		cmocka_unit_test(a_permanent_failure_has_its_own),
		cmocka_unit_test(kinds_have_names_and_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
