/*
 * mcp_content: what resources, prompts and completion share: lists in pages,
 * and how a source's answer becomes a fault.
 */
#ifndef HANDLERS_MCP_CONTENT_H
#define HANDLERS_MCP_CONTENT_H

#include "content/content.h"
#include "handlers/mcp_priv.h"

/* Raise the versions of what has changed in ${st}: mcp_changes.c. */
void mcp_content_ears(struct store *st, struct content_ears *out);

/* Who asks, for a source. */
void mcp_content_ctx(const struct mcp_work *w, struct content_ctx *ctx);

/* Answer with a page of ${list}, as the member ${name} of the result. */
int mcp_content_list(struct mcp_work *w, struct buf *out,
    struct mcp_fault *fault, enum content_list list, const char *name);

/* What a method returns where ${rc} is not OK.  Of NONE, ${unknown} is the
 * message. */
int mcp_content_end(const struct mcp_work *w, enum content_rc rc,
    const struct content_answer *answer, const char *unknown,
    struct mcp_fault *fault);

#endif
