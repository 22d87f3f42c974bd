/*
 * remark: what the operator's log says of a model's answer, or of its absence.
 */
#ifndef CHAT_REMARK_H
#define CHAT_REMARK_H

#include "chat/models.h"
#include "chat/turn.h"

/* model_failed: ${b} gave no answer for reason ${rc}; with what to do. */
void remark_failure(struct turn *t, const struct llm_backend *b, enum llm_rc rc,
    const struct llm_failure *f);

/* model_usage_unlikely and model_cut_prompt, if the answer ${a} says so.
 * ${br} may be NULL. */
void remark_count(struct turn *t, const struct llm_backend *b,
    struct model_breaker *br, const struct llm_question *q,
    const struct llm_answer *a);

#endif
