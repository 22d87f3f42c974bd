/*
 * tasks: tools whose calls go on as tasks: begun by the edge, run by a turn
 * worker.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "mcp/rpc.h"
#include "tests/conformance/fixtures.h"

#define FAILS_AFTER_MS 1000
#define SECONDS_MAX 3600

/* Does the call end here?  What follows is the task's. */
static bool
goes_on(const struct tool_ctx *ctx, struct tool_result *result)
{
	if (ctx->in_job)
		return false;
	result->end = TOOL_LATER;
	return true;
}

void
fixture_greet(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	const char *name = json_member_str(arguments, "name");

	(void)ctx;
	tool_result_say(mem, result, TOOL_DONE,
	    arena_printf(mem, "Hello, %s!", name == NULL ? "World" : name));
}

void
fixture_slow_compute(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	const char *label = json_member_str(arguments, "label");
	double seconds = json_number_value(
	    json_object_get(arguments, "seconds"));

	if (seconds < 0 || seconds > SECONDS_MAX) {
		tool_result_say(mem, result, TOOL_FAILED,
		    "so long is too long");
		return;
	}
	if (seconds > 0 && goes_on(ctx, result))
		return;
	if (!fixture_sleep(ctx, (int64_t)(seconds * 1000)))
		tool_result_say(mem, result, TOOL_FAILED, "it was cancelled");
	else
		tool_result_say(mem, result, TOOL_DONE,
		    arena_printf(mem, "%s took %g s",
			label == NULL ? "it" : label, seconds));
}

void
fixture_failing_job(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	(void)arguments;
	if (goes_on(ctx, result))
		return;
	(void)fixture_sleep(ctx, FAILS_AFTER_MS);
	tool_result_say(mem, result, TOOL_FAILED, "this job fails");
}

void
fixture_protocol_error_job(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	(void)arguments;
	if (goes_on(ctx, result))
		return;
	tool_result_say(mem, result, TOOL_FAILED, "this job has no result");
	result->code = RPC_INTERNAL;
}

/* ---- those that ask ------------------------------------------------------ */

static json_t *
question(const char *message)
{
	json_t *q = json_pack(
	    "{s:s, s:{s:s, s:s, s:{s:s, s:{s:{s:s}}, s:[s]}}}", "method",
	    "elicitation/create", "params", "mode", "form", "message", message,
	    "requestedSchema", "type", "object", "properties", "answer", "type",
	    "string", "required", "answer");

	if (q == NULL)
		abort();
	return q;
}

static bool
is_answered(const struct tool_ctx *ctx, const char *key)
{
	return json_is_object(json_object_get(ctx->answers, key));
}

/* Ask those of ${n} questions that have no answer; false: all have. */
static bool
asks(const struct tool_ctx *ctx, const char *const (*questions)[2], size_t n,
    struct arena *mem, struct tool_result *result)
{
	json_t *open = json_keep(mem, json_object());
	size_t i;

	for (i = 0; i < n; i++)
		if (!is_answered(ctx, questions[i][0]))
			(void)json_object_set_new(open, questions[i][0],
			    question(questions[i][1]));
	if (json_object_size(open) == 0)
		return false;
	result->end = TOOL_ASKS;
	result->questions = open;
	return true;
}

void
fixture_confirm_delete(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	static const char *const QUESTIONS[][2] = { { "confirm",
	    "Shall the file be deleted?" } };
	const char *name = json_member_str(arguments, "filename");

	if (goes_on(ctx, result)
	    || asks(ctx, QUESTIONS, NELEM(QUESTIONS), mem, result))
		return;
	tool_result_say(mem, result, TOOL_DONE,
	    arena_printf(mem, "deleted: %s", name == NULL ? "a file" : name));
}

void
fixture_multi_input(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	static const char *const QUESTIONS[][2] = { { "first", "One?" },
		{ "second", "Two?" } };

	(void)arguments;
	if (goes_on(ctx, result)
	    || asks(ctx, QUESTIONS, NELEM(QUESTIONS), mem, result))
		return;
	tool_result_say(mem, result, TOOL_DONE, "both were answered");
}

/* Asks first, and only then becomes a task. */
void
fixture_tool_with_task(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	const json_t *content = json_object_get(
	    json_object_get(ctx->answers, "user_name"), "content");
	const char *name = json_member_str(content, "name");

	(void)arguments;
	if (name == NULL) {
		fixture_ask_name(ctx, arguments, mem, result);
		return;
	}
	if (goes_on(ctx, result))
		return;
	tool_result_say(mem, result, TOOL_DONE,
	    arena_printf(mem, "done for %s", name));
}
