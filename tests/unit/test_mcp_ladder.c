/*
 * The ladder: each rung with its status and code, in its order; what a
 * reference server does on the wire; batches; capabilities.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include <sodium.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/seal.h"
#include "base/secret.h"
#include "mcp/headers.h"
#include "mcp/server.h"

#define M "2026-07-28"
#define PV "io.modelcontextprotocol/protocolVersion"
#define CC "io.modelcontextprotocol/clientCapabilities"
#define META_OF(version, can) \
	"\"_meta\":{\"" PV "\":\"" version "\",\"" CC "\":" can "}"
#define META META_OF(M, "{}")
#define META_LEVEL(level)                                     \
	"\"_meta\":{\"" PV "\":\"" M "\",\"" CC "\":{},\"io." \
	"modelcontextprotocol/logLevel\":" level "}"
#define MSG(id, method, params)                                   \
	"{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"" method \
	"\",\"params\":{" params "}}"
#define LIST MSG("1", "tools/list", META)
#define CALL MSG("1", "tools/call", "\"name\":\"echo\"," META)
#define BOTH_TYPES "application/json, text/event-stream"

static const bool OFFERS[MCP_METHODS] = { [MCP_INITIALIZE] = true,
	[MCP_PING] = true,
	[MCP_DISCOVER] = true,
	[MCP_TOOLS_LIST] = true,
	[MCP_TOOLS_CALL] = true,
	[MCP_TASKS_GET] = true };

static const struct rung_case {
	const char *what;
	const char *version, *method, *name; /* headers */
	const char *body;
	int status, code; /* 0: it is served, as of ${revision} */
	const char *revision;
	const char *accept; /* NULL: both */
} CASES[] = {
	/* 6: one valid message */
	{ "a number", NULL, NULL, NULL, "7", 400, -32600, NULL, NULL },
	{ "no jsonrpc", NULL, NULL, NULL, "{\"id\":1,\"method\":\"ping\"}", 400,
	    -32600, NULL, NULL },
	{ "jsonrpc 1.0", NULL, NULL, NULL,
	    "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"ping\"}", 400, -32600,
	    NULL, NULL },
	{ "id null", NULL, NULL, NULL, MSG("null", "ping", ""), 400, -32600,
	    NULL, NULL },
	{ "id 1.5", NULL, NULL, NULL, MSG("1.5", "ping", ""), 400, -32600, NULL,
	    NULL },
	{ "id object", NULL, NULL, NULL, MSG("{}", "ping", ""), 400, -32600,
	    NULL, NULL },
	{ "id 0", NULL, NULL, NULL, MSG("0", "ping", ""), 0, 0, "2025-03-26",
	    NULL },
	{ "id text", NULL, NULL, NULL, MSG("\"a\"", "ping", ""), 0, 0,
	    "2025-03-26", NULL },
	{ "no method", NULL, NULL, NULL, "{\"jsonrpc\":\"2.0\",\"id\":1}", 400,
	    -32600, NULL, NULL },
	{ "params a list", NULL, NULL, NULL,
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":[]}",
	    400, -32600, NULL, NULL },
	{ "a request without an id", M, "tools/call", "echo",
	    "{\"jsonrpc\":\"2.0\",\"method\":\"tools/call\"}", 400, -32600,
	    NULL, NULL },
	/* Accept */
	{ "Accept of neither", M, "tools/list", NULL, LIST, 406, -32600, NULL,
	    "text/html" },
	{ "Accept of JSON", M, "tools/list", NULL, LIST, 0, 0, M,
	    "application/json" },
	{ "Accept of all", M, "tools/list", NULL, LIST, 0, 0, M, "*/*" },
	{ "Accept of JSON, legacy", NULL, NULL, NULL, MSG("1", "ping", ""), 0,
	    0, "2025-03-26", "application/json" },
	/* 8: _meta; before the headers */
	{ "no _meta", M, "tools/list", NULL, MSG("1", "tools/list", ""), 400,
	    -32602, NULL, NULL },
	{ "no _meta, unknown version", "2099-01-01", "tools/list", NULL,
	    MSG("1", "tools/list", ""), 400, -32602, NULL, NULL },
	{ "no version in _meta", M, "tools/list", NULL,
	    MSG("1", "tools/list", "\"_meta\":{\"" CC "\":{}}"), 400, -32602,
	    NULL, NULL },
	{ "a version that is no text", M, "tools/list", NULL,
	    MSG("1", "tools/list", "\"_meta\":{\"" PV "\":7,\"" CC "\":{}}"),
	    400, -32602, NULL, NULL },
	{ "no capabilities", M, "tools/list", NULL,
	    MSG("1", "tools/list", "\"_meta\":{\"" PV "\":\"" M "\"}"), 400,
	    -32602, NULL, NULL },
	{ "capabilities that are a list", M, "tools/list", NULL,
	    MSG("1", "tools/list", META_OF(M, "[]")), 400, -32602, NULL, NULL },
	{ "no capabilities, and a wrong header", "2025-11-25", "x", NULL,
	    MSG("1", "tools/list", "\"_meta\":{\"" PV "\":\"" M "\"}"), 400,
	    -32602, NULL, NULL },
	{ "clientInfo is optional", M, "tools/list", NULL, LIST, 0, 0, M,
	    NULL },
	/* 9: the header's version, before 10 */
	{ "no version header", NULL, "tools/list", NULL, LIST, 400, -32020,
	    NULL, NULL },
	{ "another version header", "2025-11-25", "tools/list", NULL, LIST, 400,
	    -32020, NULL, NULL },
	{ "header of today, _meta of never", M, "tools/list", NULL,
	    MSG("1", "tools/list", META_OF("v999", "{}")), 400, -32020, NULL,
	    NULL },
	/* 10 */
	{ "a version of never", "2031-01-01", "tools/list", NULL,
	    MSG("1", "tools/list", META_OF("2031-01-01", "{}")), 400, -32022,
	    NULL, NULL },
	{ "a legacy version in _meta", "2025-11-25", "server/discover", NULL,
	    MSG("1", "server/discover", META_OF("2025-11-25", "{}")), 400,
	    -32022, NULL, NULL },
	/* 11 */
	{ "no Mcp-Method", M, NULL, NULL, LIST, 400, -32020, NULL, NULL },
	{ "another Mcp-Method", M, "tools/call", NULL, LIST, 400, -32020, NULL,
	    NULL },
	{ "Mcp-Method in capitals", M, "Tools/List", NULL, LIST, 400, -32020,
	    NULL, NULL },
	/* 12 */
	{ "an unknown method", M, "a/b", NULL, MSG("1", "a/b", META), 404,
	    -32601, NULL, NULL },
	{ "ping, modern", M, "ping", NULL, MSG("1", "ping", META), 404, -32601,
	    NULL, NULL },
	{ "initialize, modern", M, "initialize", NULL,
	    MSG("1", "initialize", META), 404, -32601, NULL, NULL },
	{ "one that is not offered", M, "resources/read", "x",
	    MSG("1", "resources/read", "\"uri\":\"x\"," META), 404, -32601,
	    NULL, NULL },
	{ "an unknown method, legacy", NULL, NULL, NULL, MSG("1", "a/b", ""),
	    200, -32601, NULL, NULL },
	{ "discover, legacy", NULL, NULL, NULL, MSG("1", "server/discover", ""),
	    200, -32601, NULL, NULL },
	/* 13 */
	{ "no Mcp-Name", M, "tools/call", NULL, CALL, 400, -32020, NULL, NULL },
	{ "another Mcp-Name", M, "tools/call", "ECHO", CALL, 400, -32020, NULL,
	    NULL },
	{ "Mcp-Name", M, "tools/call", "echo", CALL, 0, 0, M, NULL },
	{ "Mcp-Name with blanks", M, "tools/call", " echo\t", CALL, 0, 0, M,
	    NULL },
	{ "Mcp-Name in base64", M, "tools/call", "=?base64?ZWNobw==?=", CALL, 0,
	    0, M, NULL },
	{ "Mcp-Name in bad base64", M, "tools/call", "=?base64?ZWNobw=?=", CALL,
	    400, -32020, NULL, NULL },
	{ "no name at all", M, "tools/call", "echo",
	    MSG("1", "tools/call", META), 400, -32020, NULL, NULL },
	{ "a task's id", M, "tasks/get", "t",
	    MSG("1", "tasks/get",
		"\"taskId\":\"t\"," META_OF(M,
		    "{\"extensions\":{\"io.modelcontextprotocol/"
		    "tasks\":{}}}")),
	    0, 0, M, NULL },
	{ "another task's id", M, "tasks/get", "u",
	    MSG("1", "tasks/get", "\"taskId\":\"t\"," META), 400, -32020, NULL,
	    NULL },
	/* 14 */
	{ "a capability is missing", M, "tasks/get", "t",
	    MSG("1", "tasks/get", "\"taskId\":\"t\"," META), 400, -32021, NULL,
	    NULL },
	/* 17: a level */
	{ "a level", M, "tools/call", "echo",
	    MSG("1", "tools/call", "\"name\":\"echo\"," META_LEVEL("\"info\"")),
	    0, 0, M, NULL },
	{ "a level of never", M, "tools/call", "echo",
	    MSG("1", "tools/call", "\"name\":\"echo\"," META_LEVEL("\"loud\"")),
	    200, -32602, NULL, NULL },
	{ "a level that is no text", M, "tools/call", "echo",
	    MSG("1", "tools/call", "\"name\":\"echo\"," META_LEVEL("3")), 200,
	    -32602, NULL, NULL },
	/* Seen on the wire of a reference server. */
	{ "initialize", NULL, NULL, NULL,
	    MSG("0", "initialize", "\"protocolVersion\":\"2025-11-25\""), 0, 0,
	    "2025-11-25", NULL },
	{ "initialize of 2024-11-05", NULL, NULL, NULL,
	    MSG("0", "initialize", "\"protocolVersion\":\"2024-11-05\""), 0, 0,
	    "2024-11-05", NULL },
	{ "initialize of 2026-07-28", NULL, NULL, NULL,
	    MSG("0", "initialize", "\"protocolVersion\":\"" M "\""), 0, 0,
	    "2025-11-25", NULL },
	{ "initialize of 1.0.0", NULL, NULL, NULL,
	    MSG("0", "initialize", "\"protocolVersion\":\"1.0.0\""), 0, 0,
	    "2025-11-25", NULL },
	/* There -32020; here, who asks so is served as well as may be. */
	{ "initialize, and a modern header", M, NULL, NULL,
	    MSG("0", "initialize", "\"protocolVersion\":\"" M "\""), 0, 0,
	    "2025-11-25", NULL },
	{ "initialize, and a header of never", "2099-01-01", NULL, NULL,
	    MSG("0", "initialize", "\"protocolVersion\":\"2025-06-18\""), 0, 0,
	    "2025-06-18", NULL },
	{ "a bare list", NULL, NULL, NULL, MSG("1", "tools/list", ""), 0, 0,
	    "2025-03-26", NULL },
	{ "a list with a legacy header", "2025-06-18", NULL, NULL,
	    MSG("1", "tools/list", ""), 0, 0, "2025-06-18", NULL },
	{ "ping, legacy", "2025-11-25", NULL, NULL, MSG("1", "ping", ""), 0, 0,
	    "2025-11-25", NULL },
	{ "a notification", NULL, NULL, NULL,
	    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}", 0,
	    0, "2025-03-26", NULL },
	{ "a modern notification", M, NULL, NULL,
	    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\"}", 0, 0, M,
	    NULL },
	{ "a response", NULL, NULL, NULL,
	    "{\"jsonrpc\":\"2.0\",\"id\":9,\"result\":{}}", 0, 0, "2025-03-26",
	    NULL },
};

