/*
 * dragoman: the operator's command.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/seal.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "program/program.h"
#include "redis/store.h"

#define LOG_SILENT ((enum log_level)(LOG_ERROR + 1))

/* "turns list" is two words; how many were used into ${used}. */
static const struct command *
find_command(char **args, size_t nargs, size_t *used)
{
	char two[64];
	size_t i;

	for (i = 0; i < COMMANDS_N; i++) {
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

	return isatty(fd) == 1 && (no == NULL || no[0] == '\0')
	    && (term == NULL || strcmp(term, "dumb") != 0);
}

/* What was given is no command, or only the group of one. */
static int
no_command(struct cli *cli)
{
	const char *group = cli->args[0];

	if (!commands_have(group))
		cli_error(cli,
		    "there is no command \"%s\"; dragoman help "
		    "lists them",
		    cli_clean(cli, group, true));
	else if (cli->nargs > 1)
		cli_error(cli,
		    "there is no command \"%s %s\"; dragoman help "
		    "%s lists them",
		    group, cli_clean(cli, cli->args[1], true), group);
	else
		cli_error(cli, "%s what? dragoman help %s lists its commands",
		    group, group);
	if (!cli->json && commands_have(group))
		commands_print_group(stderr, group);
	return CLI_USAGE;
}

/*
 * A reader that has what it wants ("| head") is no failure; a full disk is,
 * as what was printed is not all there is.
 */
static int
end_output(int code)
{
	struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };
	char why[128];
	int saved;

	errno = 0;
	if (fflush(stdout) == 0 && ferror(stdout) == 0)
		return code;
	saved = errno;
	if (poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0)
		return code;
	fprintf(stderr,
	    "dragoman: standard output takes no more (%s): what "
	    "was printed is not whole\n",
	    saved != 0 ? strerror_r(saved, why, sizeof(why))
		       : "an earlier write failed");
	return code == CLI_OK ? CLI_FAILED : code;
}

static int
run(struct cli *cli)
{
	size_t used = 0;
	bool no_color, help;

	cli->json = cli_flag(cli, "--json");
	no_color = cli_flag(cli, "--no-color");
	if (cli_flag(cli, "--verbose"))
		(void)!log_open("cli", LOG_DEBUG, NULL);
	cli->colour = !no_color && !cli->json && use_colour(STDOUT_FILENO);
	cli->colour_err = !no_color && use_colour(STDERR_FILENO);
	help = cli_flag(cli, "--help") || cli_flag(cli, "-h");
	if (cli_flag(cli, "--version"))
		return commands_version(cli);
	if (!cli_option(cli, "--config", &cli->config)
	    || !cli_option(cli, "--env-file", &cli->env_file))
		return CLI_USAGE;
	if (help)
		return commands_help(cli);
	if (cli->nargs == 0) {
		if (cli->json)
			cli_error(cli,
			    "no command was given; dragoman help "
			    "lists them");
		else
			commands_print(stderr);
		return CLI_USAGE;
	}
	cli->command = find_command(cli->args, cli->nargs, &used);
	if (cli->command == NULL)
		return no_command(cli);
	cli->args += used;
	cli->nargs -= used;
	return cli->command->run(cli);
}

int
main(int argc, char **argv)
{
	struct cli cli = { .mem = arena_new() };
	int code;

	if (program_begin("dragoman") == -1)
		return CLI_FAILED;
	/* The commands say what is wrong in words; the rest is for debugging. */
	(void)!log_open("cli", LOG_SILENT, NULL);
	cli.args = argv + 1;
	cli.nargs = argc > 0 ? (size_t)argc - 1 : 0;
	code = run(&cli);
	code = end_output(code);
	store_close(cli.store);
	seal_ring_free(cli.ring);
	settings_unref(cli.settings);
	arena_free(cli.mem);
	return code;
}
