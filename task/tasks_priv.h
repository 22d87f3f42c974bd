/*
 * tasks_priv: a task that is being run.
 */
#ifndef TASK_TASKS_PRIV_H
#define TASK_TASKS_PRIV_H

#include "nouns/tool_result.h"
#include "redis/task.h"
#include "task/tasks.h"
#include "tools/tool.h"
#include "work/lease.h"
#include "work/worker.h"

struct task_run {
	struct tasks *tasks;
	struct worker *w;
	struct lease *lease;
	struct job *job;
	const struct settings *s;
	struct arena *mem;
	int64_t begun_us; /* boot clock */
	int64_t said_ms;  /* when it last said how far it is; 0: never */
};

/* ---- its ends: end.c ---- */

/* It ends as ${state}; ${why} is for who asks, a sentence without a dot: its
 * error, of FAILED. */
void task_end(struct task_run *r, enum task_state state, const char *why);
/* What the tool answered. */
void task_end_result(struct task_run *r, const struct tool_result *result);
/* Its tool asks first: ${result}'s questions.  Somebody will answer, or nobody
 * can: then it has ended so. */
void task_end_asking(struct task_run *r, const struct tool_result *result);
/* Back into the queue, as it is. */
void task_give_back(struct task_run *r, int64_t delay_ms);

/* ---- its steps: steps.c ---- */

bool task_has_begun(const struct task_run *r);
/* What it asked before was answered: the state that its tool wants back, and all
 * answers, those to questions before it was a task among them. */
void task_answers(struct task_run *r, struct tool_ctx *ctx);
/* It is written down that the call is made now.  False: it is held no more, or
 * the lease says why not. */
bool task_begin(struct task_run *r);
/* As tool_ctx's progress, of a task_run. */
void task_say(void *arg, double value, double total, const char *text);

#endif
