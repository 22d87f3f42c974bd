/*
 * used: the tools of a server, as who has a key for it uses them: what
 * `dragoman tools` and the test of `dragoman mcp` have in common.
 */
#ifndef CLI_USED_H
#define CLI_USED_H

#include <jansson.h>

#include "cli/wire.h"

struct mcp_client;

struct used {
	struct cli *cli;
	struct wire wire;
	struct mcp_client *client;
	json_t *tools; /* as the server lists them; NULL: not asked */
};

/* The server of --url and --key-file (wire_open); HTTP is started.  False:
 * said; ${code} is the exit code. */
bool used_open(struct cli *cli, const char *url, const char *key_file,
    struct used *u, int *code) WARN_UNUSED;
void used_close(struct used *u);

/* All its tools into u->tools: CLI_OK, or said. */
int used_list(struct used *u) WARN_UNUSED;
/* One of them.  NULL: said. */
const json_t *used_find(struct used *u, const char *name);

/*
 * ${n} words, each NAME=VALUE, or one JSON object, as arguments for ${tool}: of
 * what its schema says is no text, the value is JSON.  NULL: said.
 */
json_t *used_arguments(struct used *u, const json_t *tool, char **words,
    size_t n);
/* Call ${tool}: CLI_OK and its result; or said. */
int used_call(struct used *u, const json_t *tool, const json_t *arguments,
    json_t **result) WARN_UNUSED;

#endif
