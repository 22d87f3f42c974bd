/*
 * rpc: JSON-RPC 2.0 as MCP uses it: messages read and written, no I/O.
 */
#ifndef MCP_RPC_H
#define MCP_RPC_H

#include <jansson.h>

#include "base/base.h"

struct arena;
struct buf;

#define RPC_PARSE (-32700)
#define RPC_INVALID_REQUEST (-32600)
/* Codes that a client acts on, or answers with. */
#define RPC_NO_METHOD (-32601)
#define RPC_BAD_PARAMS (-32602)
#define RPC_INTERNAL (-32603)
#define RPC_NO_RESOURCE (-32002) /* before 2026-07-28 */
#define RPC_HEADER_MISMATCH (-32020)
#define RPC_NEEDS_CAPABILITY (-32021)
#define RPC_BAD_VERSION (-32022)
#define RPC_NEEDS_URL (-32042) /* 2025-11-25: a person opens an address first */

enum rpc_kind {
	RPC_INVALID,
	RPC_RESULT,
	RPC_ERROR,
	RPC_NOTIFICATION,
	RPC_REQUEST,
};

struct rpc_message {
	enum rpc_kind kind;
	const json_t *id;    /* NULL: none, or null */
	const char *method;  /* of requests and notifications */
	json_t *params;      /* an object, or NULL */
	json_t *result;      /* any value, null too */
	int64_t code;        /* of errors */
	const char *message; /* "" if there is none */
	json_t *data;        /* NULL: none */
};

/* Read ${doc}, one message; all of it is borrowed. */
void rpc_read_message(json_t *doc, struct rpc_message *m);

/*
 * Read one message, or the members of a batch, and hand each to ${on}, which
 * may stop by returning non-zero (then returned).  All of it is borrowed from
 * the document, which ${mem} owns.  0: all handed over; -1: not JSON.
 */
int rpc_read(struct arena *mem, const char *bytes, size_t len,
    int (*on)(void *ctx, const struct rpc_message *m), void *ctx) WARN_UNUSED;

/*
 * Is ${id} the number ${want}?  Some give it back as text, "3" for 3
 * (modelcontextprotocol/python-sdk#1720).
 */
enum rpc_id_match { RPC_ID_OTHER, RPC_ID_TEXT, RPC_ID_SAME };
enum rpc_id_match rpc_id_match(const json_t *id, int64_t want);

/*
 * Append a request (${id} > 0) or a notification (0).  ${params} and ${meta}
 * are members as JSON text without their braces; "" leaves them out.
 */
int rpc_write(struct buf *out, int64_t id, const char *method,
    const char *params, const char *meta) WARN_UNUSED;

/* Append the answer to a request; ${id} NULL: of which is not known. */
int rpc_write_result(struct buf *out, const json_t *id,
    const json_t *result) WARN_UNUSED;
int rpc_write_error(struct buf *out, const json_t *id, int code,
    const char *message) WARN_UNUSED;
/* The same with what a program may read; ${data} NULL: nothing. */
int rpc_write_fault(struct buf *out, const json_t *id, int code,
    const char *message, const json_t *data) WARN_UNUSED;
/* "jsonrpc" and "id" of an answer, and a comma. */
int rpc_write_head(struct buf *out, const json_t *id) WARN_UNUSED;

#endif
