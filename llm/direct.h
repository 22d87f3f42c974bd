/*
 * direct: no model; the message is a command (chat.host: direct).
 *
 *   tools                 lists them
 *   help [NAME]           how to call one
 *   NAME key=value ...    values: JSON if they parse as such and the schema
 *                         does not say string; quotes group blanks
 *   NAME {json}
 */
#ifndef LLM_DIRECT_H
#define LLM_DIRECT_H

#include "base/arena.h"
#include "nouns/tool_call.h"

struct direct_plan {
	const char *reply; /* not NULL: answer this, call nothing */
	struct tool_call call;
};
void direct_read(struct arena *mem, const char *text,
    const struct tool_spec *tools, size_t ntools, struct direct_plan *plan);

#endif
