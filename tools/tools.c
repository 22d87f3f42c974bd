/*
 * tools: THE table of built-in tools, and the source that they are.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "tools/builtin.h"
#include "tools/source.h"

static const struct builtin {
	const char *name;
	const char *description;
	const char *schema; /* JSON text */
	builtin_fn *call;
} BUILTINS[] = {
	{ "echo", "Returns the text it is given.",
	    "{\"type\":\"object\",\"properties\":{\"text\":{\"type\":"
	    "\"string\",\"description\":\"what to return\"}},"
	    "\"required\":[\"text\"],\"additionalProperties\":false}",
	    echo_call },
	{ "health", "Tells whether this service works, and its version.",
	    "{\"type\":\"object\",\"properties\":{},"
	    "\"additionalProperties\":false}",
	    health_call },
	{ "time", "The current date and time.",
	    "{\"type\":\"object\",\"properties\":{\"zone\":{\"type\":"
	    "\"string\",\"description\":\"UTC (the default), an offset such "
	    "as +02:00, or a name such as Europe/Berlin\"}},"
	    "\"additionalProperties\":false}",
	    time_call },
};

static json_t *
list(struct source *s, const volatile int *cancel, struct source_answer *answer)
{
	json_t *tools = json_array();
	size_t i;

	(void)s;
	(void)cancel;
	answer->ttl_ms = -1;
	for (i = 0; i < NELEM(BUILTINS); i++)
		if (json_array_append_new(tools,
			json_pack("{s:s, s:s, s:o, s:{s:b, s:b}}", "name",
			    BUILTINS[i].name, "description",
			    BUILTINS[i].description, "inputSchema",
			    json_loads(BUILTINS[i].schema, 0, NULL),
			    "annotations", "readOnlyHint", 1, "openWorldHint",
			    0))
		    == -1)
			abort();
	return tools;
}

static void
call(struct source *s, const struct catalogue_tool *tool,
    const struct tool_ctx *ctx, const json_t *arguments, struct arena *mem,
    struct tool_result *result)
{
	size_t i;

	(void)s;
	for (i = 0; i < NELEM(BUILTINS); i++)
		if (strcmp(BUILTINS[i].name, tool->name) == 0)
			BUILTINS[i].call(ctx, arguments, mem, result);
}

static const struct source_kind BUILTIN = {
	.name = "builtin",
	.label = SOURCE_BUILTIN,
	.trusted = true,
	.quick = true,
	.list = list,
	.call = call,
};

struct source *
builtin_source(void)
{
	struct source *s = source_new(&BUILTIN, BUILTIN.name, "", NULL);
	struct source_answer answer;

	s->list = list(s, NULL, &answer);
	s->offer = offer_make(catalogue_make(s->list));
	s->read_ms = clock_boot_ms();
	s->asked = s->ok = true;
	return s;
}
