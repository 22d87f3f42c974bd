/*
 * client_request: one request to a server, as its callers write it.
 */
#include <stdint.h>
#include <stdio.h>
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

/* What an exchange needs besides its method and parameters. */
static struct exchange
exchange_of(struct mcp_client *c, const struct mcp_call_options *o,
    struct mcp_view *view, struct arena *mem, char *why)
{
	int wait_ms = o != NULL && o->deadline_ms > 0 ? o->deadline_ms
						      : c->timeout_ms;

	*view = (struct mcp_view){ .version = "" };
	why[0] = '\0';
	return (struct exchange){ .c = c,
		.mem = mem,
		.scratch = arena_new(),
		.o = o,
		.until = clock_boot_ms() + wait_ms,
		.view = view,
		.why = why };
}

/*
 * An error of 2025-11-25 that a person must open an address first, as a result
 * that asks, as later revisions have it.  NULL: it is another one.
 */
static json_t *
asks_for_url(const struct exchange *x)
{
	const json_t *all = json_object_get(x->data, "elicitations"), *one;
	json_t *requests, *result;
	char key[24];
	size_t i;

	if (x->code != RPC_NEEDS_URL || json_array_size(all) == 0)
		return NULL;
	requests = json_object();
	json_array_foreach(all, i, one) {
		(void)snprintf(key, sizeof(key), "url%zu", i + 1);
		(void)json_object_set_new(requests, key,
		    json_pack("{s:s, s:O}", "method", "elicitation/create",
			"params", (json_t *)(uintptr_t)one));
	}
	result = json_pack("{s:s, s:o}", "resultType", "input_required",
	    "inputRequests", requests);
	return json_keep(x->mem, result);
}

enum mcp_rc
mcp_client_call(struct mcp_client *c, const char *name, const json_t *arguments,
    const json_t *schema, const struct mcp_call_options *o, struct arena *mem,
    json_t **result, char why[MCP_WHY_MAX])
{
	struct mcp_view view;
	struct buf params = BUF_INIT(MCP_ANSWER_MAX);
	struct exchange x = exchange_of(c, o, &view, mem, why);
	enum mcp_rc rc;

	x.method = "tools/call";
	x.name = name;
	x.arguments = arguments;
	x.schema = schema;
	x.acts = true;
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
	*result = rc == MCP_OK ? x.result : NULL;
	if (rc == MCP_ERROR)
		*result = asks_for_url(&x);
	if (*result != NULL) {
		rc = MCP_OK;
		why[0] = '\0';
	}
out:
	arena_free(x.scratch);
	buf_fini(&params);
	return rc;
}

/* ---- any request --------------------------------------------------------- */

/* What of a method matters on the way; others act, and have no name. */
static const struct method {
	const char *method;
	const char *name; /* the parameter that is told in Mcp-Name, or NULL */
	bool acts;        /* not to be sent twice when its answer is lost */
} METHODS[] = {
	{ "completion/complete", NULL, false },
	{ "logging/setLevel", NULL, false },
	{ "ping", NULL, false },
	{ "prompts/get", "name", false },
	{ "prompts/list", NULL, false },
	{ "resources/list", NULL, false },
	{ "resources/read", "uri", false },
	{ "resources/subscribe", NULL, false },
	{ "resources/templates/list", NULL, false },
	{ "resources/unsubscribe", NULL, false },
	{ "server/discover", NULL, false },
	{ "tasks/cancel", "taskId", false },
	{ "tasks/get", "taskId", false },
	{ "tasks/update", "taskId", true },
	{ "tools/call", "name", true },
	{ "tools/list", NULL, false },
};

static struct method
method_of(const char *method)
{
	size_t i;

	for (i = 0; i < NELEM(METHODS); i++)
		if (strcmp(METHODS[i].method, method) == 0)
			return METHODS[i];
	return (struct method){ .method = method, .acts = true };
}

/* The members of ${params} but _meta, which is ours, without their braces. */
static int
write_members(struct buf *out, const json_t *params)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)params, key, value) {
		if (strcmp(key, "_meta") == 0)
			continue;
		if ((out->len > 0 && buf_add_char(out, ',') == -1)
		    || json_add_str(out, key, strlen(key)) == -1
		    || buf_add_char(out, ':') == -1
		    || json_add(out, value) == -1)
			return -1;
	}
	return 0;
}

enum mcp_rc
mcp_client_request(struct mcp_client *c, const char *method,
    const json_t *params, const struct mcp_call_options *o, struct arena *mem,
    struct mcp_answer *answer, char why[MCP_WHY_MAX])
{
	struct method m = method_of(method);
	struct mcp_view view;
	struct buf members = BUF_INIT(MCP_ANSWER_MAX);
	struct exchange x = exchange_of(c, o, &view, mem, why);
	enum mcp_rc rc;

	*answer = (struct mcp_answer){ .message = "" };
	x.method = method;
	x.acts = m.acts;
	if (m.name != NULL)
		x.name = json_member_str(params, m.name);
	if (write_members(&members, params) == -1) {
		rc = exchange_end(&x, MCP_PROTOCOL,
		    "the parameters are too large");
		goto out;
	}
	x.params = buf_str(&members);
	rc = exchange_run(&x);
	if (rc == MCP_OK) {
		answer->result = x.result;
		why[0] = '\0';
	} else if (rc == MCP_ERROR) {
		answer->code = x.code;
		answer->message = mcp_client_hide(c, mem, x.message);
		answer->data = mcp_client_hide_json(c, mem, x.data);
	}
out:
	arena_free(x.scratch);
	buf_fini(&members);
	return rc;
}