static struct seal_ring *
ring_new(void)
{
	static const char KEY[]
	    = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
	struct secret key = { 0 }, none = { 0 };
	const char *why = "";
	struct seal_ring *ring;

	secret_set(&key, KEY, strlen(KEY));
	ring = seal_ring_new(&key, &none, "", &why);
	if (ring == NULL)
		fail_msg("%s", why);
	secret_clear(&key);
	return ring;
}

static const char *
no_header(const void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
	return NULL;
}

struct rig {
	struct arena *mem;
	struct seal_ring *ring;
	struct mcp_server server;
	struct mcp_head head;
	struct mcp_call call;
	struct mcp_fault fault;
};

static int
rig_up(void **state)
{
	static struct rig r;

	if (sodium_init() == -1)
		return -1;
	r = (struct rig){ .mem = arena_new(), .ring = ring_new() };
	r.server = (struct mcp_server){ .version = "1.2.3",
		.offers = OFFERS,
		.ring = r.ring,
		.key = "k1",
		.now_s = 1000000,
		.session_max_s = 100 };
	*state = &r;
	return 0;
}

static int
rig_down(void **state)
{
	struct rig *r = *state;

	arena_free(r->mem);
	seal_ring_free(r->ring);
	return 0;
}

static bool
climb(struct rig *r, const char *body)
{
	json_t *doc = json_read(r->mem, body, strlen(body), NULL, NULL);

	if (doc == NULL)
		fail_msg("not JSON: %s", body);
	r->head.header = no_header;
	r->call = (struct mcp_call){ .mem = r->mem,
		.server = &r->server,
		.head = &r->head,
		.in_batch = r->call.in_batch };
	r->fault = (struct mcp_fault){ 0 };
	return mcp_climb(&r->call, doc, &r->fault);
}

