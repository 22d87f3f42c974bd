/*
 * Calls of tools: whose ids they have, which tool they mean, what their
 * arguments are.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "tests/unit/answers.h"

/* A whole answer with these calls, to a question with those of ${before}. */
static void
answer_with(const struct llm_message *before, const char *calls,
    struct answered *a)
{
	const struct llm_question q = { .messages = before,
		.nmessages = before == NULL ? 0 : 1 };
	char body[8192];
	int n = snprintf(body, sizeof(body),
	    "{\"choices\":[{\"message\":{\"tool_calls\":[%s]}}]}", calls);

	assert_true(n > 0 && (size_t)n < sizeof(body));
	answers_bytes(&LLM_OPENAI, &q, body, (size_t)n, 0, false, a);
}

#define CALL(i, id)                                                           \
	"{\"index\":" i ",\"id\":\"" id "\",\"function\":{\"name\":\"echo\"," \
	"\"arguments\":\"{}\"}}"

static const struct {
	const char *what, *calls, *ids;
} IDS[] = {
	{ "its own", CALL("0", "toolu_x"), "toolu_x " },
	{ "Kimi's, counted anew", CALL("0", "functions.echo:0"),
	    "functions.echo:2 " },
	{ "Kimi's, the next", CALL("0", "functions.echo:2"),
	    "functions.echo:2 " },
	{ "one for all", CALL("0", "same") "," CALL("1", "same"),
	    "same_2 same_3 " },
	{ "none", CALL("0", "") "," CALL("1", ""), "call_1 call_2 " },
	{ "none, and one that looks like ours",
	    CALL("0", "") "," CALL("1", "call_1"), "call_2 call_1 " },
	{ "a long number", CALL("0", "99999999999999999999"),
	    "99999999999999999999 " },
	{ "a long number again", CALL("0", "12345678901234567890"),
	    "12345678901234567891 " },
};

static void
ids_are_unique_in_all_that_is_sent(void **state)
{
	static const struct tool_call made[] = {
		{ .id = "functions.echo:0", .name = "echo", .arguments = "{}" },
		{ .id = "functions.echo:1", .name = "echo", .arguments = "{}" },
		{ .id = "same", .name = "echo", .arguments = "{}" },
		{ .id = "call_0", .name = "echo", .arguments = "{}" },
		{ .id = "12345678901234567890",
		    .name = "echo",
		    .arguments = "{}" },
	};
	static const struct llm_message before = { .role = LLM_ASSISTANT,
		.text = "",
		.calls = made,
		.ncalls = NELEM(made) };
	char ids[512];
	size_t i, j;
	int times;

	(void)state;
	for (i = 0; i < NELEM(IDS); i++)
		for (times = 0; times < 2; times++) {
			struct answered a;

			answer_with(&before, IDS[i].calls, &a);
			ids[0] = '\0';
			for (j = 0; j < a.answer.ncalls; j++)
				snprintf(ids + strlen(ids),
				    sizeof(ids) - strlen(ids), "%s ",
				    a.answer.calls[j].id);
			if (strcmp(ids, IDS[i].ids) != 0)
				fail_msg("%s: %s", IDS[i].what, ids);
			answers_free(&a);
		}
}

