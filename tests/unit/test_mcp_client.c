/*
 * The MCP client with servers of 2026-07-28, and with wrong ones.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "mcp/client_priv.h"
#include "tests/unit/mcp_rig.h"

static void
modern_requests_carry_all(void **state)
{
	static const struct rule rules[] = {
		{ .method = "server/discover",
		    .status = 200,
		    .body = DISCOVER },
		{ .method = "tools/call", .status = 200, .body = SAID("yes") },
		{ 0 },
	};
	json_t *args = json_pack("{s:s, s:i, s:{s:b}, s:s}", "zone", "\xc3\xa9",
	    "n", 42, "o", "b", 1, "other", "x");
	json_t *schema = json_pack(
	    "{s:s, s:{s:{s:s,s:s}, s:{s:s,s:s}, s:{s:s,s:{s:{s:s,s:s}}},"
	    " s:{s:s,s:s}}}",
	    "type", "object", "properties", "zone", "type", "string",
	    "x-mcp-header", "Zone", "n", "type", "integer", "x-mcp-header", "N",
	    "o", "type", "object", "properties", "b", "type", "boolean",
	    "x-mcp-header", "Deep", "absent", "type", "string", "x-mcp-header",
	    "Absent");
	json_t *result;
	const char *sent;

	(void)state;
	rig_begin(rules);
	assert_int_equal(mcp_client_call(rig.client, "caf\xc3\xa9", args,
			     schema, NULL, rig.mem, &result, rig.why),
	    MCP_OK);
	sent = rules_request("tools/call", 0);
	assert_non_null(strstr(sent, "MCP-Protocol-Version: 2026-07-28\r\n"));
	assert_non_null(strstr(sent, "Mcp-Method: tools/call\r\n"));
	assert_non_null(strstr(sent, "Mcp-Name: =?base64?Y2Fmw6k=?=\r\n"));
	assert_non_null(strstr(sent, "Mcp-Param-Zone: =?base64?w6k=?=\r\n"));
	assert_non_null(strstr(sent, "Mcp-Param-N: 42\r\n"));
	assert_non_null(strstr(sent, "Mcp-Param-Deep: true\r\n"));
	assert_null(strstr(sent, "Absent"));
	assert_non_null(strstr(sent, "Authorization: Bearer k\r\n"));
	assert_non_null(
	    strstr(sent, "Accept: application/json, text/event-stream\r\n"));
	assert_non_null(strstr(sent, "\"arguments\":{\"zone\""));
	assert_non_null(
	    strstr(sent, "\"io.modelcontextprotocol/clientCapabilities\":{}"));
	assert_null(strstr(sent, "progressToken"));
	json_decref(args);
	json_decref(schema);
	rig_end();
}

static void
a_call_ends_in_many_ways(void **state)
{
	static char large[9 * MIB];
	static const struct {
		const char *name;
		struct rule rule;
		enum mcp_rc rc;
		const char *text; /* of the result, or in rig.why */
	} cases[] = {
		{ "done",
		    { .method = "tools/call",
			.status = 200,
			.body = SAID("ok") },
		    MCP_OK, "ok" },
		{ "as a stream",
		    { .method = "tools/call",
			.status = 200,
			.body = "data: " SAID("ok") "\n\n" },
		    MCP_OK, "ok" },
		{ "after others'",
		    { .method = "tools/call",
			.status = 200,
			.body
			= "data:\n\ndata: not json\n\n"
			  "data: {'jsonrpc':'2.0','id':999,'result':{}}\n\n"
			  "data: {'jsonrpc':'2.0','id':'$ID','result':{}}\n\n"
			  "data: {'jsonrpc':'2.0','id':5,'method':'ping'}\n\n"
			  "data: " SAID("ok") "\n\n" },
		    MCP_OK, "ok" },
		{ "asks",
		    { .method = "tools/call",
			.status = 200,
			.body = RESULT("'resultType':'input_required','"
				       "inputRequests':{}") },
		    MCP_OK, "" },
		{ "another kind",
		    { .method = "tools/call",
			.status = 200,
			.body = RESULT("'resultType':'task','taskId':'x'") },
		    MCP_PROTOCOL, "kind" },
		{ "no result type",
		    { .method = "tools/call",
			.status = 200,
			.body = SAID("ok") },
		    MCP_OK, "ok" },
		{ "error",
		    { .method = "tools/call",
			.status = 200,
			.body = ERROR(-32602, "no tool t") },
		    MCP_ERROR, "no tool t" },
		{ "error with 400",
		    { .method = "tools/call",
			.status = 400,
			.body = ERROR(-32021, "needs sampling") },
		    MCP_ERROR, "needs sampling" },
		{ "denied",
		    { .method = "tools/call", .status = 401, .body = "" },
		    MCP_DENIED, "401" },
		{ "down",
		    { .method = "tools/call", .status = 503, .body = "<html>" },
		    MCP_UNREACHED, "503" },
		{ "it failed",
		    { .method = "tools/call", .status = 500, .body = "<html>" },
		    MCP_UNKNOWN, "500" },
		{ "a gateway lost it",
		    { .method = "tools/call", .status = 502, .body = "<html>" },
		    MCP_UNKNOWN, "502" },
		{ "not found",
		    { .method = "tools/call", .status = 404, .body = "<html>" },
		    MCP_PROTOCOL, "404 and no MCP answer, but a web page" },
		{ "too large",
		    { .method = "tools/call", .status = 200, .body = large },
		    MCP_UNKNOWN, "too large" },
		{ "a gateway gave up",
		    { .method = "tools/call", .status = 504, .body = "<html>" },
		    MCP_UNKNOWN, "504" },
		{ "no JSON",
		    { .method = "tools/call",
			.status = 200,
			.body = "{'jsonrpc'" },
		    MCP_UNKNOWN, "no MCP answer" },
		{ "another's",
		    { .method = "tools/call",
			.status = 200,
			.body = "{'jsonrpc':'2.0','id':999,'result':{}}" },
		    MCP_UNKNOWN, "no MCP answer" },
		{ "result is no object",
		    { .method = "tools/call",
			.status = 200,
			.body = "{'jsonrpc':'2.0','id':$ID,'result':[]}" },
		    MCP_OK, "" },
		{ "result is null",
		    { .method = "tools/call",
			.status = 200,
			.body = "{'jsonrpc':'2.0','id':$ID,'result':null}" },
		    MCP_OK, "" },
		{ "empty",
		    { .method = "tools/call", .status = 200, .body = "" },
		    MCP_UNKNOWN, "sent no answer here" },
		{ "accepted",
		    { .method = "tools/call", .status = 202, .body = "" },
		    MCP_UNKNOWN, "202" },
		{ "ended before",
		    { .method = "tools/call",
			.status = 200,
			.body = ": nothing\n\n" },
		    MCP_UNKNOWN, "before the answer" },
		{ "cut event",
		    { .method = "tools/call",
			.status = 200,
			.body = "data: " SAID("ok") "\n" },
		    MCP_OK, "ok" },
		{ "cut within an event",
		    { .method = "tools/call",
			.status = 200,
			.body = "data: {'jsonrpc':'2.0','id':$ID,'result'" },
		    MCP_UNKNOWN, "before the answer" },
		{ "a stream without a label",
		    { .method = "tools/call",
			.status = 200,
			.body = "\r\nevent: x\r\ndata: " SAID(
			    "ok") "\r\n\r\n" },
		    MCP_OK, "ok" },
		{ "events of any type, in lines",
		    { .method = "tools/call",
			.status = 200,
			.body
			= "event: ping\ndata: ping\n\n"
			  "data: {'type':'heartbeat'}\n\n"
			  "event: response\ndata: {'jsonrpc':'2.0',\n"
			  "data: 'id':$ID,'result':{'content':'ok'}}\n\n" },
		    MCP_OK, "ok" },
		{ "a byte order mark",
		    { .method = "tools/call",
			.status = 200,
			.body = "\xef\xbb\xbf" SAID("ok") },
		    MCP_OK, "ok" },
		{ "JSON a line",
		    { .method = "tools/call",
			.status = 200,
			.body = "{'jsonrpc':'2.0','method':'n'}\n" SAID(
			    "ok") "\n" },
		    MCP_OK, "ok" },
		{ "the id as text",
		    { .method = "tools/call",
			.status = 200,
			.body = "{'jsonrpc':'2.0','id':'$ID','result':{"
				"'content':'ok'}}" },
		    MCP_OK, "ok" },
		{ "202 with the answer",
		    { .method = "tools/call",
			.status = 202,
			.body = SAID("ok") },
		    MCP_OK, "ok" },
		{ "an error with a lost id",
		    { .method = "tools/call",
			.status = 200,
			.body = "{'jsonrpc':'2.0','id':'9f-3','error':{'code':"
				"-32603,'message':'internal'}}" },
		    MCP_ERROR, "internal" },
		{ "an error as words",
		    { .method = "tools/call",
			.status = 400,
			.body = "{'error':'no such thing'}" },
		    MCP_ERROR, "no such thing" },
		{ "an error that quotes the key",
		    { .method = "tools/call",
			.status = 200,
			.body = "{'jsonrpc':'2.0','id':$ID,'error':{'code':1,"
				"'message':'no key-0123456789abcdef, no "
				"key-01234*** of yours'}}" },
		    MCP_ERROR, "no …, no …*** of yours" },
		{ "a page that quotes the key",
		    { .method = "tools/call",
			.status = 500,
			.body = "who is key-0123456789abcdef?" },
		    MCP_UNKNOWN, "who is …?" },
		{ "moved",
		    { .method = "tools/call",
			.status = 307,
			.body = "",
			.headers
			= "Location: http://u:p@other/mcp/?key=x\r\n" },
		    MCP_PROTOCOL, "http://other/mcp/" },
	};
	struct rule rules[3] = {
		{ .method = "server/discover", .status = 200, .body = DISCOVER }
	};
	const char *text;
	enum mcp_rc rc;
	size_t i;

	(void)state;
	memset(large, 'x', sizeof(large) - 1);
	memcpy(large, "data:", 5);
	for (i = 0; i < NELEM(cases); i++) {
		rules[1] = cases[i].rule;
		rig_begin(rules);
		rc = rig_call(NULL, &text);
		if (rc != cases[i].rc
		    || strstr(rc == MCP_OK ? text : rig.why, cases[i].text)
			== NULL)
			fail_msg("%s: rc %d, %s", cases[i].name, rc,
			    rc == MCP_OK ? text : rig.why);
		rig_end();
	}
}

