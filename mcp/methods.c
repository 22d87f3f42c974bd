#include "mcp/methods.h"

#include <string.h>

#include "base/buf.h"
#include "mcp/revision.h"

#define BOTH (MCP_LEGACY | MCP_MODERN)

const struct mcp_method MCP_METHOD[MCP_METHODS] = {
	[MCP_TOOLS_CALL] = { .name = "tools/call",
	    .eras = BOTH,
	    .capability = "tools",
	    .named = "name",
	    .counts = true },
	[MCP_TOOLS_LIST] = { .name = "tools/list",
	    .eras = BOTH,
	    .capability = "tools" },
	[MCP_INITIALIZE] = { .name = "initialize", .eras = MCP_LEGACY },
	[MCP_PING] = { .name = "ping", .eras = MCP_LEGACY },
	[MCP_DISCOVER] = { .name = "server/discover", .eras = MCP_MODERN },
	[MCP_RESOURCES_LIST] = { .name = "resources/list",
	    .eras = BOTH,
	    .capability = "resources" },
	[MCP_RESOURCES_TEMPLATES] = { .name = "resources/templates/list",
	    .eras = BOTH,
	    .capability = "resources" },
	[MCP_RESOURCES_READ] = { .name = "resources/read",
	    .eras = BOTH,
	    .capability = "resources",
	    .named = "uri",
	    .counts = true },
	[MCP_RESOURCES_SUBSCRIBE] = { .name = "resources/subscribe",
	    .eras = MCP_LEGACY,
	    .capability = "resources" },
	[MCP_RESOURCES_UNSUBSCRIBE] = { .name = "resources/unsubscribe",
	    .eras = MCP_LEGACY,
	    .capability = "resources" },
	[MCP_PROMPTS_LIST] = { .name = "prompts/list",
	    .eras = BOTH,
	    .capability = "prompts" },
	[MCP_PROMPTS_GET] = { .name = "prompts/get",
	    .eras = BOTH,
	    .capability = "prompts",
	    .named = "name",
	    .counts = true },
	[MCP_COMPLETE] = { .name = "completion/complete",
	    .eras = BOTH,
	    .capability = "completions",
	    .counts = true },
	[MCP_SET_LEVEL] = { .name = "logging/setLevel",
	    .eras = MCP_LEGACY,
	    .capability = "logging",
	    .told = BOTH },
	[MCP_LISTEN] = { .name = "subscriptions/listen", .eras = MCP_MODERN },
	[MCP_TASKS_GET] = { .name = "tasks/get",
	    .eras = MCP_MODERN,
	    .named = "taskId",
	    .needs = MCP_CAN_TASKS },
	[MCP_TASKS_UPDATE] = { .name = "tasks/update",
	    .eras = MCP_MODERN,
	    .named = "taskId",
	    .needs = MCP_CAN_TASKS },
	[MCP_TASKS_CANCEL] = { .name = "tasks/cancel",
	    .eras = MCP_MODERN,
	    .named = "taskId",
	    .needs = MCP_CAN_TASKS },
};

const struct mcp_method *
mcp_method_find(const char *name)
{
	size_t i;

	for (i = 0; i < MCP_METHODS; i++)
		if (strcmp(MCP_METHOD[i].name, name) == 0)
			return &MCP_METHOD[i];
	return NULL;
}

/* Is the capability of ${row} one of what ${era} is told? */
static bool
is_of(const struct mcp_method *row, unsigned era)
{
	return row->capability != NULL
	    && ((row->told != 0 ? row->told : row->eras) & era);
}

/* Did a row before ${end} tell the capability of that row already? */
static bool
is_told(const bool offers[MCP_METHODS], unsigned era, size_t end)
{
	size_t i;

	for (i = 0; i < end; i++)
		if (offers[i] && is_of(&MCP_METHOD[i], era)
		    && strcmp(MCP_METHOD[i].capability,
			   MCP_METHOD[end].capability)
			== 0)
			return true;
	return false;
}

/* What it can do besides: tell of changes, by a stream (both eras). */
static const char *
besides(const bool offers[MCP_METHODS], const char *capability)
{
	bool subscribes = strcmp(capability, "resources") == 0;

	if (!offers[MCP_LISTEN]
	    || (!subscribes && strcmp(capability, "tools") != 0
		&& strcmp(capability, "prompts") != 0))
		return "";
	return subscribes && offers[MCP_RESOURCES_SUBSCRIBE]
	    ? "\"listChanged\":true,\"subscribe\":true"
	    : "\"listChanged\":true";
}

int
mcp_capabilities_write(struct buf *out, const bool offers[MCP_METHODS],
    unsigned era)
{
	const char *comma = "";
	size_t i;

	if (buf_add_char(out, '{') == -1)
		return -1;
	for (i = 0; i < MCP_METHODS; i++) {
		if (!offers[i] || !is_of(&MCP_METHOD[i], era)
		    || is_told(offers, era, i))
			continue;
		if (buf_printf(out, "%s\"%s\":{%s}", comma,
			MCP_METHOD[i].capability,
			besides(offers, MCP_METHOD[i].capability))
		    == -1)
			return -1;
		comma = ",";
	}
	if (offers[MCP_TASKS_GET] && (MCP_METHOD[MCP_TASKS_GET].eras & era)
	    && buf_printf(out, "%s\"extensions\":{\"" MCP_TASKS "\":{}}", comma)
		== -1)
		return -1;
	return buf_add_char(out, '}');
}
