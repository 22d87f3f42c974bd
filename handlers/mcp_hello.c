/*
 * mcp_hello: what a client asks first, in either era, and whether we are there.
 */
#include <string.h>

#include "base/json.h"
#include "handlers/mcp_priv.h"

#define DISCOVER_MS 3600000 /* what is served changes with the program */

int
mcp_initialize(struct mcp_work *w, struct buf *out, struct mcp_fault *fault)
{
	const struct mcp_call *c = &w->call;

	if (json_member_str(c->params, "protocolVersion") == NULL)
		return mcp_fail(fault, RPC_BAD_PARAMS,
		    "params.protocolVersion, a string, is missing");
	mcp_session_id_make(c->server->ring, c->server->key,
	    (int)(c->revision - MCP_REVISION),
	    mcp_client_can(json_object_get(c->params, "capabilities")),
	    c->server->now_s, w->post->session);
	return mcp_result_begin(out, c) == -1
		|| mcp_member(out, "protocolVersion") == -1
		|| json_add_str(out, c->revision->name,
		       strlen(c->revision->name))
		    == -1
		|| mcp_member(out, "capabilities") == -1
		|| mcp_capabilities_write(out, c->server->offers, MCP_LEGACY)
		    == -1
		|| mcp_member(out, "serverInfo") == -1
		|| mcp_write_info(out, c) == -1
	    ? -1
	    : mcp_result_end(out, c, NULL);
}

int
mcp_ping(struct mcp_work *w, struct buf *out, struct mcp_fault *fault)
{
	(void)fault;
	return mcp_result_begin(out, &w->call) == -1
	    ? -1
	    : mcp_result_end(out, &w->call, NULL);
}

int
mcp_discover(struct mcp_work *w, struct buf *out, struct mcp_fault *fault)
{
	const struct mcp_call *c = &w->call;
	const struct mcp_cache cache = { .ttl_ms = DISCOVER_MS,
		.is_public = true };
	const json_t *versions = json_keep(w->mem,
	    mcp_revision_names(MCP_MODERN));

	(void)fault;
	return mcp_result_begin(out, c) == -1
		|| mcp_member(out, "supportedVersions") == -1
		|| json_add(out, versions) == -1
		|| mcp_member(out, "capabilities") == -1
		|| mcp_capabilities_write(out, c->server->offers, MCP_MODERN)
		    == -1
	    ? -1
	    : mcp_result_end(out, c, &cache);
}