static void
each_rung_answers(void **state)
{
	struct rig *r = *state;
	size_t i;

	for (i = 0; i < NELEM(CASES); i++) {
		const struct rung_case *c = &CASES[i];
		bool up;

		r->head = (struct mcp_head){ .version = c->version,
			.method = c->method,
			.name = c->name,
			.accept = c->accept == NULL ? BOTH_TYPES : c->accept };
		up = climb(r, c->body);
		if (up != (c->code == 0) || r->fault.code != c->code
		    || r->fault.status != c->status)
			fail_msg("%s: %d %d %s", c->what, r->fault.status,
			    r->fault.code, r->fault.message);
		if (up && strcmp(r->call.revision->name, c->revision) != 0)
			fail_msg("%s: %s", c->what, r->call.revision->name);
	}
}

static void
a_level_is_asked_for_by_each_call(void **state)
{
	struct rig *r = *state;

	r->head = (struct mcp_head){ .version = M,
		.method = "tools/call",
		.name = "echo" };
	assert_true(climb(r, CALL));
	assert_int_equal(r->call.level, TOOL_LEVELS);
	assert_true(climb(r,
	    MSG("1", "tools/call",
		"\"name\":\"echo\"," META_LEVEL("\"warning\""))));
	assert_int_equal(r->call.level, TOOL_WARNING);
	/* Of a legacy message it means nothing. */
	r->head = (struct mcp_head){ .accept = BOTH_TYPES };
	assert_true(climb(r,
	    MSG("1", "ping",
		"\"_meta\":{\"io.modelcontextprotocol/logLevel\":\"info\"}")));
	assert_int_equal(r->call.level, TOOL_LEVELS);
}

