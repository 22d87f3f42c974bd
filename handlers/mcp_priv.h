/*
 * mcp_priv: what the files of /mcp share.
 *
 * mcp.c is the endpoint: a POST, its messages, its answer.  mcp_who.c says who
 * may ask, mcp_refuse.c how a refusal looks, mcp_methods.c which method is
 * served by which function; a file per noun has those.  mcp_edge.c is what the
 * process has for all of it.
 */
#ifndef HANDLERS_MCP_PRIV_H
#define HANDLERS_MCP_PRIV_H

#include "base/buf.h"
#include "fcgi/edge.h"
#include "fcgi/request.h"
#include "fcgi/response.h"
#include "fcgi/route.h"
#include "mcp/server.h"
#include "mcp/write.h"
#include "tools/listing.h"

#define MCP_JSON "application/json"

/* One answer: a tool's result, six bytes for each control character. */
#define MCP_ANSWER_MAX (6 * TOOL_CONTENT_MAX + 1 * MIB)

/* What a process has for MCP. */
struct mcp_edge {
	struct toolbox *tools;
	const struct seal_ring *ring; /* of session ids */
};

/* A message on its way, and what its method's function works with. */
struct mcp_work {
	struct edge *edge;
	const struct settings *settings;
	const struct caller *caller;
	struct arena *mem;
	struct mcp_call call;
	char session[MCP_SESSION_ID_MAX]; /* that initialize began; "" none */
};

/*
 * A method: append its whole answer to ${out}: 0; or say in ${fault} why there
 * is none: -1.  -1 without a fault: ${out} is full.
 */
typedef int mcp_fn(struct mcp_work *w, struct buf *out,
    struct mcp_fault *fault);

/* mcp_hello.c */
mcp_fn mcp_initialize, mcp_ping, mcp_discover;
/* mcp_tools.c */
mcp_fn mcp_tools_list, mcp_tools_call;

/* mcp_methods.c */
mcp_fn *mcp_function(const struct mcp_method *method);
extern const bool MCP_OFFERS[MCP_METHODS];

/* mcp_who.c: headers for a page of another origin, once it is let in. */
void mcp_allow_origin(struct request *req);

#endif
