/*
 * dragoman tools: the tools that a server has for a key, as an MCP client sees
 * them.
 */
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/used.h"
#include "mcp/client.h"
#include "nouns/tool_result.h"

#define ABOUT_MAX 60 /* characters of a description in a list */

/* Its options, its arguments, and the server's tools. */
static bool
begin(struct cli *cli, size_t min, size_t max, struct used *u, int *code)
{
	const char *url = NULL, *key_file = NULL;

	*code = CLI_USAGE;
	if (!cli_option(cli, "--url", &url)
	    || !cli_option(cli, "--key-file", &key_file)
	    || !cli_args(cli, min, max)
	    || !used_open(cli, url, key_file, u, code))
		return false;
	*code = used_list(u);
	if (*code == CLI_OK)
		return true;
	used_close(u);
	return false;
}

static const char *
word_of(struct cli *cli, const json_t *tool, const char *member)
{
	return cli_clean(cli, json_member_str(tool, member), true);
}

int
cmd_tools_list(struct cli *cli)
{
	const json_t *tool;
	struct used u;
	size_t i;
	int code;

	if (!begin(cli, 0, 0, &u, &code))
		return code;
	if (cli->json)
		code = cli_json(cli, json_pack("{s:O}", "tools", u.tools));
	json_array_foreach(u.tools, i, tool) {
		const char *about = word_of(cli, tool, "description");

		if (!cli->json)
			printf("%-30s %s\n", word_of(cli, tool, "name"),
			    text_cut(cli->mem, about, ABOUT_MAX));
	}
	if (!cli->json && json_array_size(u.tools) == 0)
		printf("there is no tool for this key: what a key may not call "
		       "it does not see; %s says which tools there are\n",
		    cli_call(cli, "doctor"));
	used_close(&u);
	return code;
}

/* ---- show ---------------------------------------------------------------- */

static bool
is_required(const json_t *schema, const char *name)
{
	const json_t *item;
	size_t i;

	json_array_foreach(json_object_get(schema, "required"), i, item) {
		if (json_is_string(item)
		    && strcmp(json_string_value(item), name) == 0)
			return true;
	}
	return false;
}

static void
show_arguments(struct cli *cli, const json_t *schema)
{
	const char *name;
	json_t *property;

	json_object_foreach(json_object_get(schema, "properties"), name,
	    property) {
		const json_t *type = json_object_get(property, "type");
		const json_t *words = json_object_get(property, "enum");

		printf("  %-20s %-8s %s%s%s\n", cli_clean(cli, name, true),
		    json_is_string(type)
			? cli_clean(cli, json_string_value(type), true)
			: "any",
		    is_required(schema, name) ? "" : "(optional) ",
		    word_of(cli, property, "description"),
		    words == NULL
			? ""
			: arena_printf(cli->mem, " one of %s",
			    cli_clean(cli, json_text(cli->mem, words), true)));
	}
}

int
cmd_tools_show(struct cli *cli)
{
	const json_t *tool, *schema;
	struct used u;
	int code;

	if (!begin(cli, 1, 1, &u, &code))
		return code;
	tool = used_find(&u, cli->args[0]);
	if (tool == NULL)
		code = CLI_FAILED;
	else if (cli->json)
		code = cli_json(cli, json_deep_copy(tool));
	else {
		schema = json_object_get(tool, "inputSchema");
		printf("%s%s%s\n%s\n", cli_paint(cli, PAINT_BOLD),
		    word_of(cli, tool, "name"), cli_paint(cli, PAINT_OFF),
		    cli_clean(cli, json_member_str(tool, "description"),
			false));
		show_arguments(cli, schema);
	}
	used_close(&u);
	return code;
}

/* ---- call ---------------------------------------------------------------- */

static int
show_result(struct cli *cli, json_t *result)
{
	struct tool_result r;

	mcp_result_read(cli->mem, result, &r);
	if (cli->json)
		(void)cli_json(cli, json_incref(result));
	else if (r.end == TOOL_ASKS)
		cli_error(cli,
		    "the tool asks something before it goes on, which this "
		    "command cannot answer");
	else
		printf("%s\n",
		    cli_clean(cli, tool_result_text(cli->mem, &r), false));
	return r.end == TOOL_DONE ? CLI_OK : CLI_FAILED;
}

int
cmd_tools_call(struct cli *cli)
{
	const json_t *tool, *arguments;
	json_t *result = NULL;
	struct used u;
	int code;

	if (!begin(cli, 1, SIZE_MAX, &u, &code))
		return code;
	code = CLI_FAILED;
	tool = used_find(&u, cli->args[0]);
	if (tool == NULL)
		goto out;
	code = CLI_USAGE;
	arguments = used_arguments(&u, tool, cli->args + 1, cli->nargs - 1);
	if (arguments == NULL)
		goto out;
	code = used_call(&u, tool, arguments, &result);
	if (code == CLI_OK)
		code = show_result(cli, result);
out:
	used_close(&u);
	return code;
}
