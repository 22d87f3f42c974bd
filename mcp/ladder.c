/*
 * ladder: the checks of a message, in the order in which they are promised.
 *
 * Those before it (who asks, the method of HTTP, the type, JSON at all) are the
 * route's; those behind it need the tool.  Which status belongs to what is in
 * docs/MCP.md.
 */
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "mcp/era.h"
#include "mcp/headers.h"
#include "mcp/params.h"
#include "mcp/write.h"

#define META "io.modelcontextprotocol/"
#define NOT_ACCEPTABLE "Accept must allow application/json"

static bool
refuse(struct mcp_fault *fault, int status, int code, const char *message)
{
	*fault = (struct mcp_fault){ .status = status,
		.code = code,
		.message = message };
	return false;
}

/* One JSON-RPC message; 1.5 and null are no ids. */
static bool
is_message(struct mcp_call *c, json_t *doc, struct mcp_fault *fault)
{
	const json_t *id = json_object_get(doc, "id");
	struct rpc_message m;
	const char *version;

	rpc_read_message(doc, &m);
	version = json_member_str(doc, "jsonrpc");
	c->kind = m.kind;
	c->id = json_is_string(id) || json_is_integer(id) ? id : NULL;
	c->name = m.method;
	c->params = m.params;
	c->meta = json_object_get(m.params, "_meta");
	if (!json_is_object(doc))
		return refuse(fault, 400, RPC_INVALID_REQUEST,
		    "a message is a JSON object");
	if (version == NULL || strcmp(version, "2.0") != 0)
		return refuse(fault, 400, RPC_INVALID_REQUEST,
		    "a message has \"jsonrpc\": \"2.0\"");
	if (id != NULL && c->id == NULL)
		return refuse(fault, 400, RPC_INVALID_REQUEST,
		    "an id is a string or a whole number");
	if (m.kind == RPC_INVALID)
		return refuse(fault, 400, RPC_INVALID_REQUEST,
		    "a message has a method, a result or an error");
	if (m.kind == RPC_NOTIFICATION
	    && strncmp(m.method, "notifications/", 14) != 0)
		return refuse(fault, 400, RPC_INVALID_REQUEST,
		    "a request has an id");
	/* Some write null for what they leave out. */
	if (json_object_get(doc, "params") != NULL && m.params == NULL
	    && !json_is_null(json_object_get(doc, "params"))
	    && m.method != NULL)
		return refuse(fault, 400, RPC_INVALID_REQUEST,
		    "params is an object");
	return true;
}

/* ---- rungs --------------------------------------------------------------- */

static bool
fits_batch(struct mcp_call *c, struct mcp_fault *fault)
{
	return !c->in_batch
	    || (c->revision->batches
		&& c->method != &MCP_METHOD[MCP_INITIALIZE])
	    || refuse(fault, 400, RPC_INVALID_REQUEST,
		"this message cannot be one of several");
}

static bool
takes_json(struct mcp_call *c, struct mcp_fault *fault)
{
	struct mcp_accepts accepts = mcp_accepts(c->head->accept);

	return accepts.json || accepts.stream
	    || refuse(fault, 406, RPC_INVALID_REQUEST, NOT_ACCEPTABLE);
}

static bool
has_meta(struct mcp_call *c, struct mcp_fault *fault)
{
	const json_t *version = json_object_get(c->meta, MCP_META_VERSION);
	const json_t *can = json_object_get(c->meta, META "clientCapabilities");

	if (!json_is_string(version))
		return refuse(fault, 400, RPC_BAD_PARAMS,
		    "params._meta lacks " MCP_META_VERSION ", a string");
	if (!json_is_object(can))
		return refuse(fault, 400, RPC_BAD_PARAMS,
		    "params._meta lacks " META "clientCapabilities, an object");
	c->client = mcp_client_can(can);
	return true;
}

