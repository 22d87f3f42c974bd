/*
 * dragoman mcp config: what to paste into a client, client by client.
 *
 * A key stands in the text only where its file was given; else a word in its
 * place, or what the client itself reads.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/json.h"
#include "cli/cli.h"
#include "cli/wire.h"

#define PLACE "YOUR_KEY"

struct paste {
	struct cli *cli;
	const char *url;
	const char *key;      /* of the file, or PLACE */
	const char *key_file; /* --key-file, or NULL */
};

static json_t *
headers(const struct paste *p, const char *otherwise)
{
	return json_pack("{s:o}", "Authorization",
	    json_sprintf("Bearer %s",
		p->key_file != NULL || otherwise == NULL ? p->key : otherwise));
}

static const char *
text_of(const struct paste *p, json_t *doc)
{
	char *text = json_dumps(json_keep(p->cli->mem, doc), JSON_INDENT(2));
	const char *out = text == NULL ? "" : arena_strdup(p->cli->mem, text);

	free(text);
	return out;
}

/* ---- a form each --------------------------------------------------------- */

/* Where this program lies: desktop programs have another PATH. */
static const char *
program(struct cli *cli)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path));

	return n <= 0 || (size_t)n == sizeof(path)
	    ? "dragoman"
	    : arena_memdup(cli->mem, path, (size_t)n);
}

static const char *
claude_desktop(const struct paste *p)
{
	json_t *args = json_pack("[s, s, s]", "mcp", "--url", p->url);
	json_t *server = json_pack("{s:s, s:o}", "command", program(p->cli),
	    "args", args);

	if (p->key_file == NULL)
		json_object_set_new(server, "env",
		    json_pack("{s:s}", "DRAGOMAN_KEY", PLACE));
	else {
		json_array_append_new(args, json_string("--key-file"));
		json_array_append_new(args, json_string(p->key_file));
	}
	return text_of(p,
	    json_pack("{s:{s:o}}", "mcpServers", "dragoman", server));
}

/* In a shell the file is read when the line is run. */
static const char *
shell_key(const struct paste *p)
{
	return p->key_file == NULL
	    ? PLACE
	    : arena_printf(p->cli->mem, "$(cat '%s')", p->key_file);
}

static const char *
claude_code(const struct paste *p)
{
	return arena_printf(p->cli->mem,
	    "claude mcp add --transport http dragoman %s --header "
	    "\"Authorization: Bearer %s\"",
	    p->url, shell_key(p));
}

static const char *
cursor(const struct paste *p)
{
	return text_of(p,
	    json_pack("{s:{s:{s:s, s:o}}}", "mcpServers", "dragoman", "url",
		p->url, "headers", headers(p, "${env:DRAGOMAN_KEY}")));
}

static const char *
vscode(const struct paste *p)
{
	json_t *doc = json_pack("{s:{s:{s:s, s:s, s:o}}}", "servers",
	    "dragoman", "type", "http", "url", p->url, "headers",
	    headers(p, "${input:dragoman-key}"));

	if (p->key_file == NULL)
		json_object_set_new(doc, "inputs",
		    json_pack("[{s:s, s:s, s:s, s:b}]", "type", "promptString",
			"id", "dragoman-key", "description",
			"The API key for Dragoman", "password", 1));
	return text_of(p, doc);
}

/* A container calls the machine that it runs on by another name. */
static const char *
letta_url(const struct paste *p)
{
	static const char *const HERE[] = { "http://127.0.0.1",
		"http://localhost", "http://[::1]" };
	size_t i;

	for (i = 0; i < NELEM(HERE); i++)
		if (strncmp(p->url, HERE[i], strlen(HERE[i])) == 0)
			return arena_printf(p->cli->mem,
			    "http://host.docker.internal%s",
			    p->url + strlen(HERE[i]));
	return p->url;
}

static const char *
letta(const struct paste *p)
{
	return arena_printf(p->cli->mem,
	    "curl -s http://localhost:8283/v1/mcp-servers/ \\\n"
	    "  -H 'Content-Type: application/json' -d @- <<END\n"
	    "{\"server_name\": \"dragoman\", \"config\": {\n"
	    "  \"mcp_server_type\": \"streamable_http\", \"server_url\": "
	    "\"%s\",\n"
	    "  \"custom_headers\": {\"Authorization\": \"Bearer %s\"}}}\n"
	    "END",
	    letta_url(p), shell_key(p));
}

