#include "program/options.h"

#include <getopt.h>
#include <stdio.h>

#include "base/version.h"
#include "program/program.h"

/* THE table. */
static const struct {
	struct option option;
	const char *help; /* lines after the first are indented here */
} OPTIONS[] = {
	{ { "config", required_argument, NULL, 'c' },
	    "-c, --config FILE    configuration (default: $DRAGOMAN_CONFIG,\n"
	    "                       $CONFIG_PATH, " DRAGOMAN_SYSCONFDIR ")" },
	{ { "env-file", required_argument, NULL, 'e' },
	    "-e, --env-file FILE  NAME=value lines, below the environment" },
	{ { "help", no_argument, NULL, 'h' },
	    "-h, --help           this text" },
	{ { "version", no_argument, NULL, 'V' },
	    "-V, --version        the version" },
};

static void
print_help(FILE *out, const struct program *program)
{
	size_t i;

	fprintf(out, "Usage: %s [--config FILE] [--env-file FILE]\n%s\n",
	    program->name, program->does);
	for (i = 0; i < NELEM(OPTIONS); i++)
		fprintf(out, "  %s\n", OPTIONS[i].help);
	fputs("\nSIGHUP reads the configuration again, SIGTERM ends after what "
	      "runs.\n"
	      "Exit codes: 0 ended, 1 cannot serve, 2 wrong use or "
	      "configuration.\n",
	    out);
}

int
options_read(const struct program *program, int argc, char **argv,
    struct settings_source *source)
{
	struct option list[NELEM(OPTIONS) + 1] = { 0 };
	size_t i;
	int c;

	for (i = 0; i < NELEM(OPTIONS); i++)
		list[i] = OPTIONS[i].option;
	while ((c = getopt_long(argc, argv, "c:e:hV", list, NULL)) != -1)
		switch (c) {
		case 'c':
			source->file = optarg;
			break;
		case 'e':
			source->env_file = optarg;
			break;
		case 'h':
			print_help(stdout, program);
			return 0;
		case 'V':
			printf("%s %s\n", program->name, VERSION_BUILT);
			return 0;
		default:
			print_help(stderr, program);
			return PROGRAM_WRONG;
		}
	if (optind == argc)
		return OPTIONS_GO_ON;
	fprintf(stderr, "%s: what is %s? See --help.\n", program->name,
	    argv[optind]);
	return PROGRAM_WRONG;
}