static void
lists_have_pages(void **state)
{
	static const struct rule rules[] = {
		{ .method = "server/discover",
		    .status = 200,
		    .body = DISCOVER },
		{ .method = "tools/list",
		    .status = 200,
		    .body = RESULT("'tools':[{'name':'c','inputSchema':{}}],"
				   "'ttlMs':1000"),
		    .when = "\"cursor\":\"\"" },
		{ .method = "tools/list",
		    .status = 200,
		    .body = RESULT(
			"'tools':[{'name':'b','inputSchema':{}},"
			"{'name':'bad','inputSchema':{'properties':{'x':"
			"{'type':'number','x-mcp-header':'X'}}}},"
			"{'name':'worse'},{},7],"
			"'nextCursor':'','ttlMs':5000"),
		    .when = "\"cursor\":\"p\\\"2\"" },
		{ .method = "tools/list",
		    .status = 200,
		    .body = RESULT("'tools':[{'name':'a','inputSchema':{}}],"
				   "'nextCursor':'p\\'2','ttlMs':9000") },
		{ 0 },
	};
	static const struct rule endless[] = {
		{ .method = "server/discover",
		    .status = 200,
		    .body = DISCOVER },
		{ .method = "tools/list",
		    .status = 200,
		    .body = RESULT("'tools':[{'name':'a','inputSchema':{}}],"
				   "'nextCursor':'x'") },
		{ 0 },
	};
	static char much[5][MIB];
	struct rule large[7] = { endless[0] };
	json_t *tools;
	int64_t ttl_ms;
	size_t n, i;

	(void)state;
	rig_begin(rules);
	assert_int_equal(
	    mcp_client_tools(rig.client, NULL, &tools, &ttl_ms, rig.why),
	    MCP_OK);
	assert_int_equal(json_array_size(tools), 4);
	assert_string_equal(json_member_str(json_array_get(tools, 1), "name"),
	    "b");
	assert_true(json_is_object(
	    json_object_get(json_array_get(tools, 2), "inputSchema")));
	assert_int_equal(ttl_ms, 1000);
	json_decref(tools);
	rig_end();

	/* A cursor that comes again: the list is over, each tool once. */
	rig_begin(endless);
	assert_int_equal(rig_list(&n), MCP_OK);
	assert_int_equal(n, 1);
	assert_int_equal(rules_count("tools/list"), 2);
	rig_end();

	/* All pages together have a limit. */
	for (i = 0; i < NELEM(much); i++) {
		snprintf(much[i], sizeof(much[i]),
		    RESULT("'tools':[{'name':'a%zu','inputSchema':{},'x':"
			   "'%0*d'}],'nextCursor':'x%zu'"),
		    i, (int)(600 * KIB), 0, i);
		large[1 + i] = endless[1];
		large[1 + i].body = much[i];
		large[1 + i].times = 1;
	}
	rig_begin(large);
	assert_int_equal(rig_list(&n), MCP_OK);
	assert_int_equal(n, 3);
	assert_int_equal(rules_count("tools/list"), 4);
	rig_end();
}

