/*
 * fixtures: what the conformance suite of MCP calls, and no product needs: a
 * file for each kind of it, and THE table in tools.c.
 *
 * Names, texts and questions are the suite's: its server scenarios say what
 * they expect (`node_modules/.bin/conformance list --server`).
 */
#ifndef TESTS_CONFORMANCE_FIXTURES_H
#define TESTS_CONFORMANCE_FIXTURES_H

#include "tools/builtin.h"

/* As base64: one red pixel, and a millisecond of silence. */
#define FIXTURE_PNG                                                     \
	"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR42mP4z" \
	"8AAAAMBAQD3A0FDAAAAAElFTkSuQmCC"
#define FIXTURE_WAV                                                    \
	"UklGRiwAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQgAAACA" \
	"gICAgICAgA=="

/* content.c */
builtin_fn fixture_simple_text, fixture_image, fixture_audio,
    fixture_embedded_resource, fixture_multiple, fixture_error, fixture_schema,
    fixture_header;
/* said.c: what is told while a call runs. */
builtin_fn fixture_progress, fixture_logging, fixture_quiet,
    fixture_reconnection;
/* asks.c: questions, of both eras. */
builtin_fn fixture_sampling, fixture_elicitation, fixture_defaults,
    fixture_enums, fixture_ask_name, fixture_ask_capital, fixture_ask_roots,
    fixture_ask_confirm, fixture_ask_three, fixture_ask_twice,
    fixture_ask_capable, fixture_needs_sampling;

/* tasks.c */
builtin_fn fixture_greet, fixture_slow_compute, fixture_failing_job,
    fixture_protocol_error_job, fixture_confirm_delete, fixture_multi_input,
    fixture_tool_with_task;
/* changes.c */
builtin_fn fixture_change_tools, fixture_change_prompts;

/* Of the edge that runs the tool; NULL in a turn worker. */
struct store *fixture_store(void);

/* The stream of a legacy call that is parked ends; the call goes on. */
void fixture_close(const struct tool_ctx *ctx);

/* Sleep ${ms}, or less when the call is cancelled: false. */
bool fixture_sleep(const struct tool_ctx *ctx, int64_t ms);

#endif