static void
faults_say_what_would_do(void **state)
{
	struct rig *r = *state;
	char *text;

	r->head = (struct mcp_head){ .version = "2031-01-01",
		.method = "ping" };
	assert_false(climb(r, MSG("7", "ping", META_OF("2031-01-01", "{}"))));
	text = json_text(r->mem, r->fault.data);
	assert_string_equal(text,
	    "{\"supported\":[\"" M "\"],\"requested\":\"2031-01-01\"}");
	assert_int_equal(json_integer_value(r->call.id), 7);

	r->head = (struct mcp_head){ .version = M,
		.method = "tasks/get",
		.name = "t" };
	assert_false(climb(r, MSG("7", "tasks/get", "\"taskId\":\"t\"," META)));
	text = json_text(r->mem, r->fault.data);
	assert_string_equal(text,
	    "{\"requiredCapabilities\":{\"extensions\":{\"io."
	    "modelcontextprotocol/tasks\":{}}}}");
}

static void
a_session_says_what_was_agreed(void **state)
{
	struct rig *r = *state;
	char id[MCP_SESSION_ID_MAX];

	mcp_session_id_make(r->ring, "k1", MCP_2025_06_18, MCP_CAN_ELICIT,
	    r->server.now_s, id);
	r->head = (struct mcp_head){ .session = id };
	assert_true(climb(r, MSG("1", "ping", "")));
	assert_string_equal(r->call.revision->name, "2025-06-18");
	assert_int_equal(r->call.client, MCP_CAN_ELICIT);
	assert_true(r->call.has_session);

	r->head.version = "1999-01-01"; /* a header of never */
	assert_false(climb(r, MSG("1", "ping", "")));
	assert_int_equal(r->fault.status, 400);
	r->head.version = NULL;

	id[3] = id[3] == 'A' ? 'B' : 'A';
	assert_false(climb(r, MSG("1", "ping", "")));
	assert_int_equal(r->fault.status, 404);
	/* Of a notification, too; who initializes again is welcome, and a
	 * modern request has no sessions. */
	assert_false(
	    climb(r, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\"}"));
	assert_int_equal(r->fault.status, 404);
	assert_true(climb(r, MSG("1", "initialize", "")));
	r->head.version = M;
	r->head.method = "tools/list";
	assert_true(climb(r, LIST));
	assert_false(r->call.has_session);
}

