/*
 * server: MCP as a server speaks it: from a POST's headers and JSON to a
 * struct mcp_call.  How it is answered is write.h.  No I/O, no clock.
 *
 * A POST holds one message; of 2025-03-26 it may hold an array of them.  Each
 * climbs the ladder (ladder.c): a table of checks in the order in which a
 * client may rely on them.  What arrives at its end is served by the function
 * that handlers/ has for its method.
 */
#ifndef MCP_SERVER_H
#define MCP_SERVER_H

#include <jansson.h>

#include "base/base.h"
#include "mcp/methods.h"
#include "mcp/revision.h"
#include "mcp/rpc.h"
#include "mcp/session_id.h"
#include "nouns/tool_level.h"

struct arena;
struct seal_ring;

#define MCP_BATCH_MAX 100 /* messages of one array: it is one thread's work */

/* Headers as they came; NULL: not sent. */
struct mcp_head {
	const char *version; /* MCP-Protocol-Version */
	const char *method;  /* Mcp-Method */
	const char *name;    /* Mcp-Name */
	const char *session; /* Mcp-Session-Id */
	const char *accept;
	const char *once; /* Idempotency-Key: ours, no revision's */
	/* Any other one, such as Mcp-Param-Zone. */
	const char *(*header)(const void *ctx, const char *name);
	const void *ctx;
};

/* Who serves, and whom: the same for each message of a POST. */
struct mcp_server {
	const char *version;          /* of this program */
	const bool *offers;           /* by enum mcp_method_id: it is served */
	const struct seal_ring *ring; /* of session ids */
	const char *key;              /* id of the caller's key, or "" */
	int64_t now_s;                /* Unix time */
	int64_t session_max_s;
	bool ended; /* the session that was named was ended (DELETE) */
};

/* Why a message is not served. */
struct mcp_fault {
	int code;            /* JSON-RPC's */
	int status;          /* of HTTP, where nothing else was written yet */
	const char *message; /* for who reads the client's log */
	json_t *data;        /* in the call's arena, or NULL */
};

struct mcp_call {
	/* set by who calls mcp_climb */
	struct arena *mem;
	const struct mcp_server *server;
	const struct mcp_head *head;
	bool in_batch;

	enum rpc_kind kind;
	const struct mcp_revision *revision; /* never NULL after the ladder */
	const struct mcp_method *method;     /* its row; NULL: unknown */
	const char *name;                    /* of the method, as it came */
	const json_t *id;                    /* string or integer, or NULL */
	const json_t *params;                /* an object, or NULL */
	const json_t *meta;                  /* params._meta, or NULL */
	unsigned client;       /* MCP_CAN_*: what the client said it can do */
	const json_t *token;   /* progressToken, string or integer, or NULL */
	const char *trace;     /* traceparent, or NULL */
	enum tool_level level; /* of what it wants to be told of the call */
	bool has_session;
	struct mcp_session session;
};

/*
 * Let ${doc} climb the ladder.  True: it is to be served (RPC_REQUEST), or to
 * be acknowledged with 202 (all other kinds).  False: ${fault} says why not;
 * ${call} has what the answer needs, its id too where that could be read.
 */
bool mcp_climb(struct mcp_call *call, json_t *doc,
    struct mcp_fault *fault) WARN_UNUSED;

/* May a POST with ${head} hold an array?  False: ${fault}. */
bool mcp_may_batch(struct mcp_call *call, const json_t *array,
    struct mcp_fault *fault) WARN_UNUSED;

/*
 * The rung of tools/call that needs the tool: do the Mcp-Param-* headers say
 * what ${arguments} say, by the annotations of ${schema}?
 */
bool mcp_params_agree(const struct mcp_call *call, const json_t *schema,
    const json_t *arguments, struct mcp_fault *fault) WARN_UNUSED;

/* A fault of a method itself, for which HTTP's status is 200.  Returns -1. */
int mcp_fail(struct mcp_fault *fault, int code, const char *message);

/* A fault: the client did not say that it can do ${needs} (MCP_CAN_*). */
void mcp_fault_capability(struct mcp_call *call, unsigned needs,
    struct mcp_fault *fault);

/* Where the page of a list begins; NULL: at its beginning, as null and "" mean
 * for clients that write what they leave out. */
const json_t *mcp_cursor(const struct mcp_call *c);

#endif
