/*
 * asks: tools that ask a person or a model first.
 *
 * Each is called again with the answers, as often as it asks: what it knows
 * then is in its answers and its state, never in this process.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "tests/conformance/fixtures.h"

#define NAME_SCHEMA                                                        \
	"{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string" \
	"\"}},\"required\":[\"name\"]}"
#define STATE_ASKED "asked once"

/* ---- questions ----------------------------------------------------------- */

static json_t *
read_text(const char *text)
{
	json_t *doc = json_loads(text, 0, NULL);

	if (doc == NULL)
		abort(); /* it is one of the literals below */
	return doc;
}

/* A form of ${schema}, JSON text. */
static json_t *
form(const char *message, const char *schema)
{
	return json_pack("{s:s, s:{s:s, s:s, s:o}}", "method",
	    "elicitation/create", "params", "mode", "form", "message", message,
	    "requestedSchema", read_text(schema));
}

static json_t *
sample(const char *prompt, int tokens)
{
	return json_pack("{s:s, s:{s:[{s:s, s:{s:s, s:s}}], s:i}}", "method",
	    "sampling/createMessage", "params", "messages", "role", "user",
	    "content", "type", "text", "text", prompt, "maxTokens", tokens);
}

static json_t *
roots(void)
{
	return json_pack("{s:s, s:{}}", "method", "roots/list", "params");
}

/* ${questions} is taken; ${state} NULL: there is nothing to be kept. */
static void
ask(struct arena *mem, struct tool_result *result, json_t *questions,
    const char *state)
{
	if (questions == NULL)
		abort();
	result->end = TOOL_ASKS;
	result->questions = json_keep(mem, questions);
	result->state = state;
}

static void
ask_one(struct arena *mem, struct tool_result *result, const char *key,
    json_t *question, const char *state)
{
	ask(mem, result, json_pack("{s:o}", key, question), state);
}

/* ---- answers ------------------------------------------------------------- */

static const json_t *
answer(const struct tool_ctx *ctx, const char *key)
{
	const json_t *a = json_object_get(ctx->answers, key);

	return json_is_object(a) ? a : NULL;
}

/* What was filled into a form; NULL: it was not, or not yet. */
static const json_t *
filled(const struct tool_ctx *ctx, const char *key)
{
	const char *action = json_member_str(answer(ctx, key), "action");
	const json_t *content = json_object_get(answer(ctx, key), "content");

	return action != NULL && strcmp(action, "accept") == 0
		&& json_is_object(content)
	    ? content
	    : NULL;
}

static const char *
filled_text(const struct tool_ctx *ctx, const char *key, const char *field)
{
	return json_member_str(filled(ctx, key), field);
}

/* What a model said; NULL: nothing that is text. */
static const char *
sampled(const struct tool_ctx *ctx, const char *key)
{
	return json_member_str(json_object_get(answer(ctx, key), "content"),
	    "text");
}

static const json_t *
listed(const struct tool_ctx *ctx, const char *key)
{
	const json_t *list = json_object_get(answer(ctx, key), "roots");

	return json_is_array(list) ? list : NULL;
}

/* ---- of sessions --------------------------------------------------------- */

void
fixture_sampling(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	const char *prompt = json_member_str(arguments, "prompt");
	const char *said = sampled(ctx, "answer");

	if (said == NULL)
		ask_one(mem, result, "answer",
		    sample(prompt == NULL ? "" : prompt, 100), NULL);
	else
		tool_result_say(mem, result, TOOL_DONE,
		    arena_printf(mem, "LLM response: %s", said));
}

/* Ask ${message} with a form, and repeat what came. */
static void
ask_form(const struct tool_ctx *ctx, const char *message, const char *schema,
    struct arena *mem, struct tool_result *result)
{
	const json_t *a = answer(ctx, "form");
	const char *action = json_member_str(a, "action");

	if (action == NULL)
		ask_one(mem, result, "form", form(message, schema), NULL);
	else
		tool_result_say(mem, result, TOOL_DONE,
		    arena_printf(mem,
			"Elicitation completed: action=%s, content=%s", action,
			filled(ctx, "form") == NULL
			    ? "{}"
			    : json_text(mem, filled(ctx, "form"))));
}

void
fixture_elicitation(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	const char *message = json_member_str(arguments, "message");

	ask_form(ctx, message == NULL ? "" : message,
	    "{\"type\":\"object\",\"properties\":{"
	    "\"username\":{\"type\":\"string\",\"description\":\"your name\"},"
	    "\"email\":{\"type\":\"string\",\"description\":\"your address\"}},"
	    "\"required\":[\"username\",\"email\"]}",
	    mem, result);
}

void
fixture_defaults(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	(void)arguments;
	ask_form(ctx, "Please look through what is filled in",
	    "{\"type\":\"object\",\"properties\":{"
	    "\"name\":{\"type\":\"string\",\"default\":\"John Doe\"},"
	    "\"age\":{\"type\":\"integer\",\"default\":30},"
	    "\"score\":{\"type\":\"number\",\"default\":95.5},"
	    "\"status\":{\"type\":\"string\",\"enum\":[\"active\","
	    "\"inactive\",\"pending\"],\"default\":\"active\"},"
	    "\"verified\":{\"type\":\"boolean\",\"default\":true}},"
	    "\"required\":[]}",
	    mem, result);
}

