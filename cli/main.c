/*
 * dragoman: the operator's command.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <sodium.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/seal.h"
#include "base/secret.h"
#include "cli/cli.h"
#include "config.h"
#include "redis/store.h"

#define LOG_SILENT ((enum log_level)(LOG_ERROR + 1))

static int cmd_help(struct cli *cli);
static int cmd_version(struct cli *cli);

/* THE table of commands; the completion and the manual page name each. */
static const struct command COMMANDS[] = {
	{ "init", "[DIR]", "make a configuration and its secrets", NULL,
	    cmd_init },
	{ "chat", "", "talk to the running server",
	    "--url URL        where it is (default: $DRAGOMAN_URL, else this "
	    "host's server.port)\n"
	    "--chat-id ID     the conversation (default: terminal-USER)\n"
	    "--stream         show text and tool calls as they come\n"
	    "--no-stream      wait for the whole reply",
	    cmd_chat },
	{ "doctor", "", "look for what is wrong, and say what to do",
	    "--url URL        where nginx answers (default: this host's "
	    "server.port)",
	    cmd_doctor },
	{ "config check", "", "is the configuration right?", NULL,
	    cmd_config_check },
	{ "config show", "", "what is in force, and where it comes from",
	    "--set            only what was not left at its default",
	    cmd_config_show },
	{ "turns list", "", "chats that wait or run",
	    "--max N          at most N of them (default 100)",
	    cmd_turns_list },
	{ "turns show", "CHAT", "one chat: session, inbox, journal", NULL,
	    cmd_turns_show },
	{ "turns dead", "", "messages that could not be answered",
	    "--max N          at most N of them (default 100)\n"
	    "--text           show what they say",
	    cmd_turns_dead },
	{ "turns replay", "ID", "put a dead message back in its chat",
	    "--dry-run        only ask the model, store nothing, use no tools\n"
	    "--model M        with --dry-run: MODEL or HOST/MODEL",
	    cmd_turns_replay },
	{ "pause", "", "take no new turns; messages wait", NULL, cmd_pause },
	{ "resume", "", "take turns again", NULL, cmd_resume },
	{ "keys list", "", "sealing keys by their ids", NULL, cmd_keys_list },
	{ "keys rotate", "", "change the sealing key, a step at a time",
	    "--prepare        1. add a new key, which only opens\n"
	    "--activate       2. let the newest key seal\n"
	    "--retire         4. drop the old keys (after keys reseal)",
	    cmd_keys_rotate },
	{ "keys reseal", "", "3. seal all that lies in Redis with the first key",
	    NULL, cmd_keys_reseal },
	{ "version", "", "print the version", NULL, cmd_version },
	{ "help", "[COMMAND]", "this, or more about one command", NULL,
	    cmd_help },
};

static const char GLOBAL_OPTIONS[] =
    "--config FILE    the configuration, or the folder it lies in\n"
    "--env-file FILE  further settings, NAME=value lines\n"
    "--json           one line of JSON on standard output\n"
    "--no-color       no colours (also: NO_COLOR)";

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

static void
print_usage(FILE *out)
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
	    "configuration, 3 no answer\n");
}

/* Commands of one group ("keys"), or the whole usage: false. */
static bool
print_group(FILE *out, const char *group)
{
	size_t i, len = strlen(group), n = 0;

	for (i = 0; i < NELEM(COMMANDS); i++)
		if (strncmp(COMMANDS[i].name, group, len) == 0 &&
		    (COMMANDS[i].name[len] == ' ' ||
			COMMANDS[i].name[len] == '\0')) {
			if (n++ > 0)
				fputc('\n', out);
			print_command(out, &COMMANDS[i]);
		}
	if (n == 0)
		print_usage(out);
	return n > 0;
}

static int
cmd_help(struct cli *cli)
{
	char name[128] = "";
	size_t i;

	if (!cli_args(cli, 0, 2))
		return CLI_USAGE;
	if (cli->json) {
		json_t *list = json_array();

		for (i = 0; i < NELEM(COMMANDS); i++)
			json_array_append_new(list,
			    json_pack("{s:s, s:s, s:s}", "name",
				COMMANDS[i].name, "args", COMMANDS[i].args,
				"help", COMMANDS[i].help));
		return cli_json(cli, list);
	}
	for (i = 0; i < cli->nargs; i++) {
		size_t at = strlen(name);

		snprintf(name + at, sizeof(name) - at, "%s%s",
		    i > 0 ? " " : "", cli->args[i]);
	}
	if (name[0] == '\0')
		print_usage(stdout);
	else
		(void)print_group(stdout, name);
	return CLI_OK;
}

