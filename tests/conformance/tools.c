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

static const struct fixture {
	const char *name;
	const char *description;
	const char *schema; /* JSON text */
	builtin_fn *call;
} FIXTURES[] = {
	/* First: one that the suite may call without arguments. */
	{ "test_simple_text", "Answers with one text", NOTHING,
	    fixture_simple_text },
	{ "test_image_content", "Answers with an image", NOTHING,
	    fixture_image },
	{ "test_audio_content", "Answers with a sound", NOTHING,
	    fixture_audio },
	{ "test_embedded_resource", "Answers with a resource", NOTHING,
	    fixture_embedded_resource },
	{ "test_multiple_content_types",
	    "Answers with a text, an image and a resource", NOTHING,
	    fixture_multiple },
	{ "test_error_handling", "Fails", NOTHING, fixture_error },
	{ "test_tool_with_progress", "Tells how far it is", NOTHING,
	    fixture_progress },
	{ "test_tool_with_logging", "Writes three lines to the log", NOTHING,
	    fixture_logging },
	{ "test_logging_tool", "Writes three lines to the log", NOTHING,
	    fixture_logging },
	{ "test_reconnection", "Takes long", NOTHING, fixture_reconnection },
	{ "test_trigger_tool_change", "Changes the list of tools", NOTHING,
	    fixture_change_tools },
	{ "test_trigger_prompt_change", "Changes the list of prompts", NOTHING,
	    fixture_change_prompts },
	{ "test_streaming_elicitation", "Asks nobody", NOTHING, fixture_quiet },
	{ "test_missing_capability", "Asks the client's model", NOTHING,
	    fixture_needs_sampling },
	{ "json_schema_2020_12_tool", "Has a schema with all that is new",
	    SCHEMA_2020, fixture_schema },
	{ "test_custom_header", "Has an argument that is sent as a header, too",
	    SCHEMA_HEADER, fixture_header },
	/* of sessions */
	{ "test_sampling", "Asks the client's model", SCHEMA_PROMPT,
	    fixture_sampling },
	{ "test_elicitation", "Asks for a name and an address", SCHEMA_MESSAGE,
	    fixture_elicitation },
	{ "test_elicitation_sep1034_defaults",
	    "Asks with values that are filled in", NOTHING, fixture_defaults },
	{ "test_elicitation_sep1330_enums", "Asks for choices of each kind",
	    NOTHING, fixture_enums },
	/* input_required */
	{ "test_input_required_result_elicitation", "Asks for a name", NOTHING,
	    fixture_ask_name },
	{ "test_input_required_result_sampling", "Asks the client's model",
	    NOTHING, fixture_ask_capital },
	{ "test_input_required_result_list_roots", "Asks for the roots",
	    NOTHING, fixture_ask_roots },
	{ "test_input_required_result_request_state",
	    "Asks, and wants its state back", NOTHING, fixture_ask_confirm },
	{ "test_input_required_result_multiple_inputs",
	    "Asks three things at once", NOTHING, fixture_ask_three },
	{ "test_input_required_result_multi_round",
	    "Asks one thing after the other", NOTHING, fixture_ask_twice },
	{ "test_input_required_result_tampered_state",
	    "Asks, and wants its state back", NOTHING, fixture_ask_confirm },
	{ "test_input_required_result_capabilities",
	    "Asks only what the client can answer", NOTHING,
	    fixture_ask_capable },
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

static const struct source_kind KIND = {
	.name = "builtin",
	.label = SOURCE_BUILTIN,
	.trusted = true,
	.list = list,
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