static bool
version_agrees(struct mcp_call *c, struct mcp_fault *fault)
{
	return (c->head->version != NULL
		   && strcmp(c->head->version,
			  json_member_str(c->meta, MCP_META_VERSION))
		       == 0)
	    || refuse(fault, 400, RPC_HEADER_MISMATCH,
		"the header MCP-Protocol-Version must be what params._meta "
		"says");
}

static bool
version_is_known(struct mcp_call *c, struct mcp_fault *fault)
{
	const char *name = json_member_str(c->meta, MCP_META_VERSION);
	const struct mcp_revision *r = mcp_revision_find(name);

	if (r != NULL && r->era == MCP_MODERN) {
		c->revision = r;
		return true;
	}
	(void)refuse(fault, 400, RPC_BAD_VERSION,
	    "Unsupported protocol version");
	fault->data = json_keep(c->mem,
	    json_pack("{s:o, s:s}", "supported", mcp_revision_names(MCP_MODERN),
		"requested", name));
	return false;
}

static bool
method_agrees(struct mcp_call *c, struct mcp_fault *fault)
{
	return (c->head->method != NULL
		   && strcmp(c->head->method, c->name) == 0)
	    || refuse(fault, 400, RPC_HEADER_MISMATCH,
		"the header Mcp-Method must be the message's method");
}

/* An id says what was agreed when the session began. */
static bool
session_holds(struct mcp_call *c, struct mcp_fault *fault)
{
	const struct mcp_server *server = c->server;

	if (c->head->session == NULL
	    || c->method == &MCP_METHOD[MCP_INITIALIZE])
		return true;
	if (server->ended
	    || !mcp_session_id_read(server->ring, c->head->session, server->key,
		server->now_s, server->session_max_s, &c->session))
		return refuse(fault, 404, RPC_INVALID_REQUEST,
		    "this session has ended; initialize again");
	c->has_session = true;
	c->client = c->session.client;
	c->revision = &MCP_REVISION[c->session.revision];
	return true;
}

static bool
is_offered(struct mcp_call *c, struct mcp_fault *fault)
{
	if (c->method != NULL && (c->method->eras & c->revision->era)
	    && c->server->offers[c->method - MCP_METHOD])
		return true;
	return refuse(fault, c->revision->write->unknown_status, RPC_NO_METHOD,
	    arena_printf(c->mem, "Method not found: %.100s", c->name));
}

static bool
name_agrees(struct mcp_call *c, struct mcp_fault *fault)
{
	const json_t *named;

	if (c->method->named == NULL)
		return true;
	named = json_object_get(c->params, c->method->named);
	return mcp_header_says(c->mem, c->head->name, named)
	    || refuse(fault, 400, RPC_HEADER_MISMATCH,
		arena_printf(c->mem, "the header Mcp-Name must be params.%s",
		    c->method->named));
}

static bool
client_can(struct mcp_call *c, struct mcp_fault *fault)
{
	if ((c->method->needs & ~c->client) == 0)
		return true;
	mcp_fault_capability(c, c->method->needs, fault);
	return false;
}

/* That it wants to be told what a tool says; deprecated, and still used. */
static bool
level_is_known(struct mcp_call *c, struct mcp_fault *fault)
{
	const json_t *level = json_object_get(c->meta, META "logLevel");

	if (level == NULL)
		return true;
	c->level = tool_level_find(json_string_value(level));
	return c->level != TOOL_LEVELS
	    || refuse(fault, 200, RPC_BAD_PARAMS,
		"params._meta: " META "logLevel is no level of a log");
}

#define BOTH (MCP_LEGACY | MCP_MODERN)
#define REQUESTS 0x4u /* not of notifications and responses */

/* What each asks, of what. */
static const struct rung {
	unsigned of;
	bool (*holds)(struct mcp_call *c, struct mcp_fault *fault);
} LADDER[] = {
	{ BOTH | REQUESTS, takes_json },
	{ MCP_MODERN | REQUESTS, has_meta },
	{ MCP_MODERN | REQUESTS, version_agrees },
	{ MCP_MODERN | REQUESTS, version_is_known },
	{ MCP_LEGACY, session_holds },
	{ BOTH, fits_batch },
	{ MCP_MODERN | REQUESTS, method_agrees },
	{ BOTH | REQUESTS, is_offered },
	{ MCP_MODERN | REQUESTS, name_agrees },
	{ MCP_MODERN | REQUESTS, client_can },
	{ MCP_MODERN | REQUESTS, level_is_known },
};