/* The number of tools of a list; -1: none was read. */
static void
lists_have_many_forms(void **state)
{
	static const struct {
		const char *what, *body;
		int status, n, asked; /* pages; 0: any number */
	} cases[] = {
		{ "an empty cursor for ever",
		    RESULT("'tools':[{'name':'a'}],'nextCursor':''"), 200, 1,
		    2 },
		{ "no cursor",
		    RESULT("'tools':[{'name':'a'}],'nextCursor':null"), 200, 1,
		    1 },
		{ "another cursor each time",
		    RESULT("'tools':[{'name':'a'}],'nextCursor':'c$ID'"), 200,
		    1, 2 },
		{ "new tools and another cursor for ever",
		    RESULT("'tools':[{'name':'t$ID'}],'nextCursor':'c$ID'"),
		    200, MCP_PAGES_MAX, MCP_PAGES_MAX },
		{ "names that come twice",
		    RESULT("'tools':[{'name':'a'},{'name':'a'},7,null,'x',[]]"),
		    200, 1, 1 },
		{ "no tools, as Go says it", RESULT("'tools':null"), 200, 0,
		    1 },
		{ "an array with holes",
		    RESULT("'tools':{'0':{'name':'a'},'2':{'name':'b'}}"), 200,
		    2, 1 },
		{ "schemas of all kinds",
		    RESULT("'tools':[{'name':'a','inputSchema':[]},{'name':'b',"
			   "'inputSchema':null},{'name':'c','input_schema':{"
			   "'type':'object'}}]"),
		    200, 3, 1 },
		{ "only resources", ERROR(-32601, "Method not found"), 200, 0,
		    1 },
		{ "another answer", RESULT("'items':[]"), 200, -1, 1 },
	};
	struct rule rules[] = {
		{ .method = "server/discover",
		    .status = 200,
		    .body = DISCOVER },
		{ .method = "tools/list" },
		{ 0 },
	};
	enum mcp_rc rc;
	size_t i, n;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		rules[1].status = cases[i].status;
		rules[1].body = cases[i].body;
		rig_begin(rules);
		rc = rig_list(&n);
		if ((rc == MCP_OK ? (int)n : -1) != cases[i].n
		    || rules_count("tools/list") != cases[i].asked)
			fail_msg("%s: rc %d, %zu tools, %d pages (%s)",
			    cases[i].what, rc, n, rules_count("tools/list"),
			    rig.why);
		rig_end();
	}
}

