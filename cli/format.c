/*
 * dragoman format: the version that records in Redis are written as, while
 * workers of two releases run side by side (redis/format.h).
 */
#include <stdlib.h>

#include "base/json.h"
#include "cli/cli.h"
#include "cli/started.h"
#include "redis/fleet.h"
#include "redis/format.h"

/* The oldest version that some living worker reads at most; its id in ${id} (""
 * none lives).  Edges of older releases say nothing of themselves. */
static enum store_rc
oldest_reader(struct cli *cli, int64_t *format, const char **id)
{
	json_t *records = NULL, *record;
	enum store_rc rc;
	int64_t reads;
	size_t i;
	int kind;

	*format = FORMAT_NEWEST;
	*id = "";
	for (kind = 0; kind < FLEET_KINDS; kind++) {
		rc = fleet_read(cli->store, (enum fleet_kind)kind, cli->mem,
		    &records);
		if (rc != STORE_OK)
			return rc;
		json_array_foreach(records, i, record) {
			reads = json_member_int(record, "format", FORMAT_FIRST);
			if ((*id)[0] != '\0' && reads >= *format)
				continue;
			*format = reads;
			*id = json_member_str(record, "id");
			if (*id == NULL)
				*id = "?";
		}
	}
	return STORE_OK;
}

static int
print(struct cli *cli, int64_t stored)
{
	if (cli->json)
		return cli_json(cli,
		    json_pack("{s:I, s:i, s:i}", "stored", (json_int_t)stored,
			"written", format_now(cli->store), "newest",
			FORMAT_NEWEST));
	printf("records are written as version %d; this release reads up to "
	       "%d\n",
	    format_now(cli->store), FORMAT_NEWEST);
	if (stored > FORMAT_NEWEST)
		printf("version %lld is stored: a newer release's workers "
		       "write what this one leaves alone\n",
		    (long long)stored);
	else if (format_now(cli->store) < FORMAT_NEWEST)
		printf("once no worker of an older release runs: dragoman "
		       "format set %d\n",
		    FORMAT_NEWEST);
	return CLI_OK;
}

int
cmd_format_show(struct cli *cli)
{
	int64_t stored;
	int code;
	enum store_rc rc;

	if (!cli_args(cli, 0, 0))
		return CLI_USAGE;
	if (cli_store(cli, &code) == NULL)
		return code;
	rc = format_read(cli->store, &stored);
	if (rc == STORE_NONE) {
		cli_error(cli,
		    "the stored format is no version: set it anew "
		    "with dragoman format set N");
		return CLI_FAILED;
	}
	if (rc != STORE_OK)
		return cli_store_failed(cli, (int)rc, "format show");
	return print(cli, stored);
}

int
cmd_format_set(struct cli *cli)
{
	bool force = cli_flag(cli, "--force");
	int64_t reads;
	const char *id;
	char *end;
	long n;
	int code;
	enum store_rc rc;

	if (!cli_args(cli, 1, 1))
		return CLI_USAGE;
	n = strtol(cli->args[0], &end, 10);
	if (*end != '\0' || n < FORMAT_FIRST || n > FORMAT_NEWEST) {
		cli_error(cli, "format set takes a version from %d to %d",
		    FORMAT_FIRST, FORMAT_NEWEST);
		return CLI_USAGE;
	}
	if (cli_store(cli, &code) == NULL)
		return code;
	rc = oldest_reader(cli, &reads, &id);
	if (rc != STORE_OK)
		return cli_store_failed(cli, (int)rc, "format set");
	if (reads < n && !force) {
		cli_error(cli,
		    "worker %s reads versions up to %lld only. First give it "
		    "this release: %s (--force sets it all the same)",
		    cli_clean(cli, id, true), (long long)reads,
		    started_how(cli->mem, HOW_RENEW));
		return CLI_FAILED;
	}
	rc = format_raise(cli->store, n);
	if (rc != STORE_OK)
		return cli_store_failed(cli, (int)rc, "format set");
	return print(cli, n);
}
