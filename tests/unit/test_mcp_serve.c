/*
 * What a server asks of the MCP client and tells it; any request; what the
 * client says that it can be asked for, and whose address it trusts.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "nouns/tool_result.h"
#include "tests/unit/mcp_rig.h"

#define RULE(m, s, b) .method = m, .status = s, .body = b
#define CAPABILITIES "{\"roots\":{},\"sampling\":{}}"
#define ASKED(id, method)                                                    \
	"data: {'jsonrpc':'2.0','id':" id ",'method':'" method "','params':" \
	"{'n':1}}\n\n"
#define TOLD(method) \
	"data: {'jsonrpc':'2.0','method':'" method "','params':{'n':2}}\n\n"

static int told_n;
static char told_method[64];

static bool
on_request(void *arg, const char *method, const json_t *params,
    struct mcp_reply *reply)
{
	assert_ptr_equal(arg, &told_n);
	assert_int_equal(json_member_int(params, "n", 0), 1);
	if (strcmp(method, "roots/list") == 0) {
		reply->result = json_pack("{s:[]}", "roots");
		return true;
	}
	if (strcmp(method, "sampling/createMessage") == 0) {
		reply->code = -1;
		reply->message = "the person \"declined\"";
		return true;
	}
	return false;
}

static void
on_notification(void *arg, const char *method, const json_t *params)
{
	assert_ptr_equal(arg, &told_n);
	assert_int_equal(json_member_int(params, "n", 0), 2);
	snprintf(told_method, sizeof(told_method), "%s", method);
	told_n++;
}

static const struct mcp_handler HANDLER = { on_request, on_notification,
	&told_n };

/* With what ${o} has besides the rig's own. */
static void
begin_with(const struct rule *rules, const char *capabilities,
    const struct mcp_handler *handler)
{
	rig_begin(rules);
	mcp_client_free(rig.client);
	rig.options.headers = NULL;
	rig.options.capabilities = capabilities;
	rig.options.handler = handler;
	rig.client = mcp_client_new(&rig.options);
	told_n = 0;
}

#define QUESTIONS                              \
	ASKED("'a'", "ping")                   \
	ASKED("'b'", "roots/list")             \
	ASKED("'c'", "sampling/createMessage") \
	ASKED("'d'", "elicitation/create") TOLD("notifications/message")

static void
check_answers(bool has_handler)
{
	const char *const PART[2][4] = {
		{ "\"id\":\"a\",\"result\":{}}",
		    "\"id\":\"b\",\"error\":{\"code\":-32601,\"message\":"
		    "\"Method not found\"}}",
		    "\"id\":\"c\",\"error\":{\"code\":-32601,\"message\":",
		    "\"id\":\"d\",\"error\":{\"code\":-32601,\"message\":" },
		{ "\"id\":\"a\",\"result\":{}}",
		    "\"id\":\"b\",\"result\":{\"roots\":[]}}",
		    "\"id\":\"c\",\"error\":{\"code\":-1,\"message\":"
		    "\"the person \\\"declined\\\"\"}}",
		    "\"id\":\"d\",\"error\":{\"code\":-32601,\"message\":" },
	};
	int i;

	assert_true(rules_wait("answer", 4));
	for (i = 0; i < 4; i++)
		assert_non_null(
		    strstr(rules_request("answer", i), PART[has_handler][i]));
	assert_int_equal(rules_count("answer"), 4);
	assert_int_equal(told_n, has_handler);
	if (has_handler)
		assert_string_equal(told_method, "notifications/message");
}

