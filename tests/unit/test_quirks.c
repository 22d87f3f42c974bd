/*
 * What refusals in the words of real servers teach, and how a question is
 * asked then.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "llm/ladder.h"
#include "nouns/settings.h"

static const struct image PICTURE = { "image/png", "aGk=" };
static const struct tool_call CALLS[] = {
	{ "call_1", "echo", "{}" },
	{ "call_2", "time", "{}" },
};
static const struct llm_message MESSAGES[] = {
	{ .role = LLM_SYSTEM, .text = "Be kind." },
	{ .role = LLM_USER, .text = "Look", .images = &PICTURE,
	    .nimages = 1 },
	{ .role = LLM_ASSISTANT, .text = "", .calls = CALLS, .ncalls = 2,
	    .extra = "{\"message\":{\"reasoning_content\":\"Hm.\"}}" },
	{ .role = LLM_TOOL, .text = "hi", .call_id = "call_1",
	    .tool = "echo" },
	{ .role = LLM_TOOL, .text = "12:00", .call_id = "call_2",
	    .tool = "time" },
	{ .role = LLM_USER, .text = "Well?" },
};
static const struct tool_spec TOOLS[] = {
	{ .name = "echo", .description = "e", .schema_text = "{}" },
	{ .name = "time", .description = "t", .schema_text = "{}" },
	{ .name = "files__read", .description = "r", .schema_text = "{}",
	    .digest = "d1" },
	{ .name = "files__write", .description = "w", .schema_text = "{}",
	    .digest = "d2" },
};
static const struct llm_question QUESTION = { .messages = MESSAGES,
	.nmessages = NELEM(MESSAGES), .tools = TOOLS, .ntools = NELEM(TOOLS) };
static const struct llm_backend BACKEND = { .host = HOST_OPENAI,
	.model = "m", .base_url = "http://h/v1", .max_tokens = 16384,
	.max_tokens_name = "", .temperature = 0.7 };

/* name "": nothing is tried; "-": tried, but nothing to be kept. */
static const struct {
	int status;
	const char *code, *param, *message, *name, *value;
} ROWS[] = {
	{ 400, "", "", "Unrecognized request argument supplied: stream_options", "stream_options", "no" },
	{ 400, "", "", "Argument not supported: stream_options", "stream_options", "no" },
	{ 400, "400", "", "[{'type': 'extra_forbidden', 'loc': ('body', 'stream_options'), 'msg': 'Extra inputs are not permitted', ", "stream_options", "no" },
	{ 422, "", "", "body.stream_options. Extra inputs are not permitted; ", "stream_options", "no" },
	{ 400, "", "", "Unknown parameter: 'stream_options.include_usage'.", "stream_options", "no" },
	{ 400, "unsupported_parameter", "max_tokens", "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.", "max_tokens", "no" },
	{ 400, "", "", "json: unknown field \"max_tokens\"", "max_tokens", "no" },
	{ 400, "", "max_tokens", "max_tokens is too large: 16384. This model supports at most 4096 completion tokens, whereas you provided 16384.", "max_tokens_value", "4096" },
	{ 400, "", "", "Invalid max_tokens value, the valid range of max_tokens is [1, 8192]", "max_tokens_value", "8192" },
	{ 400, "", "max_tokens", "`max_tokens` must be less than or equal to `8192`, the maximum value for `max_tokens` is less than the `context_window` for this model", "max_tokens_value", "8192" },
	{ 400, "", "", "max_tokens: 16384 > 4096, which is the maximum allowed number of output tokens for claude-3-5-haiku-20241022", "max_tokens_value", "4096" },
	{ 400, "", "", "max_tokens must be at most 12,000 for gpt-4-32k", "max_tokens_value", "12000" },
	{ 400, "", "", "Range of max_tokens should be [1, 2000]", "max_tokens_value", "2000" },
	{ 400, "", "", "The maximum tokens you requested exceeds the model limit of 10000. max_tokens too high for model-2024-08-06", "max_tokens_value", "10000" },
	{ 400, "", "max_tokens", "Invalid 'max_tokens': integer below minimum value. Expected a value >= 20000, but got 16384 instead.", "max_tokens_least", "20000" },
	{ 400, "", "", "This model's maximum context length is 18000 tokens. However, you requested 19884 tokens (3500 in the messages, 16384 in the completion). Please reduce the length of the messages or completion.", "context", "18000" },
	{ 400, "", "", "'max_tokens' or 'max_completion_tokens' is too large: 16384. This model's maximum context length is 18000 tokens and your request has 3500 input tokens (16384 > 18000 - 3500).", "context", "18000" },
	{ 400, "", "", "You passed 3500 input tokens and requested 16384 output tokens. However, the model's context length is only 18000 tokens", "context", "18000" },
	{ 400, "", "", "input length and `max_tokens` exceed context limit: 190000 + 16384 > 200000, decrease input length or `max_tokens` and try again", "context", "200000" },
	{ 400, "", "", "This endpoint's maximum context length is 131072 tokens. However, you requested about 140000 tokens (123116 of text input, 500 of tool input, 16384 in the output).", "context", "131072" },
	{ 400, "", "", "This model's maximum context length is 4096 tokens. However, your messages resulted in 5000 tokens.", "", "" },
	{ 400, "unsupported_value", "temperature", "Unsupported value: 'temperature' does not support 0.7 with this model. Only the default (1) value is supported.", "temperature_value", "1" },
	{ 400, "", "", "invalid temperature: only 1 is allowed for this model", "temperature_value", "1" },
	{ 400, "", "", "`temperature` may only be set to 1 when thinking is enabled.", "temperature_value", "1" },
	{ 400, "", "", "`temperature` is deprecated for this model.", "temperature", "no" },
	{ 400, "unsupported_parameter", "temperature", "Unsupported parameter: 'temperature' is not supported with this model.", "temperature", "no" },
	{ 404, "404", "", "No endpoints found that support the provided 'tool_choice' value.", "tool_choice", "no" },
	{ 400, "", "", "Value error, tool_choice must either be a named tool, \"auto\", or \"required\".", "tool_choice", "no" },
	{ 400, "", "", "registry.ollama.ai/library/gemma3:4b does not support tools", "tools", "no" },
	{ 404, "", "", "No endpoints found that support tool use.", "tools", "no" },
	{ 400, "", "", "\"auto\" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set", "tools", "no" },
	{ 500, "", "", "tools param requires --jinja flag", "tools", "no" },
	{ 400, "", "", "Unrecognized request arguments supplied: tools", "tools", "no" },
	{ 400, "unsupported_value", "stream", "Your organization must be verified to stream this model.", "stream", "no" },
	{ 400, "", "", "This model does not support streaming.", "stream", "no" },
	{ 400, "", "", "System role not supported", "system", "no" },
	{ 500, "", "", "While executing CallExpression at line 1, column 68 in source: raise_exception('System role not supported')", "system", "no" },
	{ 400, "unsupported_value", "messages[0].role", "Unsupported value: 'messages[0].role' does not support 'system' with this model.", "system", "no" },
	{ 400, "", "", "Developer instruction is not enabled for models/gemma-3-27b-it", "system", "no" },
	{ 400, "", "", "messages[3]: unknown variant `image_url`, expected `text` at line 1 column 679289", "images", "no" },
	{ 400, "", "", "m is not a multimodal model", "images", "no" },
	{ 404, "", "", "No endpoints found that support image input", "images", "no" },
	{ 400, "", "", "Conversation roles must alternate user/assistant/user/assistant/...", "repeated_roles", "no" },
	{ 500, "", "", "Error: Jinja Exception: After the optional system message, conversation roles must alternate user and assistant roles except for tool calls and results.", "repeated_roles", "no" },
	{ 400, "3230", "", "Unexpected role 'user' after role 'tool'", "user_after_tool", "no" },
	{ 400, "3280", "", "Tool call id was call_1 but must be a-z, A-Z, 0-9, with a length of 9.", "any_call_id", "no" },
	{ 400, "", "", "invalid message content type: <nil>", "empty_content", "no" },
	{ 400, "", "", "ValidationException: messages: text content blocks must be non-empty", "empty_content", "no" },
	{ 400, "", "", "messages.1.content: Field required", "empty_content", "no" },
	{ 400, "", "", "'messages.2' : for 'role:assistant' the following must be satisfied[('messages.2' : property 'reasoning_content' is unsupported)]", "thoughts", "no" },
	{ 400, "", "", "messages.1: property 'reasoning_opaque' is unsupported", "thoughts", "no" },
	{ 422, "", "", "body -> messages -> 1 -> assistant -> thinking_blocks: Extra inputs are not permitted", "thoughts", "no" },
	{ 400, "", "", "Unknown name \"thought_signature\" at 'messages[1]': Cannot find field.", "thoughts", "no" },
	{ 400, "", "", "messages.1.provider_specific_fields: Extra inputs are not permitted", "thoughts", "no" },
	{ 400, "", "", "messages.1.content.0: Invalid `signature` in `thinking` block", "thoughts", "no" },
	{ 400, "", "", "The `reasoning_content` in the thinking mode must be passed back to the API.", "missing_thoughts", "no" },
	{ 400, "", "", "thinking is enabled but reasoning_content is missing in assistant tool call message at index 2", "missing_thoughts", "no" },
	{ 500, "", "", "This model only supports single tool-calls at once!", "parallel_calls", "no" },
	{ 400, "invalid_function_parameters", "tools[2].function.parameters", "Invalid schema for function 'files__read': In context=('properties', 'x'), 'x' is not permitted.", "tool:files__read", "d1" },
	{ 400, "", "", "tools.3.custom.input_schema: JSON schema is invalid. It must match JSON Schema draft 2020-12", "tool:files__write", "d2" },
	{ 400, "400", "", "* GenerateContentRequest.tools[0].function_declarations[3].parameters.properties[text].enum: only allowed for STRING type", "tool:files__write", "d2" },
	{ 422, "", "", "body.tools.1.function.parameters. Input should be a valid dictionary; ", "tool:time", "-" },
	{ 400, "", "", "Invalid JSON schema: unexpected keyword", "-", "" },
	{ 400, "array_above_max_length", "tools", "Invalid 'tools': array too long. Expected an array with maximum length 3, but got an array with length 4 instead.", "tools_max", "3" },
	/* what teaches nothing */
	{ 400, "", "", "Unexpected flux in the input.", "", "" },
	{ 401, "", "", "stream_options is not supported", "", "" },
	{ 429, "", "max_tokens", "max_tokens is too large: 16384 > 4096", "", "" },
	{ 503, "", "", "tools are not supported while loading", "", "" },
	{ 400, "", "", "The response was filtered due to the prompt triggering the content policy", "", "" },
};

