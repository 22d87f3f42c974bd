/*
 * write: what a server answers, in the words of the message's revision.
 *
 *	mcp_result_begin(out, call);
 *	mcp_member(out, "tools");
 *	buf_add(out, list, len);
 *	mcp_result_end(out, call, &cache);
 *
 * All append to ${out}; -1 when it is full.  What eras write differently is in
 * struct mcp_writer, of which there is one each: nobody else asks for a
 * revision.
 */
#ifndef MCP_WRITE_H
#define MCP_WRITE_H

#include <jansson.h>

#include "base/base.h"

struct buf;
struct mcp_call;
struct mcp_fault;
struct tool_result;

/* How long, and for whom else, a list or a resource is good. */
struct mcp_cache {
	int64_t ttl_ms;
	bool is_public; /* the same for every caller, whoever asks */
};

struct mcp_writer {
	/* What a result begins with, behind its brace, and ends with. */
	int (*begin)(struct buf *out);
	int (*end)(struct buf *out, const struct mcp_call *call,
	    const struct mcp_cache *cache);
	int unknown_status; /* HTTP's, of an unknown method */
	int no_resource;    /* the code where there is none of that URI */
};

extern const struct mcp_writer MCP_WRITE_LEGACY, MCP_WRITE_MODERN;

int mcp_result_begin(struct buf *out, const struct mcp_call *call) WARN_UNUSED;
/* The name of the next member; its value is the caller's. */
int mcp_member(struct buf *out, const char *name) WARN_UNUSED;
/* ${cache} NULL: it is no result of that kind. */
int mcp_result_end(struct buf *out, const struct mcp_call *call,
    const struct mcp_cache *cache) WARN_UNUSED;

/* {"name", "version"} of this program. */
int mcp_write_info(struct buf *out, const struct mcp_call *call) WARN_UNUSED;

int mcp_write_fault(struct buf *out, const struct mcp_call *call,
    const struct mcp_fault *fault) WARN_UNUSED;

/* A whole answer of 2026-07-28: ${questions}, an object or NULL, and the state
 * that is to come back with their answers. */
int mcp_write_questions(struct buf *out, const struct mcp_call *call,
    const json_t *questions, const char *state) WARN_UNUSED;

/* A whole answer: what came of a tool, DONE or FAILED, with what the revision
 * knows of it. */
int mcp_write_tool_result(struct buf *out, const struct mcp_call *call,
    const struct tool_result *result) WARN_UNUSED;

/* The same as an object of the newest revision, for who is told it later: from
 * there a client of another one has it by mcp_result_read. */
struct arena;
int mcp_write_tool_whole(struct buf *out, struct arena *mem,
    const struct tool_result *result) WARN_UNUSED;

#endif
