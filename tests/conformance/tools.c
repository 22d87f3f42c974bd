/*
 * tools: THE table of the tools that the conformance suite calls.
 *
 * This source stands in the place of what is built in (tools/tools.c), in an
 * edge and a turn worker of the tests' own; all else of them is the product.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "tests/conformance/fixtures.h"
#include "tools/source.h"

#define NOTHING "{\"type\":\"object\",\"additionalProperties\":false}"

/* Whose text must reach the client as it stands. */
#define SCHEMA_2020                                                         \
	"{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\","    \
	"\"type\":\"object\","                                              \
	"\"$defs\":{\"address\":{\"$anchor\":\"addressDef\",\"type\":"      \
	"\"object\",\"properties\":{\"street\":{\"type\":\"string\"},"      \
	"\"city\":{\"type\":\"string\"}}}},"                                \
	"\"properties\":{\"name\":{\"type\":\"string\"},"                   \
	"\"address\":{\"$ref\":\"#/$defs/address\"},"                       \
	"\"contactMethod\":{\"type\":\"string\",\"enum\":[\"phone\","       \
	"\"email\"]},\"phone\":{\"type\":\"string\"},"                      \
	"\"email\":{\"type\":\"string\"}},"                                 \
	"\"allOf\":[{\"anyOf\":[{\"required\":[\"phone\"]},{\"required\":[" \
	"\"email\"]}]}],"                                                   \
	"\"if\":{\"properties\":{\"contactMethod\":{\"const\":\"phone\"}}," \
	"\"required\":[\"contactMethod\"]},"                                \
	"\"then\":{\"required\":[\"phone\"]},"                              \
	"\"else\":{\"required\":[\"email\"]},\"additionalProperties\":false}"
#define SCHEMA_HEADER                                                       \
	"{\"type\":\"object\",\"properties\":{\"zone\":{\"type\":"          \
	"\"string\",\"description\":\"where\",\"x-mcp-header\":\"Zone\"}}," \
	"\"additionalProperties\":false}"
#define SCHEMA_PROMPT                                                        \
	"{\"type\":\"object\",\"properties\":{\"prompt\":{\"type\":\"string" \
	"\",\"description\":\"what the model is asked\"}},\"required\":["    \
	"\"prompt\"]}"
#define SCHEMA_MESSAGE                                                        \
	"{\"type\":\"object\",\"properties\":{\"message\":{\"type\":\"string" \
	"\",\"description\":\"what the person is asked\"}},\"required\":["    \
	"\"message\"]}"

#define SCHEMA_NAME                                                             \
	"{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"}}," \
	"\"required\":[\"name\"]}"
#define SCHEMA_FILE                                                                 \
	"{\"type\":\"object\",\"properties\":{\"filename\":{\"type\":\"string\"}}," \
	"\"required\":[\"filename\"]}"
#define SCHEMA_SLOW                                                               \
	"{\"type\":\"object\",\"properties\":{\"seconds\":{\"type\":\"number\"}," \
	"\"label\":{\"type\":\"string\"}},\"required\":[\"seconds\"]}"

