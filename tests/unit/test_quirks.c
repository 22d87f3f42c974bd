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
#include "tests/unit/questions.h"
#include "tests/unit/settings_fixture.h"

static const struct tool_spec TOOLS[] = {
	{ .name = "echo", .description = "e", .schema_text = "{}" },
	{ .name = "time", .description = "t", .schema_text = "{}" },
	{ .name = "files__read",
	    .description = "r",
	    .schema_text = "{}",
	    .digest = "d1" },
	{ .name = "files__write",
	    .description = "w",
	    .schema_text = "{}",
	    .digest = "d2" },
};
static const struct llm_question QUESTION = { .messages = MESSAGES,
	.nmessages = NELEM(MESSAGES),
	.tools = TOOLS,
	.ntools = NELEM(TOOLS) };
static const struct llm_backend BACKEND = { .host = HOST_OPENAI,
	.model = "m",
	.base_url = "http://h/v1",
	.max_tokens = 16384,
	.max_tokens_name = "",
	.temperature = 0.7 };

/* name "": nothing is tried; "-": tried, but nothing to be kept. */
static const struct {
	int status;
	const char *code, *param, *message, *name, *value;
} ROWS[] = {
	{ 400, "", "", "Unrecognized request argument supplied: stream_options",
	    "stream_options", "no" },
	{ 400, "", "", "Argument not supported: stream_options",
	    "stream_options", "no" },
	{ 400, "400", "",
	    "[{'type': 'extra_forbidden', 'loc': ('body', 'stream_options'), 'msg': 'Extra inputs are not permitted', ",
	    "stream_options", "no" },
	{ 422, "", "", "body.stream_options. Extra inputs are not permitted; ",
	    "stream_options", "no" },
	{ 400, "", "", "Unknown parameter: 'stream_options.include_usage'.",
	    "stream_options", "no" },
	{ 400, "unsupported_parameter", "max_tokens",
	    "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
	    "max_tokens", "no" },
	{ 400, "", "", "json: unknown field \"max_tokens\"", "max_tokens",
	    "no" },
	{ 400, "", "max_tokens",
	    "max_tokens is too large: 16384. This model supports at most 4096 completion tokens, whereas you provided 16384.",
	    "max_tokens_value", "4096" },
	{ 400, "", "",
	    "Invalid max_tokens value, the valid range of max_tokens is [1, 8192]",
	    "max_tokens_value", "8192" },
	{ 400, "", "max_tokens",
	    "`max_tokens` must be less than or equal to `8192`, the maximum value for `max_tokens` is less than the `context_window` for this model",
	    "max_tokens_value", "8192" },
	{ 400, "", "",
	    "max_tokens: 16384 > 4096, which is the maximum allowed number of output tokens for claude-3-5-haiku-20241022",
	    "max_tokens_value", "4096" },
	{ 400, "", "", "max_tokens must be at most 12,000 for gpt-4-32k",
	    "max_tokens_value", "12000" },
	{ 400, "", "", "Range of max_tokens should be [1, 2000]",
	    "max_tokens_value", "2000" },
	{ 400, "", "",
	    "The maximum tokens you requested exceeds the model limit of 10000. max_tokens too high for model-2024-08-06",
	    "max_tokens_value", "10000" },
	{ 400, "", "max_tokens",
	    "Invalid 'max_tokens': integer below minimum value. Expected a value >= 20000, but got 16384 instead.",
	    "max_tokens_least", "20000" },
	{ 400, "", "",
	    "This model's maximum context length is 18000 tokens. However, you requested 19884 tokens (3500 in the messages, 16384 in the completion). Please reduce the length of the messages or completion.",
	    "context", "18000" },
	{ 400, "", "",
	    "'max_tokens' or 'max_completion_tokens' is too large: 16384. This model's maximum context length is 18000 tokens and your request has 3500 input tokens (16384 > 18000 - 3500).",
	    "context", "18000" },
	{ 400, "", "",
	    "You passed 3500 input tokens and requested 16384 output tokens. However, the model's context length is only 18000 tokens",
	    "context", "18000" },
	{ 400, "", "",
	    "input length and `max_tokens` exceed context limit: 190000 + 16384 > 200000, decrease input length or `max_tokens` and try again",
	    "context", "200000" },
	{ 400, "", "",
	    "This endpoint's maximum context length is 131072 tokens. However, you requested about 140000 tokens (123116 of text input, 500 of tool input, 16384 in the output).",
	    "context", "131072" },
	{ 400, "", "",
	    "This model's maximum context length is 4096 tokens. However, your messages resulted in 5000 tokens.",
	    "", "" },
	{ 400, "", "",
	    "Invalid schema for function 'echo': property 'temperature' is not permitted.",
	    "tool:echo", "-" },
	{ 400, "", "",
	    "messages: roles must alternate; the parameter tool_choice is not supported",
	    "repeated_roles", "no" },
	{ 400, "unsupported_value", "temperature",
	    "Unsupported value: 'temperature' does not support 0.7 with this model. Only the default (1) value is supported.",
	    "temperature_value", "1" },
	{ 400, "", "", "invalid temperature: only 1 is allowed for this model",
	    "temperature_value", "1" },
	{ 400, "", "",
	    "`temperature` may only be set to 1 when thinking is enabled.",
	    "temperature_value", "1" },
	{ 400, "", "", "`temperature` is deprecated for this model.",
	    "temperature", "no" },
	{ 400, "unsupported_parameter", "temperature",
	    "Unsupported parameter: 'temperature' is not supported with this model.",
	    "temperature", "no" },
	{ 404, "404", "",
	    "No endpoints found that support the provided 'tool_choice' value.",
	    "tool_choice", "no" },
	{ 400, "", "",
	    "Value error, tool_choice must either be a named tool, \"auto\", or \"required\".",
	    "tool_choice", "no" },
	{ 400, "", "",
	    "registry.ollama.ai/library/gemma3:4b does not support tools",
	    "tools", "no" },
	{ 404, "", "", "No endpoints found that support tool use.", "tools",
	    "no" },
	{ 400, "", "",
	    "\"auto\" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set",
	    "tools", "no" },
	{ 500, "", "", "tools param requires --jinja flag", "tools", "no" },
	{ 400, "", "", "Unrecognized request arguments supplied: tools",
	    "tools", "no" },
	{ 400, "unsupported_value", "stream",
	    "Your organization must be verified to stream this model.",
	    "stream", "no" },
	{ 400, "", "", "This model does not support streaming.", "stream",
	    "no" },
	{ 400, "", "", "System role not supported", "system", "no" },
	{ 500, "", "",
	    "While executing CallExpression at line 1, column 68 in source: raise_exception('System role not supported')",
	    "system", "no" },
	{ 400, "unsupported_value", "messages[0].role",
	    "Unsupported value: 'messages[0].role' does not support 'system' with this model.",
	    "system", "no" },
	{ 400, "", "",
	    "Developer instruction is not enabled for models/gemma-3-27b-it",
	    "system", "no" },
	{ 400, "", "",
	    "messages[3]: unknown variant `image_url`, expected `text` at line 1 column 679289",
	    "images", "no" },
	{ 400, "", "", "m is not a multimodal model", "images", "no" },
	{ 404, "", "", "No endpoints found that support image input", "images",
	    "no" },
	{ 400, "", "",
	    "Conversation roles must alternate user/assistant/user/assistant/...",
	    "repeated_roles", "no" },
	{ 500, "", "",
	    "Error: Jinja Exception: After the optional system message, conversation roles must alternate user and assistant roles except for tool calls and results.",
	    "repeated_roles", "no" },
	{ 400, "3230", "", "Unexpected role 'user' after role 'tool'",
	    "user_after_tool", "no" },
	{ 400, "3280", "",
	    "Tool call id was call_1 but must be a-z, A-Z, 0-9, with a length of 9.",
	    "any_call_id", "no" },
	{ 400, "", "", "invalid message content type: <nil>", "empty_content",
	    "no" },
	{ 400, "", "",
	    "ValidationException: messages: text content blocks must be non-empty",
	    "empty_content", "no" },
	{ 400, "", "", "messages.1.content: Field required", "empty_content",
	    "no" },
	{ 400, "", "",
	    "'messages.2' : for 'role:assistant' the following must be satisfied[('messages.2' : property 'reasoning_content' is unsupported)]",
	    "thoughts", "no" },
	{ 400, "", "", "messages.1: property 'reasoning_opaque' is unsupported",
	    "thoughts", "no" },
	{ 422, "", "",
	    "body -> messages -> 1 -> assistant -> thinking_blocks: Extra inputs are not permitted",
	    "thoughts", "no" },
	{ 400, "", "",
	    "Unknown name \"thought_signature\" at 'messages[1]': Cannot find field.",
	    "thoughts", "no" },
	{ 400, "", "",
	    "messages.1.provider_specific_fields: Extra inputs are not permitted",
	    "thoughts", "no" },
	{ 400, "", "",
	    "messages.1.content.0: Invalid `signature` in `thinking` block",
	    "thoughts", "no" },
	{ 400, "", "",
	    "The `reasoning_content` in the thinking mode must be passed back to the API.",
	    "missing_thoughts", "no" },
	{ 400, "", "",
	    "thinking is enabled but reasoning_content is missing in assistant tool call message at index 2",
	    "missing_thoughts", "no" },
	{ 500, "", "", "This model only supports single tool-calls at once!",
	    "parallel_calls", "no" },
	{ 400, "invalid_function_parameters", "tools[2].function.parameters",
	    "Invalid schema for function 'files__read': In context=('properties', 'x'), 'x' is not permitted.",
	    "tool:files__read", "d1" },
	{ 400, "", "",
	    "tools.3.custom.input_schema: JSON schema is invalid. It must match JSON Schema draft 2020-12",
	    "tool:files__write", "d2" },
	{ 400, "400", "",
	    "* GenerateContentRequest.tools[0].function_declarations[3].parameters.properties[text].enum: only allowed for STRING type",
	    "tool:files__write", "d2" },
	{ 422, "", "",
	    "body.tools.1.function.parameters. Input should be a valid dictionary; ",
	    "tool:time", "-" },
	{ 400, "", "", "Invalid JSON schema: unexpected keyword", "-", "" },
	{ 400, "", "", "Corrupted thought signature.", "thoughts", "no" },
	{ 400, "", "",
	    "The encrypted content gAAAAABn could not be verified. Reason: Encrypted content could not be decrypted or parsed.",
	    "thoughts", "no" },
	{ 400, "", "",
	    "messages.1.content.0.thinking.signature: Field required",
	    "thoughts", "no" },
	{ 400, "", "", "messages.1.content.0: Invalid signature in thinking",
	    "thoughts", "no" },
	{ 400, "", "",
	    "messages.1.content.0.thinking.signature: Input should be a valid string",
	    "thoughts", "no" },
	{ 400, "", "",
	    "messages.1.content.0: `thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified. These blocks must remain as they were in the original response.",
	    "thoughts", "no" },
	{ 500, "", "",
	    "While executing CallExpression: Jinja Exception: Only user and assistant roles are supported!",
	    "system", "no" },
	{ 400, "", "", "Unexpected message role.", "system", "no" },
	{ 400, "", "",
	    "Invalid value: 'system'. Supported values are: 'user', 'assistant', and 'developer'.",
	    "system", "no" },
	{ 400, "", "",
	    "System messages not supported by this model; use role 'developer'",
	    "system", "no" },
	{ 500, "", "", "Cannot use tools with stream", "stream", "no" },
	{ 400, "", "", "tools are not supported in streaming mode", "stream",
	    "no" },
	{ 500, "", "",
	    "Value is not callable: null: tools is not supported by the chat template",
	    "tools", "no" },
	{ 400, "", "reasoning_effort",
	    "Function tools with reasoning_effort are not supported for gpt-5.6-terra in /v1/chat/completions. To use function tools, use /v1/responses or set reasoning_effort to 'none'.",
	    "tools_with_effort", "no" },
	{ 400, "invalid_value", "tool_choice",
	    "Invalid value: 'none'. Supported values are: 'auto' and 'required'.",
	    "tool_choice", "no" },
	{ 400, "invalid_value", "tool_choice",
	    "'none' is not one of ['auto', 'required'] - 'tool_choice'",
	    "tool_choice", "no" },
	{ 422, "", "", "tool_choice: Input should be 'auto' or 'required'",
	    "tool_choice", "no" },
	{ 400, "string_above_max_length", "messages[1].tool_calls[0].id",
	    "Invalid 'messages[1].tool_calls[0].id': string too long. Expected a string with maximum length 40, but got a string with length 74 instead.",
	    "any_call_id", "no" },
	{ 400, "", "",
	    "The maximum tokens you requested exceeds the model limit of 512. Try again with a maximum tokens value that is lower than 512.",
	    "max_tokens_value", "511" },
	{ 400, "", "",
	    "Unable to submit request because it has a maxOutputTokens value of 16384 but the supported range is from 1 (inclusive) to 8193 (exclusive). Update the value and try again.",
	    "max_tokens_value", "8192" },
	{ 400, "", "",
	    "invalid request: max tokens must be less than or equal to 512",
	    "max_tokens_value", "512" },
	{ 400, "", "",
	    "API 调用参数有误，max_tokens参数非法，请检查文档：取值范围[1, 512]",
	    "max_tokens_value", "512" },
	{ 402, "402", "",
	    "This request requires more credits, or fewer max_tokens. You requested up to 16384 tokens, but can only afford 512. To increase, visit https://openrouter.ai/settings/credits and add more credits",
	    "-", "" },
	{ 402, "402", "",
	    "This request requires more credits, or fewer max_tokens. You requested up to 16384 tokens, but can only afford 12.",
	    "", "" },
	{ 402, "", "", "stream_options is not supported", "", "" },
	{ 400, "array_above_max_length", "tools", "Invalid 'tools': array too long. Expected an array with maximum length 3, but got an array with length 4 instead.",
	    "tools_max", "3" },
	/* what teaches nothing */
	{ 400, "", "",
	    "Internal validation failed. The function echo server did not return in time",
	    "", "" },
	{ 400, "", "", "The tool 'echo' is a word", "", "" },
	{ 400, "", "", "Unexpected flux in the input.", "", "" },
	{ 401, "", "", "stream_options is not supported", "", "" },
	{ 429, "", "max_tokens", "max_tokens is too large: 16384 > 4096", "",
	    "" },
	{ 503, "", "", "tools are not supported while loading", "", "" },
	{ 400, "", "",
	    "The response was filtered due to the prompt triggering the content policy",
	    "", "" },
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
			.code = ROWS[i].code,
			.type = "",
			.param = ROWS[i].param,
			.message = ROWS[i].message };
		const char *name, *value;

		llm_ladder_init(&l, &b);
		b.quirks = &l.quirks;
		name = !llm_ladder_next(&l, &b, &QUESTION, &r, mem) ? ""
		    : l.nfacts == 0                                 ? "-"
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