/* ---- the whole ----------------------------------------------------------- */

static const json_t *
if_token(const json_t *value)
{
	return json_is_string(value) || json_is_integer(value) ? value : NULL;
}

bool
mcp_climb(struct mcp_call *call, json_t *doc, struct mcp_fault *fault)
{
	bool is_request;
	size_t i;

	call->revision = &MCP_REVISION[MCP_UNNAMED];
	call->level = TOOL_LEVELS;
	if (!is_message(call, doc, fault))
		return false;
	is_request = call->kind == RPC_REQUEST;
	if (is_request) {
		call->method = mcp_method_find(call->name);
		call->token = if_token(
		    json_object_get(call->meta, "progressToken"));
		call->trace = json_member_str(call->meta, "traceparent");
	}
	call->revision = mcp_era(call);
	for (i = 0; i < NELEM(LADDER); i++)
		if ((LADDER[i].of & call->revision->era)
		    && (is_request || !(LADDER[i].of & REQUESTS))
		    && !LADDER[i].holds(call, fault))
			return false;
	return true;
}

bool
mcp_may_batch(struct mcp_call *call, const json_t *array,
    struct mcp_fault *fault)
{
	call->revision = &MCP_REVISION[MCP_UNNAMED];
	if (json_array_size(array) == 0)
		return refuse(fault, 400, RPC_INVALID_REQUEST,
		    "an array of messages is not empty");
	if (json_array_size(array) > MCP_BATCH_MAX)
		return refuse(fault, 400, RPC_INVALID_REQUEST,
		    arena_printf(call->mem, "an array has at most %d messages",
			MCP_BATCH_MAX));
	return true;
}

int
mcp_fail(struct mcp_fault *fault, int code, const char *message)
{
	(void)refuse(fault, 200, code, message);
	return -1;
}

void
mcp_fault_capability(struct mcp_call *call, unsigned needs,
    struct mcp_fault *fault)
{
	(void)refuse(fault, 400, RPC_NEEDS_CAPABILITY,
	    "the client lacks a capability that this needs");
	fault->data = json_keep(call->mem,
	    json_pack("{s:o}", "requiredCapabilities",
		mcp_client_capabilities(needs & ~call->client)));
}

struct mirrored {
	const struct mcp_call *call;
	const char *wrong; /* the header's name, behind Mcp-Param- */
};

static bool
agrees(void *ctx, const char *name, const json_t *value)
{
	struct mirrored *m = ctx;
	const struct mcp_head *head = m->call->head;
	const char *header = head->header(head->ctx,
	    arena_printf(m->call->mem, "Mcp-Param-%s", name));

	if (value == NULL || json_is_null(value)
		? header == NULL
		: mcp_header_says(m->call->mem, header, value))
		return true;
	m->wrong = name;
	return false;
}

bool
mcp_params_agree(const struct mcp_call *call, const json_t *schema,
    const json_t *arguments, struct mcp_fault *fault)
{
	struct mirrored m = { .call = call };

	if (call->revision->era != MCP_MODERN
	    || params_each(schema, arguments, agrees, &m))
		return true;
	return refuse(fault, 400, RPC_HEADER_MISMATCH,
	    arena_printf(call->mem,
		"the header Mcp-Param-%s must be what params.arguments says",
		m.wrong));
}

const json_t *
mcp_cursor(const struct mcp_call *c)
{
	const json_t *cursor = json_object_get(c->params, "cursor");

	return json_is_null(cursor)
		|| (json_is_string(cursor) && json_string_length(cursor) == 0)
	    ? NULL
	    : cursor;
}
