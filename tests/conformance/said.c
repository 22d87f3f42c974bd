/*
 * said: progress and lines of a log, told while a call runs.
 */
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "tests/conformance/fixtures.h"

#define STEP_MS 50
#define LONG_MS 2500 /* after two seconds it is a stream */
#define MORE_MS 500
#define LOOK_MS 20 /* whether the call is cancelled */

static bool
is_cancelled(const struct tool_ctx *ctx)
{
	return ctx->cancel != NULL
	    && __atomic_load_n(ctx->cancel, __ATOMIC_RELAXED) != 0;
}

bool
fixture_sleep(const struct tool_ctx *ctx, int64_t ms)
{
	const struct timespec look = { .tv_nsec = LOOK_MS * 1000000L };
	int64_t end = clock_boot_ms() + ms;

	while (!is_cancelled(ctx)) {
		if (clock_boot_ms() >= end)
			return true;
		(void)nanosleep(&look, NULL);
	}
	return false;
}

void
fixture_progress(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	int at;

	(void)arguments;
	for (at = 0; at <= 100; at += 50) {
		if (ctx->progress != NULL)
			ctx->progress(ctx->arg, at, 100,
			    arena_printf(mem, "Completed step %d of %d", at,
				100));
		if (!fixture_sleep(ctx, STEP_MS))
			break;
	}
	tool_result_say(mem, result, TOOL_DONE, "progress was told");
}

void
fixture_logging(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	static const char *const LINES[] = { "Tool execution started",
		"Tool processing data", "Tool execution completed" };
	size_t i;

	(void)arguments;
	for (i = 0; i < NELEM(LINES); i++) {
		if (ctx->say != NULL)
			ctx->say(ctx->arg, TOOL_INFO, LINES[i]);
		if (!fixture_sleep(ctx, STEP_MS))
			break;
	}
	tool_result_say(mem, result, TOOL_DONE, "three lines were said");
}

/* Long enough that its answer is a stream, which then ends; its client comes
 * back for the answer. */
void
fixture_reconnection(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	(void)arguments;
	if (fixture_sleep(ctx, LONG_MS)) {
		fixture_close(ctx);
		(void)fixture_sleep(ctx, MORE_MS);
	}
	tool_result_say(mem, result, TOOL_DONE, "here it is");
}

void
fixture_quiet(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	(void)ctx;
	(void)arguments;
	tool_result_say(mem, result, TOOL_DONE, "nothing was asked");
}
