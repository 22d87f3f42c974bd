/*
 * steps: what a turn journals, as JSON texts.
 *
 *   answer:K    the model's K-th answer that asked for tools; its calls count
 *               as started once it is written
 *   result:K.I  what call I of answer K came to
 *   retry       since when model calls fail, and how often
 */
#ifndef CHAT_STEPS_H
#define CHAT_STEPS_H

#include "base/arena.h"
#include "chat/turn.h"

#define STEP_NAME_MAX 32

/* Journal fields in ${mem}. */
struct journal_field step_answer(struct arena *mem, int k,
    const struct llm_answer *a);
struct journal_field step_result(struct arena *mem, int k, int i,
    const struct tool_result *r);
struct journal_field step_retry(struct arena *mem, const struct turn *t);

/* Read the job's journal into ${t}: rounds with their results, retry. */
void steps_read(struct turn *t);

#endif
