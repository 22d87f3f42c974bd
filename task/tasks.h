/*
 * tasks: tools' calls that go on by themselves, as a kind of job (work/kind.h).
 *
 * A task is a turn without a model: one call of one tool.  That it begins is
 * written first; so who takes it from a holder that died knows that the call may
 * have been made, and makes it again only if its tool is declared repeatable
 * (its row, or chat.repeatable).  Its end, whatever it is, is one script
 * (redis/task.h).
 */
#ifndef TASK_TASKS_H
#define TASK_TASKS_H

#include "work/kind.h"

struct toolbox;
struct worker;

/* What the tasks of this process share; TASKS_KIND's ctx. */
struct tasks {
	struct worker *w;
	struct toolbox *toolbox; /* main's */
};

void tasks_init(struct tasks *ts, struct worker *w);

extern const struct work_kind TASKS_KIND;

#endif