static void
refusals_teach(void **state)
{
	struct arena *mem = arena_new();
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(ROWS); i++) {
		struct llm_ladder l;
		struct llm_backend b = BACKEND;
		struct llm_refusal r = { .status = ROWS[i].status,
			.code = ROWS[i].code, .type = "",
			.param = ROWS[i].param, .message = ROWS[i].message };
		const char *name, *value;

		llm_ladder_init(&l, &b);
		b.quirks = &l.quirks;
		name = !llm_ladder_next(&l, &b, &QUESTION, &r, mem) ? ""
		    : l.nfacts == 0				    ? "-"
						 : l.facts[0].name;
		value = l.nfacts == 0 ? "" : l.facts[0].value;
		if (strcmp(name, ROWS[i].name) != 0
		    || strcmp(value, ROWS[i].value) != 0)
			fail_msg("\"%s\" teaches %s=%s, not %s=%s",
			    ROWS[i].message, name, value, ROWS[i].name,
			    ROWS[i].value);
	}
	arena_free(mem);
}

/* Each thing once: what helps nothing is not tried again. */
static void
no_remedy_twice(void **state)
{
	struct arena *mem = arena_new();
	struct llm_ladder l;
	struct llm_backend b = BACKEND;
	size_t i, j;
	int tried;

	(void)state;
	for (i = 0; i < NELEM(ROWS); i++) {
		struct llm_refusal r = { .status = ROWS[i].status,
			.code = ROWS[i].code, .type = "",
			.param = ROWS[i].param, .message = ROWS[i].message };

		b.quirks = NULL;
		llm_ladder_init(&l, &b);
		b.quirks = &l.quirks;
		for (tried = 0; tried <= LLM_REPEATS_MAX
		     && llm_ladder_next(&l, &b, &QUESTION, &r, mem); tried++)
			;
		assert_true(tried <= LLM_REPEATS_MAX);
		for (j = 1; j < l.nfacts; j++)
			assert_string_not_equal(l.facts[j].name,
			    l.facts[j - 1].name);
	}
	arena_free(mem);
}

