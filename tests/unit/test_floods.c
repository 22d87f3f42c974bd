/*
 * Answers that would keep a worker busy: each piece of one costs what is in it,
 * not what came before.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>
#include <time.h>

#include "tests/unit/answers.h"

#define PIECES 300000
#define SECONDS_MAX 5 /* of the processor; it is some tenths */

static const struct tool_spec TOOLS[]
    = { { .name = "echo", .description = "e", .schema_text = "{}" } };
static const struct llm_message HELLO = { .role = LLM_USER, .text = "Hello" };
static const struct llm_question QUESTION = { .messages = &HELLO,
	.nmessages = 1, .tools = TOOLS, .ntools = NELEM(TOOLS) };

/* ${begin}, then the bytes of ${unit} again and again, each a piece. */
static const struct {
	const char *what, *begin, *unit;
} FLOODS[] = {
	{ "line ends", "", "\n" },
	{ "line ends after a word", "a", "\n" },
	{ "line ends after thoughts", "<think>a</think>", "\n" },
	{ "words after blanks", "", " \n\na" },
	{ "what nobody sees", "", "\xe2\x80\x8b" },
	{ "brackets", "", "<" },
	{ "brackets, each on its line", "a\n", "<\n" },
	{ "letters", "", "a" },
	{ "a mark of thoughts", "", "\xe2\x97\x81" },
	{ "backticks", "", "`" },
	{ "fences", "", "```\n" },
	{ "thoughts without an end", "<think>", "some words\n" },
	{ "a tag without an end", "<think ", "a" },
	{ "marks of the end", "a", "<|end|>" },
	{ "tags that are spoken of", "<think>a</think>b", " <think>," },
};

static void
feed(const char *begin, const char *unit, bool messages, bool own)
{
	struct arena *mem = arena_new();
	struct llm_reading r;
	struct llm_answer a;
	size_t i, len = strlen(unit);

	llm_reading_init(&r, &QUESTION, mem, own);
	r.thoughts.messages = messages;
	assert_int_equal(llm_reading_text(&r, begin, strlen(begin)), 0);
	for (i = 0; i < PIECES; i++)
		assert_int_equal(llm_reading_text(&r, unit + i % len, 1), 0);
	(void)llm_reading_finish(&r, &a);
	llm_reading_fini(&r);
	arena_free(mem);
}

static void
pieces_are_looked_at_once(void **state)
{
	clock_t began; /* the processor's time: others use it, too */
	double took;
	size_t i;
	int k;

	(void)state;
	for (i = 0; i < NELEM(FLOODS); i++)
		for (k = 0; k < 4; k++) {
			began = clock();
			feed(FLOODS[i].begin, FLOODS[i].unit, k % 2 == 1,
			    k / 2 == 1);
			took = (double)(clock() - began) / CLOCKS_PER_SEC;
			if (took > SECONDS_MAX)
				fail_msg("%s, %s wire, %s form: %.1f s",
				    FLOODS[i].what,
				    k % 2 == 1 ? "Messages'" : "Chat's",
				    k / 2 == 1 ? "our" : "any", took);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_are_looked_at_once),
	};

	return cmocka_run_group_tests_name("floods", tests, NULL, NULL);
}
