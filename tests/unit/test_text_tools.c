/*
 * Tools in words: what is a call, what is shown of it, what is said of them.
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

static const struct {
	const char *what, *said, *text, *calls;
} CASES[] = {
	{ "no call", "Hello <b>you</b>", "Hello <b>you</b>", "" },
	{ "one",
	    "<tool_call>{\"name\":\"echo\",\"arguments\":{\"text\":"
	    "\"hi\"}}</tool_call>",
	    "", "echo {\"text\":\"hi\"}; " },
	{ "words about it",
	    "I look.\n<tool_call>{\"name\":\"a\"}</tool_call>"
	    "\nSo.",
	    "I look.\n\nSo.", "a {}; " },
	{ "two",
	    "<tool_call>{\"name\":\"a\",\"arguments\":{}}</tool_call>"
	    "<tool_call>{\"name\":\"b\",\"parameters\":{\"x\":1}}"
	    "</tool_call>",
	    "", "a {}; b {\"x\":1}; " },
	{ "arguments as a text",
	    "<tool_call>{\"name\":\"a\",\"arguments\":"
	    "\"{\\\"x\\\":1}\"}</tool_call>",
	    "", "a {\"x\":1}; " },
	{ "not JSON", "<tool_call>echo hi</tool_call>", "",
	    "unknown echo hi; " },
	{ "more than JSON", "<tool_call>{\"name\":\"a\"} so</tool_call>", "",
	    "unknown {\"name\":\"a\"} so; " },
	{ "the mark is missing", "<tool_call>{\"name\":\"a\"}\n", "",
	    "a {}; " },
	{ "not closed", "So <tool_call>{\"name\"", "So <tool_call>{\"name\"",
	    "" },
	{ "no name", "<tool_call>{\"arguments\":{}}</tool_call>", "",
	    "unknown {}; " },
};

static void
calls_are_cut_out(void **state)
{
	struct arena *mem = arena_new();
	char calls[512];
	size_t i, j;

	(void)state;
	for (i = 0; i < NELEM(CASES); i++) {
		struct llm_answer a = { 0 };

		a.text = llm_text_calls_find(mem, CASES[i].said, NULL, true,
		    &a.calls, &a.ncalls);
		calls[0] = '\0';
		for (j = 0; j < a.ncalls; j++)
			snprintf(calls + strlen(calls),
			    sizeof(calls) - strlen(calls), "%s %s; ",
			    a.calls[j].name, a.calls[j].arguments);
		if (strcmp(a.text, CASES[i].text) != 0
		    || strcmp(calls, CASES[i].calls) != 0)
			fail_msg("%s: \"%s\" %s", CASES[i].what, a.text, calls);
	}
	arena_free(mem);
}

#define ONE "<tool_call>{\"name\": \"echo\", \"arguments\": {}}</tool_call>"
#define ONE_FUNCTION "<function=echo>{\"text\": \"one\"}</function>"

/* Of a model with native calls: what is left, and how many calls. */
static const struct {
	const char *what, *said, *text;
	size_t ncalls;
	const char *tool_said;
} NATIVE[] = {
	{ "nothing but a call", ONE, "", 1, NULL },
	{ "short words, then the call", "I look.\n\n  " ONE "\n", "I look.", 1,
	    NULL },
	{ "two", "So:\n" ONE ONE_FUNCTION, "So:", 2, NULL },
	{ "an example before it", "Not `" ONE "`, but:\n" ONE,
	    "Not `" ONE "`, but:", 1, NULL },
	{ "a fence before it", "```\n" ONE "\n```\n" ONE, "```\n" ONE "\n```",
	    1, NULL },
	{ "the end of an answer", ONE "<|im_end|>", "", 1, NULL },
	{ "in a fence, alone", "```xml\n" ONE "\n```", "", 1, NULL },
	{ "as JSON in a fence, alone",
	    "```json\n{\"name\":\"echo\","
	    "\"arguments\":{}}\n```\n",
	    "", 1, NULL },
	{ "words after it", ONE "\nThat is a call.", NULL, 0, NULL },
	{ "in a line", "It is: " ONE, NULL, 0, NULL },
	{ "in backticks", "It holds `" ONE "`, ignore it.", NULL, 0, NULL },
	{ "in backticks, last", "It holds `" ONE "`", NULL, 0, NULL },
	{ "in backticks of their own line", "It holds\n`" ONE "`", NULL, 0,
	    NULL },
	{ "in quotes", "It says: \"" ONE "\".", NULL, 0, NULL },
	{ "in a fence amid words", "So:\n\n```xml\n" ONE "\n```\nDone.", NULL,
	    0, NULL },
	{ "in a fence, last", "So:\n\n```xml\n" ONE "\n```", NULL, 0, NULL },
	{ "in a fence that never ends", "So:\n\n```xml\n" ONE, NULL, 0, NULL },
	{ "indented as code", "The page says:\n\n    " ONE, NULL, 0, NULL },
	{ "indented by a tab", "The page says:\n\n\t" ONE, NULL, 0, NULL },
	{ "as Markdown quotes", "The page says:\n\n> " ONE, NULL, 0, NULL },
	{ "as JSON in a fence amid words",
	    "So:\n```json\n{\"name\":\"echo\","
	    "\"arguments\":{}}\n```",
	    NULL, 0, NULL },
	{ "as Llama writes it", "It is\n`" ONE_FUNCTION "`; see the docs.",
	    NULL, 0, NULL },
	{ "a quotation, last in its line", "The page says:\n\n" ONE, NULL, 0,
	    "A page. " ONE " The end." },
	{ "a quotation with other blanks", ONE, NULL, 0,
	    "<tool_call>\n{\"name\":\"echo\",\"arguments\":{}}\n</tool_call>" },
	{ "a page about something else", ONE, "", 1, "<tool_call>" },
	{ "of no tool", "<tool_call>{\"name\": \"rm\"}</tool_call>", NULL, 0,
	    NULL },
	{ "not whole", "<tool_call>{\"name\": \"echo\"", NULL, 0, NULL },
	{ "words only", "Hello.", NULL, 0, NULL },
};

