/*
 * How the MCP client finds the era of its server.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "tests/unit/mcp_rig.h"

static int
serve_end(struct served *s, int fd, const struct served_request *req)
{
	(void)s;
	(void)fd;
	(void)req;
	return -1;
}

static void
the_era_is_found(void **state)
{
#define MODERN_REST                                                   \
	{                                                             \
		.method = "tools/list", .status = 200, .body = TOOLS, \
		.when = "2026-07-28"                                  \
	}
#define LEGACY_REST(v)                                                    \
	{ .method = "initialize", .status = 200, .body = INITIALIZE(v) }, \
	{                                                                 \
		.method = "tools/list", .status = 200, .body = TOOLS      \
	}
	static const struct {
		const char *name;
		struct rule rules[6];
		enum mcp_rc rc;
		const char *version;
	} cases[] = {
		{ "modern",
		    { { .method = "server/discover",
			  .status = 200,
			  .body = DISCOVER },
			MODERN_REST },
		    MCP_OK, "2026-07-28" },
		{ "modern, as a stream",
		    { { .method = "server/discover",
			  .status = 200,
			  .body = ": hi\n\nevent: message\ndata: " DISCOVER
				  "\n\n" },
			MODERN_REST },
		    MCP_OK, "2026-07-28" },
		{ "modern, header lost on the way",
		    { { .method = "server/discover",
			  .status = 400,
			  .body = ERROR(-32020, "no header") },
			MODERN_REST },
		    MCP_OK, "2026-07-28" },
		{ "modern without discover",
		    { { .method = "server/discover",
			  .status = 404,
			  .body = ERROR(-32601, "no method") },
			{ .method = "initialize",
			    .status = 404,
			    .body = ERROR(-32601, "no method") },
			MODERN_REST },
		    MCP_OK, "2026-07-28" },
		{ "newer than we are",
		    { { .method = "server/discover",
			.status = 400,
			.body
			= "{'jsonrpc':'2.0','id':$ID,'error':{'code':-32022,"
			  "'message':'x','data':{'supported':['2031-01-01']}}"
			  "}" } },
		    MCP_PROTOCOL, "" },
		{ "lists legacy only",
		    { { .method = "server/discover",
			  .status = 400,
			  .body
			  = "{'jsonrpc':'2.0','id':$ID,'error':{'code':-32022,"
			    "'message':'x','data':{'supported':['2025-11-25']}}"
			    "}" },
			LEGACY_REST("2025-11-25") },
		    MCP_OK, "2025-11-25" },
		{ "legacy: 400 with -32000",
		    { { .method = "server/discover",
			  .status = 400,
			  .body = "{'jsonrpc':'2.0','error':{'code':-32000,"
				  "'message':'not initialized'},'id':null}" },
			LEGACY_REST("2025-06-18") },
		    MCP_OK, "2025-06-18" },
		{ "legacy: 200 with -32601",
		    { { .method = "server/discover",
			  .status = 200,
			  .body = ERROR(-32601, "no") },
			LEGACY_REST("2025-03-26") },
		    MCP_OK, "2025-03-26" },
		{ "legacy: 400 html",
		    { { .method = "server/discover",
			  .status = 400,
			  .body = "<html>" },
			LEGACY_REST("2024-11-05") },
		    MCP_OK, "2024-11-05" },
		{ "legacy: 404",
		    { { .method = "server/discover",
			  .status = 404,
			  .body = "<html>" },
			LEGACY_REST("2025-11-25") },
		    MCP_OK, "2025-11-25" },
		{ "legacy of a version nobody knows",
		    { { .method = "server/discover",
			  .status = 404,
			  .body = "" },
			LEGACY_REST("1999-01-01") },
		    MCP_PROTOCOL, "" },
		{ "legacy of a version to come",
		    { { .method = "server/discover",
			  .status = 404,
			  .body = "" },
			LEGACY_REST("2026-01-15") },
		    MCP_OK, "2025-03-26" },
		{ "legacy that crashes at what it doesn't know",
		    { { .method = "server/discover",
			  .status = 500,
			  .body = "{'jsonrpc':'2.0','id':null,'error':{'code':"
				  "-32603,'message':'x'}}" },
			LEGACY_REST("2025-06-18") },
		    MCP_OK, "2025-06-18" },
		{ "legacy behind a gateway that says 502",
		    { { .method = "server/discover",
			  .status = 502,
			  .body = "<html>" },
			LEGACY_REST("2025-06-18") },
		    MCP_OK, "2025-06-18" },
		{ "legacy behind a page",
		    { { .method = "server/discover",
			  .status = 200,
			  .body = "<html>" },
			LEGACY_REST("2025-06-18") },
		    MCP_OK, "2025-06-18" },
		{ "legacy that says nothing",
		    { { .method = "server/discover",
			  .status = 200,
			  .body = "" },
			LEGACY_REST("2025-06-18") },
		    MCP_OK, "2025-06-18" },
		{ "legacy that takes it without an answer",
		    { { .method = "server/discover",
			  .status = 202,
			  .body = "" },
			LEGACY_REST("2025-06-18") },
		    MCP_OK, "2025-06-18" },
		{ "legacy that answers something else",
		    { { .method = "server/discover",
			  .status = 200,
			  .body = "{'hello':[1" },
			LEGACY_REST("2025-06-18") },
		    MCP_OK, "2025-06-18" },
		{ "legacy that hangs up",
		    { { .method = "server/discover", .serve = serve_end },
			LEGACY_REST("2025-06-18") },
		    MCP_OK, "2025-06-18" },
		{ "legacy that refuses versions, with its own",
		    { { .method = "initialize",
			  .status = 400,
			  .body = "Unsupported protocol version (supported: "
				  "2025-06-18, 2025-03-26)",
			  .when = "2025-11-25" },
			LEGACY_REST("2025-06-18") },
		    MCP_OK, "2025-06-18" },
		{ "legacy that refuses versions without words",
		    { { .method = "initialize",
			  .status = 200,
			  .body = ERROR(-32602, "Unsupported protocol version"),
			  .when = "protocolVersion\":\"2025" },
			LEGACY_REST("2024-11-05") },
		    MCP_OK, "2024-11-05" },
		{ "legacy that names no version",
		    { { .method = "server/discover",
			  .status = 404,
			  .body = "" },
			{ .method = "initialize",
			    .status = 200,
			    .body = RESULT("'capabilities':{}") },
			{ .method = "tools/list",
			    .status = 200,
			    .body = TOOLS } },
		    MCP_OK, "2025-03-26" },
		{ "HTTP+SSE",
		    { { .method = "server/discover",
			  .status = 405,
			  .body = "" },
			{ .method = "initialize",
			    .status = 405,
			    .body = "",
			    .when = "POST /mcp" },
			{ .method = "GET", .serve = serve_link },
			LEGACY_REST("2024-11-05") },
		    MCP_OK, "2024-11-05" },
		{ "denied", { { .method = "*", .status = 401, .body = "{}" } },
		    MCP_DENIED, "" },
		{ "forbidden",
		    { { .method = "*",
			.status = 403,
			.body = ERROR(-32600, "no") } },
		    MCP_DENIED, "" },
		{ "down",
		    { { .method = "*", .status = 503, .body = "<html>" } },
		    MCP_UNREACHED, "" },
		{ "broken inside",
		    { { .method = "*",
			.status = 500,
			.body = ERROR(-32603, "x") } },
		    MCP_UNREACHED, "" },
		{ "too many", { { .method = "*", .status = 429, .body = "" } },
		    MCP_UNREACHED, "" },
		{ "moved",
		    { { .method = "*",
			.status = 301,
			.body = "",
			.headers = "Location: /x\r\n" } },
		    MCP_PROTOCOL, "" },
		{ "a web page",
		    { { .method = "*", .status = 200, .body = "<html>" } },
		    MCP_PROTOCOL, "" },
		{ "nothing there",
		    { { .method = "*", .status = 404, .body = "<html>" } },
		    MCP_PROTOCOL, "" },
	};
	enum mcp_rc rc;
	size_t i, n;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		rig_begin(cases[i].rules);
		rc = rig_list(&n);
		if (rc != cases[i].rc
		    || strcmp(mcp_client_version(rig.client), cases[i].version)
			!= 0
		    || (rc == MCP_OK && n != 1))
			fail_msg("%s: rc %d, version %s, %zu tools (%s)",
			    cases[i].name, rc, mcp_client_version(rig.client),
			    n, rig.why);
		if (rc == MCP_OK)
			assert_int_equal(rig_list(&n), MCP_OK);
		rig_end();
	}
}

/* Credentials, fewer requests, the newest revision's own word: nothing that an
 * older question would change. */
