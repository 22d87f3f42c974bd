/*
 * tasks: tools that go on as tasks: an edge that is asked says LATER, and the
 * turn worker that has the task calls again.
 */
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "mcp/rpc.h"
#include "tests/conformance/fixtures.h"

#define JOB_MS 1000

static const struct {
	const char *tool;
	enum tool_task task;
} TASKS[] = {
	{ "slow_compute", TOOL_TASK_OPTIONAL },
	{ "failing_job", TOOL_TASK_REQUIRED },
	{ "protocol_error_job", TOOL_TASK_OPTIONAL },
	{ "confirm_delete", TOOL_TASK_OPTIONAL },
	{ "multi_input", TOOL_TASK_OPTIONAL },
	{ "test_tool_with_task", TOOL_TASK_OPTIONAL },
};

enum tool_task
fixture_task_of(const char *tool)
{
	size_t i;

	for (i = 0; i < NELEM(TASKS); i++)
		if (strcmp(TASKS[i].tool, tool) == 0)
			return TASKS[i].task;
	return TOOL_TASK_NEVER;
}

/* True: not here, not now. */
static bool
is_later(const struct tool_ctx *ctx, struct tool_result *result)
{
	if (!ctx->in_job)
		result->end = TOOL_LATER;
	return !ctx->in_job;
}

static const char *
or_none(const char *text)
{
	return text == NULL ? "" : text;
}

void
fixture_greet(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	(void)ctx;
	tool_result_say(mem, result, TOOL_DONE,
	    arena_printf(mem, "Hello, %s!",
		or_none(json_member_str(arguments, "name"))));
}

void
fixture_slow_compute(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	double seconds = json_number_value(
	    json_object_get(arguments, "seconds"));

	if (seconds > 0 && is_later(ctx, result))
		return;
	if (!fixture_sleep(ctx, (int64_t)(seconds * 1000)))
		tool_result_say(mem, result, TOOL_FAILED, "it was cancelled");
	else
		tool_result_say(mem, result, TOOL_DONE,
		    arena_printf(mem, "%s is computed",
			or_none(json_member_str(arguments, "label"))));
}

void
fixture_failing_job(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	(void)arguments;
	if (is_later(ctx, result))
		return;
	(void)fixture_sleep(ctx, JOB_MS);
	tool_result_say(mem, result, TOOL_FAILED, "the job failed");
}

void
fixture_protocol_error_job(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	(void)arguments;
	if (is_later(ctx, result))
		return;
	tool_result_say(mem, result, TOOL_FAILED, "the job cannot be done");
	result->code = RPC_INTERNAL;
}

static const json_t *
answer(const struct tool_ctx *ctx, const char *key)
{
	return json_object_get(ctx->answers, key);
}

static json_t *
question(const char *message)
{
	return json_pack("{s:s, s:{s:s, s:s, s:{s:s, s:{s:{s:s}}, s:[s]}}}",
	    "method", "elicitation/create", "params", "mode", "form", "message",
	    message, "requestedSchema", "type", "object", "properties",
	    "confirm", "type", "boolean", "required", "confirm");
}

static void
ask(struct arena *mem, struct tool_result *result, json_t *questions)
{
	result->end = TOOL_ASKS;
	result->questions = json_keep(mem, questions);
}

void
fixture_confirm_delete(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	const char *file = or_none(json_member_str(arguments, "filename"));
	const json_t *said = answer(ctx, "confirm");

	if (is_later(ctx, result))
		return;
	if (said == NULL)
		ask(mem, result,
		    json_pack("{s:o}", "confirm",
			question(arena_printf(mem, "Delete %s?", file))));
	else
		tool_result_say(mem, result, TOOL_DONE,
		    arena_printf(mem, "%s: %s", file,
			or_none(json_member_str(said, "action"))));
}

void
fixture_multi_input(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	(void)arguments;
	if (is_later(ctx, result))
		return;
	if (answer(ctx, "first") == NULL || answer(ctx, "second") == NULL)
		ask(mem, result,
		    json_pack("{s:o, s:o}", "first", question("The first?"),
			"second", question("The second?")));
	else
		tool_result_say(mem, result, TOOL_DONE, "both are answered");
}

/* Asks before it is a task; its answers go along. */
void
fixture_ask_then_task(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	const json_t *said = json_object_get(answer(ctx, "user_name"),
	    "content");

	if (said == NULL)
		fixture_ask_name(ctx, arguments, mem, result);
	else if (!is_later(ctx, result))
		tool_result_say(mem, result, TOOL_DONE,
		    arena_printf(mem, "Hello, %s!",
			or_none(json_member_str(said, "name"))));
}