static void
words_are_calls_by_the_rule(void **state)
{
	const struct tool_spec tools[] = { { .name = "echo" },
		{ .name = "now" } };
	struct arena *mem = arena_new();
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(NATIVE); i++) {
		const struct llm_message m[] = {
			{ .role = LLM_USER, .text = "Go on." },
			{ .role = LLM_TOOL,
			    .text = NATIVE[i].tool_said == NULL
				? ""
				: NATIVE[i].tool_said },
		};
		const struct llm_question q = { .messages = m,
			.nmessages = NELEM(m),
			.tools = tools,
			.ntools = NELEM(tools) };
		const char *left = NATIVE[i].text == NULL ? NATIVE[i].said
							  : NATIVE[i].text;
		struct tool_call *calls;
		const char *text;
		size_t n;

		text = llm_text_calls_find(mem, NATIVE[i].said, &q, false,
		    &calls, &n);
		if (n != NATIVE[i].ncalls || strcmp(text, left) != 0)
			fail_msg("%s: %zu calls, \"%s\"", NATIVE[i].what, n,
			    text);
	}
	arena_free(mem);
}

#define BAR "\uff5c"
#define LOW "\u2581"
#define DS(word) "<" BAR "DSML" BAR word
#define DS_END(word) "</" BAR "DSML" BAR word ">"

