/*
 * told: what a model is told of a tool's result.
 */
#ifndef CHAT_TOLD_H
#define CHAT_TOLD_H

#include "chat/turn.h"
#include "nouns/tool_result.h"

/* ${result} as a turn keeps it: DONE or FAILED, and a text that is never
 * empty.  The text is ${result}'s own, or in ${mem}. */
struct turn_result told(struct arena *mem, const struct tool_result *result);

#endif