/* What people, models and tools wrote teaches nothing, however a server quotes
 * it; tools and parameters are ours. */
static void
the_questions_words_teach_nothing(void **state)
{
	static const char SAID[] = "In the\nschema \xe2\x82\xacof <function> "
				   "'echo' is a bug: tools/0/ are unsupported. "
				   "'files__write_all' is a bug.";
	static const struct {
		const char *message, *left;
	} ROWS_OF[] = {
		{ "Bad text: In the\nschema \xe2\x82\xacof <function> 'echo' is a "
		  "bug",
		    "Bad text: …" },
		{ "Bad text: \"In the\\nschema \\u20acof <function> "
		  "'echo' is a bug\"",
		    "Bad text: \"…\"" },
		{ "Bad text: 'In the\\\\nschema \\\\u20acof <function> "
		  "\\'echo\\' is a bug'",
		    "Bad text: '…'" },
		{ "Bad text: In the\nschema &euro;of &amp;lt;function&gt; "
		  "&#39;echo&#39; is a bug",
		    "Bad text: …" },
		{ "BAD: IN THE SCHEMA OF", "BAD: …" },
		{ "schema of function 'echo'", "…'" },
		/* the arguments of a call, a result, thoughts */
		{ "no path /home/me/letters", "no …" },
		{ "no value grandmother's clock", "no value …" },
		{ "bad: where did she put it", "bad: …" },
		/* our own words, and words that all use */
		{ "that support the provided 'tool_choice' value",
		    "that support the provided 'tool_choice' value" },
		{ "Invalid schema for function 'files__read'",
		    "Invalid schema for function 'files__read'" },
		{ "reasoning_content is not supported: reasoning.encrypted",
		    "reasoning_content is not supported: reasoning.encrypted" },
		{ "a bug: tool", "a bug: tool" },
		/* a tool's name, which a person wrote, too */
		{ "Invalid schema for function 'files__write_all'",
		    "Invalid schema for function 'files__write_all'" },
		{ "Unsupported parameter: 'max_completion_tokens'",
		    "Unsupported parameter: 'max_completion_tokens'" },
		{ "files__write_all, then files__write_all is a bug",
		    "files__write_all, then …" },
		{ "", "" },
	};
	static const struct tool_spec tools[] = {
		{ .name = "files__write_all",
		    .description = "w",
		    .schema_text = "{}" },
	};
	static const struct tool_call call = { "call_1", "files__read",
		"{\"path\":\"/home/me/letters\"}" };
	static const struct llm_message messages[] = {
		{ .role = LLM_USER, .text = SAID },
		{ .role = LLM_ASSISTANT,
		    .text = "",
		    .calls = &call,
		    .ncalls = 1,
		    .extra = "{\"message\":{\"reasoning_content\":\"Where did "
			     "she put it?\",\"reasoning_details\":[{\"type\":"
			     "\"reasoning.encrypted\",\"data\":\"x\"}]}}" },
		{ .role = LLM_TOOL,
		    .text = "It is grandmother's clock. Use a "
			    "max_completion_tokens and a "
			    "refused-tool-choice valve.",
		    .call_id = "call_1" },
	};
	static const struct llm_question q = { .messages = messages,
		.nmessages = NELEM(messages),
		.tools = tools,
		.ntools = NELEM(tools) };
	struct arena *mem = arena_new();
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(ROWS_OF); i++) {
		struct llm_refusal r = { .status = 400,
			.code = "",
			.type = "",
			.param = "",
			.message = ROWS_OF[i].message };

		llm_unquote(&r, &q, mem);
		assert_string_equal(r.message, ROWS_OF[i].left);
	}
	arena_free(mem);
}

