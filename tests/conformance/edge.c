/*
 * edge: what fixtures need of the edge that they run in.  The linker puts this
 * before mcp_edge_start and MCP_PARK (--wrap in Makefile.am).
 */
#include <string.h>

#include "fcgi/edge.h"
#include "handlers/handlers.h"
#include "handlers/mcp_later.h"
#include "tests/conformance/fixtures.h"

#define CLOSE "close"

static struct edge *this_edge;

extern const struct park_kind __real_MCP_PARK;
struct park_kind __wrap_MCP_PARK; /* calls that are parked */
void __real_mcp_edge_start(struct edge *e, const struct seal_ring *ring);
void __wrap_mcp_edge_start(struct edge *e, const struct seal_ring *ring);

/* As while an edge ends: its client goes on elsewhere. */
static void
on_piece(struct parked *p, void *state, const char *kind, const char *sealed,
    size_t len)
{
	if (strcmp(kind, CLOSE) == 0)
		__real_MCP_PARK.on_drain(p, state);
	else
		__real_MCP_PARK.on_piece(p, state, kind, sealed, len);
}

void
__wrap_mcp_edge_start(struct edge *e, const struct seal_ring *ring)
{
	this_edge = e;
	__wrap_MCP_PARK = __real_MCP_PARK;
	__wrap_MCP_PARK.on_piece = on_piece;
	__real_mcp_edge_start(e, ring);
}

struct store *
fixture_store(void)
{
	return this_edge->store;
}

void
fixture_close(const struct tool_ctx *ctx)
{
	const struct mcp_later *l = ctx->arg;

	park_wake(this_edge->park, l->number, CLOSE, "", 0);
}
