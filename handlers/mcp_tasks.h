/*
 * mcp_tasks: tools' calls that go on as tasks, as a client of /mcp has them.
 *
 * mcp_task.c begins one and waits for it; mcp_tasks.c has the methods of the Tasks
 * extension; mcp_task_write.c says what one is.
 */
#ifndef HANDLERS_MCP_TASKS_H
#define HANDLERS_MCP_TASKS_H

#include "handlers/mcp_priv.h"
#include "redis/task.h"

/* Does a call of ${t} become a task by mcp.tasks, without being asked first? */
bool mcp_is_task(const struct mcp_post *p, const struct listed_tool *t);
/* Can its client ask for tasks itself? */
bool mcp_takes_tasks(const struct mcp_call *c);

/*
 * The call of ${t} goes on as a task: it is written, and then either the answer
 * (its id), or ${w}->post awaits it: MCP_WAITS.  ${ctx} has the answers and the
 * state with which it was called.
 */
int mcp_task_begin(struct mcp_work *w, const struct listed_tool *t,
    const struct tool_ctx *ctx, const json_t *arguments, struct buf *out,
    struct mcp_fault *fault);

/* Is what ${p} awaits over?  Then ${p} has it: mcp_task_answer, by the method that
 * began it.  Asks Redis. */
bool mcp_task_is_over(struct mcp_post *p);
int mcp_task_answer(struct mcp_work *w, struct buf *out,
    struct mcp_fault *fault);
/* Nobody reads the answer: cancel what ${p} awaits, where its revision says so. */
void mcp_task_abandon(struct mcp_post *p);

/* task_cancel, counted and logged. */
enum store_rc mcp_task_cancel(struct store *st, const struct chat_name *name,
    const char *id) WARN_UNUSED;

/* Append the members of a task, behind others of an object: all but what came
 * of it, unless it is over. */
int mcp_task_write(struct buf *out, struct arena *mem, const char *id,
    const struct task *t) WARN_UNUSED;

#endif