/* Only what was answered is kept. */
static void
facts_are_confirmed(void **state)
{
	struct arena *mem = arena_new();
	struct llm_ladder l;
	struct llm_backend b = BACKEND;
	const struct llm_fact *facts;
	int i;

	(void)state;
	llm_ladder_init(&l, &b);
	b.quirks = &l.quirks;
	for (i = 0; i < LLM_REPEATS_MAX; i++) {
		struct llm_refusal r = { .status = 400,
			.code = "",
			.type = "",
			.param = "",
			.message = arena_printf(mem,
			    "Invalid schema for function '%s'",
			    TOOLS[i].name) };

		assert_int_equal(l.no_tools, 0);
		assert_true(llm_ladder_next(&l, &b, &QUESTION, &r, mem));
	}
	/* There may be more: this last time without any. */
	assert_true(l.no_tools);
	assert_int_equal(llm_ladder_facts(&l, false, mem, &facts), 0);
	assert_int_equal(llm_ladder_facts(&l, true, mem, &facts), 4);
	assert_string_equal(facts[3].name, "tool:files__write");
	arena_free(mem);
}

/* A remedy that the same words follow is not kept. */
static void
what_helps_nothing_is_not_kept(void **state)
{
	static const struct llm_refusal same = { .status = 400,
		.code = "",
		.type = "",
		.param = "",
		.message = "Unexpected message role." };
	static const struct llm_refusal other = { .status = 400,
		.code = "",
		.type = "",
		.param = "",
		.message = "This model does not support streaming." };
	struct arena *mem = arena_new();
	struct llm_ladder l;
	struct llm_backend b = BACKEND;
	const struct llm_fact *facts;

	(void)state;
	llm_ladder_init(&l, &b);
	b.quirks = &l.quirks;
	assert_true(llm_ladder_next(&l, &b, &QUESTION, &same, mem));
	assert_true(llm_lacks(&l.quirks, LLM_CAN_SYSTEM));
	assert_true(llm_ladder_next(&l, &b, &QUESTION, &same, mem));
	assert_true(llm_lacks(&l.quirks, LLM_CAN_SYSTEM));
	assert_true(llm_lacks(&l.quirks, LLM_CAN_TOOLS));
	assert_true(llm_ladder_next(&l, &b, &QUESTION, &other, mem));
	assert_int_equal(llm_ladder_facts(&l, true, mem, &facts), 2);
	assert_string_equal(facts[0].name, "tools");
	assert_string_equal(facts[1].name, "stream");
	arena_free(mem);
}

