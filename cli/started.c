/*
 * started: how this installation was started, so that a remedy is a line that
 * works here.
 */
#include <stdlib.h>

#include "base/arena.h"
#include "cli/cli.h"
#include "cli/units.h"

/* The quickstart tells its commands how it was called (--exec, chat). */
static const char *
quickstart(void)
{
	const char *line = getenv("DRAGOMAN_QUICKSTART");

	return line == NULL || line[0] == '\0' ? NULL : line;
}

/* Of the quickstart, what follows its own line. */
static const struct {
	const char *by_hand, *systemd, *quickstart;
} DO[] = {
	[CLI_START_EDGE] = { "start dragoman-edge; nginx's fastcgi_pass must "
			     "be server.listen",
	    "systemctl start dragoman-edge.socket dragoman-edge@1; nginx's "
	    "fastcgi_pass must be that socket",
	    "--restart" },
	[CLI_START_NGINX] = { "start nginx, or look at its error log",
	    "systemctl start nginx; journalctl -u nginx says why it does not "
	    "run",
	    "--restart" },
	[CLI_START_REDIS]
	= { "start redis-server", "systemctl start redis-server", "--restart" },
	[CLI_RELOAD_TURN] = { "send SIGHUP to the dragoman-turn processes",
	    "systemctl restart 'dragoman-turn@*'", "--restart" },
	[CLI_RENEW] = { "start it again, with the new program",
	    "systemctl restart 'dragoman-turn@*' 'dragoman-edge@*'",
	    "--upgrade" },
};

const char *
cli_do(struct cli *cli, enum cli_do what)
{
	const char *line = quickstart();

	if (line != NULL)
		return arena_printf(
		    cli->mem, "%s %s", line, DO[what].quickstart);
	return units_are_here() ? DO[what].systemd : DO[what].by_hand;
}
