/*
 * bridge_send: a message with the headers that belong to it, sent once.
 */
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "cli/bridge.h"
#include "mcp/methods.h"

#define HELLO_MS 30000 /* initialize: later messages wait for it */

bool
call_is(const struct call *c, const char *method)
{
	return c->method != NULL && strcmp(c->method, method) == 0;
}

/* Each value is safe in a header: whoever writes to us may write anything. */
static const char *
line(struct call *c, const char *name, const char *value)
{
	return arena_printf(c->mem, "%s: %s", name,
	    params_header_value(c->mem, value));
}

static size_t
modern_lines(struct call *c, const char **lines)
{
	const json_t *params = json_object_get(c->doc, "params");
	const struct mcp_method *m = mcp_method_find(c->method);
	const char *name = m == NULL || m->named == NULL
	    ? NULL
	    : json_member_str(params, m->named);
	size_t n = 0;

	lines[n++] = line(c, "MCP-Protocol-Version", c->modern);
	lines[n++] = line(c, "Mcp-Method", c->method);
	if (name != NULL)
		lines[n++] = line(c, "Mcp-Name", name);
	if (call_is(c, "tools/call"))
		n += bridge_params(c->bridge, c->mem, params, lines + n);
	return n;
}

/* What may be sent twice, where a connection ends too early. */
static bool
is_repeatable(const char *method)
{
	static const char *const ENDS[] = { "/list", "/read", "/get", "ping",
		"initialize", "/discover" };
	size_t i, len = method == NULL ? 0 : strlen(method);

	for (i = 0; i < NELEM(ENDS); i++)
		if (len >= strlen(ENDS[i])
		    && strcmp(method + len - strlen(ENDS[i]), ENDS[i]) == 0)
			return true;
	return false;
}

_Static_assert(WIRE_LINES_MAX >= PARAMS_MAX + 6, "room for all lines");

void
call_send(struct call *c, const char *body, size_t len,
    void (*on)(void *ctx, const char *json, size_t len), void *ctx)
{
	const char *lines[WIRE_LINES_MAX] = { "Content-Type: application/json",
		"Accept: application/json, text/event-stream" };
	struct wire_ask ask = { .method = "POST",
		.lines = lines,
		.body = body,
		.len = len,
		.first_ms = BRIDGE_FIRST_MS,
		.idle_ms = BRIDGE_IDLE_MS,
		.total_ms = BRIDGE_TOTAL_MS,
		.cancel = &c->cancel,
		.once = !is_repeatable(c->method),
		.on = on,
		.ctx = ctx };

	if (c->modern != NULL && c->method != NULL)
		(void)modern_lines(c, lines + 2);
	else if (!call_is(c, "initialize"))
		(void)session_lines(c->bridge, c->mem, lines + 2,
		    &c->generation);
	else
		ask.first_ms = HELLO_MS;
	if (json_is_object(c->doc) && json_object_get(c->doc, "id") == NULL)
		ask.total_ms = ask.first_ms = BRIDGE_QUICK_MS;
	wire_send(c->bridge->wire, &ask, &c->got);
	if (c->got.rc == HTTP_OK)
		atomic_store(&c->bridge->reached, true);
}