/* A server that refuses all at once: the remedies in order, each once, four for
 * a question. */
static void
rungs_in_order(void **state)
{
	static const char EVERYTHING[]
	    = "This model's maximum context length is 18000 tokens and your "
	      "request has 3500 input tokens. max_tokens must be at most 4096. "
	      "Invalid schema for function 'echo'. Invalid 'tools': at most "
	      "3. temperature: only 1 is allowed. tool_choice parameter. System role not supported. "
	      "roles must alternate. This model does not support streaming.";
	static const char *const FACTS[] = { "context", "max_tokens_value",
		"tool:echo", "tools_max", "temperature_value", "repeated_roles",
		"tool_choice", "system", "stream",
		/* named beside a word of refusal */
		"temperature", "max_tokens", "tools" };
	static const struct llm_refusal r = { .status = 400,
		.code = "",
		.type = "",
		.param = "",
		.message = EVERYTHING };
	struct arena *mem = arena_new();
	struct llm_ladder l;
	struct llm_backend b = BACKEND;
	size_t i, tried;

	(void)state;
	llm_ladder_init(&l, &b);
	b.quirks = &l.quirks;
	for (i = 0; i < LLM_REPEATS_MAX; i++)
		assert_true(llm_ladder_next(&l, &b, &QUESTION, &r, mem));
	assert_false(llm_ladder_next(&l, &b, &QUESTION, &r, mem));
	/* As if there were no end to the repeats. */
	b.quirks = NULL;
	llm_ladder_init(&l, &b);
	b.quirks = &l.quirks;
	for (tried = 0; tried < 2 * NELEM(FACTS); tried++) {
		l.repeats = 0;
		l.nfacts = 0;
		if (!llm_ladder_next(&l, &b, &QUESTION, &r, mem)
		    || l.nfacts == 0)
			break;
		if (tried < NELEM(FACTS))
			assert_string_equal(l.facts[0].name, FACTS[tried]);
	}
	assert_int_equal(tried, NELEM(FACTS));
	assert_true(l.no_tools); /* the last resort */
	l.repeats = 0;
	assert_false(llm_ladder_next(&l, &b, &QUESTION, &r, mem));
	arena_free(mem);
}