static void
facts_are_taken(void **state)
{
	struct llm_quirks q = LLM_QUIRKS_INIT;

	(void)state;
	assert_true(llm_quirks_set(&q, "stream_options", "no"));
	assert_true(llm_lacks(&q, LLM_CAN_STREAM_OPTIONS));
	assert_false(llm_lacks(NULL, LLM_CAN_STREAM_OPTIONS));
	assert_true(llm_quirks_set(&q, "context", "4096"));
	assert_int_equal(q.context, 4096);
	assert_false(llm_quirks_set(&q, "context", "-1"));
	assert_false(llm_quirks_set(&q, "context", "many"));
	assert_false(llm_quirks_set(&q, "tools", "perhaps"));
	assert_false(llm_quirks_set(&q, "telepathy", "no"));
	assert_false(llm_quirks_set(&q, "temperature_value", "nan"));
	assert_true(llm_quirks_set(&q, "tool:files__read", "d1"));
	assert_true(llm_quirks_refuse_tool(&q, "files__read", "d1"));
	assert_false(llm_quirks_refuse_tool(&q, "files__read", "d2"));
	/* The operator's word stands. */
	assert_true(llm_quirks_state(&q, "tools", "yes"));
	assert_true(llm_quirks_set(&q, "tools", "no"));
	assert_false(llm_lacks(&q, LLM_CAN_TOOLS));
}

