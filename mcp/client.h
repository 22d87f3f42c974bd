/*
 * mcp/client: an MCP server over HTTP, as its client.
 *
 * Speaks 2026-07-28 first and falls back to initialize (2025-11-25, and what
 * the server negotiates), or to HTTP+SSE (2024-11-05) (the brief's sections
 * 14 and 18).  The era, a legacy session id and the negotiated version are
 * remembered in the client; it may be used by many threads at once.
 */
#ifndef MCP_CLIENT_H
#define MCP_CLIENT_H

#include <jansson.h>

#include "base/arena.h"
#include "base/base.h"

#define MCP_WHY_MAX 160

struct mcp_client;

/* ${headers}: "Name: value", NULL-terminated, copied; they may hold secrets. */
struct mcp_client *mcp_client_new(const char *name, const char *url,
    const char *const *headers, int timeout_ms);
void mcp_client_free(struct mcp_client *c);
/* The same server, asked with the same headers: what ${a} knows of it (an era,
 * a session) serves for ${b}, too. */
bool mcp_client_is_same(const struct mcp_client *a, const struct mcp_client *b);
/* Of the next requests; calls that run keep theirs. */
void mcp_client_set_timeout(struct mcp_client *c, int timeout_ms);

enum mcp_rc {
	MCP_OK,
	MCP_ERROR,     /* a JSON-RPC error; ${why} holds its message */
	MCP_UNREACHED, /* no connection, 5xx, time-out before anything */
	MCP_UNKNOWN,   /* broken after sending: may have happened */
	MCP_DENIED,    /* 401 403 */
	MCP_PROTOCOL,  /* not an MCP answer */
	MCP_CANCELLED,
};

/*
 * All pages of tools/list: an array of tools as the server wrote them (those
 * with invalid x-mcp-header annotations left out, logged), a new reference.
 * ${ttl_ms}: what the server says, -1 nothing.  Setting *${cancel} (it may be
 * NULL) ends it.
 */
enum mcp_rc mcp_client_tools(struct mcp_client *c, const volatile int *cancel,
    json_t **tools, int64_t *ttl_ms, char why[MCP_WHY_MAX]) WARN_UNUSED;

/*
 * tools/call.  ${result} is the whole CallToolResult in ${mem}.  Progress
 * notifications are handed to ${on_progress}; setting *${cancel} cancels at
 * the server too (closing the stream, or notifications/cancelled).
 * ${schema}: the tool's inputSchema, for x-mcp-header parameters; may be NULL.
 */
struct mcp_call_options {
	int deadline_ms;
	const volatile int *cancel;
	void (*on_progress)(void *ctx, double progress, double total,
	    const char *message);
	void *ctx;
	/* To an earlier result that asked (input_required); NULL: none. */
	const json_t *answers; /* KEY -> answer */
	const char *state;     /* as it came with the questions */
};
enum mcp_rc mcp_client_call(struct mcp_client *c, const char *name,
    const json_t *arguments, const json_t *schema,
    const struct mcp_call_options *o, struct arena *mem, json_t **result,
    char why[MCP_WHY_MAX]) WARN_UNUSED;

/* True once since the last question, if the server said that its list
 * changed. */
bool mcp_client_list_changed(struct mcp_client *c);

/* "2026-07-28", "2025-11-25", ...; "" before the first contact. */
const char *mcp_client_version(struct mcp_client *c);

/* ${text}, of this server, without the keys that it was sent: values of headers
 * whose names say so, and the address behind its host.  ${text} itself, or a
 * copy in ${mem}. */
const char *mcp_client_hide(const struct mcp_client *c, struct arena *mem,
    const char *text);
/* The same of all strings in ${doc}, which ${mem} owns. */
json_t *mcp_client_hide_json(const struct mcp_client *c, struct arena *mem,
    json_t *doc);

/*
 * A CallToolResult, or what came in place of one, as items: DONE or FAILED.
 * Strings are borrowed from ${result}.
 */
struct tool_result;
void mcp_result_read(struct arena *mem, const json_t *result,
    struct tool_result *out);

#endif
