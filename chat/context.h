/*
 * context: history and rounds, as the messages a model is asked with.
 */
#ifndef CHAT_CONTEXT_H
#define CHAT_CONTEXT_H

#include "chat/turn.h"

/*
 * system, history (at most chat.max_history exchanges within
 * chat.history_tokens; whole exchanges, newest kept), the message, then each
 * round's answer and results.  t->shortened, t->guessed: half of that history, and tool
 * results cut.  In ${t}->mem; their number.
 */
size_t context_build(struct turn *t, struct llm_message **out);

/* True if a shorter form of the same question is worth asking. */
bool context_can_shorten(const struct turn *t);

/* The system text: who speaks, how, and what tools are for. */
char *context_system(struct arena *mem, const struct settings *s);

#endif