/* A list is read again and again: a line for each reading would be a stranger's
 * way to fill the log. */
static void
a_list_s_faults_are_logged_once_a_change(void **state)
{
	static char many[80 * KIB];
	/* The list, and the lines until then: of tools, of its length. */
	static const struct {
		const char *body;
		int left_out, cut;
	} cases[] = {
		{ RESULT("'tools':[{'name':'a'},{'name':'a'}]"), 1, 0 },
		{ RESULT("'tools':[{'name':'a'},{'name':'a'}]"), 1, 0 },
		{ RESULT("'tools':[{'name':'b'},{'name':'a'},{'name':'a'}]"), 1,
		    0 },
		{ RESULT("'tools':[{'name':'a'},{'name':'a'},{'name':'a'}]"), 2,
		    0 },
		{ RESULT("'tools':[{'name':'b'},{'name':'b'},{'name':'b'}]"), 3,
		    0 },
		{ RESULT("'tools':[{'name':'a'}]"), 3, 0 },
		{ RESULT("'tools':[{'name':'b'},{'name':'b'},{'name':'b'}]"), 4,
		    0 },
		{ many, 4, 1 },
		{ many, 4, 1 },
		{ RESULT("'tools':[{'name':'a'}]"), 4, 1 },
		{ many, 4, 2 },
	};
	struct rule rules[] = {
		{ .method = "server/discover",
		    .status = 200,
		    .body = DISCOVER },
		{ .method = "tools/list", .status = 200 },
		{ 0 },
	};
	char path[] = "/tmp/dragoman-mcp-XXXXXX";
	int fd = mkstemp(path), n = 0, k;
	size_t i;

	(void)state;
	assert_true(fd != -1);
	close(fd);
	n = snprintf(many, sizeof(many),
	    "{'jsonrpc':'2.0','id':$ID,'result':{'tools':[{'name':'t'}");
	for (k = 0; k < 3000; k++)
		n += snprintf(many + n, sizeof(many) - (size_t)n,
		    ",{'name':'t%d'}", k);
	snprintf(many + n, sizeof(many) - (size_t)n, "]}}");
	assert_int_equal(log_open("test", LOG_INFO, path), 0);
	rules[1].body = cases[0].body;
	rig_begin(rules);
	for (i = 0; i < NELEM(cases); i++) {
		rules[1].body = cases[i].body;
		assert_int_equal(rig_list(NULL), MCP_OK);
		if (served_lines(path, "\"mcp_tool_left_out\"")
			!= cases[i].left_out
		    || served_lines(path, "\"mcp_tools_cut\"") != cases[i].cut)
			fail_msg("the %zuth: %d and %d lines", i + 1,
			    served_lines(path, "\"mcp_tool_left_out\""),
			    served_lines(path, "\"mcp_tools_cut\""));
	}
	rig_end();
	assert_int_equal(log_open("test", LOG_INFO, NULL), 0);
	unlink(path);
}

