/*
 * dragoman pause|resume: for all workers, until said otherwise.
 */
#include "cli/cli.h"
#include "redis/fleet.h"

static int
set(struct cli *cli, bool paused)
{
	struct store *st;
	struct fleet_counts counts = { 0 };
	int code, rc;

	if (!cli_args(cli, 0, 0))
		return CLI_USAGE;
	st = cli_store(cli, &code);
	if (st == NULL)
		return code;
	rc = fleet_pause(st, paused);
	if (rc != STORE_OK)
		return cli_store_failed(cli, rc, paused ? "pause" : "resume");
	if (fleet_count(st, &counts) != STORE_OK)
		counts.waiting = 0;
	if (cli->json)
		return cli_json(cli,
		    json_pack("{s:b, s:I}", "paused", paused, "waiting",
			(json_int_t)counts.waiting));
	printf(paused ? "paused: no new turn begins; what runs ends, what "
			"comes waits (%lld now)\n"
		      : "resumed: turns are taken again (%lld wait)\n",
	    (long long)counts.waiting);
	return CLI_OK;
}

int
cmd_pause(struct cli *cli)
{
	return set(cli, true);
}

int
cmd_resume(struct cli *cli)
{
	return set(cli, false);
}