/* Of llm.quirks, what is of this backend. */
static void
the_operator_states(void **state)
{
	static const char *items[] = { "stream=no", "openai:tools=no",
		"openai/m:2:system=no", "groq:images=no",
		"openai/other:thoughts=no", "openai/m:2:tools_max=7",
		"temperature=yes" };
	static const struct settings s = { .policy.host = HOST_OPENAI,
		.llm_quirks = { .items = items, .n = NELEM(items) } };
	struct llm_backend b = BACKEND;
	struct llm_quirks q = LLM_QUIRKS_INIT;

	(void)state;
	b.model = "m:2";
	(void)llm_quirks_set(&q, "temperature", "no");
	llm_quirks_stated(&s, &b, &q);
	assert_true(llm_lacks(&q, LLM_CAN_STREAM));
	assert_true(llm_lacks(&q, LLM_CAN_TOOLS));
	assert_true(llm_lacks(&q, LLM_CAN_SYSTEM));
	assert_false(llm_lacks(&q, LLM_CAN_IMAGES));
	assert_false(llm_lacks(&q, LLM_CAN_THOUGHTS));
	assert_false(llm_lacks(&q, LLM_CAN_TEMPERATURE));
	assert_int_equal(q.tools_max, 7);
	/* What is stated is learned no more. */
	(void)llm_quirks_set(&q, "temperature", "no");
	assert_false(llm_lacks(&q, LLM_CAN_TEMPERATURE));
	(void)llm_quirks_set(&q, "stream", "yes");
	assert_true(llm_lacks(&q, LLM_CAN_STREAM));
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
			.code = ROWS[i].code,
			.type = "",
			.param = ROWS[i].param,
			.message = ROWS[i].message };

		b.quirks = NULL;
		llm_ladder_init(&l, &b);
		b.quirks = &l.quirks;
		for (tried = 0; tried <= LLM_REPEATS_MAX
		     && llm_ladder_next(&l, &b, &QUESTION, &r, mem);
		     tried++)
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