static int progress_seen;

static void
on_progress(void *ctx, double progress, double total, const char *message)
{
	assert_ptr_equal(ctx, &progress_seen);
	progress_seen++;
	assert_true(progress == progress_seen * 0.5);
	assert_true(total == 2);
	assert_string_equal(message, "half");
}

static void
progress_is_heard(void **state)
{
#define PROGRESS(token, n)                                                  \
	"data: {'jsonrpc':'2.0','method':'notifications/progress','params'" \
	":{'progressToken':" token ",'progress':" n                         \
	",'total':2,'message':'half'}}\n\n"
	static const struct rule rules[] = {
		{ .method = "server/discover",
		    .status = 200,
		    .body = DISCOVER },
		{ .method = "tools/call",
		    .status = 200,
		    .body = PROGRESS("$ID", "0.5") PROGRESS("77",
			"9") "data: {'jsonrpc':'2.0','method':"
			     "'notifications/tools/list_changed'}\n\n" PROGRESS(
				 "$ID", "1") "data: " SAID("ok") "\n\n" },
		{ 0 },
	};
	struct mcp_call_options o = { .on_progress = on_progress,
		.ctx = &progress_seen };
	const char *sent;

	(void)state;
	rig_begin(rules);
	progress_seen = 0;
	assert_false(mcp_client_list_changed(rig.client));
	assert_int_equal(rig_call(&o, NULL), MCP_OK);
	assert_int_equal(progress_seen, 2);
	/* The server is told the token that is listened for: the id. */
	sent = rules_request("tools/call", 0);
	assert_non_null(strstr(sent, "\"id\":"));
	assert_non_null(strstr(sent, "\"progressToken\":"));
	assert_int_equal(atoll(strstr(sent, "\"id\":") + 5),
	    atoll(strstr(sent, "\"progressToken\":") + 16));
	assert_true(mcp_client_list_changed(rig.client));
	assert_false(mcp_client_list_changed(rig.client));
	rig_end();
}

