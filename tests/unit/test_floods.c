/*
 * Answers that would keep a worker busy: each piece of one costs what is in it,
 * not what came before.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/unit/answers.h"

#define PIECES 200000
#define DETAILS 50000
#define SECONDS_MAX 5 /* of the processor; it is some tenths */

static const struct tool_spec TOOLS[] = {
	{ .name = "echo", .description = "e", .schema_text = "{}" }
};
static const struct llm_message HELLO = { .role = LLM_USER, .text = "Hello" };
static const struct llm_question QUESTION = { .messages = &HELLO,
	.nmessages = 1,
	.tools = TOOLS,
	.ntools = NELEM(TOOLS) };

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
	{ "a call after many words", "a\n<tool_call>", "{\"name\":" },
	{ "an answer that may be one call", "{", " " },
	{ "blanks in a call", "a\n<tool_call>", "\n" },
	{ "calls in fences", "```\n", "<tool_call>{\n" },
};

static void
feed(const char *begin, const char *unit, bool messages, bool own)
{
	struct arena *mem = arena_new();
	struct llm_reading r;
	struct llm_answer a;
	size_t i, len = strlen(unit);
	/* A character is a piece. */
	size_t step = (unsigned char)unit[0] < 0x80 ? 1 : len;

	llm_reading_init(&r, &QUESTION, mem, own);
	r.thoughts.messages = messages;
	assert_int_equal(llm_reading_text(&r, begin, strlen(begin)), 0);
	for (i = 0; i < PIECES; i++)
		assert_int_equal(
		    llm_reading_text(&r, unit + i * step % len, step), 0);
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
		for (k = 0; k < 3; k++) {
			began = clock();
			feed(FLOODS[i].begin, FLOODS[i].unit, k == 1, k == 2);
			took = (double)(clock() - began) / CLOCKS_PER_SEC;
			if (took > SECONDS_MAX)
				fail_msg("%s, %s wire, %s form: %.1f s",
				    FLOODS[i].what,
				    k == 1 ? "Messages'" : "Chat's",
				    k == 2 ? "our" : "any", took);
		}
}

/* Thoughts that are kept, in two texts of one detail. */
static void
two_texts_are_kept_piece_by_piece(void **state)
{
	static const char EVENT[]
	    = "{\"choices\":[{\"index\":0,\"delta\":{\"reasoning_details\":[{"
	      "\"type\":\"t\",\"index\":0,\"text\":\"abcdefgh\","
	      "\"summary\":\"abcdefgh\"}]}}]}";
	static const char END[]
	    = "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"x\"},"
	      "\"finish_reason\":\"stop\"}]}";
	struct arena *mem = arena_new();
	struct llm_reading r;
	struct llm_answer a;
	clock_t began = clock();
	double took;
	size_t i;

	(void)state;
	llm_reading_init(&r, &QUESTION, mem, false);
	for (i = 0; i < DETAILS; i++)
		assert_int_equal(
		    openai_feed(&r, "message", EVENT, sizeof(EVENT) - 1), 0);
	assert_int_equal(openai_feed(&r, "message", END, sizeof(END) - 1), 0);
	assert_int_equal(llm_reading_finish(&r, &a), LLM_OK);
	took = (double)(clock() - began) / CLOCKS_PER_SEC;
	assert_true(strlen(r.extra) > 2 * DETAILS * strlen("abcdefgh"));
	assert_null(strstr(r.extra, "\"summary\":\"abcdefgh\""));
	if (took > SECONDS_MAX)
		fail_msg("two texts: %.1f s", took);
	llm_reading_fini(&r);
	arena_free(mem);
}

#define BAR "\xef\xbd\x9c"
#define LOW "\xe2\x96\x81"
#define DSML BAR "DSML" BAR

/* Marks with which calls begin, and what comes after one. */
static const char *const MARKS[] = { "<tool_call>",
	"<function=", "[TOOL_CALLS]", "<|python_tag|>", "<invoke name=\"",
	"<" DSML "invoke name=\"",
	"<" BAR "tool" LOW "call" LOW "begin" BAR ">", "<|tool_call_begin|>",
	"<|channel|>commentary to=", "commentary to=functions.",
	"to=functions.", "<tool_calls>", "<|im_end|>", "```tool_code\nprint(" };
static const char *const BEHIND[] = { "", "{", "{\"", "echo", "{\"</tool_call>",
	"{\"name\":\"echo\",\"arguments\":{}}", "echo>{}</function>",
	"echo\n<arg_key>" };
static const char *const AROUND[][2] = { { "", "" }, { "a\n", "" },
	{ "", "\n" }, { "\n```\n", "" } };

/* ${unit} again and again, as much as an answer holds, at once. */
static void
find(const char *unit, bool own)
{
	struct arena *mem = arena_new();
	struct buf text = BUF_INIT(LLM_TEXT_MAX);
	struct llm_reading r;
	struct llm_answer a;

	while (buf_add_str(&text, unit) == 0)
		;
	llm_reading_init(&r, &QUESTION, mem, own);
	assert_int_equal(llm_reading_text(&r, buf_str(&text), text.len), 0);
	(void)llm_reading_finish(&r, &a);
	llm_reading_fini(&r);
	buf_fini(&text);
	arena_free(mem);
}

#define FIND_SECONDS_MAX 3 /* of the processor; it is some hundredths */

static void
calls_are_looked_for_a_bounded_time(void **state)
{
	char unit[128];
	clock_t began;
	double took;
	size_t i, j, k;

	(void)state;
	for (i = 0; i < NELEM(MARKS); i++)
		for (j = 0; j < NELEM(BEHIND); j++)
			for (k = 0; k < NELEM(AROUND); k++) {
				snprintf(unit, sizeof(unit), "%s%s%s%s",
				    AROUND[k][0], MARKS[i], BEHIND[j],
				    AROUND[k][1]);
				began = clock();
				find(unit, (i + j + k) % 3 == 0);
				took = (double)(clock() - began)
				    / CLOCKS_PER_SEC;
				if (took > FIND_SECONDS_MAX)
					fail_msg("\"%s\": %.1f s", unit, took);
			}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_are_looked_at_once),
		cmocka_unit_test(two_texts_are_kept_piece_by_piece),
		cmocka_unit_test(calls_are_looked_for_a_bounded_time),
	};

	return cmocka_run_group_tests_name("floods", tests, NULL, NULL);
}
