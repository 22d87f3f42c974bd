/*
 * edge: what a fixture knows of the edge that it runs in.  The linker puts this
 * before mcp_edge_start (--wrap in Makefile.am).
 */
#include "fcgi/edge.h"
#include "handlers/handlers.h"
#include "tests/conformance/fixtures.h"

static struct edge *this_edge;

void __real_mcp_edge_start(struct edge *e, const struct seal_ring *ring);
void __wrap_mcp_edge_start(struct edge *e, const struct seal_ring *ring);

void
__wrap_mcp_edge_start(struct edge *e, const struct seal_ring *ring)
{
	this_edge = e;
	__real_mcp_edge_start(e, ring);
}

struct store *
fixture_store(void)
{
	return this_edge == NULL ? NULL : this_edge->store;
}
