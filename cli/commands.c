#include "cli/commands.h"

#include <stdlib.h>
#include <string.h>

#include "base/version.h"

/* Of commands that ask a server as its clients do. */
#define SERVER_OPTIONS                                                     \
	"--url URL        where Dragoman is (default: $DRAGOMAN_URL, "     \
	"server.public_url,\n"                                             \
	"                 else this host's server.port); a host alone is " \
	"its /mcp\n"                                                       \
	"--key-file FILE  the key (default: $DRAGOMAN_KEY)"

/* THE table of commands; the completion and the manual page name each. */
const struct command COMMANDS[] = {
	{ "init", "[DIR]", "create a configuration and its secrets", NULL,
	    cmd_init },
	{ "chat", "[QUESTION]",
	    "talk to the running server, or ask one question",
	    "--url URL        where it is (default: $DRAGOMAN_URL, else this "
	    "host's server.port)\n"
	    "--chat-id ID     the conversation (default: terminal-USER at a "
	    "terminal,\n"
	    "                 else a new one)\n"
	    "--stream         show the text as it comes, also in a pipe\n"
	    "--no-stream      wait for the whole reply\n"
	    "--no-history     do not keep what you write for the next time",
	    cmd_chat },
	{ "status", "",
	    "can messages be answered? exit 0 if all is well, 1 if not",
	    "--url URL        where nginx answers (default: this host's "
	    "server.port)",
	    cmd_status },
	{ "doctor", "", "look for what is wrong, and say what to do",
	    "--url URL        where nginx answers (default: $DRAGOMAN_URL, "
	    "server.public_url,\n"
	    "                 else this host's server.port)",
	    cmd_doctor },
	{ "config check", "", "check the configuration", NULL,
	    cmd_config_check },
	{ "config show", "",
	    "show the settings in use, and where each comes from",
	    "--set            only settings that are not at their default",
	    cmd_config_show },
	{ "chats list", "", "list all chats, the last one first",
	    "--max N          at most N of them (default 100)",
	    cmd_chats_list },
	{ "chats show", "CHAT", "show one chat: messages, tokens, last seen",
	    "--contents       show what was said; this leaves a line in the log",
	    cmd_chats_show },
	{ "chats forget", "CHAT", "delete a chat with all that belongs to it",
	    "--yes            do not ask before", cmd_chats_forget },
	{ "turns list", "", "list the chats that wait or run",
	    "--max N          at most N of them (default 100)",
	    cmd_turns_list },
	{ "turns show", "CHAT", "show one chat: session, inbox, journal", NULL,
	    cmd_turns_show },
	{ "turns dead", "", "list the messages that could not be answered",
	    "--max N          at most N of them (default 100)\n"
	    "--text           show their texts",
	    cmd_turns_dead },
	{ "turns replay", "ID", "send a dead message again, in its chat",
	    "--dry-run        only ask the model, store nothing, use no tools\n"
	    "--model M        with --dry-run: MODEL or HOST/MODEL",
	    cmd_turns_replay },
	{ "models", "[BACKEND]",
	    "the models that are asked (or BACKEND alone), and what was "
	    "learned of them",
	    "--test           ask each: plain, streamed, with a tool (costs "
	    "tokens)\n"
	    "--forget         forget what was learned, of BACKEND or of all",
	    cmd_models },
	{ "tools list", "", "list the tools that a server has for a key",
	    SERVER_OPTIONS, cmd_tools_list },
	{ "tools show", "TOOL", "show one tool and its arguments",
	    SERVER_OPTIONS, cmd_tools_show },
	{ "tools call", "TOOL [NAME=VALUE...]",
	    "call a tool; instead of NAME=VALUE also one JSON object",
	    SERVER_OPTIONS, cmd_tools_call },
	{ "mcp test", "[URL] [NAME=VALUE...]",
	    "what of MCP works at this address, revision by revision",
	    "--call TOOL      also call this tool, with the arguments "
	    "NAME=VALUE\n"
	    "--key-file FILE  the key (default: $DRAGOMAN_KEY)",
	    cmd_mcp_test },
	{ "mcp config", "CLIENT", "print what to paste into an MCP client",
	    "--url URL        where Dragoman is for this client\n"
	    "--key-file FILE  the key, or where the client finds it (default: "
	    "a word in its place)\n"
	    "CLIENT is claude-desktop, claude-code, cursor, vscode, letta, "
	    "inspector, or json\n"
	    "(most others)",
	    cmd_mcp_config },
	{ "mcp", "",
	    "serve a desktop client of MCP: its standard input and output, "
	    "Dragoman's /mcp",
	    SERVER_OPTIONS, cmd_mcp },
	{ "pause", "", "start no new turns; messages wait", NULL, cmd_pause },
	{ "resume", "", "start turns again", NULL, cmd_resume },
	{ "key create", "", "make an API key for a client of /mcp",
	    "--name N         what it is called, such as n8n (needed)\n"
	    "--role R         read, write or admin (needed); read: only tools "
	    "that change nothing\n"
	    "--tools GLOB,... only these tools: * is any text, ? one "
	    "character\n"
	    "--expires D      for so long, such as 90d (default: for ever)\n"
	    "--allow CIDR,... only from these addresses, such as "
	    "10.0.0.0/8\n"
	    "--rate N         calls a minute, 0: any (default: "
	    "mcp.rate_limit)\n"
	    "--print-secret   the key alone as the last line, for scripts",
	    cmd_key_create },
	{ "key list", "",
	    "list the API keys: roles, tools, when they were used (never the "
	    "keys themselves)",
	    NULL, cmd_key_list },
	{ "key rotate", "NAME",
	    "make another API key of this name; the old one works a while "
	    "longer",
	    "--overlap D      for so long the old one works, 0: it ends now "
	    "(default 1d)\n"
	    "--print-secret   the key alone as the last line, for scripts",
	    cmd_key_rotate },
	{ "key revoke", "NAME", "end an API key at once", NULL,
	    cmd_key_revoke },
	{ "keys list", "", "list the encryption keys by their ids", NULL,
	    cmd_keys_list },
	{ "keys rotate", "", "change the encryption key, step by step",
	    "--prepare        1. add a new key, which only decrypts\n"
	    "--activate       2. encrypt with the new key\n"
	    "--retire         4. drop the old keys (after keys reseal)",
	    cmd_keys_rotate },
	{ "keys reseal", "",
	    "encrypt everything in Redis again, with the new key (step 3)",
	    NULL, cmd_keys_reseal },
	{ "format show", "", "show the version in which records are written",
	    NULL, cmd_format_show },
	{ "format set", "N",
	    "change this version, when all workers can read it",
	    "--force          even if a worker cannot read it",
	    cmd_format_set },
	{ "prefix move", "FROM",
	    "rename the keys of the prefix FROM to redis.prefix, with all "
	    "workers stopped",
	    NULL, cmd_prefix_move },
	{ "version", "", "print the version", NULL, commands_version },
	{ "help", "[COMMAND]", "show this, or more about one command", NULL,
	    commands_help },
};
const size_t COMMANDS_N = NELEM(COMMANDS);

