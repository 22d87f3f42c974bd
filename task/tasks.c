#include "task/tasks_priv.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "tools/listing.h"

#define LISTS_WAIT_MS 10000  /* for servers that were not asked yet */
#define UNKNOWN_KEY_MS 30000 /* another worker may have the key */
#define NO_LIST_MS 2000      /* the same of a server's tools */
#define NO_LIST_TRIES 5
#define CRASHES_MAX 5 /* as of chats: then it is the task that kills */
#define OUTCOME "outcome unknown: "

void
tasks_init(struct tasks *ts, struct worker *w)
{
	*ts = (struct tasks){ .w = w };
}

static int64_t
max_time_ms(const struct settings *s)
{
	return s->mcp_task_max_ms;
}

/* May the call be made again, though it may have been made? */
static bool
is_repeatable(const struct task_run *r, const struct listed_tool *t)
{
	const struct config_list *list
	    = &policy_of(r->s, &r->job->task->call.caller)->repeatable;
	size_t i;

	for (i = 0; i < list->n; i++)
		if (strcmp(list->items[i], r->job->task->call.tool) == 0)
			return true;
	return t != NULL && t->row.repeatable;
}

/* The call was cut, or is not begun: where it goes, by what the lease says. */
static void
leave(struct task_run *r, bool may_have_run, bool repeatable)
{
	switch (lease_why(r->lease)) {
	case LEASE_LOST:
		return; /* another's */
	case LEASE_STOP:
		task_end(r, TASK_CANCELLED, NULL);
		return;
	case LEASE_LATE:
		task_end(r, TASK_FAILED,
		    OUTCOME "the call took longer than mcp.task_max_time");
		return;
	default:
		break;
	}
	if (!may_have_run || repeatable)
		task_give_back(r, 0);
	else
		task_end(r, TASK_FAILED,
		    OUTCOME "its worker had to end while it ran");
}

static void
call(struct task_run *r, const struct listed_tool *t)
{
	const struct task_call *c = &r->job->task->call;
	struct tool_ctx ctx = { .caller = &c->caller,
		.deadline_ms = (int)max_time_ms(r->s),
		.cancel = &r->lease->why,
		.progress = task_say,
		.arg = r,
		.request = c->request,
		.trace = c->trace,
		.in_job = true };
	struct tool_result result = { .end = TOOL_FAILED };

	if (!task_begin(r)) {
		leave(r, task_has_begun(r), is_repeatable(r, t));
		return;
	}
	task_answers(r, &ctx);
	listing_call(t, &ctx, c->arguments, r->mem, &result);
	/* A result that came all the same is one. */
	if (result.end != TOOL_DONE && lease_why(r->lease) != LEASE_HELD) {
		leave(r, true, is_repeatable(r, t));
		return;
	}
	if (result.end == TOOL_ASKS) {
		task_end_asking(r, &result);
		return;
	}
	if (result.end == TOOL_LATER)
		tool_result_say(r->mem, &result, TOOL_FAILED,
		    "This tool has not ended, though it was given the time.");
	task_end_result(r, &result);
}

static void
run_tool(struct task_run *r)
{
	struct job *j = r->job;
	struct listing *l;
	const struct listed_tool *t;

	l = listing_ref(r->tasks->toolbox);
	t = listing_find(l, j->task->call.tool);
	if (t == NULL && !l->whole) {
		listing_unref(l);
		toolbox_wait(r->tasks->toolbox, LISTS_WAIT_MS);
		l = listing_ref(r->tasks->toolbox);
		t = listing_find(l, j->task->call.tool);
	}
	if (task_has_begun(r) && !is_repeatable(r, t))
		task_end(r, TASK_FAILED,
		    OUTCOME "the worker that ran the call died");
	else if (t != NULL)
		call(r, t);
	else if (j->attempt < NO_LIST_TRIES)
		task_give_back(r, NO_LIST_MS);
	else
		task_end(r, TASK_FAILED, "there is no tool of this name");
	listing_unref(l);
}

static void
run_task(struct task_run *r)
{
	if (r->job->rc == STORE_UNKNOWN_KEY)
		task_give_back(r, UNKNOWN_KEY_MS);
	else if (r->job->rc != STORE_OK)
		task_end(r, TASK_FAILED, "what was stored of it is damaged");
	else if (lease_why(r->lease) == LEASE_STOP)
		task_end(r, TASK_CANCELLED, NULL);
	else if (r->job->crashes >= CRASHES_MAX)
		task_end(r, TASK_FAILED,
		    OUTCOME "all workers that ran the call died");
	else
		run_tool(r);
}

static void
run(void *ctx, struct lease *l)
{
	struct tasks *ts = ctx;
	struct settings *s = worker_settings(ts->w);
	struct task_run r = { .tasks = ts,
		.w = ts->w,
		.lease = l,
		.job = l->job,
		.s = s,
		.mem = arena_new(),
		.begun_us = clock_boot_us() };
	const char *request = r.job->task->call.request;

	log_set_id(request);
	run_task(&r);
	log_set_id(NULL);
	arena_free(r.mem);
	settings_unref(s);
}

const struct work_kind TASKS_KIND = {
	.goes_on = true,
	.max_time_ms = max_time_ms,
	.run = run,
};
