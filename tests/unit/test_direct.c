/*
 * Direct mode: a message is a command.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "base/json.h"
#include "llm/direct.h"

static const struct {
	const char *text;
	const char *reply; /* what the reply holds; NULL: a call */
	const char *name, *arguments;
} CASES[] = {
	{ "tools", "echo - Says it.", NULL, NULL },
	{ "  tools \n", "sum - Adds", NULL, NULL },
	{ "", "No language model is set", NULL, NULL },
	{ "help", "can set OPENAI_API_KEY", NULL, NULL },
	{ "help sum", "a=<integer>", NULL, NULL },
	{ "help sum", "b=<number> (optional)  the second", NULL, NULL },
	{ "help nothing", "no tool \"nothing\"", NULL, NULL },
	{ "hello there", "no tool \"hello\"", NULL, NULL },
	{ "hello", "LLM_BASE_URL=http://HOST:PORT/v1", NULL, NULL },
	{ "Tools", "no tool \"Tools\"", NULL, NULL },
	{ "echo hi", "Expected key=value, got \"hi\"", NULL, NULL },
	{ "echo =hi", "Expected key=value", NULL, NULL },
	{ "echo {\"text\": \"hi\"", "not a JSON object", NULL, NULL },
	{ "echo", NULL, "echo", "{}" },
	{ "echo text=hi", NULL, "echo", "{\"text\":\"hi\"}" },
	{ "echo text=42", NULL, "echo", "{\"text\":\"42\"}" },
	{ "echo note=42", NULL, "echo", "{\"note\":\"42\"}" },
	{ "echo text=\"a b \\\"c\\\" \\\\\"", NULL, "echo",
	    "{\"text\":\"a b \\\"c\\\" \\\\\"}" },
	{ "echo text='a \"b\"'", NULL, "echo", "{\"text\":\"a \\\"b\\\"\"}" },
	{ "echo text=a=b", NULL, "echo", "{\"text\":\"a=b\"}" },
	{ "echo text=", NULL, "echo", "{\"text\":\"\"}" },
	{ "echo text=gr\xc3\xbc\xc3\x9f", NULL, "echo",
	    "{\"text\":\"gr\xc3\xbc\xc3\x9f\"}" },
	{ "sum a=1 b=2.5", NULL, "sum", "{\"a\":1,\"b\":2.5}" },
	{ "sum\ta=[1,2]\nb=x", NULL, "sum", "{\"a\":[1,2],\"b\":\"x\"}" },
	{ "sum {\"a\": 1}", NULL, "sum", "{\"a\": 1}" },
	{ "sum{\"a\":1}", "no tool", NULL, NULL },
};

static void
messages_are_commands(void **state)
{
	struct arena *mem = arena_new();
	struct tool_spec tools[2] = {
		{ .name = "echo", .description = "Says it.\nAgain." },
		{ .name = "sum", .description = "Adds" },
	};
	static const char ECHO[]
	    = "{\"properties\":{\"text\":{\"type\":"
	      "\"string\"},\"note\":{\"type\":[\"null\",\"string\"]}},"
	      "\"required\":[\"text\"]}";
	static const char SUM[]
	    = "{\"properties\":{\"a\":{\"type\":"
	      "\"integer\"},\"b\":{\"type\":\"number\",\"description\":"
	      "\"the second\"}},\"required\":[\"a\",7]}";
	struct direct_plan p;
	size_t i;

	(void)state;
	tools[0].schema = json_read(mem, ECHO, sizeof(ECHO) - 1, NULL, NULL);
	tools[1].schema = json_read(mem, SUM, sizeof(SUM) - 1, NULL, NULL);
	for (i = 0; i < NELEM(CASES); i++) {
		direct_read(mem, CASES[i].text, tools, 2, &p);
		if (CASES[i].reply != NULL) {
			if (p.reply == NULL
			    || strstr(p.reply, CASES[i].reply) == NULL)
				fail_msg("%s: %s", CASES[i].text,
				    p.reply == NULL ? "a call" : p.reply);
			continue;
		}
		if (p.reply != NULL)
			fail_msg("%s: %s", CASES[i].text, p.reply);
		assert_string_equal(p.call.name, CASES[i].name);
		assert_string_equal(p.call.arguments, CASES[i].arguments);
		assert_non_null(p.call.id);
	}
	direct_read(mem, "tools", tools, 0, &p);
	assert_non_null(strstr(p.reply, "no tools"));
	arena_free(mem);
}

/* Memory goes with what is said, not with its square. */
static void
long_messages_and_lists_are_cheap(void **state)
{
	static char text[80001], description[1001];
	static struct tool_spec tools[500];
	struct arena *mem = arena_new();
	struct direct_plan p;
	size_t i;

	(void)state;
	memset(description, 'd', sizeof(description) - 1);
	for (i = 0; i < NELEM(tools); i++)
		tools[i] = (struct tool_spec){ .name = "echo",
			.description = description };
	direct_read(mem, "tools", tools, NELEM(tools), &p);
	assert_true(strlen(p.reply) > 500 * 1000);
	assert_true(arena_used(mem) < 2 * MIB);
	memcpy(text, "echo", 4);
	for (i = 4; i + 4 < sizeof(text); i += 4)
		memcpy(text + i, " a=b", 4);
	direct_read(mem, text, tools, 1, &p);
	assert_null(p.reply);
	assert_true(arena_used(mem) < 8 * MIB);
	arena_free(mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_are_commands),
		cmocka_unit_test(long_messages_and_lists_are_cheap),
	};

	return cmocka_run_group_tests_name("direct", tests, NULL, NULL);
}
