/*
 * mcp_lists: what this process tells of its lists to all who listen.
 *
 * redis/versions.h has the versions and how listeners are woken.  A thread of
 * each edge raises the version of tools when its toolbox has another list than
 * the one that was told last, by whichever edge.  Another list (resources,
 * prompts) is raised by whoever watches its source: versions_raise(), or
 * versions_raise_resource() for one resource, from a thread that may wait.
 */
#ifndef HANDLERS_MCP_LISTS_H
#define HANDLERS_MCP_LISTS_H

#include "base/base.h"

struct store;
struct toolbox;

struct mcp_lists;

/* NULL: no thread to be had (logged); lists are served all the same. */
struct mcp_lists *mcp_lists_start(struct store *st, struct toolbox *tools);
void mcp_lists_stop(struct mcp_lists *l); /* before the toolbox; NULL is fine */

#endif