/* What is kept in Redis may be anything: only what a refusal can teach is
 * believed.  The operator may say more. */
static void
odd_values_are_not_believed(void **state)
{
	static const struct {
		const char *name, *no, *yes;
	} ODD[] = {
		{ "max_tokens_value", "1", "16" },
		{ "max_tokens_value", "15", "8192" },
		{ "max_tokens_least", "100000000", "100000" },
		{ "context", "1", "256" },
		{ "context", "99999999999999999999", "2000000" },
		{ "tools_max", "0", "1" },
		{ "temperature_value", "1e-320", "0" },
		{ "temperature_value", "0.0001", "0.001" },
		{ "temperature_value", "2.5", "2" },
	};
	struct llm_quirks q = LLM_QUIRKS_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(ODD); i++) {
		if (llm_quirks_set(&q, ODD[i].name, ODD[i].no))
			fail_msg("%s %s", ODD[i].name, ODD[i].no);
		if (!llm_quirks_set(&q, ODD[i].name, ODD[i].yes))
			fail_msg("%s %s", ODD[i].name, ODD[i].yes);
	}
	assert_true(llm_quirks_state(&q, "max_tokens_value", "1"));
	assert_int_equal(q.max_tokens, 1);
}

/* ---- llm.quirks ---- */

#define NUMBERS_N 5 /* of quirks.h's comment: facts that are numbers */

