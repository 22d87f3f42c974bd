/*
 * client_take: a message of the server's, wherever it came.
 */
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "mcp/client_priv.h"

static void
take_progress(struct exchange *x, const struct rpc_message *m)
{
	const json_t *total = json_object_get(m->params, "total");
	const json_t *progress = json_object_get(m->params, "progress");
	const char *message = json_member_str(m->params, "message");

	if (x->o == NULL || x->o->on_progress == NULL
	    || rpc_id_match(json_object_get(m->params, "progressToken"), x->id)
		== RPC_ID_OTHER)
		return;
	x->o->on_progress(x->o->ctx,
	    json_is_number(progress) ? json_number_value(progress) : 0,
	    json_is_number(total) ? json_number_value(total) : 0,
	    message == NULL ? NULL
			    : mcp_client_hide(x->c, x->scratch, message));
}

/* Servers are asked for a level, and some do not care. */
static void
take_log(struct exchange *x, const struct rpc_message *m)
{
	enum tool_level level = tool_level_find(
	    json_member_str(m->params, "level"));
	const json_t *said = json_object_get(m->params, "data");
	const char *text = json_string_value(said);

	if (x->o == NULL || x->o->on_log == NULL || level == TOOL_LEVELS
	    || level < x->o->level)
		return;
	if (text == NULL)
		text = said == NULL ? "" : json_text(x->scratch, said);
	x->o->on_log(x->o->ctx, level, mcp_client_hide(x->c, x->scratch, text));
}

static const struct mcp_handler *
handler_of(const struct exchange *x)
{
	return x->o != NULL && x->o->handler != NULL ? x->o->handler
						     : x->c->handler;
}

static void
take_notification(struct exchange *x, const struct rpc_message *m)
{
	if (strcmp(m->method, "notifications/progress") == 0) {
		take_progress(x, m);
		return;
	}
	if (strcmp(m->method, "notifications/message") == 0)
		take_log(x, m);
	if (strcmp(m->method, "notifications/tools/list_changed") == 0)
		atomic_store(&x->c->list_changed, true);
	serve_notification(handler_of(x), m->method, m->params);
}

/* The answer is ${m}; what was taken with a worse id goes. */
static void
take_answer(struct exchange *x, const struct rpc_message *m)
{
	x->result = x->data = NULL;
	x->named = rpc_id_match(m->id, x->id) != RPC_ID_OTHER;
	if (m->kind == RPC_RESULT) {
		x->result = json_keep(x->mem, json_incref(m->result));
		return;
	}
	x->code = m->code;
	x->message = arena_strdup(x->mem, m->message);
	x->data = json_keep(x->mem, json_incref(m->data));
}

/*
 * Is ${m} the answer to what was posted?  RPC_ID_TEXT: perhaps.  An error
 * without an id can only be about that; so can one in the body of a refusal,
 * whose id is "server-error" (the Python SDK), or one in which the id was lost
 * (modelcontextprotocol/python-sdk#1144).
 */
static enum rpc_id_match
is_ours(const struct exchange *x, const struct rpc_message *m)
{
	enum rpc_id_match match = rpc_id_match(m->id, x->id);

	if (m->kind == RPC_ERROR && match == RPC_ID_OTHER
	    && (m->id == NULL || x->status >= 400))
		return RPC_ID_SAME;
	if (m->kind == RPC_ERROR && match == RPC_ID_OTHER
	    && json_is_string(m->id))
		return RPC_ID_TEXT;
	return match;
}

/* A request of the server's. */
static void
take_request(struct exchange *x, const struct rpc_message *m)
{
	struct buf body = BUF_INIT(MCP_REPLY_MAX);

	/* Each costs a round trip: a server must not hold the caller so.  A
	 * modern one must not ask; it gets no answer. */
	if (x->view->era == ERA_MODERN || exchange_is_over(x)
	    || x->requests++ >= MCP_REQUESTS_MAX)
		return;
	if (serve_request(handler_of(x), m->id, m->method, m->params, &body)
	    == 0)
		x->view->transport->send(x, &body);
	buf_fini(&body);
}

static int
take_message(void *ctx, const struct rpc_message *m)
{
	struct exchange *x = ctx;

	switch (m->kind) {
	case RPC_NOTIFICATION:
		take_notification(x, m);
		return 0;
	case RPC_REQUEST:
		take_request(x, m);
		return 0;
	case RPC_RESULT:
	case RPC_ERROR:
		break;
	default:
		return 0;
	}
	switch (is_ours(x, m)) {
	case RPC_ID_SAME:
		take_answer(x, m);
		x->answered = true;
		return 1;
	case RPC_ID_TEXT:
		/* Unless a better one comes. */
		if (!x->maybe)
			take_answer(x, m);
		x->maybe = true;
		return 0;
	default:
		return 0;
	}
}

int
exchange_take(struct exchange *x, const char *bytes, size_t len)
{
	int rc;

	rc = rpc_read(x->scratch, bytes, len, take_message, x);
	arena_reset(x->scratch);
	return rc;
}