static void
a_servers_requests_are_answered(void **state)
{
	static const struct rule rules[] = {
		{ RULE("initialize", 200, INITIALIZE("2025-11-25")),
		    .headers = "Mcp-Session-Id: s\r\n" },
		{ RULE("tools/call", 200,
		    QUESTIONS "data: " SAID("ok") "\n\n") },
		{ RULE("answer", 202, "") },
		{ .method = NULL },
	};
	struct mcp_call_options o = { .deadline_ms = RIG_DEADLINE_MS,
		.handler = &HANDLER };

	(void)state;
	/* Refused in JSON-RPC's words by who can't be asked. */
	begin_with(rules, NULL, NULL);
	assert_int_equal(rig_call(NULL, NULL), MCP_OK);
	check_answers(false);
	assert_non_null(
	    strstr(rules_request("initialize", 0), "\"capabilities\":{},"));
	rig_end();

	begin_with(rules, CAPABILITIES, &HANDLER);
	assert_int_equal(rig_call(NULL, NULL), MCP_OK);
	check_answers(true);
	assert_non_null(strstr(rules_request("initialize", 0),
	    "\"capabilities\":" CAPABILITIES ","));
	assert_non_null(
	    strstr(rules_request("answer", 3), "Mcp-Session-Id: s\r\n"));
	rig_end();

	/* One call's own. */
	begin_with(rules, NULL, NULL);
	assert_int_equal(rig_call(&o, NULL), MCP_OK);
	check_answers(true);
	rig_end();
}

static void
on_a_long_get_too(void **state)
{
	static const struct rule rules[] = {
		{ RULE("initialize", 200, INITIALIZE("2024-11-05")),
		    .when = "/messages" },
		{ RULE("server/discover", 405, "") },
		{ RULE("initialize", 405, "") },
		{ .method = "GET", .serve = serve_link },
		{ RULE("tools/call", 200, SAID("ok")) },
		{ RULE("answer", 202, "") },
		{ .method = NULL },
	};
	char text[1024], *p;
	int with;

	(void)state;
	for (with = 0; with < 2; with++) {
		begin_with(rules, with ? CAPABILITIES : NULL,
		    with ? &HANDLER : NULL);
		assert_int_equal(rig_call(NULL, NULL), MCP_OK);
		snprintf(text, sizeof(text), "%s", QUESTIONS);
		for (p = text; *p != '\0'; p++)
			if (*p == '\'')
				*p = '"';
		link_say(text);
		/* Read when the next call comes. */
		assert_int_equal(rig_call(NULL, NULL), MCP_OK);
		while (rules_count("answer") < 4)
			assert_int_equal(rig_call(NULL, NULL), MCP_OK);
		check_answers(with);
		rig_end();
	}
}

/* Of what a server asked while nobody read, the last ping and each question
 * are answered. */
static void
the_last_ping_is_answered(void **state)
{
	static const struct rule rules[] = {
		{ RULE("initialize", 200, INITIALIZE("2024-11-05")),
		    .when = "/messages" },
		{ RULE("server/discover", 405, "") },
		{ RULE("initialize", 405, "") },
		{ .method = "GET", .serve = serve_link },
		{ RULE("tools/call", 200, SAID("ok")) },
		{ RULE("answer", 202, "") },
		{ .method = NULL },
	};
	static char text[8 * KIB];
	bool last = false, roots = false;
	int i, n;

	(void)state;
	n = snprintf(text, sizeof(text),
	    "data: {\"jsonrpc\":\"2.0\",\"id\":\"r\",\"method\":\"roots/list\","
	    "\"params\":{\"n\":1}}\n\n");
	for (i = 0; i < 100; i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n,
		    "data: {\"jsonrpc\":\"2.0\",\"id\":\"p%d\",\"method\":"
		    "\"ping\"}\n\n",
		    i);
	begin_with(rules, CAPABILITIES, &HANDLER);
	assert_int_equal(rig_call(NULL, NULL), MCP_OK);
	link_say(text);
	while (!last) {
		assert_int_equal(rig_call(NULL, NULL), MCP_OK);
		for (i = 0; i < rules_count("answer"); i++) {
			last |= strstr(rules_request("answer", i), "\"p99\"")
			    != NULL;
			roots |= strstr(rules_request("answer", i), "\"r\"")
			    != NULL;
		}
		assert_true(last || rules_count("tools/call") < 50);
	}
	assert_true(roots);
	assert_true(rules_count("answer") < 100);
	rig_end();
}

