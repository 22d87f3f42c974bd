/*
 * client_request: one request to a server, as its callers write it.
 */
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "mcp/client_priv.h"

/* The server's own list says which arguments it wants in headers. */
static const json_t *
schema_now(struct exchange *call)
{
	struct exchange x = *call;
	const json_t *found = NULL;
	json_t *tools, *tool;
	int64_t ttl_ms;
	enum mcp_rc rc;
	size_t i;

	x.name = NULL;
	x.arguments = x.schema = NULL;
	x.acts = false;
	atomic_store(&call->c->list_changed, true);
	tools = mcp_list(&x, &ttl_ms, &rc);
	json_array_foreach(tools, i, tool) {
		if (strcmp(json_member_str(tool, "name"), call->name) == 0)
			found = json_object_get(tool, "inputSchema");
	}
	json_keep(call->mem, tools); /* ${found} is borrowed from it */
	return found;
}

static int
write_call(struct buf *params, const char *name, const json_t *arguments,
    const struct mcp_call_options *o)
{
	if (buf_add_str(params, "\"name\":") == -1
	    || json_add_str(params, name, strlen(name)) == -1
	    || buf_add_str(params, ",\"arguments\":") == -1
	    || (arguments == NULL ? buf_add_str(params, "{}")
				  : json_add(params, arguments))
		== -1)
		return -1;
	if (o != NULL && o->answers != NULL
	    && (buf_add_str(params, ",\"inputResponses\":") == -1
		|| json_add(params, o->answers) == -1))
		return -1;
	if (o != NULL && o->state != NULL
	    && (buf_add_str(params, ",\"requestState\":") == -1
		|| json_add_str(params, o->state, strlen(o->state)) == -1))
		return -1;
	return 0;
}

enum mcp_rc
mcp_client_call(struct mcp_client *c, const char *name, const json_t *arguments,
    const json_t *schema, const struct mcp_call_options *o, struct arena *mem,
    json_t **result, char why[MCP_WHY_MAX])
{
	struct mcp_view view = { .version = "" };
	struct buf params = BUF_INIT(MCP_ANSWER_MAX);
	struct exchange x = { .c = c,
		.mem = mem,
		.scratch = arena_new(),
		.method = "tools/call",
		.name = name,
		.arguments = arguments,
		.schema = schema,
		.o = o,
		.until = clock_boot_ms()
		    + (o != NULL && o->deadline_ms > 0 ? o->deadline_ms
						       : c->timeout_ms),
		.acts = true,
		.view = &view,
		.why = why };
	enum mcp_rc rc;

	why[0] = '\0';
	*result = NULL;
	if (write_call(&params, name, arguments, o) == -1) {
		rc = exchange_end(&x, MCP_PROTOCOL,
		    "the arguments are too large");
		goto out;
	}
	x.params = buf_str(&params);
	rc = exchange_run(&x);
	/* Its schema changed since the caller read it. */
	if (rc == MCP_ERROR && x.code == RPC_HEADER_MISMATCH
	    && x.view->era == ERA_MODERN) {
		x.schema = schema_now(&x);
		rc = exchange_run(&x);
	}
	if (rc == MCP_OK) {
		*result = x.result;
		why[0] = '\0';
	}
out:
	arena_free(x.scratch);
	buf_fini(&params);
	return rc;
}