static void
what_may_be_one_of_several(void **state)
{
	struct rig *r = *state;
	json_t *array = json_keep(r->mem, json_array());
	size_t i;

	assert_false(mcp_may_batch(&r->call, array, &r->fault));
	assert_int_equal(r->fault.status, 400);
	assert_int_equal(r->fault.code, -32600);
	for (i = 0; i < MCP_BATCH_MAX; i++)
		(void)json_array_append_new(array, json_object());
	assert_true(mcp_may_batch(&r->call, array, &r->fault));
	(void)json_array_append_new(array, json_object());
	r->call.mem = r->mem;
	assert_false(mcp_may_batch(&r->call, array, &r->fault));

	r->call.in_batch = true;
	r->head = (struct mcp_head){ .version = NULL };
	assert_true(climb(r, MSG("1", "ping", "")));
	r->head.version = "2025-03-26";
	assert_true(climb(r, MSG("1", "ping", "")));
	assert_false(climb(r, MSG("1", "initialize", "")));
	r->head.version = "2025-06-18";
	assert_false(climb(r, MSG("1", "ping", "")));
	assert_int_equal(r->fault.code, -32600);
	r->head = (struct mcp_head){ .version = M, .method = "tools/list" };
	assert_false(climb(r, LIST));
	r->call.in_batch = false;
}

static const char *
zone(const void *ctx, const char *name)
{
	return strcmp(name, "Mcp-Param-Zone") == 0 ? ctx : NULL;
}

