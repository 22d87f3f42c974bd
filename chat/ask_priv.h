/*
 * ask_priv: the parts of asking a model (ask.c).
 */
#ifndef CHAT_ASK_PRIV_H
#define CHAT_ASK_PRIV_H

#include "chat/turn.h"

/* An empty answer, or a call that is none, is asked for once more. */
#define EMPTIES_MAX 2

/* Ask ${b}, if its breaker lets it; pieces go to the turn's stream.  What came
 * of it is counted, told to the operator and learned (ask_one.c). */
enum llm_rc turn_ask_one(struct turn *t, const struct llm_backend *b,
    struct llm_question *q, struct llm_answer *a, struct llm_failure *f);

/* ${a} is a whole answer: calls, the reply, or of no use (answer.c). */
enum turn_state turn_answered(struct turn *t, struct llm_answer *a);

#endif