static void
some_answers_end_the_search(void **state)
{
	struct rule rules[] = { { .method = "server/discover" },
		{ .method = "initialize",
		    .status = 200,
		    .body = INITIALIZE("2025-11-25") },
		{ 0 } };
	static const struct {
		int status;
		const char *body;
	} cases[] = {
		{ 401, "" },
		{ 403, "<html>" },
		{ 429, "" },
		{ 400,
		    "{'jsonrpc':'2.0','id':$ID,'error':{'code':-32022,"
		    "'message':'x','data':{'supported':['2031-01-01']}}}" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		rules[0].status = cases[i].status;
		rules[0].body = cases[i].body;
		rig_begin(rules);
		assert_int_not_equal(rig_list(NULL), MCP_OK);
		assert_int_equal(rules_count("server/discover"), 1);
		assert_int_equal(rules_count("initialize"), 0);
		rig_end();
	}
}

static void
an_outage_is_no_evidence(void **state)
{
	static const struct rule down[] = {
		{ .method = "*", .status = 502, .body = "<html>" }, { 0 }
	};
	static const struct rule up[] = { { .method = "server/discover",
					      .status = 200,
					      .body = DISCOVER },
		{ .method = "tools/list", .status = 200, .body = TOOLS },
		{ 0 } };

	(void)state;
	rig_begin(down);
	assert_int_equal(rig_list(NULL), MCP_UNREACHED);
	assert_int_equal(rules_count("initialize"), 1);
	rules_change(up);
	assert_int_equal(rig_list(NULL), MCP_OK);
	assert_string_equal(mcp_client_version(rig.client), "2026-07-28");
	rig_end();
}

/* A server that never answers what it doesn't know costs a third of the time.
 */
static void
a_silent_discovery_leaves_time(void **state)
{
	enum {
		TIMEOUT_MS = 4500,
		THIRD_MS = TIMEOUT_MS / 3,
		SLACK_MS = THIRD_MS - 100
	}; /* less than another third */
	static const struct rule rules[] = {
		{ .method = "server/discover", .serve = serve_silence },
		{ .method = "initialize",
		    .status = 200,
		    .body = INITIALIZE("2025-06-18") },
		{ .method = "tools/list", .status = 200, .body = TOOLS },
		{ 0 },
	};
	json_t *tools;
	int64_t ttl_ms, began, ms;

	(void)state;
	rig_begin(rules);
	mcp_client_free(rig.client);
	rig.options.headers = NULL;
	rig.options.timeout_ms = TIMEOUT_MS;
	rig.client = mcp_client_new(&rig.options);
	began = clock_boot_ms();
	assert_int_equal(
	    mcp_client_tools(rig.client, NULL, &tools, &ttl_ms, rig.why),
	    MCP_OK);
	ms = clock_boot_ms() - began;
	if (ms < THIRD_MS - 20 || ms > THIRD_MS + SLACK_MS)
		fail_msg("%lld ms of %d", (long long)ms, TIMEOUT_MS);
	assert_int_equal(json_array_size(tools), 1);
	json_decref(tools);
	rig_end();
}

static void
another_version_is_looked_for(void **state)
{
	static const struct rule before[] = {
		{ .method = "server/discover",
		    .status = 200,
		    .body = DISCOVER },
		{ .method = "tools/call", .status = 200, .body = SAID("ok") },
		{ 0 },
	};
	static const struct rule after[] = {
		{ .method = "initialize",
		    .status = 200,
		    .body = INITIALIZE("2025-11-25") },
		{ .method = "tools/call",
		    .status = 200,
		    .body = SAID("old"),
		    .when = "MCP-Protocol-Version: 2025-11-25" },
		{ .method = "*",
		    .status = 400,
		    .body
		    = "{'jsonrpc':'2.0','id':$ID,'error':{'code':-32022,"
		      "'message':'x','data':{'supported':['2025-11-25']}}}" },
		{ 0 },
	};
	const char *text;

	(void)state;
	rig_begin(before);
	assert_int_equal(rig_call(NULL, NULL), MCP_OK);
	rules_change(after);
	assert_int_equal(rig_call(NULL, &text), MCP_OK);
	assert_string_equal(text, "old");
	assert_string_equal(mcp_client_version(rig.client), "2025-11-25");
	rig_end();
}

/* Not each server says -32022: a list that is refused is reason enough. */
static void
a_refused_list_is_reason_to_look(void **state)
{
	static const struct rule modern[] = {
		{ .method = "server/discover",
		    .status = 200,
		    .body = DISCOVER },
		{ .method = "tools/list",
		    .status = 200,
		    .body = TOOLS,
		    .when = "MCP-Protocol-Version: 2026-07-28" },
		{ .method = "*",
		    .status = 400,
		    .body = ERROR(-32602, "params._meta is missing") },
		{ 0 },
	};
	static const struct rule legacy[] = {
		{ .method = "*",
		    .status = 400,
		    .body = ERROR(-32000, "Unsupported protocol version"),
		    .when = "2026-07-28" },
		{ .method = "initialize",
		    .status = 200,
		    .body = INITIALIZE("2025-11-25") },
		{ .method = "tools/list", .status = 200, .body = TOOLS },
		{ 0 },
	};
	static const struct rule limited[] = {
		{ .method = "*", .status = 429, .body = "" },
		{ 0 },
	};
	size_t n;

	(void)state;
	rig_begin(modern);
	assert_int_equal(rig_list(&n), MCP_OK);
	rules_change(legacy);
	assert_int_equal(rig_list(&n), MCP_OK);
	assert_int_equal(n, 1);
	assert_string_equal(mcp_client_version(rig.client), "2025-11-25");
	rules_change(modern);
	assert_int_equal(rig_list(&n), MCP_OK);
	assert_string_equal(mcp_client_version(rig.client), "2026-07-28");
	assert_int_equal(rules_count("tools/list"), 5);
	/* What says nothing of the revision does not count. */
	rules_change(limited);
	assert_int_equal(rig_list(&n), MCP_UNREACHED);
	assert_int_equal(rules_count("tools/list"), 6);
	assert_int_equal(rules_count("server/discover"), 3);
	rig_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_era_is_found),
		cmocka_unit_test(some_answers_end_the_search),
		cmocka_unit_test(an_outage_is_no_evidence),
		cmocka_unit_test(a_silent_discovery_leaves_time),
		cmocka_unit_test(another_version_is_looked_for),
		cmocka_unit_test(a_refused_list_is_reason_to_look),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
