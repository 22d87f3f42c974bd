/*
 * end: how a task ends, and what is told of it.
 */
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "mcp/rpc.h"
#include "mcp/write.h"
#include "nouns/metric.h"
#include "redis/journal.h"
#include "task/tasks_priv.h"

#define RETRY_MS 100       /* while Redis is away */
#define ASKS_MAX (1 * MIB) /* of questions to one person */
/* A result, six bytes for each control character. */
#define RESULT_MAX (6 * TOOL_CONTENT_MAX + 1 * MIB)

/* One line a task, without what was said. */
static void
log_end(const struct task_run *r, const char *end)
{
	const struct task_call *c = &r->job->task->call;

	log_event(LOG_INFO, "task_ended", F_STR("task", r->job->id),
	    F_STR("tool", c->tool == NULL ? "" : c->tool),
	    F_STR("key", c->caller.key == NULL ? "" : c->caller.key),
	    F_STR("end", end), F_INT("attempt", r->job->attempt),
	    F_REAL("ms", (double)(clock_boot_us() - r->begun_us) / 1000),
	    F_STR("trace", c->trace));
}

static void
finish(struct task_run *r, enum task_state state, const char *text, size_t len)
{
	enum store_rc rc;

	while ((rc = task_finish(r->w->store, r->job, state, text, len))
	    == STORE_DOWN) {
		if (worker_is_ending(r->w))
			return; /* whoever takes it finds what was begun */
		usleep(RETRY_MS * 1000);
	}
	if (rc != STORE_OK)
		return; /* another's */
	metric_add(METRIC_TASKS, (int)state, 1);
	log_end(r, task_state_name(state));
}

static void
finish_error(struct task_run *r, int code, const char *why)
{
	const char *text = json_text(r->mem,
	    json_keep(r->mem,
		json_pack("{s:i, s:s}", "code", code, "message", why)));

	finish(r, TASK_FAILED, text, text == NULL ? 0 : strlen(text));
}

void
task_end(struct task_run *r, enum task_state state, const char *why)
{
	if (state == TASK_FAILED)
		finish_error(r, RPC_INTERNAL, why);
	else
		finish(r, state, NULL, 0);
}

void
task_end_result(struct task_run *r, const struct tool_result *result)
{
	struct buf out = BUF_INIT(RESULT_MAX);

	if (result->code != 0)
		finish_error(r, result->code, tool_result_text(r->mem, result));
	else if (mcp_write_tool_whole(&out, r->mem, result) == -1)
		finish_error(r, RPC_INTERNAL, "the result is too long");
	else
		finish(r, TASK_COMPLETED, buf_str(&out), out.len);
	buf_fini(&out);
}

/* As TASK_STEP_ASKS. */
static int
write_asks(struct buf *out, const struct tool_result *result)
{
	if (buf_add_str(out, "{\"open\":") == -1
	    || json_add(out, result->questions) == -1)
		return -1;
	if (result->state != NULL
	    && (buf_add_str(out, ",\"state\":") == -1
		|| json_add_str(out, result->state, strlen(result->state))
		    == -1))
		return -1;
	return buf_add_char(out, '}');
}

void
task_end_asking(struct task_run *r, const struct tool_result *result)
{
	struct buf asks = BUF_INIT(ASKS_MAX);
	enum store_rc rc;

	if (r->job->task->address[0] != '\0') {
		/* Who waits has no way to be asked. */
		struct tool_result said = { .end = TOOL_FAILED };

		tool_result_say(r->mem, &said, TOOL_FAILED,
		    "This tool asks a question, which cannot be passed on to "
		    "this client.");
		task_end_result(r, &said);
	} else if (json_object_size(result->questions) == 0
	    || write_asks(&asks, result) == -1) {
		finish_error(r, RPC_INTERNAL,
		    "the tool asks nothing, or too much");
	} else {
		while ((rc = task_ask(r->w->store, r->job, buf_str(&asks),
			    asks.len))
			== STORE_DOWN
		    && !worker_is_ending(r->w))
			usleep(RETRY_MS * 1000);
		if (rc == STORE_OK)
			log_end(r, task_state_name(TASK_ASKS));
		else if (rc == STORE_STOPPED)
			finish(r, TASK_CANCELLED, NULL, 0);
	}
	buf_fini(&asks);
}

void
task_give_back(struct task_run *r, int64_t delay_ms)
{
	while (journal_release(r->w->store, r->job, delay_ms, false, NULL)
		== STORE_DOWN
	    && !worker_is_ending(r->w))
		usleep(RETRY_MS * 1000);
	log_end(r, "handed back");
}
