/*
 * content: each kind of item that a result may hold.
 */
#include "base/arena.h"
#include "base/json.h"
#include "tests/conformance/fixtures.h"

static void
give(struct arena *mem, struct tool_result *result,
    const struct tool_content *items, size_t n)
{
	result->end = TOOL_DONE;
	result->n = n;
	result->content = (struct tool_content *)(void *)arena_memdup(mem,
	    items, n * sizeof(*items));
}

void
fixture_simple_text(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	(void)ctx;
	(void)arguments;
	tool_result_say(mem, result, TOOL_DONE,
	    "This is a simple text response for testing.");
}

void
fixture_image(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	const struct tool_content image = { .kind = CONTENT_IMAGE,
		.base64 = FIXTURE_PNG,
		.mime = "image/png" };

	(void)ctx;
	(void)arguments;
	give(mem, result, &image, 1);
}

void
fixture_audio(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	const struct tool_content audio = { .kind = CONTENT_AUDIO,
		.base64 = FIXTURE_WAV,
		.mime = "audio/wav" };

	(void)ctx;
	(void)arguments;
	give(mem, result, &audio, 1);
}

void
fixture_embedded_resource(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	const struct tool_content resource = { .kind = CONTENT_RESOURCE,
		.uri = "test://embedded-resource",
		.mime = "text/plain",
		.text = "This is an embedded resource content." };

	(void)ctx;
	(void)arguments;
	give(mem, result, &resource, 1);
}

void
fixture_multiple(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	const struct tool_content items[] = {
		{ .kind = CONTENT_TEXT,
		    .text = "Multiple content types test:" },
		{ .kind = CONTENT_IMAGE,
		    .base64 = FIXTURE_PNG,
		    .mime = "image/png" },
		{ .kind = CONTENT_RESOURCE,
		    .uri = "test://mixed-content-resource",
		    .mime = "application/json",
		    .text = "{\"test\":\"data\",\"value\":123}" },
	};

	(void)ctx;
	(void)arguments;
	give(mem, result, items, NELEM(items));
}

void
fixture_error(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	(void)ctx;
	(void)arguments;
	tool_result_say(mem, result, TOOL_FAILED,
	    "This tool intentionally returns an error for testing");
}

void
fixture_schema(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	(void)ctx;
	tool_result_say(mem, result, TOOL_DONE,
	    arena_printf(mem, "called with %s", json_text(mem, arguments)));
}

void
fixture_header(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result)
{
	const char *zone = json_member_str(arguments, "zone");

	(void)ctx;
	tool_result_say(mem, result, TOOL_DONE,
	    arena_printf(mem, "asked in zone %s",
		zone == NULL ? "none" : zone));
}