static void
a_changed_schema_is_read_again(void **state)
{
	static const struct rule rules[] = {
		{ .method = "server/discover",
		    .status = 200,
		    .body = DISCOVER },
		{ .method = "tools/call",
		    .status = 200,
		    .body = SAID("ok"),
		    .when = "Mcp-Param-Zone: z" },
		{ .method = "tools/call",
		    .status = 400,
		    .body = ERROR(-32020, "missing header") },
		{ .method = "tools/list",
		    .status = 200,
		    .body = RESULT(
			"'tools':[{'name':'t','inputSchema':{'properties':"
			"{'zone':{'type':'string','x-mcp-header':'Zone'}}"
			"}}]") },
		{ 0 },
	};
	json_t *args = json_pack("{s:s}", "zone", "z"), *result;

	(void)state;
	rig_begin(rules);
	assert_int_equal(mcp_client_call(rig.client, "t", args, NULL, NULL,
			     rig.mem, &result, rig.why),
	    MCP_OK);
	assert_int_equal(rules_count("tools/call"), 2);
	assert_true(mcp_client_list_changed(rig.client));
	/* Once, and no more. */
	json_object_set_new(args, "zone", json_string("other"));
	assert_int_equal(mcp_client_call(rig.client, "t", args, NULL, NULL,
			     rig.mem, &result, rig.why),
	    MCP_ERROR);
	assert_int_equal(rules_count("tools/call"), 4);
	json_decref(args);
	rig_end();
}

