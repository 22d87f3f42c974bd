/*
 * mcp_task: a tool's call that goes on as a task (redis/task.h), begun here.
 *
 * A client with the Tasks extension is told the task's id at once, and asks for
 * it itself (mcp_tasks.c).  Any other waits for the same task: its POST is parked
 * (mcp_park.c), without a thread, and served on when the task is over; then
 * mcp_task_answer has the call's answer.
 */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/glob.h"
#include "base/json.h"
#include "base/log.h"
#include "handlers/mcp_tasks.h"
#include "mcp/client.h"
#include "nouns/metric.h"
#include "redis/task.h"

#define LOOK_MS 200 /* plain CGI, which cannot be woken */

static bool
is_named(const struct config_list *globs, const char *tool)
{
	size_t i;

	for (i = 0; i < globs->n; i++)
		if (glob_matches(globs->items[i], tool))
			return true;
	return false;
}

bool
mcp_is_task(const struct mcp_post *p, const struct listed_tool *t)
{
	const struct config_list *globs = &policy_of(p->settings, &p->caller)
					       ->tasks;

	return t->row.task == TOOL_TASK_NEVER && globs->n > 0
	    && is_named(globs, t->name);
}

bool
mcp_takes_tasks(const struct mcp_call *c)
{
	return c->revision->era == MCP_MODERN && (c->client & MCP_CAN_TASKS);
}

static void
log_begun(const struct mcp_work *w, const struct listed_tool *t, const char *id)
{
	log_event(LOG_INFO, "task_begun", F_STR("task", id),
	    F_STR("tool", t->name), F_STR("source", listing_source(t)),
	    F_STR("key", w->post->caller.key), F_STR("trace", w->call.trace));
}

/* Its id, for a client that asks for it. */
static int
write_begun(struct mcp_work *w, const char *id, int64_t now_ms, struct buf *out)
{
	const struct task t = { .state = TASK_WORKING,
		.created_ms = now_ms,
		.updated_ms = now_ms,
		.ends_ms = now_ms + TASK_KEEP_MS };

	return rpc_write_head(out, w->call.id) == -1
		|| buf_add_str(out, "\"result\":{\"resultType\":\"task\"") == -1
		|| mcp_task_write(out, w->mem, id, &t) == -1
	    ? MCP_FAILED
	    : mcp_result_end(out, &w->call, NULL);
}

static int
say_failed(struct mcp_work *w, struct buf *out, const char *text)
{
	struct tool_result result = { .end = TOOL_FAILED };

	tool_result_say(w->mem, &result, TOOL_FAILED, text);
	return mcp_write_tool_result(out, &w->call, &result);
}

static int
refused(struct mcp_work *w, enum store_rc rc, struct buf *out,
    struct mcp_fault *fault)
{
	if (rc == STORE_FULL)
		return say_failed(w, out,
		    "Too many tasks are open already; wait until one of them "
		    "ends.");
	(void)mcp_fail(fault, RPC_INTERNAL, "tasks cannot be begun now");
	fault->status = 503;
	return MCP_FAILED;
}

/* A loop of its own: this process ends with its one request. */
static int
wait_here(struct mcp_work *w, struct buf *out, struct mcp_fault *fault)
{
	int64_t until = clock_boot_ms() + w->post->settings->mcp_task_max_ms;

	while (!mcp_task_is_over(w->post) && clock_boot_ms() < until)
		usleep(LOOK_MS * 1000);
	return mcp_task_answer(w, out, fault);
}

int
mcp_task_begin(struct mcp_work *w, const struct listed_tool *t,
    const struct tool_ctx *ctx, const json_t *arguments, struct buf *out,
    struct mcp_fault *fault)
{
	struct mcp_post *p = w->post;
	bool gives_id = mcp_takes_tasks(&w->call);
	const struct task_call call = { .tool = t->name,
		.arguments = arguments,
		.caller = p->caller,
		.answers = ctx->answers,
		.state = ctx->state,
		.request = ctx->request,
		.trace = ctx->trace };
	struct chat_name name;
	char id[TASK_ID_MAX];
	int64_t now_ms;
	enum store_rc rc;

	if (!gives_id && !p->may_wait)
		return MCP_WAITS;
	task_id_new(id);
	if (task_name(&name, p->caller.key, id) == -1)
		return mcp_fail(fault, RPC_INTERNAL, "this key has no tasks");
	rc = task_put(p->edge->store, &name, id, &call,
	    gives_id || p->address == NULL ? "" : p->address, &now_ms);
	if (rc != STORE_OK)
		return refused(w, rc, out, fault);
	log_begun(w, t, id);
	if (gives_id)
		return write_begun(w, id, now_ms, out);
	p->awaits = arena_strdup(p->mem, name.text);
	return p->address == NULL ? wait_here(w, out, fault) : MCP_WAITS;
}

/* ---- waiting for it ------------------------------------------------------ */

bool
mcp_task_is_over(struct mcp_post *p)
{
	struct task *t = arena_alloc(p->mem, sizeof(*t));
	enum store_rc rc = STORE_DOWN;

	if (task_find_all(p->edge->store, &p->awaits, 1, true, p->mem, t, &rc)
		!= STORE_OK
	    || rc == STORE_DOWN || (rc == STORE_OK && !task_is_over(t->state)))
		return false;
	if (rc != STORE_OK) /* Redis was emptied, or lacks the key */
		*t = (struct task){ .state = TASK_FAILED };
	p->over = t;
	return true;
}

void
mcp_task_abandon(struct mcp_post *p)
{
	struct chat_name name;
	char id[TASK_ID_MAX];

	if (p->closes && p->awaits != NULL
	    && task_name_parse(&name, p->awaits, id) == 0)
		(void)!mcp_task_cancel(p->edge->store, &name, id);
}

static int
answer_error(struct mcp_work *w, const struct task *t, struct buf *out,
    struct mcp_fault *fault)
{
	const json_t *error = t->result == NULL
	    ? NULL
	    : json_read(w->mem, t->result, t->result_len, NULL, NULL);
	int code = (int)json_member_int(error, "code", RPC_INTERNAL);
	const char *why = json_member_str(error, "message");

	if (why == NULL)
		why = "outcome unknown: what was stored of the call is gone";
	if (code != RPC_INTERNAL) /* the tool's own word */
		return mcp_fail(fault, code, why);
	return say_failed(w, out,
	    arena_printf(w->mem, "The call failed: %s.", why));
}

int
mcp_task_answer(struct mcp_work *w, struct buf *out, struct mcp_fault *fault)
{
	struct mcp_post *p = w->post;
	const struct task *t = p->over;
	struct tool_result result = { .end = TOOL_FAILED };
	json_t *doc;

	p->over = NULL;
	p->awaits = NULL;
	if (t == NULL)
		return say_failed(w, out, "The call took too long.");
	if (t->state == TASK_CANCELLED)
		return say_failed(w, out, "The call was cancelled.");
	doc = t->state != TASK_COMPLETED || t->result == NULL
	    ? NULL
	    : json_read(w->mem, t->result, t->result_len, NULL, NULL);
	if (doc == NULL)
		return answer_error(w, t, out, fault);
	mcp_result_read(w->mem, doc, &result);
	return mcp_write_tool_result(out, &w->call, &result);
}