/* ---- llm.quirks ---- */

#define KEY "ENCRYPTION_KEY=MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
#define NUMBERS_N 5 /* of quirks.h's comment: facts that are numbers */

static struct buf errors;

/* Settings with ${item} as llm.quirks; NULL: refused, ${errors} says why. */
static struct settings *
load(const char *item)
{
	char variable[300];
	char *env[] = { (char[]){ KEY }, variable, NULL };
	const struct settings_source src = { .environ = env,
		.asks_models = true };
	struct buf warnings = BUF_INIT(MIB);
	struct settings *s;

	snprintf(variable, sizeof(variable), "LLM_QUIRKS=%s", item);
	buf_fini(&errors);
	buf_init(&errors, MIB);
	s = settings_load(&src, &errors, &warnings);
	buf_fini(&warnings);
	return s;
}

static bool
settings_take(const char *item)
{
	struct settings *s = load(item);
	bool taken = s != NULL;

	settings_unref(s);
	return taken;
}

/* What each side takes, the other takes, too, whatever the value. */
static void
compare(const char *name)
{
	static const char *const VALUES[] = { "yes", "no", "No", "true", "maybe",
		"0", "1", "-1", "2", "2.1", "0.5", "1x", "4096", "100000000",
		"100000001", "99999999999999999999", "nan", "inf", "-0.5" };
	char item[128];
	size_t i;

	for (i = 0; i < NELEM(VALUES); i++) {
		struct llm_quirks q = LLM_QUIRKS_INIT;
		bool known = llm_quirks_state(&q, name, VALUES[i]);

		snprintf(item, sizeof(item), "%s=%s", name, VALUES[i]);
		if (settings_take(item) != known)
			fail_msg("%s: llm/quirks.c says %s", item,
			    known ? "yes" : "no");
	}
}