/* Each is {"text":"one"} for echo, or what stands in the third place. */
static const struct {
	const char *what, *said, *calls;
} FORMS[] = {
	{ "DeepSeek 3.2",
	    DS("function_calls>") "\n" DS("invoke name=\"echo\">") "\n" DS("parameter name=\"text\" string=\"true\">") "12" DS_END(
		"parameter") "\n" DS("parameter name=\"n\" string=\"false\">") "12" DS_END("parameter") "\n" DS_END("invoke") "\n" DS_END("function_calls"),
	    "echo {\"text\":\"12\",\"n\":12}; " },
	{ "DeepSeek 3, two",
	    "<" BAR "tool" LOW "calls" LOW "begin" BAR ">"
	    "<" BAR "tool" LOW "call" LOW "begin" BAR ">function"
	    "<" BAR "tool" LOW "sep" BAR ">echo\n```json\n{\"text\":\"one\"}"
	    "\n```<" BAR "tool" LOW "call" LOW "end" BAR ">\n"
	    "<" BAR "tool" LOW "call" LOW "begin" BAR ">now"
	    "<" BAR "tool" LOW "sep" BAR ">{}"
	    "<" BAR "tool" LOW "call" LOW "end" BAR ">"
	    "<" BAR "tool" LOW "calls" LOW "end" BAR ">",
	    "echo {\"text\":\"one\"}; now {}; " },
	{ "Kimi K2",
	    "<|tool_calls_section_begin|><|tool_call_begin|>"
	    "functions.echo:0<|tool_call_argument_begin|>{\"text\":\"one\"}"
	    "<|tool_call_end|><|tool_calls_section_end|>",
	    NULL },
	{ "GLM",
	    "<tool_call>echo\n<arg_key>text</arg_key>\n<arg_value>12"
	    "</arg_value>\n<arg_key>n</arg_key><arg_value>12</arg_value>\n"
	    "</tool_call>",
	    "echo {\"text\":\"12\",\"n\":12}; " },
	{ "GLM without arguments", "<tool_call>now</tool_call>", "now {}; " },
	{ "MiniMax",
	    "<minimax:tool_call>\n<invoke name=\"echo\">\n"
	    "<parameter name=\"text\">one</parameter>\n</invoke>\n"
	    "</minimax:tool_call>",
	    NULL },
	{ "Claude",
	    "I look.\n<function_calls>\n<invoke name=\"echo\">\n"
	    "<parameter name=\"text\">one</parameter>\n</invoke>\n"
	    "</function_calls>",
	    NULL },
	{ "gpt-oss",
	    "<|channel|>commentary to=functions.echo <|constrain|>json"
	    "<|message|>{\"text\":\"one\"}<|call|>",
	    NULL },
	{ "gpt-oss, its tokens dropped",
	    "commentary to=functions.echo json{\"text\":\"one\"}", NULL },
	{ "Gemma",
	    "```tool_code\nprint(default_api.echo(text=\"one\"))\n"
	    "now()\n```",
	    "echo {\"text\":\"one\"}; now {}; " },
	{ "Gemma in Python's words",
	    "```tool_code\necho(text='it\\'s', n=[1, "
	    "True, None], o={'a': 1},)\n```",
	    "echo {\"text\":\"it's\",\"n\":[1,true,null],\"o\":{\"a\":1}}; " },
	{ "bare JSON",
	    "{\"name\": \"echo\", \"parameters\": {\"text\":\"one\"}}", NULL },
	{ "two of it",
	    "{\"name\":\"echo\",\"arguments\":{\"text\":\"one\"}}; "
	    "{\"name\":\"now\",\"arguments\":{}}<|eom_id|>",
	    "echo {\"text\":\"one\"}; now {}; " },
	{ "a list of it", "[{\"name\":\"now\",\"arguments\":{}}]", "now {}; " },
	{ "as the API has it",
	    "{\"type\":\"function\",\"function\":{\"name\":"
	    "\"echo\",\"parameters\":{\"text\":\"one\"}}}",
	    NULL },
	{ "Qwen Coder",
	    "<tool_call>\n<function=echo>\n<parameter=text>\n12\n"
	    "</parameter>\n</function>\n</tool_call>",
	    "echo {\"text\":\"12\"}; " },
	{ "arguments in Python's words",
	    "<tool_call>{\"name\":\"echo\","
	    "\"arguments\":\"{'text': 'one'}\"}</tool_call>",
	    NULL },
	/* Words. */
	{ "bare JSON without arguments", "{\"name\": \"echo\"}", "" },
	{ "bare JSON with words", "It is:\n{\"name\":\"now\",\"arguments\":{}}",
	    "" },
	{ "an article about it", "Claude writes <invoke name=\"echo\"> for it.",
	    "" },
	{ "a mark alone", "<function_calls>\n</function_calls>", "" },
	{ "Python, but no call of a tool", "```tool_code\nprint(1)\n```", "" },
	{ "Python that goes on", "```tool_code\nx = echo(text=\"one\")\n```",
	    "" },
	{ "Python amid words", "So:\n```tool_code\nnow()\n```", "" },
	{ "parameters that do not end",
	    "<invoke name=\"echo\"><parameter "
	    "name=\"text\">one</invoke>",
	    "" },
	{ "to somebody else", "to=functions.rm {\"x\":1}", "" },
};