static void
a_modern_server_gets_none(void **state)
{
	static const struct rule rules[] = {
		{ RULE("server/discover", 200, DISCOVER) },
		{ RULE("tools/call", 200,
		    QUESTIONS "data: " SAID("ok") "\n\n") },
		{ RULE("answer", 202, "") },
		{ .method = NULL },
	};
	struct mcp_call_options o = { .deadline_ms = RIG_DEADLINE_MS,
		.capabilities = "{\"elicitation\":{}}",
		.trace = "00-0af7651916cd43dd8448eb211c80319c-"
			 "b7ad6b7169203331-01" };
	const char *sent;

	(void)state;
	begin_with(rules, CAPABILITIES, &HANDLER);
	assert_int_equal(rig_call(NULL, NULL), MCP_OK);
	assert_int_equal(rules_count("answer"), 0);
	assert_int_equal(told_n, 1);
	sent = rules_request("tools/call", 0);
	assert_non_null(
	    strstr(sent, "/clientCapabilities\":" CAPABILITIES ",\"io.model"));
	assert_null(strstr(sent, "traceparent"));
	/* One call's own, and its trace. */
	assert_int_equal(rig_call(&o, NULL), MCP_OK);
	sent = rules_request("tools/call", 1);
	assert_non_null(strstr(sent,
	    "/clientCapabilities\":{\"elicitation\":{}},\"io.model"));
	assert_non_null(strstr(sent,
	    "\"traceparent\":\"00-0af7651916cd43dd"
	    "8448eb211c80319c-b7ad6b7169203331-01\"}"));
	/* What is no trace stays here. */
	o.trace = "x\"";
	assert_int_equal(rig_call(&o, NULL), MCP_OK);
	assert_null(strstr(rules_request("tools/call", 2), "traceparent"));
	rig_end();
}

static void
answers_go_back_with_their_state(void **state)
{
	static const struct rule rules[] = {
		{ RULE("server/discover", 200, DISCOVER) },
		{ RULE("tools/call", 200, SAID("hello")),
		    .when = "\"requestState\":\"st\\\"ate\"" },
		{ RULE("tools/call", 200,
		    RESULT("'resultType':'input_required','inputRequests':{"
			   "'who':{'method':'elicitation/create','params':{}}},"
			   "'requestState':'st\\\"ate'")) },
		{ .method = NULL },
	};
	json_t *answers = json_pack("{s:{s:s}}", "who", "action", "accept");
	struct mcp_call_options o = { .deadline_ms = RIG_DEADLINE_MS };
	struct tool_result r;
	json_t *result;
	char state_text[32];

	(void)state;
	begin_with(rules, NULL, NULL);
	assert_int_equal(mcp_client_call(rig.client, "t", NULL, NULL, &o,
			     rig.mem, &result, rig.why),
	    MCP_OK);
	assert_string_equal(json_member_str(result, "resultType"),
	    "input_required");
	snprintf(state_text, sizeof(state_text), "%s",
	    json_member_str(result, "requestState"));
	o.answers = answers;
	o.state = state_text;
	assert_int_equal(mcp_client_call(rig.client, "t", NULL, NULL, &o,
			     rig.mem, &result, rig.why),
	    MCP_OK);
	mcp_result_read(rig.mem, result, &r);
	assert_string_equal(tool_result_text(rig.mem, &r), "hello");
	assert_non_null(strstr(rules_request("tools/call", 1),
	    "\"inputResponses\":{\"who\":{\"action\":\"accept\"}}"));
	json_decref(answers);
	rig_end();
}

