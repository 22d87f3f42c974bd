/*
 * mcp_tasks: the methods of the Tasks extension (io.modelcontextprotocol/tasks).
 *
 * A task belongs to the key that began it: to any other it does not exist.
 */
#include "handlers/mcp_tasks.h"

#include <stdint.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "nouns/metric.h"

#define ANSWER_TRIES 5 /* when others answer the same task meanwhile */

static int
unknown(struct mcp_fault *fault)
{
	return mcp_fail(fault, RPC_BAD_PARAMS,
	    "params.taskId is no task of this key, or was kept long enough");
}

/* The task that ${w} names; -1: ${fault}. */
static int
named(struct mcp_work *w, struct chat_name *name, const char **id,
    struct mcp_fault *fault)
{
	*id = json_member_str(w->call.params, "taskId");
	if (*id == NULL)
		return mcp_fail(fault, RPC_BAD_PARAMS,
		    "params.taskId, a string, is missing");
	return task_name(name, w->post->caller.key, *id) == -1 ? unknown(fault)
							       : 0;
}

static int
too_often(struct mcp_work *w, int64_t wait_ms, struct mcp_fault *fault)
{
	if (w->post->retry_s < 1)
		w->post->retry_s = 1;
	*fault = (struct mcp_fault){ .code = 429,
		.status = 429,
		.message = "this task is asked for too often",
		.data = json_keep(w->mem,
		    json_pack("{s:I}", "retryAfterMs", (json_int_t)wait_ms)) };
	return -1;
}

/* 0; -1: ${fault} says why there is none. */
static int
find(struct mcp_work *w, struct task *t, const char **id,
    struct mcp_fault *fault)
{
	struct chat_name name;
	int64_t wait_ms;

	if (named(w, &name, id, fault) == -1)
		return -1;
	switch (task_find(w->post->edge->store, &name, w->mem, t, &wait_ms)) {
	case STORE_OK:
		return 0;
	case STORE_NONE:
		return unknown(fault);
	case STORE_LIMITED:
		return too_often(w, wait_ms, fault);
	default:
		(void)mcp_fail(fault, RPC_INTERNAL,
		    "tasks cannot be looked up now");
		fault->status = 503;
		return -1;
	}
}

/* An answer that says no more than that it was heard. */
static int
acknowledge(struct mcp_work *w, struct buf *out)
{
	return mcp_result_begin(out, &w->call) == -1
	    ? -1
	    : mcp_result_end(out, &w->call, NULL);
}

int
mcp_tasks_get(struct mcp_work *w, struct buf *out, struct mcp_fault *fault)
{
	struct task t;
	const char *id;

	if (find(w, &t, &id, fault) == -1)
		return MCP_FAILED;
	if (buf_reserve(out, t.result_len + 2 * KIB) == -1
	    || mcp_result_begin(out, &w->call) == -1
	    || mcp_task_write(out, w->mem, id, &t) == -1)
		return MCP_FAILED;
	return mcp_result_end(out, &w->call, NULL);
}

/* Move those of ${given} that are asked for from ${open} to ${answers}: how
 * many.  What is not asked, or not any more, is left. */
static size_t
take_answers(const json_t *given, json_t *open, json_t *answers)
{
	const char *key;
	json_t *value;
	size_t n = 0;

	json_object_foreach((json_t *)(uintptr_t)given, key, value)
		if (json_object_get(open, key) != NULL
		    && json_is_object(value)) {
			(void)json_object_set_new(answers, key,
			    json_deep_copy(value));
			(void)json_object_del(open, key);
			n++;
		}
	return n;
}

/* Answer ${t} with ${given}.  LOST: somebody was faster. */
static enum store_rc
answer(struct mcp_work *w, const struct chat_name *name, const char *id,
    const struct task *t, const json_t *given)
{
	json_t *asks = t->asks == NULL
	    ? NULL
	    : json_read(w->mem, t->asks, strlen(t->asks), NULL, NULL);
	json_t *answers = t->answers == NULL
	    ? json_keep(w->mem, json_object())
	    : json_read(w->mem, t->answers, strlen(t->answers), NULL, NULL);
	json_t *open = json_object_get(asks, "open");

	if (t->state != TASK_ASKS || take_answers(given, open, answers) == 0)
		return STORE_NONE;
	return task_answer(w->post->edge->store, name, id, t->round,
	    json_text(w->mem, asks), json_text(w->mem, answers),
	    json_object_size(open) == 0);
}

int
mcp_tasks_update(struct mcp_work *w, struct buf *out, struct mcp_fault *fault)
{
	const json_t *given = json_object_get(w->call.params, "inputResponses");
	struct chat_name name;
	struct task t;
	enum store_rc rc = STORE_LOST;
	const char *id;
	int i;

	if (!json_is_object(given))
		return mcp_fail(fault, RPC_BAD_PARAMS,
		    "params.inputResponses, an object, is missing");
	if (named(w, &name, &id, fault) == -1)
		return MCP_FAILED;
	for (i = 0; i < ANSWER_TRIES && rc == STORE_LOST; i++) {
		if (find(w, &t, &id, fault) == -1)
			return MCP_FAILED;
		rc = answer(w, &name, id, &t, given);
	}
	if (rc == STORE_OK || rc == STORE_NONE)
		return acknowledge(w, out);
	(void)mcp_fail(fault, RPC_INTERNAL, "answers cannot be stored now");
	fault->status = 503;
	return MCP_FAILED;
}

enum store_rc
mcp_task_cancel(struct store *st, const struct chat_name *name, const char *id)
{
	bool ended = false;
	enum store_rc rc = task_cancel(st, name, id, &ended);

	if (ended) { /* no worker had it, so none says so */
		metric_add(METRIC_TASKS, TASK_CANCELLED, 1);
		log_event(LOG_INFO, "task_ended", F_STR("task", id),
		    F_STR("end", task_state_name(TASK_CANCELLED)));
	}
	return rc;
}

int
mcp_tasks_cancel(struct mcp_work *w, struct buf *out, struct mcp_fault *fault)
{
	struct chat_name name;
	const char *id;

	if (named(w, &name, &id, fault) == -1)
		return MCP_FAILED;
	switch (mcp_task_cancel(w->post->edge->store, &name, id)) {
	case STORE_OK:
		return acknowledge(w, out);
	case STORE_NONE:
		return unknown(fault);
	default:
		(void)mcp_fail(fault, RPC_INTERNAL,
		    "tasks cannot be cancelled now");
		fault->status = 503;
		return MCP_FAILED;
	}
}