/* Settings with ${item} as llm.quirks; NULL: refused, ${errors} says why. */
static struct settings *
load(const char *item)
{
	char variable[300];
	char *env[] = { (char[]){ KEY }, variable, NULL };
	const struct settings_source src = { .environ = env,
		.asks_models = true };

	snprintf(variable, sizeof(variable), "LLM_QUIRKS=%s", item);
	return load_source(&src);
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
	static const char *const VALUES[] = { "yes", "no", "No", "true",
		"maybe", "0", "1", "-1", "2", "2.1", "0.5", "1x", "4096",
		"100000000", "100000001", "99999999999999999999", "nan", "inf",
		"-0.5" };
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
	static const char *const WRONG[] = { "tools", "=no",
		"tools=", "tools=perhaps", "Tools=no", "telepathy=no",
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
	const struct llm_refusal refused = { .status = 400,
		.code = "",
		.type = "",
		.param = "",
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

/* Numbers, too: a refusal that names another teaches nothing. */
static void
a_stated_number_stands(void **state)
{
	static const struct {
		const char *item, *message;
		bool again; /* this once with less, or without */
	} cases[] = {
		{ "max_tokens_value=4096", "max_tokens must be at most 100",
		    false },
		{ "max_tokens_least=200",
		    "max_tokens: Expected a value >= 20000", false },
		{ "temperature_value=0.5",
		    "invalid temperature: only 1 is allowed for this model",
		    true },
		{ "tools_max=3", "tools: array too long, at most 2", false },
		{ "context=100000",
		    "This model's maximum context length is 18000 tokens. "
		    "However, you requested 19884 tokens (3500 in the "
		    "messages, 16384 in the completion).",
		    true },
	};
	struct arena *mem = arena_new();
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		struct llm_quirks q = LLM_QUIRKS_INIT, before;
		struct llm_backend b = BACKEND;
		struct llm_ladder l;
		const struct llm_refusal r = { .status = 400,
			.code = "",
			.type = "",
			.param = "",
			.message = cases[i].message };
		char name[64];
		const char *value = strchr(cases[i].item, '=');
		bool again;

		snprintf(name, sizeof(name), "%.*s",
		    (int)(value - cases[i].item), cases[i].item);
		assert_true(llm_quirks_state(&q, name, value + 1));
		before = q;
		/* Nor does what was learned before. */
		assert_true(llm_quirks_set(&q, name,
		    strchr(value, '.') != NULL ? "1" : "300"));
		assert_memory_equal(&q, &before,
		    offsetof(struct llm_quirks, tools));
		/* Unless it was stated, the refusal would be believed. */
		llm_ladder_init(&l, &b);
		b.quirks = &l.quirks;
		assert_true(llm_ladder_next(&l, &b, &QUESTION, &r, mem));
		assert_string_equal(l.facts[0].name, name);
		b.quirks = &q;
		llm_ladder_init(&l, &b);
		b.quirks = &l.quirks;
		again = llm_ladder_next(&l, &b, &QUESTION, &r, mem);
		if (again != cases[i].again
		    || (l.nfacts > 0
			&& strcmp(l.facts[0].name, "temperature") != 0))
			fail_msg("%s: asked again %d, %zu facts", cases[i].item,
			    again, l.nfacts);
		l.quirks.lacks = 0;
		assert_memory_equal(&l.quirks, &before,
		    offsetof(struct llm_quirks, tools));
	}
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
		cmocka_unit_test(the_questions_words_teach_nothing),
		cmocka_unit_test(facts_are_confirmed),
		cmocka_unit_test(what_helps_nothing_is_not_kept),
		cmocka_unit_test(rungs_in_order),
		cmocka_unit_test(the_operator_states),
		cmocka_unit_test(no_remedy_twice),
		cmocka_unit_test(facts_are_taken),
		cmocka_unit_test(odd_values_are_not_believed),
		cmocka_unit_test(the_setting_knows_the_same_names),
		cmocka_unit_test(a_wrong_quirk_is_told),
		cmocka_unit_test(a_statement_is_of_its_backend),
		cmocka_unit_test(the_operator_s_word_stands),
		cmocka_unit_test(a_stated_number_stands),
	};

	return cmocka_run_group_tests_name("quirks", tests, start, end);
}