/* The way of 2025-11-25 to ask a person to open an address. */
static void
an_error_may_ask(void **state)
{
	static const struct rule rules[] = {
		{ RULE("initialize", 200, INITIALIZE("2025-11-25")) },
		{ RULE("tools/call", 200,
		      "{'jsonrpc':'2.0','id':$ID,'error':{'code':-32042,"
		      "'message':'More is needed','data':{'elicitations':[{"
		      "'mode':'url','elicitationId':'e','url':'https://a/b',"
		      "'message':'Log in'}]}}}"),
		    .times = 1 },
		{ RULE("tools/call", 200,
		    "{'jsonrpc':'2.0','id':$ID,'error':{'code':-32042,"
		    "'message':'More is needed'}}") },
		{ .method = NULL },
	};
	struct mcp_call_options o = { .deadline_ms = RIG_DEADLINE_MS };
	const json_t *question;
	json_t *result;

	(void)state;
	begin_with(rules, NULL, NULL);
	assert_int_equal(mcp_client_call(rig.client, "t", NULL, NULL, &o,
			     rig.mem, &result, rig.why),
	    MCP_OK);
	assert_string_equal(json_member_str(result, "resultType"),
	    "input_required");
	question = json_object_get(json_object_get(result, "inputRequests"),
	    "url1");
	assert_string_equal(json_member_str(question, "method"),
	    "elicitation/create");
	assert_string_equal(
	    json_member_str(json_object_get(question, "params"), "url"),
	    "https://a/b");
	/* Without an address it is an error as others. */
	assert_int_equal(mcp_client_call(rig.client, "t", NULL, NULL, &o,
			     rig.mem, &result, rig.why),
	    MCP_ERROR);
	assert_null(result);
	rig_end();
}

static void
any_request_is_asked(void **state)
{
	static const struct rule rules[] = {
		{ RULE("server/discover", 200, DISCOVER) },
		{ RULE("resources/read", 200,
		      RESULT("'contents':[{'uri':'u:/\xc3\xa9','text':'x'}]")),
		    .when = "u:/\xc3\xa9" },
		{ RULE("resources/read", 200,
		    "{'jsonrpc':'2.0','id':$ID,'error':{'code':-32602,"
		    "'message':'Resource not found','data':{'uri':'u:/2'}}}") },
		{ RULE("own/write", 500, "") },
		{ RULE("prompts/list", 500, ""), .times = 1 },
		{ RULE("prompts/list", 200, RESULT("'prompts':[]")) },
		{ .method = NULL },
	};
	json_t *params = json_pack("{s:s, s:{s:i}}", "uri", "u:/\xc3\xa9",
	    "_meta", "x", 1);
	struct mcp_answer a;
	const char *sent;

	(void)state;
	begin_with(rules, NULL, NULL);
	assert_int_equal(mcp_client_request(rig.client, "resources/read",
			     params, NULL, rig.mem, &a, rig.why),
	    MCP_OK);
	assert_int_equal(json_array_size(json_object_get(a.result, "contents")),
	    1);
	assert_string_equal(rig.why, "");
	sent = rules_request("resources/read", 0);
	assert_non_null(strstr(sent, "Mcp-Method: resources/read\r\n"));
	assert_non_null(strstr(sent, "Mcp-Name: =?base64?dTovw6k=?=\r\n"));
	assert_non_null(strstr(sent,
	    "\"params\":{\"uri\":\"u:/\xc3\xa9\",\"_meta\":{\"io.model"));
	assert_null(strstr(sent, "\"x\":1"));

	/* An error is whole. */
	json_object_set_new(params, "uri", json_string("u:/2"));
	assert_int_equal(mcp_client_request(rig.client, "resources/read",
			     params, NULL, rig.mem, &a, rig.why),
	    MCP_ERROR);
	assert_true(a.result == NULL && a.code == -32602);
	assert_string_equal(a.message, "Resource not found");
	assert_string_equal(json_member_str(a.data, "uri"), "u:/2");

	/* Nobody knows what it does: what became of it is not known. */
	assert_int_equal(mcp_client_request(rig.client, "own/write", NULL, NULL,
			     rig.mem, &a, rig.why),
	    MCP_UNKNOWN);
	assert_int_equal(rules_count("own/write"), 1);
	/* What only reads was not had, and may be asked again. */
	assert_int_equal(mcp_client_request(rig.client, "prompts/list", NULL,
			     NULL, rig.mem, &a, rig.why),
	    MCP_UNREACHED);
	assert_int_equal(mcp_client_request(rig.client, "prompts/list", NULL,
			     NULL, rig.mem, &a, rig.why),
	    MCP_OK);
	assert_null(strstr(rules_request("prompts/list", 0), "Mcp-Name"));
	json_decref(params);
	rig_end();
}

