/*
 * era: of which revision a message is.  Its body decides, a header only agrees:
 * whoever passes a request on may drop headers, and some clients write an old
 * habit into them.
 */
#ifndef MCP_ERA_H
#define MCP_ERA_H

#include "mcp/server.h"

#define MCP_META_VERSION "io.modelcontextprotocol/protocolVersion"

/* A revision for ${call}, of which kind, name, params, meta and head are set.
 * The ladder checks afterwards what belongs to it. */
const struct mcp_revision *mcp_era(const struct mcp_call *call);

#endif
