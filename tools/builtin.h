/*
 * builtin: what each built-in tool exports: its function, a row of the table
 * in tools.c.
 */
#ifndef TOOLS_BUILTIN_H
#define TOOLS_BUILTIN_H

#include "tools/tool.h"

/* ${result} is FAILED without content at first. */
typedef void builtin_fn(const struct tool_ctx *ctx, const json_t *arguments,
    struct arena *mem, struct tool_result *result);

builtin_fn echo_call, health_call, time_call;

#endif
