/*
 * quirks: THE table of what a backend may lack.
 */
#include "llm/quirks.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "llm/llm_priv.h"

#define TOKENS_MAX 100000000 /* more than any context has */
#define TOOL_PREFIX "tool:"

/* Beside each row, who says so. */
const struct llm_feature_row LLM_FEATURES[LLM_FEATURES_N] = {
	/* charmbracelet/crush#422, QuantumNous/new-api#1591 */
	[LLM_CAN_STREAM] = { "stream", { "stream", "streaming" },
	    { "verified to stream", "not support stream",
		"streaming is not supported", "streaming not supported",
		"stream must be false",
		/* llama.cpp of 2024: streamed, it knew no tools */
		"tools with stream", "in streaming mode",
		"tools while streaming" },
	    "asked for whole answers" },
	/* modelscope/ms-agent#489, cline/cline#2764,
	 * Pythagora-io/gpt-pilot#1022 */
	[LLM_CAN_STREAM_OPTIONS] = { "stream_options",
	    { "stream_options", "include_usage" }, { 0 }, "left out" },
	/* koosoli/ESPHomeDesigner#379, anomalyco/opencode#37964 */
	[LLM_CAN_MAX_TOKENS] = { "max_tokens", { "max_tokens" }, { 0 },
	    "max_completion_tokens is sent" },
	/* FastAPI and Go servers that know the older name only */
	[LLM_CAN_MAX_COMPLETION_TOKENS] = { "max_completion_tokens",
	    { "max_completion_tokens" }, { 0 }, "max_tokens is sent" },
	/* johny-b/llmcomp#69, QwenLM/qwen-code#921 */
	[LLM_CAN_TEMPERATURE] = { "temperature", { "temperature" },
	    { "invalid temperature", "temperature must be",
		"temperature may only" },
	    "left out" },
	/* zed-industries/zed#36094, vllm-project/vllm#9426 */
	[LLM_CAN_TOOL_CHOICE] = { "tool_choice", { "tool_choice" },
	    { "provided 'tool_choice'", "tool_choice must either",
		"tool_choice parameter", "tool_choice 'none'",
		/* Kimi, SambaNova, Azure of 2024: none is no choice */
		"'auto' and 'required'", "'auto', 'required'",
		"'auto' or 'required'" },
	    "left out; calls of a last round are told in words" },
	/* ollama/ollama#14795, vllm-project/vllm#9986,
	 * FoundationAgents/OpenManus#220, evalstate/fast-agent#122 */
	[LLM_CAN_TOOLS] = { "tools", { "tools", "functions", "tool_calls" },
	    { "does not support tool", "not support function call",
		"support tool use", "tool calling is not supported",
		"tool use is not supported", "--enable-auto-tool-choice",
		"function calling is not", "tools param requires",
		"not support tool",
		"tool use with function calling is "
		"unsupported",
		/* once no message is of the system: those of tools */
		"only user and assistant roles are supported",
		"unexpected message role", "invalid value: 'tool'" },
	    "told and called in words" },
	/* laurent22/joplin#16451, pipecat-ai/pipecat#4043, livekit/agents#5088:
	 * gpt-5.4 and later think by themselves */
	[LLM_CAN_TOOLS_WITH_EFFORT] = { "tools_with_effort", { 0 },
	    { "tools with reasoning_effort", "set reasoning_effort to 'none'" },
	    "reasoning_effort \"none\" is sent with tools" },
	/* the template of Llama 3 in llama.cpp and vLLM */
	[LLM_CAN_PARALLEL_CALLS] = { "parallel_calls",
	    { "parallel_tool_calls" },
	    { "single tool-call", "single tool call",
		"parallel tool calls are not", "multiple tool calls",
		"only one tool call" },
	    "each call is a message of its own" },
	/* vllm-project/vllm#2964, huggingface/chat-ui#1386,
	 * abetlen/llama-cpp-python#1580 */
	[LLM_CAN_SYSTEM] = { "system", { "system" },
	    { "system role not supported", "does not support 'system'",
		"system role is not", "system messages are not supported",
		"developer instruction is not enabled",
		/* templates of Mistral 7B and Gemma (llama.cpp, vLLM, LM
		 * Studio: lmstudio-ai/lmstudio-bug-tracker#1054) */
		"only user and assistant roles are supported",
		"only user, assistant", "unexpected message role",
		"invalid value: 'system'" },
	    "in front of the first words of a person" },
	/* jxxghp/MoviePilot#5863, yilewang/llm-for-zotero#143 */
	[LLM_CAN_IMAGES] = { "images", { "image_url", "image", "images" },
	    { "does not support image", "support image input",
		"not a multimodal", "not support vision", "at most 0 image",
		"unknown variant `image_url`", "image input is not",
		"not support multimodal" },
	    "named in words" },
	/* eclipse-theia/theia#17104, mistralai/mistral-vibe#1006 */
	[LLM_CAN_REPEATED_ROLES] = { "repeated_roles", { 0 },
	    { "must alternate", "should alternate", "roles alternate",
		"consecutive messages", "consecutive user",
		"consecutive assistant", "same role in a row",
		"multiple user messages" },
	    "neighbours of one role are joined" },
	/* aaif-goose/goose#5998, avante-corp/avante.nvim#2562 */
	[LLM_CAN_USER_AFTER_TOOL] = { "user_after_tool", { 0 },
	    { "role 'user' after role 'tool'", "user after tool",
		"after tool messages", "3230" },
	    "the assistant speaks between them" },
	/* anomalyco/opencode#1680, langchain-ai/langchain#24668 */
	[LLM_CAN_ANY_CALL_ID] = { "any_call_id", { 0 },
	    { "with a length of 9", "must be a-z, a-z, 0-9", "3280",
		"invalid tool_call_id",
		/* BerriAI/litellm#18160, BerriAI/litellm#41590 */
		"].id': string too long", "tool_call_id': string too long" },
	    "ids of calls have nine letters and digits" },
	/* SAIL-Research-Lab/cheetahclaws#72, vercel/ai#13505,
	 * mistralai/mistral-common#324 */
	[LLM_CAN_EMPTY_CONTENT] = { "empty_content", { 0 },
	    { "must be non-empty", "content type: <nil>",
		"content cannot be empty", "must have non-empty",
		"empty content", "content: field required",
		"content: input should be a valid string",
		"content is required", "content must not be empty",
		"content must be a string", "content should not be null",
		"content field is required" },
	    "words stand in its place" },
	/* NousResearch/hermes-agent#11089, janhq/jan#8136 */
	[LLM_CAN_THOUGHTS] = { "thoughts",
	    { "redacted_thinking" }, /* and kept.c's table */
	    { "invalid `signature` in `thinking`",
		"invalid signature in thinking", "thinking.signature",
		"corrupted thought", "invalid thought signature",
		"thought signature is not valid", "encrypted content",
		"cannot be modified", "invalid reasoning_details" },
	    "not sent back" },
	/* anomalyco/opencode#24083 (DeepSeek), FellouAI/eko#281 (Kimi) */
	[LLM_CAN_MISSING_THOUGHTS] = { "missing_thoughts", { 0 },
	    { "must be passed back", "reasoning_content is missing",
		"missing reasoning_content", "missing `reasoning_content`",
		"`reasoning_content` is missing",
		"`reasoning_content` is required" },
	    "each call gets an empty member" },
};

