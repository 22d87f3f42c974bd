/*
 * What an MCP server answers: JSON-RPC messages, alone or as a stream of
 * events, the schemas of its tools, and results as text.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/sse.h"
#include "mcp/client.h"
#include "mcp/params.h"
#include "mcp/rpc.h"
#include "nouns/tool_result.h"

#define EVENT_MAX (64 * KIB)
#define RESULT_MAX (4 * KIB)
/* Of such a result: its structure has escapes, and each item is named. */
#define TEXT_MAX(n) (8 * RESULT_MAX + 16 * (n))

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static int
on_message(void *ctx, const struct rpc_message *m)
{
	struct arena *mem = ctx;
	const char *lines[PARAMS_MAX];
	const json_t *schema;
	struct tool_result result;
	json_t *tool;
	size_t i;

	if (m->kind != RPC_RESULT)
		return 0;
	mcp_result_read(mem, m->result, &result);
	tool_result_bound(mem, &result, RESULT_MAX);
	if (strlen(tool_result_text(mem, &result)) > TEXT_MAX(result.n))
		abort();
	json_array_foreach(json_object_get(m->result, "tools"), i, tool) {
		schema = json_object_get(tool, "inputSchema");
		if (params_refuse(schema) == NULL
		    && params_headers(mem, schema,
			   json_object_get(tool, "arguments"), lines)
			> PARAMS_MAX)
			abort();
	}
	return 0;
}

static int
on_event(void *ctx, const struct sse_event *ev)
{
	return rpc_read(ctx, ev->data, ev->len, on_message, ctx) == 1;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct arena *mem = arena_new();
	struct sse_reader r;

	(void)!rpc_read(mem, (const char *)bytes, len, on_message, mem);
	sse_reader_init(&r, EVENT_MAX);
	(void)!sse_reader_feed(&r, (const char *)bytes, len, on_event, mem);
	sse_reader_fini(&r);
	arena_free(mem);
	return 0;
}
