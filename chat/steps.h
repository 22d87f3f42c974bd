/*
 * steps: what a turn journals, as JSON texts.  Each has its version, `v`: what
 * the turn's job says (redis/format.h).
 *
 *   answer:K    the model's K-th answer that asked for tools; its calls count
 *               as started once it is written.  `extra` goes back to the model
 *               that gave it (`wire`, `backend`), to no other
 *   result:K.I  what call I of answer K came to
 *   retry       since when model calls fail, and how often
 */
#ifndef CHAT_STEPS_H
#define CHAT_STEPS_H

#include "base/arena.h"
#include "chat/turn.h"

#define STEP_NAME_MAX 32

/* Journal fields in the turn's memory. */
struct journal_field step_answer(const struct turn *t, int k,
    const struct llm_answer *a);
struct journal_field step_result(const struct turn *t, int k, int i,
    const struct turn_result *r);
struct journal_field step_retry(const struct turn *t);
/* The words of a cut answer that are the reply if no other comes. */
struct journal_field step_kept(const struct turn *t);

/* Read the job's journal into ${t}: rounds with their results, retry.  False:
 * a newer release wrote a step; the turn is for its workers. */
bool steps_read(struct turn *t) WARN_UNUSED;

#endif
