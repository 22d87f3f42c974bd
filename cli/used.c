#include "cli/used.h"

#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "mcp/client.h"

#define LIST_MS 30000
#define CALL_MS 3600000 /* whoever waits too long presses Ctrl-C */

bool
used_open(struct cli *cli, const char *url, const char *key_file,
    struct used *u, int *code)
{
	const char *headers[2] = { NULL };
	struct mcp_client_options o = { .name = "server",
		.headers = headers,
		.timeout_ms = LIST_MS,
		.trust = MCP_TRUST_OPERATOR };

	*u = (struct used){ .cli = cli };
	if (!wire_open(cli, url, key_file, &u->wire, code))
		return false;
	o.url = u->wire.url;
	if (u->wire.key.len > 0)
		headers[0] = buf_str(&u->wire.key);
	u->client = mcp_client_new(&o);
	return true;
}

void
used_close(struct used *u)
{
	mcp_client_free(u->client);
	json_decref(u->tools);
	wire_close(&u->wire);
}

/* In words, with what to do about it; an exit code. */
static int
say_why(struct used *u, enum mcp_rc rc, const char *why)
{
	struct cli *cli = u->cli;

	why = cli_clean(cli, why, true);
	switch (rc) {
	case MCP_UNREACHED:
		cli_error(cli,
		    "%s does not answer (%s). Is Dragoman running? --url URL "
		    "names another one",
		    cli_clean(cli, u->wire.url, true), why);
		return CLI_UNREACHED;
	case MCP_DENIED:
		cli_error(cli, "%s; %s", why, wire_remedy(&u->wire, 401));
		return CLI_FAILED;
	case MCP_UNKNOWN:
		cli_error(cli, "%s; whether it was done is not known", why);
		return CLI_FAILED;
	default:
		cli_error(cli, "%s", why);
		return CLI_FAILED;
	}
}

int
used_list(struct used *u)
{
	char why[MCP_WHY_MAX] = "";
	enum mcp_rc rc;
	int64_t ttl_ms;

	if (u->tools != NULL)
		return CLI_OK;
	rc = mcp_client_tools(u->client, NULL, &u->tools, &ttl_ms, why);
	return rc == MCP_OK ? CLI_OK : say_why(u, rc, why);
}

const json_t *
used_find(struct used *u, const char *name)
{
	const json_t *tool;
	size_t i;

	json_array_foreach(u->tools, i, tool) {
		const char *its = json_member_str(tool, "name");

		if (its != NULL && strcmp(its, name) == 0)
			return tool;
	}
	cli_error(u->cli,
	    "the server has no tool \"%s\" for this key; dragoman tools list "
	    "shows those that it has",
	    cli_clean(u->cli, name, true));
	return NULL;
}

/* ---- arguments ----------------------------------------------------------- */

static bool
is_text(const json_t *tool, const char *name)
{
	const json_t *type = json_object_get(
	    json_object_get(
		json_object_get(json_object_get(tool, "inputSchema"),
		    "properties"),
		name),
	    "type");

	return type == NULL || !json_is_string(type)
	    || strcmp(json_string_value(type), "string") == 0;
}

/* A value is a text, unless the schema says otherwise and it is JSON: what the
 * server refuses then, it says best. */
static json_t *
value_of(struct used *u, const json_t *tool, const char *name, const char *text)
{
	json_t *doc = is_text(tool, name)
	    ? NULL
	    : json_read(u->cli->mem, text, strlen(text), NULL, NULL);

	return doc == NULL ? json_string(text) : json_incref(doc);
}

static json_t *
whole(struct used *u, const char *text)
{
	const char *why = "";
	json_t *doc = json_read(u->cli->mem, text, strlen(text), &why, NULL);

	if (json_is_object(doc))
		return doc;
	cli_error(u->cli, "the arguments are no JSON object%s%s",
	    doc == NULL ? ": " : "", why);
	return NULL;
}

json_t *
used_arguments(struct used *u, const json_t *tool, char **words, size_t n)
{
	json_t *out;
	size_t i;

	if (n == 1 && words[0][0] == '{')
		return whole(u, words[0]);
	out = json_keep(u->cli->mem, json_object());
	for (i = 0; i < n; i++) {
		const char *eq = strchr(words[i], '=');
		const char *name = eq == NULL
		    ? NULL
		    : arena_memdup(u->cli->mem, words[i],
			(size_t)(eq - words[i]));

		if (name == NULL || name[0] == '\0'
		    || json_object_set_new(out, name,
			   value_of(u, tool, name, eq + 1))
			== -1) {
			cli_error(u->cli,
			    "expected NAME=VALUE, or one JSON object, found "
			    "\"%s\"",
			    cli_clean(u->cli, words[i], true));
			return NULL;
		}
	}
	return out;
}

int
used_call(struct used *u, const json_t *tool, const json_t *arguments,
    json_t **result)
{
	struct mcp_call_options o = { .deadline_ms = CALL_MS };
	char why[MCP_WHY_MAX] = "";
	enum mcp_rc rc = mcp_client_call(u->client,
	    json_member_str(tool, "name"), arguments,
	    json_object_get(tool, "inputSchema"), &o, u->cli->mem, result, why);

	return rc == MCP_OK ? CLI_OK : say_why(u, rc, why);
}