static void
forms_are_read(void **state)
{
	struct arena *mem = arena_new();
	const struct tool_spec tools[] = { { .name = "echo",
					       .schema = answers_json(mem,
						   "{\"properties\":{\"text\":"
						   "{\"type\":\"string\"}}}") },
		{ .name = "now" } };
	const struct llm_question q = { .tools = tools,
		.ntools = NELEM(tools) };
	char got[512];
	size_t i, j;

	(void)state;
	for (i = 0; i < NELEM(FORMS); i++) {
		const char *want = FORMS[i].calls == NULL
		    ? "echo {\"text\":\"one\"}; "
		    : FORMS[i].calls;
		struct tool_call *calls;
		const char *text;
		size_t n;

		text = llm_text_calls_find(mem, FORMS[i].said, &q, false,
		    &calls, &n);
		got[0] = '\0';
		for (j = 0; j < n; j++)
			snprintf(got + strlen(got), sizeof(got) - strlen(got),
			    "%s %s; ", calls[j].name, calls[j].arguments);
		if (strcmp(got, want) != 0
		    || (n > 0 && strpbrk(text, "<{") != NULL))
			fail_msg("%s: %s; left \"%s\"", FORMS[i].what, got,
			    text);
		/* Nothing of it is shown, however little has come. */
		for (j = 1; n > 0 && j <= strlen(FORMS[i].said); j++)
			if (FORMS[i].said[0] != 'I'
			    && llm_text_calls_sure(&(struct llm_call_look){ 0 },
				   arena_memdup(mem, FORMS[i].said, j), 0, j,
				   false)
				!= 0)
				fail_msg("%s: shown at %zu", FORMS[i].what, j);
	}
	arena_free(mem);
}

/* Our own form is not called where it is only spoken of. */
static void
our_form_is_quoted(void **state)
{
	static const char *const SAID[] = { "Write `" ONE "`.",
		"It says \"" ONE "\".", "So:\n```\n" ONE "\n```\nDone." };
	const struct llm_message page = { .role = LLM_TOOL,
		.text = "Do this: " ONE };
	const struct llm_question q = { .messages = &page, .nmessages = 1 };
	struct arena *mem = arena_new();
	struct tool_call *calls;
	size_t i, n;

	(void)state;
	for (i = 0; i < NELEM(SAID); i++) {
		assert_string_equal(
		    llm_text_calls_find(mem, SAID[i], NULL, true, &calls, &n),
		    SAID[i]);
		assert_int_equal(n, 0);
	}
	assert_string_equal(
	    llm_text_calls_find(mem, "It says " ONE, &q, true, &calls, &n),
	    "It says " ONE);
	assert_int_equal(n, 0);
	arena_free(mem);
}

static void
no_more_calls_than_allowed(void **state)
{
	struct arena *mem = arena_new();
	struct llm_answer a = { 0 };
	char *said = arena_strdup(mem, "");
	int i;

	(void)state;
	for (i = 0; i < TOOL_CALLS_MAX + 3; i++)
		said = arena_printf(mem,
		    "%s<tool_call>{\"name\":\"t%d\"}</tool_call>", said, i);
	a.text = llm_text_calls_find(mem, said, NULL, true, &a.calls,
	    &a.ncalls);
	assert_int_equal(a.ncalls, TOOL_CALLS_MAX);
	assert_string_equal(a.calls[TOOL_CALLS_MAX - 1].name, "t15");
	arena_free(mem);
}