void
fixture_enums(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	(void)arguments;
	ask_form(ctx, "Please choose",
	    "{\"type\":\"object\",\"properties\":{"
	    "\"untitledSingle\":{\"type\":\"string\",\"enum\":[\"option1\","
	    "\"option2\",\"option3\"]},"
	    "\"titledSingle\":{\"type\":\"string\",\"oneOf\":["
	    "{\"const\":\"value1\",\"title\":\"First Option\"},"
	    "{\"const\":\"value2\",\"title\":\"Second Option\"},"
	    "{\"const\":\"value3\",\"title\":\"Third Option\"}]},"
	    "\"legacyEnum\":{\"type\":\"string\",\"enum\":[\"opt1\","
	    "\"opt2\",\"opt3\"],\"enumNames\":[\"Option One\","
	    "\"Option Two\",\"Option Three\"]},"
	    "\"untitledMulti\":{\"type\":\"array\",\"items\":{\"type\":"
	    "\"string\",\"enum\":[\"option1\",\"option2\",\"option3\"]}},"
	    "\"titledMulti\":{\"type\":\"array\",\"items\":{\"anyOf\":["
	    "{\"const\":\"value1\",\"title\":\"First Choice\"},"
	    "{\"const\":\"value2\",\"title\":\"Second Choice\"},"
	    "{\"const\":\"value3\",\"title\":\"Third Choice\"}]}}},"
	    "\"required\":[]}",
	    mem, result);
}

/* ---- input_required ------------------------------------------------------ */

void
fixture_ask_name(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	const char *name = filled_text(ctx, "user_name", "name");

	(void)arguments;
	if (name == NULL)
		ask_one(mem, result, "user_name",
		    form("What is your name?", NAME_SCHEMA), NULL);
	else
		tool_result_say(mem, result, TOOL_DONE,
		    arena_printf(mem, "Hello, %s!", name));
}

void
fixture_ask_capital(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	const char *said = sampled(ctx, "capital_question");

	(void)arguments;
	if (said == NULL)
		ask_one(mem, result, "capital_question",
		    sample("What is the capital of France?", 100), NULL);
	else
		tool_result_say(mem, result, TOOL_DONE, said);
}

void
fixture_ask_roots(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	const json_t *list = listed(ctx, "client_roots");

	(void)arguments;
	if (list == NULL)
		ask_one(mem, result, "client_roots", roots(), NULL);
	else
		tool_result_say(mem, result, TOOL_DONE,
		    arena_printf(mem, "roots: %s", json_text(mem, list)));
}

void
fixture_ask_confirm(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	const json_t *ok = json_object_get(filled(ctx, "confirm"), "ok");
	bool held = ctx->state != NULL && strcmp(ctx->state, STATE_ASKED) == 0;

	(void)arguments;
	if (!json_is_boolean(ok))
		ask_one(mem, result, "confirm",
		    form("Please confirm",
			"{\"type\":\"object\",\"properties\":{\"ok\":{\"type\":"
			"\"boolean\"}},\"required\":[\"ok\"]}"),
		    STATE_ASKED);
	else
		tool_result_say(mem, result, held ? TOOL_DONE : TOOL_FAILED,
		    held ? "state-ok" : "the state did not come back");
}

void
fixture_ask_three(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	const char *name = filled_text(ctx, "user_name", "name");
	const char *said = sampled(ctx, "greeting");
	const json_t *list = listed(ctx, "client_roots");

	(void)arguments;
	if (name == NULL || said == NULL || list == NULL)
		ask(mem, result,
		    json_pack("{s:o, s:o, s:o}", "user_name",
			form("What is your name?", NAME_SCHEMA), "greeting",
			sample("Generate a greeting", 50), "client_roots",
			roots()),
		    STATE_ASKED);
	else
		tool_result_say(mem, result, TOOL_DONE,
		    arena_printf(mem, "%s, %s: %s", said, name,
			json_text(mem, list)));
}

/* The name of the first round is the state of the second. */
void
fixture_ask_twice(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	const char *name = filled_text(ctx, "step1", "name");
	const char *color = filled_text(ctx, "step2", "color");
	bool first = ctx->state == NULL || strcmp(ctx->state, STATE_ASKED) == 0;

	(void)arguments;
	if (!first && color != NULL)
		tool_result_say(mem, result, TOOL_DONE,
		    arena_printf(mem, "%s likes %s", ctx->state, color));
	else if (!first || name != NULL)
		ask_one(mem, result, "step2",
		    form("Step 2: What is your favorite color?",
			"{\"type\":\"object\",\"properties\":{\"color\":{"
			"\"type\":\"string\"}},\"required\":[\"color\"]}"),
		    first ? name : ctx->state);
	else
		ask_one(mem, result, "step1",
		    form("Step 1: What is your name?", NAME_SCHEMA),
		    STATE_ASKED);
}

/* What a client that can only be sampled can answer. */
void
fixture_ask_capable(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	fixture_ask_capital(ctx, arguments, mem, result);
}

void
fixture_needs_sampling(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	fixture_ask_capital(ctx, arguments, mem, result);
}
