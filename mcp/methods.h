/*
 * methods: THE table of the methods that a client may call.
 *
 * A method is served where handlers/mcp_methods.c has a function for it, and
 * only then is its capability told.  To add one: a row here, with its place in
 * the enum, and its function there.
 */
#ifndef MCP_METHODS_H
#define MCP_METHODS_H

#include "base/base.h"

struct buf;

enum mcp_method_id {
	MCP_TOOLS_CALL, /* first: nearly all are */
	MCP_TOOLS_LIST,
	MCP_INITIALIZE,
	MCP_PING,
	MCP_DISCOVER,
	MCP_RESOURCES_LIST,
	MCP_RESOURCES_TEMPLATES,
	MCP_RESOURCES_READ,
	MCP_RESOURCES_SUBSCRIBE,
	MCP_RESOURCES_UNSUBSCRIBE,
	MCP_PROMPTS_LIST,
	MCP_PROMPTS_GET,
	MCP_COMPLETE,
	MCP_SET_LEVEL,
	MCP_LISTEN,
	MCP_TASKS_GET,
	MCP_TASKS_UPDATE,
	MCP_TASKS_CANCEL,
	MCP_METHODS,
};

struct mcp_method {
	const char *name;
	unsigned eras;          /* MCP_LEGACY | MCP_MODERN (revision.h) */
	const char *capability; /* that it belongs to; NULL: none */
	unsigned told;          /* eras that are told the capability; 0: eras */
	const char *named;      /* the parameter that Mcp-Name repeats */
	unsigned needs;         /* MCP_CAN_*: what the client must have */
	bool counts;            /* for its key's limit of calls */
};

extern const struct mcp_method MCP_METHOD[MCP_METHODS];

/* NULL: unknown. */
const struct mcp_method *mcp_method_find(const char *name);

/* The capabilities of who serves ${offers} to a client of ${era}: an object. */
int mcp_capabilities_write(struct buf *out, const bool offers[MCP_METHODS],
    unsigned era) WARN_UNUSED;

#endif