static void
annotated_arguments_agree(void **state)
{
	static const struct {
		const char *type, *arguments, *header;
		bool agree;
	} cases[] = {
		{ "string", "{\"zone\":\"eu-1\"}", "eu-1", true },
		{ "string", "{\"zone\":\"eu-1\"}", "eu-2", false },
		{ "string", "{\"zone\":\"eu-1\"}", NULL, false },
		{ "string", "{\"zone\":\"eu-1\"}", "eu-1, eu-1", false },
		{ "string", "{}", NULL, true },
		{ "string", "{}", "eu-1", false },
		{ "string", "{\"zone\":null}", NULL, true },
		{ "string", "{\"zone\":\"\"}", "", true },
		{ "string", "{\"zone\":\"\xc3\xa9l\xc3\xa9\"}",
		    "=?base64?w6lsw6k=?=", true },
		{ "string", "{\"zone\":\"\xc3\xa9l\xc3\xa9\"}",
		    "=?base64?w6lsw6k?=", false },
		{ "string", "{\"zone\":\"\xc3\xa9l\xc3\xa9\"}",
		    "=?base64?w6lsw6l=?=", false },
		{ "string", "{\"zone\":\"\xc3\xa9l\xc3\xa9\"}",
		    "=?BASE64?w6lsw6k=?=", false },
		{ "string", "{\"zone\":\"=?base64?=\"}", "=?base64?=", true },
		{ "string", "{\"zone\":\"=?base64?SGVsbG8=?=\"}",
		    "=?base64?SGVsbG8=?=", false },
		{ "string", "{\"zone\":\"=?base64?SGVsbG8=\"}",
		    "=?base64?SGVsbG8=", true },
		{ "integer", "{\"zone\":42}", "42", true },
		{ "integer", "{\"zone\":42}", "42.0", true },
		{ "integer", "{\"zone\":42.0}", "42", true },
		{ "integer", "{\"zone\":42}", "42.5", false },
		{ "integer", "{\"zone\":42}", "+42", false },
		{ "integer", "{\"zone\":42}", "42.", false },
		{ "integer", "{\"zone\":-1}", "-1", true },
		{ "integer", "{\"zone\":42}", "0x2a", false },
		{ "integer", "{\"zone\":42}", "", false },
		{ "boolean", "{\"zone\":true}", "true", true },
		{ "boolean", "{\"zone\":true}", "True", false },
		{ "boolean", "{\"zone\":false}", "false", true },
		{ "string", "{\"zone\":{}}", "{}", false },
	};
	struct rig *r = *state;
	size_t i;

	for (i = 0; i < NELEM(cases); i++) {
		char *text = arena_printf(r->mem,
		    "{\"type\":\"object\",\"properties\":{\"zone\":{\"type\":"
		    "\"%s\",\"x-mcp-header\":\"Zone\"}}}",
		    cases[i].type);
		json_t *schema = json_read(r->mem, text, strlen(text), NULL,
		    NULL);
		json_t *arguments = json_read(r->mem, cases[i].arguments,
		    strlen(cases[i].arguments), NULL, NULL);

		r->head = (struct mcp_head){ .header = zone,
			.ctx = cases[i].header };
		r->call = (struct mcp_call){ .mem = r->mem,
			.head = &r->head,
			.revision = &MCP_REVISION[MCP_NEWEST] };
		if (mcp_params_agree(&r->call, schema, arguments, &r->fault)
		    != cases[i].agree)
			fail_msg("%s %s", cases[i].arguments, cases[i].header);
		if (!cases[i].agree) {
			assert_int_equal(r->fault.code, -32020);
			assert_int_equal(r->fault.status, 400);
		}
		r->call.revision = &MCP_REVISION[MCP_NEWEST_LEGACY];
		assert_true(
		    mcp_params_agree(&r->call, schema, arguments, &r->fault));
	}
}

