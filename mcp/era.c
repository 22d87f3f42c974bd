#include "mcp/era.h"

#include <string.h>

#include "base/json.h"

/* What a legacy request says of itself: by its header, if by anything. */
static const struct mcp_revision *
by_header(const struct mcp_head *head)
{
	return head->version == NULL ? &MCP_REVISION[MCP_UNNAMED]
				     : mcp_revision_find(head->version);
}

const struct mcp_revision *
mcp_era(const struct mcp_call *call)
{
	const struct mcp_revision *named;

	if (json_object_get(call->meta, MCP_META_VERSION) != NULL)
		return &MCP_REVISION[MCP_NEWEST];
	/* Whatever the header says: some write there what they wish for. */
	if (call->kind == RPC_REQUEST && strcmp(call->name, "initialize") == 0)
		return mcp_revision_agreed(
		    json_member_str(call->params, "protocolVersion"));
	named = by_header(call->head);
	/* A modern header, or one that nobody knows, and no _meta: the ladder
	 * says what is missing. */
	return named != NULL && named->era == MCP_LEGACY
	    ? named
	    : &MCP_REVISION[MCP_NEWEST];
}
