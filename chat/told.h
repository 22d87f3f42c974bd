/*
 * told: what a model is told of a tool's result.
 */
#ifndef CHAT_TOLD_H
#define CHAT_TOLD_H

#include "chat/turn.h"

/* Longer texts are cut, with a note: a turn may have hundreds, and a model's
 * context holds a few. */
#define TOLD_MAX (64 * KIB)

/* ${result} as a turn keeps it: DONE or FAILED, and a text that is never
 * empty.  The text is ${result}'s own, or in ${mem}. */
struct turn_result told(struct arena *mem, const struct tool_result *result);

#endif