/* Each row of the client's own table: the name in the header, and whether what
 * became of it is unknown when the answer is lost. */
static void
each_method_has_its_name_and_deed(void **state)
{
	static const struct {
		const char *method, *name;
		enum mcp_rc lost;
	} cases[] = {
		{ "completion/complete", NULL, MCP_UNREACHED },
		{ "logging/setLevel", NULL, MCP_UNREACHED },
		{ "ping", NULL, MCP_UNREACHED },
		{ "prompts/get", "Mcp-Name: the-name\r\n", MCP_UNREACHED },
		{ "prompts/list", NULL, MCP_UNREACHED },
		{ "resources/list", NULL, MCP_UNREACHED },
		{ "resources/read", "Mcp-Name: the-uri\r\n", MCP_UNREACHED },
		{ "resources/subscribe", NULL, MCP_UNREACHED },
		{ "resources/templates/list", NULL, MCP_UNREACHED },
		{ "resources/unsubscribe", NULL, MCP_UNREACHED },
		{ "server/discover", NULL, MCP_UNREACHED },
		{ "tasks/cancel", "Mcp-Name: the-task\r\n", MCP_UNREACHED },
		{ "tasks/get", "Mcp-Name: the-task\r\n", MCP_UNREACHED },
		{ "tasks/update", "Mcp-Name: the-task\r\n", MCP_UNKNOWN },
		{ "tools/call", "Mcp-Name: the-name\r\n", MCP_UNKNOWN },
		{ "tools/list", NULL, MCP_UNREACHED },
		{ "its/own", NULL, MCP_UNKNOWN },
	};
	static const struct rule rules[] = {
		{ RULE("server/discover", 200, DISCOVER), .times = 1 },
		{ RULE("*", 500, "") },
		{ .method = NULL },
	};
	json_t *params = json_pack("{s:s, s:s, s:s}", "name", "the-name", "uri",
	    "the-uri", "taskId", "the-task");
	struct mcp_answer a;
	const char *sent;
	enum mcp_rc rc;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		begin_with(rules, NULL, NULL);
		rc = mcp_client_request(rig.client, cases[i].method, params,
		    NULL, rig.mem, &a, rig.why);
		sent = rules_request(cases[i].method,
		    rules_count(cases[i].method) - 1);
		if (rc != cases[i].lost
		    || (cases[i].name == NULL
			    ? strstr(sent, "Mcp-Name:") != NULL
			    : strstr(sent, cases[i].name) == NULL))
			fail_msg("%s: %d, %s", cases[i].method, rc, sent);
		rig_end();
	}
	json_decref(params);
}

static void
a_strangers_address_is_not_trusted(void **state)
{
	static const struct rule rules[] = {
		{ RULE("server/discover", 200, DISCOVER) },
		{ RULE("tools/call", 200, SAID("in")) },
		{ .method = NULL },
	};

	(void)state;
	begin_with(rules, NULL, NULL);
	assert_int_equal(rig_call(NULL, NULL), MCP_OK);
	assert_int_equal(rules_count("server/discover"), 1);
	mcp_client_free(rig.client);
	rig.options.trust = MCP_TRUST_NOBODY;
	rig.client = mcp_client_new(&rig.options);
	assert_int_equal(rig_call(NULL, NULL), MCP_UNREACHED);
	assert_int_equal(rules_count("server/discover"), 1);
	assert_int_equal(rules_count("initialize"), 0);
	rig_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_servers_requests_are_answered),
		cmocka_unit_test(on_a_long_get_too),
		cmocka_unit_test(the_last_ping_is_answered),
		cmocka_unit_test(a_modern_server_gets_none),
		cmocka_unit_test(answers_go_back_with_their_state),
		cmocka_unit_test(an_error_may_ask),
		cmocka_unit_test(any_request_is_asked),
		cmocka_unit_test(each_method_has_its_name_and_deed),
		cmocka_unit_test(a_strangers_address_is_not_trusted),
	};

	return cmocka_run_group_tests_name("mcp_serve", tests, NULL, NULL);
}