static const char GLOBAL_OPTIONS[]
    = "--config FILE    the configuration file, or its folder\n"
      "--env-file FILE  more settings, as NAME=value lines\n"
      "--json           one line of JSON on standard output\n"
      "--no-color       no colours (also: NO_COLOR)\n"
      "--verbose        also show the log lines of the command";

static void
print_options(FILE *out, const char *options)
{
	for (; options != NULL && *options != '\0';) {
		size_t len = strcspn(options, "\n");

		fprintf(out, "  %.*s\n", (int)len, options);
		options += len + (options[len] == '\n');
	}
}

static void
print_command(FILE *out, const struct command *c)
{
	fprintf(out, "usage: dragoman %s%s%s%s\n%s\n", c->name,
	    c->options != NULL ? " [OPTIONS]" : "",
	    c->args[0] != '\0' ? " " : "", c->args, c->help);
	if (c->options != NULL)
		fputc('\n', out);
	print_options(out, c->options);
}

void
commands_print(FILE *out)
{
	size_t i;

	fprintf(out, "usage: dragoman [OPTIONS] COMMAND\n\n");
	for (i = 0; i < NELEM(COMMANDS); i++) {
		char call[64];

		snprintf(call, sizeof(call), "%s %s", COMMANDS[i].name,
		    COMMANDS[i].args);
		fprintf(out, "  %-18s %s\n", call, COMMANDS[i].help);
	}
	fputc('\n', out);
	print_options(out, GLOBAL_OPTIONS);
	fprintf(out,
	    "\nexit: 0 done, 1 a finding or a failure, 2 wrong usage or "
	    "configuration, 3 no answer,\n"
	    "      130 interrupted (chat)\n");
}

/* Is ${c} the command ${group}, or one of that group ("keys")? "": any is. */
static bool
is_of_group(const struct command *c, const char *group)
{
	size_t len = strlen(group);

	return len == 0
	    || (strncmp(c->name, group, len) == 0
		&& (c->name[len] == ' ' || c->name[len] == '\0'));
}

bool
commands_have(const char *group)
{
	size_t i;

	for (i = 0; i < NELEM(COMMANDS); i++)
		if (is_of_group(&COMMANDS[i], group))
			return true;
	return false;
}

void
commands_print_group(FILE *out, const char *group)
{
	size_t i, n = 0;

	for (i = 0; i < NELEM(COMMANDS); i++)
		if (is_of_group(&COMMANDS[i], group)) {
			if (n++ > 0)
				fputc('\n', out);
			print_command(out, &COMMANDS[i]);
		}
}

static json_t *
group_json(const char *group)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < NELEM(COMMANDS); i++)
		if (is_of_group(&COMMANDS[i], group))
			json_array_append_new(list,
			    json_pack("{s:s, s:s, s:s, s:s}", "name",
				COMMANDS[i].name, "args", COMMANDS[i].args,
				"help", COMMANDS[i].help, "options",
				COMMANDS[i].options != NULL
				    ? COMMANDS[i].options
				    : ""));
	return list;
}

int
commands_help(struct cli *cli)
{
	char name[128] = "";
	size_t i;

	if (!cli_args(cli, 0, 2))
		return CLI_USAGE;
	for (i = 0; i < cli->nargs; i++) {
		size_t at = strlen(name);

		snprintf(name + at, sizeof(name) - at, "%s%s", i > 0 ? " " : "",
		    cli->args[i]);
	}
	if (name[0] != '\0' && !commands_have(name)) {
		cli_error(cli,
		    "there is no command \"%s\"; dragoman help "
		    "lists them",
		    cli_clean(cli, name, true));
		return CLI_USAGE;
	}
	if (cli->json)
		return cli_json(cli, group_json(name));
	if (name[0] == '\0')
		commands_print(stdout);
	else
		commands_print_group(stdout, name);
	return CLI_OK;
}

int
commands_version(struct cli *cli)
{
	if (!cli_args(cli, 0, 0))
		return CLI_USAGE;
	if (cli->json)
		return cli_json(cli,
		    json_pack("{s:s}", "version", VERSION_BUILT));
	printf("dragoman %s\n", VERSION_BUILT);
	return CLI_OK;
}