static const char *
inspector(const struct paste *p)
{
	return arena_printf(p->cli->mem,
	    "npx @modelcontextprotocol/inspector --cli %s --transport http "
	    "--header \"Authorization: Bearer %s\" --method tools/list",
	    p->url, shell_key(p));
}

static const char *
generic(const struct paste *p)
{
	return text_of(p,
	    json_pack("{s:{s:{s:s, s:s, s:o}}}", "mcpServers", "dragoman",
		"type", "http", "url", p->url, "headers", headers(p, NULL)));
}

static const struct client {
	const char *name, *where;
	const char *(*paste)(const struct paste *p);
} CLIENTS[] = {
	{ "claude-desktop",
	    "claude_desktop_config.json: Settings, Developer, Edit Config; "
	    "then start Claude again",
	    claude_desktop },
	{ "claude-code", "a terminal", claude_code },
	{ "cursor", "~/.cursor/mcp.json, or .cursor/mcp.json of a project",
	    cursor },
	{ "vscode",
	    ".vscode/mcp.json, or the command \"MCP: Open User Configuration\"",
	    vscode },
	{ "letta",
	    "a terminal of the machine that Letta runs on (its container needs "
	    "--add-host host.docker.internal:host-gateway)",
	    letta },
	{ "inspector", "a terminal, with Node 22 or newer", inspector },
	{ "json", "most other clients: their file of MCP servers", generic },
};

/* ---- the command --------------------------------------------------------- */

static const struct client *
find(struct cli *cli, const char *name)
{
	const char *names = "";
	size_t i;

	for (i = 0; i < NELEM(CLIENTS); i++) {
		if (strcmp(CLIENTS[i].name, name) == 0)
			return &CLIENTS[i];
		names = arena_printf(cli->mem, "%s%s%s", names,
		    i == 0 ? "" : ", ", CLIENTS[i].name);
	}
	cli_error(cli, "there is no client \"%s\" here; there are %s",
	    cli_clean(cli, name, true), names);
	return NULL;
}

static int
say(struct cli *cli, const struct client *c, const struct paste *p)
{
	const char *text = c->paste(p);
	bool open = strstr(text, PLACE) != NULL;

	if (cli->json)
		return cli_json(cli,
		    json_pack("{s:s, s:s, s:s}", "client", c->name, "where",
			c->where, "text", text));
	fprintf(stderr, "For %s%s%s:\n\n", c->where,
	    open ? "; in place of " PLACE " the key that `" : "",
	    open ? arena_printf(cli->mem, "%s --name %s --role write` makes",
		cli_call(cli, "key create"), c->name)
		 : "");
	printf("%s\n", text);
	return CLI_OK;
}

/* A shell reads it where it is pasted. */
static bool
file_is_plain(struct cli *cli, const char *path)
{
	if (path == NULL || strchr(path, '\'') == NULL)
		return true;
	cli_error(cli, "--key-file: the path has a ' in it; choose another");
	return false;
}

/* Whoever reads it there starts in another folder. */
static const char *
path_of(struct cli *cli, const char *path)
{
	char *whole = realpath(path, NULL);
	const char *out = whole == NULL ? path : arena_strdup(cli->mem, whole);

	free(whole);
	return out;
}

int
cmd_mcp_config(struct cli *cli)
{
	const char *url = NULL, *key_file = NULL;
	const struct client *c;
	struct paste p = { .cli = cli, .key = PLACE };
	struct wire w;
	int code = CLI_USAGE;

	if (!cli_option(cli, "--url", &url)
	    || !cli_option(cli, "--key-file", &key_file) || !cli_args(cli, 1, 1)
	    || !file_is_plain(cli, key_file))
		return CLI_USAGE;
	c = find(cli, cli->args[0]);
	if (c == NULL || !wire_find(cli, url, key_file, &w))
		return CLI_USAGE;
	p.url = cli_clean(cli, w.url, true);
	if (key_file != NULL) {
		p.key = wire_key(&w);
		p.key_file = path_of(cli, key_file);
	}
	code = say(cli, c, &p);
	wire_forget(&w);
	return code;
}