static const struct fixture {
	const char *name;
	const char *description;
	const char *schema; /* JSON text */
	builtin_fn *call;
	enum tool_task task; /* may its calls go on as one? */
} FIXTURES[] = {
	/* First: one that the suite may call without arguments. */
	{ "test_simple_text", "Answers with one text", NOTHING,
	    fixture_simple_text, TOOL_TASK_NEVER },
	{ "test_image_content", "Answers with an image", NOTHING, fixture_image,
	    TOOL_TASK_NEVER },
	{ "test_audio_content", "Answers with a sound", NOTHING, fixture_audio,
	    TOOL_TASK_NEVER },
	{ "test_embedded_resource", "Answers with a resource", NOTHING,
	    fixture_embedded_resource, TOOL_TASK_NEVER },
	{ "test_multiple_content_types",
	    "Answers with a text, an image and a resource", NOTHING,
	    fixture_multiple, TOOL_TASK_NEVER },
	{ "test_error_handling", "Fails", NOTHING, fixture_error,
	    TOOL_TASK_NEVER },
	{ "test_tool_with_progress", "Tells how far it is", NOTHING,
	    fixture_progress, TOOL_TASK_NEVER },
	{ "test_tool_with_logging", "Writes three lines to the log", NOTHING,
	    fixture_logging, TOOL_TASK_NEVER },
	{ "test_logging_tool", "Writes three lines to the log", NOTHING,
	    fixture_logging, TOOL_TASK_NEVER },
	{ "test_reconnection", "Takes long", NOTHING, fixture_reconnection,
	    TOOL_TASK_NEVER },
	{ "test_trigger_tool_change", "Changes the list of tools", NOTHING,
	    fixture_change_tools, TOOL_TASK_NEVER },
	{ "test_trigger_prompt_change", "Changes the list of prompts", NOTHING,
	    fixture_change_prompts, TOOL_TASK_NEVER },
	{ "test_streaming_elicitation", "Asks nobody", NOTHING, fixture_quiet,
	    TOOL_TASK_NEVER },
	{ "test_missing_capability", "Asks the client's model", NOTHING,
	    fixture_needs_sampling, TOOL_TASK_NEVER },
	{ "json_schema_2020_12_tool", "Has a schema with all that is new",
	    SCHEMA_2020, fixture_schema, TOOL_TASK_NEVER },
	{ "test_custom_header", "Has an argument that is sent as a header, too",
	    SCHEMA_HEADER, fixture_header, TOOL_TASK_NEVER },
	/* of sessions */
	{ "test_sampling", "Asks the client's model", SCHEMA_PROMPT,
	    fixture_sampling, TOOL_TASK_NEVER },
	{ "test_elicitation", "Asks for a name and an address", SCHEMA_MESSAGE,
	    fixture_elicitation, TOOL_TASK_NEVER },
	{ "test_elicitation_sep1034_defaults",
	    "Asks with values that are filled in", NOTHING, fixture_defaults,
	    TOOL_TASK_NEVER },
	{ "test_elicitation_sep1330_enums", "Asks for choices of each kind",
	    NOTHING, fixture_enums, TOOL_TASK_NEVER },
	/* input_required */
	{ "test_input_required_result_elicitation", "Asks for a name", NOTHING,
	    fixture_ask_name, TOOL_TASK_NEVER },
	{ "test_input_required_result_sampling", "Asks the client's model",
	    NOTHING, fixture_ask_capital, TOOL_TASK_NEVER },
	{ "test_input_required_result_list_roots", "Asks for the roots",
	    NOTHING, fixture_ask_roots, TOOL_TASK_NEVER },
	{ "test_input_required_result_request_state",
	    "Asks, and wants its state back", NOTHING, fixture_ask_confirm,
	    TOOL_TASK_NEVER },
	{ "test_input_required_result_multiple_inputs",
	    "Asks three things at once", NOTHING, fixture_ask_three,
	    TOOL_TASK_NEVER },
	{ "test_input_required_result_multi_round",
	    "Asks one thing after the other", NOTHING, fixture_ask_twice,
	    TOOL_TASK_NEVER },
	{ "test_input_required_result_tampered_state",
	    "Asks, and wants its state back", NOTHING, fixture_ask_confirm,
	    TOOL_TASK_NEVER },
	{ "test_input_required_result_capabilities",
	    "Asks only what the client can answer", NOTHING,
	    fixture_ask_capable, TOOL_TASK_NEVER },
	/* tasks */
	{ "greet", "Greets at once", SCHEMA_NAME, fixture_greet,
	    TOOL_TASK_NEVER },
	{ "slow_compute", "Takes as long as it is told", SCHEMA_SLOW,
	    fixture_slow_compute, TOOL_TASK_OPTIONAL },
	{ "failing_job", "Fails after a second", NOTHING, fixture_failing_job,
	    TOOL_TASK_REQUIRED },
	{ "protocol_error_job", "Ends without a result", NOTHING,
	    fixture_protocol_error_job, TOOL_TASK_OPTIONAL },
	{ "confirm_delete", "Asks before it deletes", SCHEMA_FILE,
	    fixture_confirm_delete, TOOL_TASK_OPTIONAL },
	{ "multi_input", "Asks two things at once", NOTHING,
	    fixture_multi_input, TOOL_TASK_OPTIONAL },
	{ "test_tool_with_task", "Asks, and then goes on as a task", NOTHING,
	    fixture_tool_with_task, TOOL_TASK_REQUIRED },
};

static json_t *
definition(const struct fixture *f)
{
	return json_pack("{s:s, s:s, s:o}", "name", f->name, "description",
	    f->description, "inputSchema", json_loads(f->schema, 0, NULL));
}

static json_t *
list(struct source *s, const volatile int *cancel, struct source_answer *answer)
{
	json_t *tools = json_array();
	size_t i;

	(void)s;
	(void)cancel;
	answer->ttl_ms = -1;
	for (i = 0; i < NELEM(FIXTURES); i++)
		if (json_array_append_new(tools, definition(&FIXTURES[i]))
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
	for (i = 0; i < NELEM(FIXTURES); i++)
		if (strcmp(FIXTURES[i].name, tool->name) == 0)
			FIXTURES[i].call(ctx, arguments, mem, result);
}

static void
row(struct source *s, const struct catalogue_tool *tool, struct tool_row *out)
{
	size_t i;

	(void)s;
	for (i = 0; i < NELEM(FIXTURES); i++)
		if (strcmp(FIXTURES[i].name, tool->name) == 0)
			out->task = FIXTURES[i].task;
}

static const struct source_kind KIND = {
	.name = "builtin",
	.label = SOURCE_BUILTIN,
	.trusted = true,
	.list = list,
	.row = row,
	.call = call,
};

struct source *
builtin_source(void)
{
	struct source *s = source_new(&KIND, KIND.name, "", NULL);
	struct source_answer answer;

	s->list = list(s, NULL, &answer);
	s->offer = offer_make(catalogue_make(s->list));
	s->read_ms = clock_boot_ms();
	s->asked = s->ok = true;
	return s;
}