/* The names in ${list}, up to ${end}; their number. */
static size_t
compare_list(const char *list, char end)
{
	char name[64];
	size_t n = 0, len;

	while (*list != end && *list != '\0') {
		len = strcspn(list, ",;\n");
		snprintf(name, sizeof(name), "%.*s", (int)len, list);
		compare(name);
		n++;
		list += len;
		list += strspn(list, ", ");
	}
	return n;
}

/* nouns/ may not look into llm/, so it has the names again. */
static void
the_setting_knows_the_same_names(void **state)
{
	static const char YES_NO[] = "yes or no for ",
			  NUMBER[] = "a number for ";
	char said[2048];
	const char *at;
	size_t i;

	(void)state;
	for (i = 0; i < LLM_FEATURES_N; i++) {
		char item[128];

		compare(LLM_FEATURES[i].name);
		snprintf(item, sizeof(item), "%s=no", LLM_FEATURES[i].name);
		assert_true(settings_take(item));
	}
	/* And what its remedy lists is all of them, and no other. */
	assert_false(settings_take("telepathy=no"));
	snprintf(said, sizeof(said), "%s", buf_str(&errors));
	at = strstr(said, YES_NO);
	assert_non_null(at);
	assert_int_equal(compare_list(at + strlen(YES_NO), ';'),
	    LLM_FEATURES_N);
	at = strstr(said, NUMBER);
	assert_non_null(at);
	assert_int_equal(compare_list(at + strlen(NUMBER), '\n'), NUMBERS_N);
	compare("telepathy");
	compare("");
}

static void
a_wrong_quirk_is_told(void **state)
{
	static const char *const WRONG[] = { "tools", "=no", "tools=",
		"tools=perhaps", "Tools=no", "telepathy=no",
		"ollama:telepathy=no", "ollama:tools", "ollama:tools=1",
		"tools=no=yes", "context=no", "context=-5", "context=0",
		"temperature_value=3", "tool:files__read=d1", "tools no" };
	static const char *const RIGHT[] = { "tools=no", "tools=yes",
		"ollama:tools=no", "ollama/llama3:8b:tools=no",
		"openai/hf.co/a/b:context=8192", "temperature_value=0",
		"anthropic:temperature_value=1.5", "groq:tools_max=64",
		"tools=no,stream=yes" };
	char what[160];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(WRONG); i++) {
		if (settings_take(WRONG[i]))
			fail_msg("\"%s\" is taken", WRONG[i]);
		snprintf(what, sizeof(what),
		    "environment LLM_QUIRKS: llm.quirks: \"%s\" is none: ",
		    WRONG[i]);
		if (strstr(buf_str(&errors), what) == NULL)
			fail_msg("\"%s\": %s", WRONG[i], buf_str(&errors));
	}
	for (i = 0; i < NELEM(RIGHT); i++)
		if (!settings_take(RIGHT[i]))
			fail_msg("\"%s\": %s", RIGHT[i], buf_str(&errors));
	/* One wrong among right ones is the one that is named. */
	assert_false(settings_take("tools=no,stream=perhaps"));
	assert_non_null(strstr(buf_str(&errors), "\"stream=perhaps\""));
	assert_null(strstr(buf_str(&errors), "\"tools=no\""));
}

