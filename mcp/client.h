/*
 * mcp/client: an MCP server over HTTP, as its client.
 *
 * Speaks 2026-07-28 first and falls back to initialize (2025-11-25, and what
 * the server negotiates), or to HTTP+SSE (2024-11-05).  The era, a legacy
 * session id and the negotiated version are remembered in the client; it may
 * be used by many threads at once.
 */
#ifndef MCP_CLIENT_H
#define MCP_CLIENT_H

#include <jansson.h>

#include "base/arena.h"
#include "base/base.h"
#include "nouns/tool_level.h"

#define MCP_WHY_MAX 160

struct mcp_client;

/* Who names the address of a server. */
enum mcp_trust {
	MCP_TRUST_OPERATOR, /* the configuration: http:// and any net */
	MCP_TRUST_NOBODY,   /* a user: https, and no private address */
};

/*
 * What a server asks of its client (before 2026-07-28 only: later ones end a
 * call that asks with questions instead).  It runs on the thread of a call,
 * within that call's deadline; many at once.  On a long GET (HTTP+SSE) that is
 * the thread that reads for all calls of the server, which wait meanwhile: who
 * asks a person there answers elsewhere.  What comes on the optional GET stream
 * of Streamable HTTP is not heard.  Without it, and for what it does
 * not know, the server is told that there is no such method; ping is always
 * answered.
 */
struct mcp_reply {
	json_t *result;      /* a new reference; NULL: an error */
	int code;            /* of it, JSON-RPC's */
	const char *message; /* of it, a literal */
};
struct mcp_handler {
	/* False: no such method.  ${params} may be NULL. */
	bool (*request)(void *arg, const char *method, const json_t *params,
	    struct mcp_reply *reply);
	/* All but progress of a call, which the call hears of; may be NULL. */
	void (
	    *notification)(void *arg, const char *method, const json_t *params);
	void *arg;
};

/* All of it is copied but ${handler}, which lives as long as the client. */
struct mcp_client_options {
	const char *name; /* for logs */
	const char *url;
	const char *const *headers; /* "Name: value", NULL ends, or NULL; they
				       may hold secrets */
	int timeout_ms;             /* of a request; 0: 30 s */
	enum mcp_trust trust;       /* in ${url} */
	/* What we say that we can be asked for, a JSON object as text; NULL:
	 * nothing.  Who says something serves it in ${handler}. */
	const char *capabilities;
	const struct mcp_handler *handler; /* or NULL */
};
struct mcp_client *mcp_client_new(const struct mcp_client_options *o);
void mcp_client_free(struct mcp_client *c);
/* The same server, asked in the same way: what ${a} knows of it (an era,
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
 * tools/call.  ${result} is the whole CallToolResult in ${mem}, or an
 * input_required in its place, as which the error of 2025-11-25 comes that asks
 * a person to open an address.  Progress
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
	/* Of this call in place of the client's; NULL: those.  Servers before
	 * 2026-07-28 know the client's capabilities only, and those that answer
	 * on one long GET ask the client's handler. */
	const char *capabilities;
	const struct mcp_handler *handler;
	const char *trace; /* a W3C traceparent for the server, or NULL */
	/* What is written to its log while it works is handed to ${on_log}, from
	 * ${level} on; ${text} is in memory that is gone afterwards.  Servers
	 * that answer on one long GET tell it to the client's handler. */
	void (*on_log)(void *ctx, enum tool_level level, const char *text);
	enum tool_level level;
};
enum mcp_rc mcp_client_call(struct mcp_client *c, const char *name,
    const json_t *arguments, const json_t *schema,
    const struct mcp_call_options *o, struct arena *mem, json_t **result,
    char why[MCP_WHY_MAX]) WARN_UNUSED;

/*
 * Any request, ${method} with ${params} (an object or NULL; its _meta is left
 * out, as that is ours).  What must not happen twice is sent once, as a call
 * is; a method that is not known counts as such.  A tool is called by
 * mcp_client_call, which also writes the headers that its schema asks for.
 *
 * Nobody but the tests asks it yet: it is for prompts, resources and tasks.
 */
struct mcp_answer {
	json_t *result; /* MCP_OK: whole, in ${mem} */
	/* MCP_ERROR: the server's own; else 0, "" and NULL */
	int64_t code;
	const char *message;
	const json_t *data;
};
enum mcp_rc mcp_client_request(struct mcp_client *c, const char *method,
    const json_t *params, const struct mcp_call_options *o, struct arena *mem,
    struct mcp_answer *answer, char why[MCP_WHY_MAX]) WARN_UNUSED;

/* True once since the last question, if the server said that its list
 * changed. */
bool mcp_client_list_changed(struct mcp_client *c);

/* "2026-07-28", "2025-11-25", ...; "" before the first contact.  For tests. */
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