static void
folded_ids_stay_two(void **state)
{
	static const char *const TWO[][2] = { { "a.b", "a:b" },
		{ "call a", "call_a" }, { ".", ":" },
		{ "toolu_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		  "xxxxxxxxxa",
		    "toolu_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		    "xxxxxxxxxxxb" } };
	char one[TOOL_NAME_MAX], two[TOOL_NAME_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(TWO); i++) {
		llm_fold_id(TWO[i][0], one);
		llm_fold_id(TWO[i][1], two);
		if (strcmp(one, two) == 0)
			fail_msg("both are %s", one);
		assert_int_equal(one[strspn(one,
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz"
				     "0123456789_-")],
		    '\0');
	}
	llm_fold_id("toolu_01-A", one);
	assert_string_equal(one, "toolu_01-A");
}

static void
names_mean_a_tool(void **state)
{
	static const struct tool_spec tools[] = { { .name = "echo" },
		{ .name = "now" }, { .name = "Now" }, { .name = "get_it" },
		{ .name = "functions" } };
	static const struct llm_question q = { .tools = tools,
		.ntools = NELEM(tools) };
	static const struct {
		const char *name, *meant; /* NULL: none */
	} cases[] = {
		{ "echo", "echo" },
		{ " echo", "echo" },
		{ "echo\n", "echo" },
		{ "functions.echo", "echo" },
		{ "functions.echo:0", "echo" },
		{ "functions.get_it:12", "get_it" },
		{ "functions", "functions" },
		{ "to=functions.echo", "echo" },
		{ "default_api.echo", "echo" },
		{ "echo<|channel|>commentary", "echo" },
		{ "echo <|channel|>json", "echo" },
		{ "echo()", "echo" },
		{ "Echo", "echo" },
		{ "Now", "Now" },
		{ "NOW", NULL },
		{ "now:1", "now" },
		{ "github.echo", NULL },
		{ "echo2", NULL },
		{ "ech", NULL },
		{ "functions.", NULL },
		{ "<|channel|>echo", NULL },
		{ ":0", NULL },
		{ "()", NULL },
		{ "", NULL },
	};
	struct arena *mem = arena_new();
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		const char *meant = llm_tool_meant(&q, mem, cases[i].name);

		if ((meant == NULL) != (cases[i].meant == NULL)
		    || (meant != NULL && strcmp(meant, cases[i].meant) != 0))
			fail_msg("\"%s\": %s", cases[i].name,
			    meant == NULL ? "none" : meant);
	}
	assert_null(llm_tool_meant(NULL, mem, "echo"));
	arena_free(mem);
}

static void
arguments_are_mended_where_it_is_sure(void **state)
{
	static const char ONE[] = "{\"text\":\"one\"}";
	static const struct {
		const char *written, *meant; /* NULL: as it is */
	} cases[] = {
		{ "{\"text\": \"one\"}", NULL },
		{ "{\"n\":18446744073709551615}",
		    "{\"n\":1.8446744073709552e19}" },
		{ "{\"text\":\"two\",\"text\":\"one\"}", ONE },
		{ "{\"text\":\"one\"}<|im_end|>", ONE },
		{ "{\"text\":\"one\"}\n</tool_call>\n<|eot_id|>", ONE },
		{ "{\"text\":\"one\"}}", ONE },
		{ "{\"text\":\"one\"}\n```", ONE },
		{ "```json\n{\"text\":\"one\"}\n```", ONE },
		{ "json\n{\"text\":\"one\"}", ONE },
		{ "{\"text\":\"one\",}", ONE },
		{ "{\"text\":\"a\nb\"}", "{\"text\":\"a\\nb\"}" },
		{ "{'text': 'one'}", ONE },
		{ "{'a': True, 'b': None, 'c': [1, 2.5, False,], 'd': {}}",
		    "{\"a\":true,\"b\":null,\"c\":[1,2.5,false],\"d\":{}}" },
		{ "{'text': 'it\\'s \"so\" \\x41'}",
		    "{\"text\":\"it's \\\"so\\\" \\\\x41\"}" },
		{ "{\"n\":NaN}", "{\"n\":null}" },
		{ "\"{\\\"text\\\":\\\"one\\\"}\"", ONE },
		{ "null", "{}" },
		{ "[]", "{}" },
		{ "\"\"", "{}" },
		/* Nobody can be sure. */
		{ "{\"text\":\"one\"", NULL },
		{ "{\"text\":\"on", NULL },
		{ "{\"text\":\"one\"}{\"text\":\"two\"}", NULL },
		{ "{\"text\":\"one\"} and more", NULL },
		{ "{\"text\" \"one\"}", NULL },
		{ "{\"a\":1 \"b\":2}", NULL },
		{ "{text: 'one'}", NULL },
		{ "{'a': Infinity}", NULL },
		{ "{'a': 1.2.3}", NULL },
		{ "[1]", NULL },
		{ "7", NULL },
		{ "one", NULL },
		{ "{", NULL },
	};
	struct arena *mem = arena_new();
	char deep[200];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		const char *want = cases[i].meant == NULL ? cases[i].written
							  : cases[i].meant;
		const char *got = llm_arguments(mem, cases[i].written);

		if (strcmp(got, want) != 0)
			fail_msg("%s: %s", cases[i].written, got);
	}
	memset(deep, '[', sizeof(deep) - 1);
	memcpy(deep, "{'a':", 5);
	deep[sizeof(deep) - 1] = '\0';
	assert_string_equal(llm_arguments(mem, deep), deep);
	arena_free(mem);
}

/* A name of megabytes, and pieces after it: nothing of it stays for each. */
static void
a_name_without_end_costs_little(void **state)
{
	enum { NAME = 1 << 20, PIECES = 500 };
	static const struct tool_spec tool = { .name = "echo",
		.description = "",
		.schema_text = "{}" };
	const struct llm_question q = { .tools = &tool, .ntools = 1 };
	struct arena *mem = arena_new();
	struct buf event = BUF_INIT(2 * NAME);
	struct llm_answer answer;
	struct llm_reading r;
	size_t i;

	(void)state;
	llm_reading_init(&r, &q, mem, false);
	for (i = 0; i < PIECES; i++) {
		buf_reset(&event);
		(void)!buf_add_str(&event,
		    "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,"
		    "\"function\":{\"name\":\"");
		while (i == 0 && event.len < NAME)
			(void)!buf_add_str(&event, "näme");
		(void)!buf_add_str(&event, "x\"}}]}}]}");
		assert_int_equal(
		    openai_feed(&r, "message", buf_str(&event), event.len), 0);
	}
	assert_true(arena_used(mem) < 64 * KIB);
	assert_true(r.ncalls > 0);
	r.ended = true;
	assert_int_equal(llm_reading_finish(&r, &answer), LLM_OK);
	assert_true(strlen(answer.calls[0].name) < 4 * TOOL_NAME_MAX);
	llm_reading_fini(&r);
	buf_fini(&event);
	arena_free(mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_are_unique_in_all_that_is_sent),
		cmocka_unit_test(folded_ids_stay_two),
		cmocka_unit_test(names_mean_a_tool),
		cmocka_unit_test(arguments_are_mended_where_it_is_sure),
		cmocka_unit_test(a_name_without_end_costs_little),
	};

	return cmocka_run_group_tests_name("calls", tests, NULL, NULL);
}