/* Of whom an item speaks. */
static const struct {
	const char *items;
	int host;
	const char *model;
	bool lacks;
} STATED[] = {
	{ "tools=no", HOST_OPENAI, "m", true },
	{ "tools=yes", HOST_OPENAI, "m", false },
	{ "openai:tools=no", HOST_OPENAI, "m", true },
	{ "openai:tools=no", HOST_OLLAMA, "m", false },
	{ "openai/m:tools=no", HOST_OPENAI, "m", true },
	{ "openai/m:tools=no", HOST_OPENAI, "m2", false },
	{ "openai/m2:tools=no", HOST_OPENAI, "m", false },
	{ "openai/m:tools=no", HOST_OLLAMA, "m", false },
	{ "ollama/llama3:8b:tools=no", HOST_OLLAMA, "llama3:8b", true },
	{ "ollama/llama3:tools=no", HOST_OLLAMA, "llama3:8b", false },
	{ "openai/a/b:tools=no", HOST_OPENAI, "a/b", true },
	{ "openai:tools=no,tools=yes", HOST_OPENAI, "m", false },
	{ "tools=no,openai/m:tools=yes", HOST_OPENAI, "m", false },
	{ "tools=no,openai/m:tools=yes", HOST_OPENAI, "n", true },
	{ "stream=no", HOST_OPENAI, "m", false },
};

static void
a_statement_is_of_its_backend(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(STATED); i++) {
		struct settings *s = load(STATED[i].items);
		struct llm_backend b = BACKEND;
		struct llm_quirks q = LLM_QUIRKS_INIT;

		if (s == NULL)
			fail_msg("%s: %s", STATED[i].items, buf_str(&errors));
		b.host = STATED[i].host;
		b.model = STATED[i].model;
		llm_quirks_stated(s, &b, &q);
		if (llm_lacks(&q, LLM_CAN_TOOLS) != STATED[i].lacks)
			fail_msg("%s of %s/%s", STATED[i].items,
			    settings_host_name(b.host), b.model);
		settings_unref(s);
	}
}

/* What was learned gives way to what is stated; a number, too. */
static void
the_operator_s_word_stands(void **state)
{
	struct settings *s = load("tools=yes,openai:images=no,context=5000");
	struct arena *mem = arena_new();
	struct llm_backend b = BACKEND;
	struct llm_quirks q = LLM_QUIRKS_INIT;
	struct llm_ladder l;
	struct buf body = BUF_INIT(MIB);
	const struct llm_refusal refused = { .status = 400, .code = "",
		.type = "", .param = "",
		.message = "m does not support tools" };

	(void)state;
	assert_non_null(s);
	assert_true(llm_quirks_set(&q, "tools", "no"));
	assert_true(llm_quirks_set(&q, "context", "9000"));
	assert_true(llm_quirks_set(&q, "stream_options", "no"));
	llm_quirks_stated(s, &b, &q);
	assert_false(llm_lacks(&q, LLM_CAN_TOOLS));
	assert_true(llm_lacks(&q, LLM_CAN_IMAGES));
	assert_true(llm_lacks(&q, LLM_CAN_STREAM_OPTIONS));
	assert_int_equal(q.context, 5000);
	/* A refusal is not believed. */
	b.quirks = &q;
	llm_ladder_init(&l, &b);
	b.quirks = &l.quirks;
	assert_false(llm_ladder_next(&l, &b, &QUESTION, &refused, mem));
	assert_int_equal(l.nfacts, 0);
	/* And the request says so. */
	assert_int_equal(LLM_OPENAI.write(&b, &QUESTION, mem, &body), 0);
	assert_non_null(strstr(buf_str(&body), "\"tools\":["));
	assert_null(strstr(buf_str(&body), "stream_options"));
	buf_fini(&body);
	settings_unref(s);
	arena_free(mem);
}

static int
start(void **state)
{
	(void)state;
	return sodium_init() == -1 ? -1 : 0;
}

static int
end(void **state)
{
	(void)state;
	buf_fini(&errors);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refusals_teach),
		cmocka_unit_test(no_remedy_twice),
		cmocka_unit_test(facts_are_taken),
		cmocka_unit_test(the_setting_knows_the_same_names),
		cmocka_unit_test(a_wrong_quirk_is_told),
		cmocka_unit_test(a_statement_is_of_its_backend),
		cmocka_unit_test(the_operator_s_word_stands),
	};

	return cmocka_run_group_tests_name("quirks", tests, start, end);
}
