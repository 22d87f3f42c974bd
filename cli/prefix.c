/*
 * dragoman prefix move FROM: another redis.prefix for what Redis holds.
 */
#include "redis/prefix.h"

#include <string.h>

#include "cli/cli.h"
#include "cli/started.h"

/* No key was renamed then.  False: Redis failed. */
static bool
tell_why_not(struct cli *cli, enum store_rc rc, const char *from)
{
	if (rc == STORE_EXISTS)
		cli_error(cli,
		    "a worker or an edge is running, with the prefix \"%s\" or "
		    "the new one: stop all of them, wait 10 seconds, then move "
		    "again. No key was renamed. To stop them: %s",
		    from, started_how(cli->mem, HOW_STOP_ALL));
	else if (rc == STORE_NONE)
		cli_error(cli,
		    "nothing of this installation lies under \"%s\": dragoman "
		    "doctor tells where it lies",
		    from);
	else if (rc == STORE_UNKNOWN_KEY)
		cli_error(cli,
		    "what lies under \"%s\" was encrypted with another encryption "
		    "key: it is another installation's. No key was renamed",
		    from);
	else
		return false;
	return true;
}

int
cmd_prefix_move(struct cli *cli)
{
	const char *from, *to;
	int64_t moved, kept;
	struct store *st;
	enum store_rc rc;
	int code;

	if (!cli_args(cli, 1, 1))
		return CLI_USAGE;
	from = cli->args[0];
	st = cli_store(cli, &code);
	if (st == NULL)
		return code;
	to = cli->settings->redis_prefix;
	if (strlen(from) >= STORE_PREFIX_MAX || strcmp(from, to) == 0) {
		cli_error(cli,
		    "FROM is the prefix from before (\"\" for none); the new "
		    "one is redis.prefix, now \"%s\": set that first",
		    to);
		return CLI_USAGE;
	}
	rc = prefix_move(st, from, &moved, &kept);
	if (rc != STORE_OK)
		return tell_why_not(cli, rc, from)
		    ? CLI_FAILED
		    : cli_store_failed(cli, rc, "prefix move");
	if (kept > 0)
		cli_error(cli,
		    "%lld keys were left, because \"%s\" has one of the same "
		    "name: both prefixes were in use",
		    (long long)kept, to);
	code = kept > 0 ? CLI_FAILED : CLI_OK;
	if (cli->json) {
		(void)cli_json(cli,
		    json_pack("{s:s, s:s, s:I, s:I}", "from", from, "to", to,
			"moved", (json_int_t)moved, "left", (json_int_t)kept));
		return code;
	}
	printf("%lld keys were renamed from \"%s\" to \"%s\"\n",
	    (long long)moved, from, to);
	return code;
}