static void
capabilities_are_read(void **state)
{
	static const struct {
		const char *text;
		unsigned can;
	} cases[] = {
		{ "{}", 0 },
		{ "{\"roots\":{\"listChanged\":true}}", MCP_CAN_ROOTS },
		{ "{\"sampling\":{}}", MCP_CAN_SAMPLE },
		{ "{\"elicitation\":{}}", MCP_CAN_ELICIT },
		{ "{\"elicitation\":{\"form\":{}}}", MCP_CAN_ELICIT },
		{ "{\"elicitation\":{\"url\":{}}}", MCP_CAN_ELICIT_URL },
		{ "{\"elicitation\":{\"form\":{},\"url\":{}}}",
		    MCP_CAN_ELICIT | MCP_CAN_ELICIT_URL },
		{ "{\"extensions\":{\"io.modelcontextprotocol/tasks\":{}}}",
		    MCP_CAN_TASKS },
		{ "{\"extensions\":{}}", 0 },
		{ "{\"roots\":true}", 0 },
	};
	struct rig *r = *state;
	size_t i;

	for (i = 0; i < NELEM(cases); i++)
		if (mcp_client_can(json_read(r->mem, cases[i].text,
			strlen(cases[i].text), NULL, NULL))
		    != cases[i].can)
			fail_msg("%s", cases[i].text);
	assert_int_equal(mcp_client_can(NULL), 0);
}

static void
only_what_is_offered_is_told(void **state)
{
	struct buf out = BUF_INIT(KIB);
	bool offers[MCP_METHODS] = { false };

	(void)state;
	assert_int_equal(mcp_capabilities_write(&out, offers, MCP_LEGACY), 0);
	assert_string_equal(buf_str(&out), "{}");
	buf_reset(&out);
	assert_int_equal(mcp_capabilities_write(&out, OFFERS, MCP_LEGACY), 0);
	assert_string_equal(buf_str(&out), "{\"tools\":{}}");
	buf_reset(&out);
	offers[MCP_SET_LEVEL] = offers[MCP_PROMPTS_GET] = true;
	assert_int_equal(mcp_capabilities_write(&out, offers, MCP_LEGACY), 0);
	assert_string_equal(buf_str(&out), "{\"prompts\":{},\"logging\":{}}");
	buf_reset(&out);
	assert_int_equal(mcp_capabilities_write(&out, offers, MCP_MODERN), 0);
	/* Lines of a log are sent to modern clients, too. */
	assert_string_equal(buf_str(&out), "{\"prompts\":{},\"logging\":{}}");
	buf_fini(&out);
}

static void
accept_is_read(void **state)
{
	static const struct {
		const char *accept;
		bool json, stream;
	} cases[] = {
		{ NULL, true, true },
		{ "", true, true },
		{ "*/*", true, true },
		{ "application/json", true, false },
		{ "text/event-stream", false, true },
		{ "Application/JSON;q=0.5,text/event-stream", true, true },
		{ "application/*", true, false },
		{ "text/html", false, false },
		{ "application/json;q=0", false, false },
		{ "application/json; q=0.000, text/*", false, true },
		{ "text/html, */*;q=0.1", true, true },
		{ "*/*;q=0", false, false },
		{ ",", false, false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		struct mcp_accepts a = mcp_accepts(cases[i].accept);

		if (a.json != cases[i].json || a.stream != cases[i].stream)
			fail_msg("%s", cases[i].accept);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_rung_answers),
		cmocka_unit_test(a_level_is_asked_for_by_each_call),
		cmocka_unit_test(faults_say_what_would_do),
		cmocka_unit_test(a_session_says_what_was_agreed),
		cmocka_unit_test(what_may_be_one_of_several),
		cmocka_unit_test(annotated_arguments_agree),
		cmocka_unit_test(capabilities_are_read),
		cmocka_unit_test(only_what_is_offered_is_told),
		cmocka_unit_test(accept_is_read),
	};

	return cmocka_run_group_tests(tests, rig_up, rig_down);
}