bool
llm_lacks(const struct llm_quirks *q, enum llm_feature f)
{
	return q != NULL && (q->lacks & (1U << f)) != 0;
}

/* Numbers among the facts, and what of them is believed that was learned; the
 * last is no integer. */
static const struct {
	const char *name;
	int64_t least, most;
} NUMBERS[] = {
	{ "max_tokens_value", LLM_LIMIT_LEAST, TOKENS_MAX },
	{ "max_tokens_least", 1, LLM_MINIMUM_MOST },
	{ "context", LLM_LEAST_LEFT, TOKENS_MAX },
	{ "tools_max", 1, TOKENS_MAX },
	{ "temperature_value", 0, 2 },
};
_Static_assert(LLM_FEATURES_N + NELEM(NUMBERS) <= 32, "a bit for each");

/* The bit of ${name} in stated; 0: there is none. */
static uint32_t
bit_of(const char *name)
{
	size_t i;

	for (i = 0; i < LLM_FEATURES_N; i++)
		if (strcmp(LLM_FEATURES[i].name, name) == 0)
			return 1U << i;
	for (i = 0; i < NELEM(NUMBERS); i++)
		if (strcmp(NUMBERS[i].name, name) == 0)
			return 1U << (LLM_FEATURES_N + i);
	return 0;
}

