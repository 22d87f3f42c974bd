/*
 * mcp_methods: which function serves which method of mcp/methods.h.  One
 * without a function is unknown to clients, and its capability is not told.
 */
#include "handlers/mcp_priv.h"

/* id, function */
#define SERVED(_)                                           \
	_(MCP_TOOLS_CALL, mcp_tools_call)                   \
	_(MCP_TOOLS_LIST, mcp_tools_list)                   \
	_(MCP_INITIALIZE, mcp_initialize)                   \
	_(MCP_PING, mcp_ping)                               \
	_(MCP_DISCOVER, mcp_discover)                       \
	_(MCP_RESOURCES_LIST, mcp_resources_list)           \
	_(MCP_RESOURCES_TEMPLATES, mcp_resources_templates) \
	_(MCP_RESOURCES_READ, mcp_resources_read)           \
	_(MCP_PROMPTS_LIST, mcp_prompts_list)               \
	_(MCP_PROMPTS_GET, mcp_prompts_get)                 \
	_(MCP_COMPLETE, mcp_complete)                       \
	_(MCP_TASKS_GET, mcp_tasks_get)                     \
	_(MCP_TASKS_UPDATE, mcp_tasks_update)               \
	_(MCP_TASKS_CANCEL, mcp_tasks_cancel)               \
	_(MCP_SET_LEVEL, mcp_set_level)                     \
	_(MCP_LISTEN, mcp_listen)                           \
	_(MCP_RESOURCES_SUBSCRIBE, mcp_subscribe)           \
	_(MCP_RESOURCES_UNSUBSCRIBE, mcp_unsubscribe)

#define FUNCTION(id, function) [id] = (function),
#define OFFER(id, function) [id] = true,

static mcp_fn *const FUNCTIONS[MCP_METHODS] = { SERVED(FUNCTION) };
const bool MCP_OFFERS[MCP_METHODS] = { SERVED(OFFER) };

mcp_fn *
mcp_function(const struct mcp_method *method)
{
	return FUNCTIONS[method - MCP_METHOD];
}
