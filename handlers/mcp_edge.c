/*
 * mcp_edge: what a process has for MCP, from its start to its end.
 */
#include <stdlib.h>

#include "handlers/handlers.h"
#include "handlers/mcp_priv.h"

void
mcp_edge_start(struct edge *e, const struct seal_ring *ring)
{
	struct mcp_edge *m = calloc(1, sizeof(*m));

	if (m == NULL)
		abort();
	m->ring = ring;
	m->tools = toolbox_builtin(e->settings);
	e->mcp = m;
}

void
mcp_edge_stop(struct edge *e)
{
	if (e->mcp == NULL)
		return;
	toolbox_stop(e->mcp->tools);
	free(e->mcp);
	e->mcp = NULL;
}
