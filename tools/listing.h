/*
 * listing: all tools of a process as an MCP client is told them: what their
 * sources say of them, byte by byte, and not what fits a model (tools/view.h).
 *
 * It is made once per change; the text of each tool is written then, so that a
 * list costs a copy.
 */
#ifndef TOOLS_LISTING_H
#define TOOLS_LISTING_H

#include "tools/tool.h"

struct catalogue_tool;
struct mcp_schema;
struct source;
struct view;

struct listed_tool {
	const char *name; /* as it is called: TOOL, of a server SERVER__TOOL */
	const char *text; /* its definition by that name: JSON */
	size_t len;
	const json_t *schema;           /* of its arguments */
	const struct mcp_schema *rules; /* the same, read (mcp/schema.h) */
	bool mirrored;       /* some are repeated in headers: mcp/params.h */
	struct tool_row row; /* read_only: its source is ours, and says so */
	bool quick;          /* a call waits for nobody */
	/* for listing_call */
	struct source *source;
	const struct catalogue_tool *original;
};

/* Counted, never changed. */
struct listing {
	_Atomic int refs;
	struct view *view; /* what it was made of, and what keeps it */
	struct arena *mem;
	struct listed_tool *tools; /* in the order of their sources */
	size_t n;
	const char *text; /* of all, with commas between: no brackets */
	size_t len;
	bool whole; /* each source has answered, or failed, once */
	/* by name; of the listing */
	const struct listed_tool **sorted;
};

/* What there is now.  Never NULL. */
struct listing *listing_ref(struct toolbox *b);
void listing_unref(struct listing *l); /* NULL is fine */
/* What there is once that is another one than ${old} (may be NULL), or after
 * ${wait_ms}, or toolbox_rouse.  One thread waits so. */
struct listing *listing_after(struct toolbox *b, const struct listing *old,
    int wait_ms);

/* NULL: there is none of that name. */
const struct listed_tool *listing_find(const struct listing *l,
    const char *name);

/* Its source's name, for logs. */
const char *listing_source(const struct listed_tool *t);

/* As tools_call, which see, of arguments that are an object. */
void listing_call(const struct listed_tool *t, const struct tool_ctx *ctx,
    const json_t *arguments, struct arena *mem, struct tool_result *result);

#endif