static void *
cancel_when_called(void *arg)
{
	assert_true(rules_wait("tools/call", 1));
	__atomic_store_n((int *)arg, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static void
a_call_is_cancelled(void **state)
{
	static const struct rule modern[] = {
		{ .method = "server/discover",
		    .status = 200,
		    .body = DISCOVER },
		{ .method = "tools/call", .serve = serve_silence },
		{ 0 },
	};
	static const struct rule legacy[] = {
		{ .method = "initialize",
		    .status = 200,
		    .body = INITIALIZE("2025-11-25") },
		{ .method = "tools/call", .serve = serve_silence },
		{ 0 },
	};
	static const struct rule *const all[] = { modern, legacy };
	struct mcp_call_options o = { .deadline_ms = RIG_DEADLINE_MS };
	static int flag;
	pthread_t t;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(all); i++) {
		rig_begin(all[i]);
		flag = 0;
		o.cancel = &flag;
		pthread_create(&t, NULL, cancel_when_called, &flag);
		assert_int_equal(rig_call(&o, NULL), MCP_CANCELLED);
		pthread_join(t, NULL);
		/* Where closing does not cancel, it is said. */
		assert_int_equal(rules_count("notifications/cancelled"), i);
		flag = 0;
		o.deadline_ms = 1500;
		assert_int_equal(rig_call(&o, NULL), MCP_UNKNOWN);
		assert_int_equal(rules_count("notifications/cancelled"), 2 * i);
		o.deadline_ms = RIG_DEADLINE_MS;
		rig_end();
	}
}

static int
serve_end(struct served *s, int fd, const struct served_request *req)
{
	(void)s;
	(void)fd;
	(void)req;
	return -1;
}

/* On a connection that served before, curl would send it again by itself. */
static void
a_call_is_sent_once(void **state)
{
	static const struct rule rules[] = {
		{ .method = "server/discover",
		    .status = 200,
		    .body = DISCOVER },
		{ .method = "tools/call",
		    .status = 200,
		    .body = SAID("yes"),
		    .times = 1 },
		{ .method = "tools/call", .serve = serve_end },
		{ 0 },
	};

	(void)state;
	rig_begin(rules);
	assert_int_equal(rig_call(NULL, NULL), MCP_OK);
	assert_int_equal(rig_call(NULL, NULL), MCP_UNKNOWN);
	assert_int_equal(rules_count("tools/call"), 2);
	rig_end();
}

/* What a server quotes of its key goes to no model, whatever it is in. */
static void
a_key_is_hidden_in_any_words(void **state)
{
	static const struct rule rules[] = {
		{ .method = "server/discover",
		    .status = 200,
		    .body = DISCOVER },
		{ 0 },
	};
	static const struct {
		const char *said, *shown;
	} rows[] = {
		{ "you sent key-0123456789abcdef", "you sent …" },
		{ "key-0123456789abcdefkey-0123456789abcdef, twice",
		    "……, twice" },
		{ "key-0123 is no key, nor is k",
		    "key-0123 is no key, nor is k" },
		{ "", "" },
	};
	size_t i;

	(void)state;
	rig_begin(rules);
	for (i = 0; i < NELEM(rows); i++)
		assert_string_equal(
		    mcp_client_hide(rig.client, rig.mem, rows[i].said),
		    rows[i].shown);
	rig_end();
}

static void
a_key_is_hidden_in_any_place(void **state)
{
	static const struct rule rules[] = {
		{ .method = "server/discover",
		    .status = 200,
		    .body = DISCOVER },
		{ 0 },
	};
	json_t *doc, *shown;

	(void)state;
	rig_begin(rules);
	doc = json_keep(rig.mem,
	    json_pack("{s:[s, {s:s, s:i}], s:b}", "a",
		"sent key-0123456789abcdef", "in", "key-0123456789abcdef", "n",
		7, "ok", 1));
	shown = mcp_client_hide_json(rig.client, rig.mem, doc);
	assert_string_equal(json_text(rig.mem, shown),
	    "{\"a\":[\"sent …\",{\"in\":\"…\",\"n\":7}],\"ok\":true}");
	/* Names of members, too. */
	doc = json_keep(rig.mem, json_pack("{s:i}", "key-0123456789abcdef", 1));
	assert_string_equal(
	    json_text(rig.mem, mcp_client_hide_json(rig.client, rig.mem, doc)),
	    "{\"…\":1}");
	assert_null(mcp_client_hide_json(rig.client, rig.mem, NULL));
	rig_end();
}

/* Lines that look as if each were the end of a document, with pauses; then the
 * answer. */
static int
serve_lines(struct served *s, int fd, const struct served_request *req)
{
	enum { PIECES = 20, LINES = 25000 };
	static const char LINE[] = "{\"a\":[}\n";
	static char piece[LINES * (sizeof(LINE) - 1)];
	const char *id = strstr(req->body, "\"id\":");
	int i;

	for (i = 0; i < LINES; i++)
		memcpy(piece + (size_t)i * (sizeof(LINE) - 1), LINE,
		    sizeof(LINE) - 1);
	served_printf(fd,
	    "HTTP/1.1 200 OK\r\nConnection: close\r\n"
	    "Content-Type: application/json\r\n\r\n");
	for (i = 0; i < PIECES; i++) {
		served_write(fd, piece, sizeof(piece));
		served_pause(s, fd, 150);
	}
	served_printf(fd,
	    "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"result\":{"
	    "\"content\":[{\"type\":\"text\",\"text\":\"late\"}]}}",
	    id == NULL ? 0 : strtol(id + 5, NULL, 10));
	return -1;
}

/* What came is not read anew for each piece: that took minutes. */
static void
lines_are_read_once(void **state)
{
	const struct rule rules[] = {
		{ .method = "server/discover",
		    .status = 200,
		    .body = DISCOVER },
		{ .method = "tools/call", .serve = serve_lines },
		{ .method = NULL },
	};
	clock_t began = clock();
	const char *text;

	(void)state;
	rig_begin(rules);
	assert_int_equal(rig_call(NULL, &text), MCP_OK);
	assert_string_equal(text, "late");
	rig_end();
	assert_true((clock() - began) / CLOCKS_PER_SEC < 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_is_sent_once),
		cmocka_unit_test(modern_requests_carry_all),
		cmocka_unit_test(a_call_ends_in_many_ways),
		cmocka_unit_test(lists_have_pages),
		cmocka_unit_test(lists_have_many_forms),
		cmocka_unit_test(a_list_s_faults_are_logged_once_a_change),
		cmocka_unit_test(progress_is_heard),
		cmocka_unit_test(a_changed_schema_is_read_again),
		cmocka_unit_test(a_call_is_cancelled),
		cmocka_unit_test(a_key_is_hidden_in_any_words),
		cmocka_unit_test(a_key_is_hidden_in_any_place),
		cmocka_unit_test(lines_are_read_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
