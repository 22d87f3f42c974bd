/*
 * cli_args: the options and arguments of a command.
 */
#include <string.h>

#include "base/text.h"
#include "cli/cli.h"

static void
take_out(struct cli *cli, size_t i, size_t n)
{
	size_t k;

	for (k = i; k + n < cli->nargs; k++)
		cli->args[k] = cli->args[k + n];
	cli->nargs -= n;
}

/* Where "--" ends the options; nargs if nowhere. */
static size_t
options_end(const struct cli *cli)
{
	size_t i;

	for (i = 0; i < cli->nargs; i++)
		if (strcmp(cli->args[i], "--") == 0)
			return i;
	return cli->nargs;
}

bool
cli_flag(struct cli *cli, const char *name)
{
	bool found = false;
	size_t i;

	for (i = 0; i < options_end(cli);)
		if (strcmp(cli->args[i], name) == 0) {
			take_out(cli, i, 1);
			found = true;
		} else
			i++;
	return found;
}

bool
cli_option(struct cli *cli, const char *name, const char **value)
{
	size_t len = strlen(name), i, end;

	for (i = 0; i < (end = options_end(cli));) {
		if (strncmp(cli->args[i], name, len) != 0
		    || (cli->args[i][len] != '\0'
			&& cli->args[i][len] != '=')) {
			i++;
			continue;
		}
		if (cli->args[i][len] == '=') {
			*value = cli->args[i] + len + 1;
			take_out(cli, i, 1);
			continue;
		}
		if (i + 1 >= end) {
			cli_error(cli, "%s needs a value", name);
			return false;
		}
		*value = cli->args[i + 1];
		take_out(cli, i, 2);
	}
	return true;
}

bool
cli_option_int(struct cli *cli, const char *name, int64_t min, int64_t max,
    int64_t *value)
{
	const char *text = NULL;
	int64_t n;

	if (!cli_option(cli, name, &text))
		return false;
	if (text == NULL)
		return true;
	if (text_int(text, &n) == -1 || n < min || n > max) {
		cli_error(cli, "%s: expected a whole number from %lld to %lld",
		    name, (long long)min, (long long)max);
		return false;
	}
	*value = n;
	return true;
}

bool
cli_args(struct cli *cli, size_t min, size_t max)
{
	size_t end = options_end(cli), i;

	for (i = 0; i < end; i++)
		if (cli->args[i][0] == '-' && cli->args[i][1] != '\0') {
			cli_error(cli,
			    "there is no option %s here; see "
			    "dragoman help %s",
			    cli->args[i], cli->command->name);
			return false;
		}
	if (end < cli->nargs)
		take_out(cli, end, 1);
	if (cli->nargs >= min && cli->nargs <= max)
		return true;
	if (cli->nargs > max)
		cli_error(cli,
		    "dragoman %s does not take \"%s\"; dragoman "
		    "help %s says what it takes",
		    cli->command->name, cli->args[max], cli->command->name);
	else
		cli_error(cli, "usage: dragoman %s %s", cli->command->name,
		    cli->command->args);
	return false;
}