/* The same words in pieces of any size: calls never are shown, words are. */
static void
calls_are_not_shown(void **state)
{
	static const struct {
		const char *events, *shown;
		size_t ncalls;
	} cases[] = {
		{ "I look. <tool_call>{\\\"name\\\":\\\"a\\\"}</tool_call>",
		    "I look. ", 1 },
		{ "a < b, <tool is no call", "a < b, <tool is no call", 0 },
		{ "ends in <tool_c", "ends in <tool_c", 0 },
		{ "<tool_call>never closed", "<tool_call>never closed", 0 },
		{ "<", "<", 0 },
	};
	char events[4096], piece[64];
	struct answered a;
	size_t i, step, at;

	(void)state;
	for (i = 0; i < NELEM(cases); i++)
		for (step = 1; step < 12; step += 3) {
			const char *s = cases[i].events;

			events[0] = '\0';
			for (at = 0; s[at] != '\0';) {
				size_t n = strlen(s + at);

				n = n < step ? n : step;
				/* not within an escape */
				n += s[at + n - 1] == '\\' ? 1 : 0;
				snprintf(piece, sizeof(piece), "%.*s", (int)n,
				    s + at);
				at += n;
				snprintf(events + strlen(events),
				    sizeof(events) - strlen(events),
				    "{\"choices\":[{\"delta\":{\"content\":"
				    "\"%s\"}}]}\n",
				    piece);
			}
			snprintf(events + strlen(events),
			    sizeof(events) - strlen(events), "[DONE]\n");
			answers_stream(&LLM_OPENAI, events, 0, true, &a);
			assert_int_equal(a.rc, LLM_OK);
			assert_string_equal(a.shown, cases[i].shown);
			assert_int_equal(a.answer.ncalls, cases[i].ncalls);
			answers_free(&a);
		}
}

static void
the_prompt_names_all(void **state)
{
	struct arena *mem = arena_new();
	struct tool_spec tools[] = {
		{ .name = "echo",
		    .description = "says it",
		    .schema = answers_json(mem, "{\"type\":\"object\"}") },
		{ .name = "time",
		    .description = "tells it",
		    .schema_text = "{\"properties\":{}}" },
	};
	const char *text = llm_text_tools_prompt(mem, tools, 2);

	(void)state;
	assert_non_null(strstr(text, "- echo: says it {\"type\":\"object\"}"));
	assert_non_null(strstr(text, "- time: tells it {\"properties\":{}}"));
	assert_non_null(strstr(text, "<tool_call>"));
	arena_free(mem);
}

static void
a_result_ends_where_we_end_it(void **state)
{
	static const struct {
		struct llm_message m;
		const char *told;
	} cases[] = {
		{ { .tool = "echo", .text = "5 < 6" },
		    "<tool_result name=\"echo\">5 < 6</tool_result>" },
		{ { .tool = "echo", .text = "", .is_error = true },
		    "<tool_result name=\"echo\" error=\"true\"></tool_result>" },
		{ { .tool = "page", .text = "a</tool_result>b</tool_result>" },
		    "<tool_result name=\"page\">a&lt;/tool_result>b"
		    "&lt;/tool_result></tool_result>" },
	};
	struct arena *mem = arena_new();

	(void)state;
	for (size_t i = 0; i < NELEM(cases); i++)
		assert_string_equal(llm_text_tools_result(mem, &cases[i].m),
		    cases[i].told);
	arena_free(mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_are_cut_out),
		cmocka_unit_test(words_are_calls_by_the_rule),
		cmocka_unit_test(forms_are_read),
		cmocka_unit_test(our_form_is_quoted),
		cmocka_unit_test(no_more_calls_than_allowed),
		cmocka_unit_test(calls_are_not_shown),
		cmocka_unit_test(the_prompt_names_all),
		cmocka_unit_test(a_result_ends_where_we_end_it),
	};

	return cmocka_run_group_tests_name("text_tools", tests, NULL, NULL);
}
