/*
 * prompts: those that the conformance suite gets, one of which asks first.
 */
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "tests/conformance/fixtures.h"
#include "tests/conformance/offered.h"

#define ARGUMENT(name, about)                                                \
	"{\"name\":\"" name "\",\"description\":\"" about "\",\"required\":" \
	"true}"

typedef enum content_rc prompt_fn(const struct content_ctx *ctx,
    const json_t *arguments, struct content_answer *out);

static enum content_rc
say(const struct content_ctx *ctx, struct content_answer *out, json_t *messages)
{
	out->messages = json_keep(ctx->mem, messages);
	return out->messages == NULL ? CONTENT_FAILED : CONTENT_OK;
}

static json_t *
text_of(const char *text)
{
	return json_pack("{s:s, s:{s:s, s:s}}", "role", "user", "content",
	    "type", "text", "text", text);
}

static enum content_rc
simple(const struct content_ctx *ctx, const json_t *arguments,
    struct content_answer *out)
{
	(void)arguments;
	return say(ctx, out,
	    json_pack("[o]", text_of("This is a simple prompt for testing.")));
}

static enum content_rc
with_arguments(const struct content_ctx *ctx, const json_t *arguments,
    struct content_answer *out)
{
	const char *one = json_member_str(arguments, "arg1");
	const char *two = json_member_str(arguments, "arg2");

	out->why = "arg1 and arg2 are needed";
	if (one == NULL || two == NULL)
		return CONTENT_REFUSED;
	return say(ctx, out,
	    json_pack("[o]",
		text_of(arena_printf(ctx->mem,
		    "Prompt with arguments: arg1='%s', arg2='%s'", one, two))));
}

static enum content_rc
with_resource(const struct content_ctx *ctx, const json_t *arguments,
    struct content_answer *out)
{
	const char *uri = json_member_str(arguments, "resourceUri");

	out->why = "resourceUri is needed";
	if (uri == NULL)
		return CONTENT_REFUSED;
	return say(ctx, out,
	    json_pack("[{s:s, s:{s:s, s:{s:s, s:s, s:s}}}, o]", "role", "user",
		"content", "type", "resource", "resource", "uri", uri,
		"mimeType", "text/plain", "text",
		"Embedded resource content for testing.",
		text_of("Please process the embedded resource above.")));
}

static enum content_rc
with_image(const struct content_ctx *ctx, const json_t *arguments,
    struct content_answer *out)
{
	(void)arguments;
	return say(ctx, out,
	    json_pack("[{s:s, s:{s:s, s:s, s:s}}, o]", "role", "user",
		"content", "type", "image", "data", FIXTURE_PNG, "mimeType",
		"image/png", text_of("Please analyze the image above.")));
}

static enum content_rc
asking(const struct content_ctx *ctx, const json_t *arguments,
    struct content_answer *out)
{
	const json_t *answer = json_object_get(ctx->answers, "user_context");
	const char *context = json_member_str(
	    json_object_get(answer, "content"), "context");

	(void)arguments;
	if (context != NULL)
		return say(ctx, out,
		    json_pack("[o]",
			text_of(
			    arena_printf(ctx->mem, "Context: %s", context))));
	out->questions = json_keep(ctx->mem,
	    json_pack("{s:{s:s, s:{s:s, s:s, s:{s:s, s:{s:{s:s}}, s:[s]}}}}",
		"user_context", "method", "elicitation/create", "params",
		"mode", "form", "message",
		"What context should the prompt use?", "requestedSchema",
		"type", "object", "properties", "context", "type", "string",
		"required", "context"));
	return CONTENT_ASKS;
}

static const struct prompt {
	const char *name, *text;
	prompt_fn *get;
} PROMPTS[] = {
	{ "test_simple_prompt",
	    "{\"name\":\"test_simple_prompt\",\"description\":\"Says one "
	    "thing\"}",
	    simple },
	{ "test_prompt_with_arguments",
	    "{\"name\":\"test_prompt_with_arguments\",\"description\":"
	    "\"Repeats what it is given\",\"arguments\":[" ARGUMENT("arg1",
		"the first") "," ARGUMENT("arg2", "the second") "]}",
	    with_arguments },
	{ "test_prompt_with_embedded_resource",
	    "{\"name\":\"test_prompt_with_embedded_resource\","
	    "\"description\":\"Holds a resource\",\"arguments\":[" ARGUMENT(
		"resourceUri", "its address") "]}",
	    with_resource },
	{ "test_prompt_with_image",
	    "{\"name\":\"test_prompt_with_image\",\"description\":\"Holds an "
	    "image\"}",
	    with_image },
	{ "test_input_required_result_prompt",
	    "{\"name\":\"test_input_required_result_prompt\","
	    "\"description\":\"Asks first\"}",
	    asking },
};

void
fixture_list_prompts(content_add *add, void *arg)
{
	size_t i;

	for (i = 0; i < NELEM(PROMPTS); i++)
		if (!add(arg, PROMPTS[i].name, PROMPTS[i].text,
			strlen(PROMPTS[i].text)))
			return;
}

enum content_rc
fixture_get(void *own, const struct content_ctx *ctx, const char *name,
    const json_t *arguments, struct content_answer *out)
{
	size_t i;

	(void)own;
	for (i = 0; i < NELEM(PROMPTS); i++)
		if (strcmp(PROMPTS[i].name, name) == 0)
			return PROMPTS[i].get(ctx, arguments, out);
	return CONTENT_NONE;
}

enum content_rc
fixture_complete(void *own, const struct content_ctx *ctx,
    const struct content_ref *ref, struct content_answer *out)
{
	static const char *const VALUES[] = { "paris", "park", "party" };
	size_t i, n = 0;
	const char **found = (const char **)arena_alloc(ctx->mem,
	    sizeof(VALUES));

	(void)own;
	if (!ref->is_prompt
	    || strcmp(ref->of, "test_prompt_with_arguments") != 0)
		return CONTENT_NONE;
	for (i = 0; i < NELEM(VALUES); i++)
		if (strncmp(VALUES[i], ref->value, strlen(ref->value)) == 0)
			found[n++] = VALUES[i];
	out->values = found;
	out->nvalues = out->total = n;
	return CONTENT_OK;
}
