/*
 * mcp_resume: the stream of a legacy call goes on at any edge, by the id of the
 * last event that its client has.
 *
 * Its events are kept in Redis (redis/mcps.h) by the thread that serves the
 * call, before they are sent.  Who resumes gets those that it has not, and then
 * those that come: it looks every second, as nobody knows where it is.
 */
#ifndef HANDLERS_MCP_RESUME_H
#define HANDLERS_MCP_RESUME_H

#include "handlers/mcp_priv.h"

/* GET with Last-Event-ID ${last}.  Returns as a handler does. */
int mcp_resume(struct request *req, const struct mcp_post *p, const char *last);

#endif
