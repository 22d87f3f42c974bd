#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "nouns/command.h"

static void
is_an_exact_word(void **state)
{
	static const struct {
		const char *text;
		enum command command;
		bool immediate;
	} cases[] = {
		{ "/status", COMMAND_STATUS, true },
		{ "/help", COMMAND_HELP, true },
		{ "/stop", COMMAND_STOP, true },
		{ "/why", COMMAND_WHY, true },
		{ "/usage", COMMAND_USAGE, true },
		{ "/reset", COMMAND_RESET, false },
		{ "/disconnect", COMMAND_DISCONNECT, false },
		{ "/Status", COMMAND_UNKNOWN, true },
		{ "/stauts", COMMAND_UNKNOWN, true },
		{ "/etc/hosts", COMMAND_NONE, false },
		{ "//stauts", COMMAND_NONE, false },
		{ "/2", COMMAND_NONE, false },
		{ "/caf\xc3\xa9", COMMAND_NONE, false },
		{ "/status now", COMMAND_NONE, false },
		{ "/status ", COMMAND_NONE, false },
		{ " /status", COMMAND_NONE, false },
		{ "/stat", COMMAND_UNKNOWN, true },
		{ "status", COMMAND_NONE, false },
		{ "/", COMMAND_NONE, false },
		{ "", COMMAND_NONE, false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		enum command c = command_parse(cases[i].text);

		assert_int_equal(c, cases[i].command);
		assert_int_equal(command_is_immediate(c), cases[i].immediate);
		if (c != COMMAND_NONE && c != COMMAND_UNKNOWN)
			assert_non_null(
			    strstr(command_help(true), cases[i].text));
	}
	assert_null(strstr(command_help(false), "token"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_an_exact_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
