/*
 * mcp_rig: a client of the MCP server that served_mcp plays, for one test.
 */
#ifndef TESTS_UNIT_MCP_RIG_H
#define TESTS_UNIT_MCP_RIG_H

#include "mcp/client.h"
#include "tests/unit/served_mcp.h"

#define RIG_DEADLINE_MS 40000 /* of a request */

struct mcp_rig {
	struct mcp_client_options options;
	struct mcp_client *client; /* sends "Authorization: Bearer k" */
	struct arena *mem;
	char why[MCP_WHY_MAX]; /* of the last failure */
};

extern struct mcp_rig rig;

void rig_begin(const struct rule *rules);
void rig_end(void);

/* Its tools; ${n}, if not NULL, becomes how many. */
enum mcp_rc rig_list(size_t *n);
/* Call "t"; ${text}, if not NULL, becomes what it said, NULL: nothing. */
enum mcp_rc rig_call(const struct mcp_call_options *o, const char **text);

#endif