static bool
set_number(struct llm_quirks *q, size_t i, const char *value, bool state)
{
	int64_t *const at[] = { &q->max_tokens, &q->max_tokens_least,
		&q->context, &q->tools_max };
	int64_t n;

	if (text_int(value, &n) == -1 || n < (state ? 1 : NUMBERS[i].least)
	    || n > (state ? TOKENS_MAX : NUMBERS[i].most))
		return false;
	*at[i] = n;
	return true;
}

static bool
set_tool(struct llm_quirks *q, const char *name, const char *digest)
{
	size_t i, len = strlen(name), dlen = strlen(digest);

	if (len == 0 || len >= sizeof(q->tools[0].name)
	    || dlen >= sizeof(q->tools[0].digest))
		return false;
	for (i = 0; i < q->ntools; i++)
		if (strcmp(q->tools[i].name, name) == 0)
			break;
	if (i == LLM_REFUSED_TOOLS_MAX)
		return false;
	memcpy(q->tools[i].name, name, len + 1);
	memcpy(q->tools[i].digest, digest, dlen + 1);
	if (i == q->ntools)
		q->ntools++;
	return true;
}

static bool
set_temperature(struct llm_quirks *q, const char *value, bool state)
{
	char *end;
	double n = strtod(value, &end);

	if (end == value || *end != '\0' || !(n >= 0 && n <= 2)
	    || (!state && n > 0 && n < LLM_TEMPERATURE_LEAST))
		return false;
	q->temperature = n;
	return true;
}

static bool
set_feature(struct llm_quirks *q, uint32_t bit, const char *value)
{
	bool no = strcmp(value, "no") == 0;

	if (!no && strcmp(value, "yes") != 0)
		return false;
	q->lacks = no ? q->lacks | bit : q->lacks & ~bit;
	return true;
}

static bool
set_known(struct llm_quirks *q, uint32_t bit, const char *name,
    const char *value, bool state)
{
	size_t i;

	for (i = 0; i < NELEM(NUMBERS); i++)
		if (strcmp(NUMBERS[i].name, name) == 0)
			return i + 1 == NELEM(NUMBERS)
			    ? set_temperature(q, value, state)
			    : set_number(q, i, value, state);
	return set_feature(q, bit, value);
}

static bool
set(struct llm_quirks *q, const char *name, const char *value, bool state)
{
	uint32_t bit = bit_of(name);
	struct llm_quirks all;

	llm_quirks_copy(&all, q);
	if (strncmp(name, TOOL_PREFIX, sizeof(TOOL_PREFIX) - 1) == 0)
		return set_tool(q, name + sizeof(TOOL_PREFIX) - 1, value);
	if (bit == 0 || !set_known(&all, bit, name, value, state))
		return false;
	if (!state && (q->stated & bit) != 0)
		return true;
	llm_quirks_copy(q, &all);
	if (state)
		q->stated |= bit;
	return true;
}

void
llm_quirks_clear(struct llm_quirks *q)
{
	memset(q, 0, offsetof(struct llm_quirks, tools));
	q->temperature = -1;
}

void
llm_quirks_copy(struct llm_quirks *to, const struct llm_quirks *from)
{
	memcpy(to, from,
	    offsetof(struct llm_quirks, tools)
		+ from->ntools * sizeof(from->tools[0]));
}

bool
llm_quirks_set(struct llm_quirks *q, const char *name, const char *value)
{
	return set(q, name, value, false);
}

bool
llm_quirks_state(struct llm_quirks *q, const char *name, const char *value)
{
	return set(q, name, value, true);
}

bool
llm_quirks_is_stated(const struct llm_quirks *q, const char *name)
{
	return (q->stated & bit_of(name)) != 0;
}

bool
llm_quirks_refuse_tool(const struct llm_quirks *q, const char *name,
    const char *digest)
{
	size_t i;

	for (i = 0; q != NULL && i < q->ntools; i++)
		if (strcmp(q->tools[i].name, name) == 0)
			return strcmp(q->tools[i].digest,
				   digest == NULL ? "-" : digest)
			    == 0;
	return false;
}