static int
cmd_version(struct cli *cli)
{
	if (!cli_args(cli, 0, 0))
		return CLI_USAGE;
	if (cli->json)
		return cli_json(cli,
		    json_pack("{s:s}", "version", PACKAGE_VERSION));
	printf("dragoman %s\n", PACKAGE_VERSION);
	return CLI_OK;
}

/* "turns list" is two words; how many were used into ${used}. */
static const struct command *
find_command(char **args, size_t nargs, size_t *used)
{
	char two[64];
	size_t i;

	for (i = 0; i < NELEM(COMMANDS); i++) {
		if (strcmp(COMMANDS[i].name, args[0]) == 0) {
			*used = 1;
			return &COMMANDS[i];
		}
		snprintf(two, sizeof(two), "%s %s", args[0],
		    nargs > 1 ? args[1] : "");
		if (strcmp(COMMANDS[i].name, two) == 0) {
			*used = 2;
			return &COMMANDS[i];
		}
	}
	return NULL;
}

static bool
use_colour(int fd)
{
	const char *term = getenv("TERM"), *no = getenv("NO_COLOR");

	return isatty(fd) == 1 && (no == NULL || no[0] == '\0') &&
	    (term == NULL || strcmp(term, "dumb") != 0);
}

static int
run(struct cli *cli)
{
	size_t used = 0;
	bool no_color, help;

	cli->json = cli_flag(cli, "--json");
	no_color = cli_flag(cli, "--no-color");
	cli->colour = !no_color && !cli->json && use_colour(STDOUT_FILENO);
	cli->colour_err = !no_color && use_colour(STDERR_FILENO);
	help = cli_flag(cli, "--help") || cli_flag(cli, "-h");
	if (cli_flag(cli, "--version"))
		return cmd_version(cli);
	if (!cli_option(cli, "--config", &cli->config) ||
	    !cli_option(cli, "--env-file", &cli->env_file))
		return CLI_USAGE;
	if (cli->nargs == 0) {
		print_usage(help ? stdout : stderr);
		return help ? CLI_OK : CLI_USAGE;
	}
	cli->command = find_command(cli->args, cli->nargs, &used);
	if (cli->command == NULL) {
		if (!help)
			cli_error(cli, "there is no command \"%s%s%s\"",
			    cli->args[0], cli->nargs > 1 ? " " : "",
			    cli->nargs > 1 ? cli->args[1] : "");
		if (!cli->json || help)
			(void)print_group(help ? stdout : stderr,
			    cli->args[0]);
		return help ? CLI_OK : CLI_USAGE;
	}
	if (help) {
		print_command(stdout, cli->command);
		return CLI_OK;
	}
	cli->args += used;
	cli->nargs -= used;
	return cli->command->run(cli);
}

int
main(int argc, char **argv)
{
	struct cli cli = { .mem = arena_new() };
	const char *level = getenv("LOG_LEVEL");
	int code;

	secret_protect_process();
	signal(SIGPIPE, SIG_IGN);
	if (sodium_init() == -1) {
		fprintf(stderr, "dragoman: libsodium does not start\n");
		return CLI_FAILED;
	}
	/* The commands say what is wrong in words; the rest is for debugging. */
	if (log_open("cli",
		level != NULL && strcasecmp(level, "debug") == 0 ? LOG_DEBUG :
								   LOG_SILENT,
		NULL) == -1)
		return CLI_FAILED;
	cli.args = argv + 1;
	cli.nargs = argc > 0 ? (size_t)argc - 1 : 0;
	code = run(&cli);
	if (fflush(stdout) == EOF && code == CLI_OK)
		code = CLI_FAILED;
	store_close(cli.store);
	seal_ring_free(cli.ring);
	settings_unref(cli.settings);
	arena_free(cli.mem);
	return code;
}
