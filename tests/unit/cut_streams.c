/*
 * Answers in files, named WIRE-ANYTHING, each read by its wire's reader whole,
 * in pieces, and cut at every byte (cuts.h).  No unit test of its own:
 * tests/wild/cuts.test.mjs gives it what the cases send.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cuts.h"

static void
may_end_anywhere(void **state)
{
	const char *path = *state, *name = strrchr(path, '/');
	struct tool_spec tool = { .name = "echo", .description = "" };
	struct llm_question q = { .tools = &tool, .ntools = 1 };
	struct buf b = BUF_INIT(16 * MIB);
	char piece[4096];
	FILE *f = fopen(path, "rb");
	size_t n;

	assert_non_null(f);
	name = name == NULL ? path : name + 1;
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		assert_int_equal(buf_add(&b, piece, n), 0);
	fclose(f);
	cuts_check(name,
	    strncmp(name, "openai-", 7) == 0 ? &LLM_OPENAI : &LLM_ANTHROPIC, &q,
	    buf_str(&b), b.len);
	buf_fini(&b);
}

int
main(int argc, char **argv)
{
	struct CMUnitTest *tests = calloc((size_t)argc, sizeof(*tests));
	int i, rc;

	if (tests == NULL)
		return 1;
	for (i = 1; i < argc; i++)
		tests[i - 1] = (struct CMUnitTest){ .name = argv[i],
			.test_func = may_end_anywhere,
			.initial_state = argv[i] };
	rc = _cmocka_run_group_tests("streams", tests, (size_t)argc - 1, NULL,
	    NULL);
	free(tests);
	return rc;
}
