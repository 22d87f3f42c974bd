/*
 * The MCP client with servers of before 2026-07-28: sessions, streams that
 * are resumed, requests of the server's, and HTTP+SSE.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/http.h"
#include "tests/unit/mcp_rig.h"

#define CALLERS 8
#define CALL_MS \
	2000 /* a call that fails all the same; its server begins first */
#define CALLS 20

#define RULE(m, s, b) .method = (m), .status = (s), .body = (b)

/* ---- one endpoint -------------------------------------------------------- */

static void
a_session_is_kept_and_ended(void **state)
{
	static const struct rule rules[] = {
		{ RULE("initialize", 200, INITIALIZE("2025-11-25")),
		    .headers = "Mcp-Session-Id: s-1\r\n" },
		{ RULE("tools/call", 200, SAID("ok")),
		    .when = "Mcp-Session-Id: s-1\r\n" },
		{ .method = NULL },
	};
	const char *sent;

	(void)state;
	rig_begin(rules);
	assert_int_equal(rig_call(NULL, NULL), MCP_OK);
	assert_int_equal(rig_call(NULL, NULL), MCP_OK);
	assert_int_equal(rules_count("server/discover"), 1);
	assert_int_equal(rules_count("initialize"), 1);
	sent = rules_request("initialize", 0);
	assert_non_null(strstr(sent, "\"protocolVersion\":\"2025-11-25\""));
	assert_null(strstr(sent, "MCP-Protocol-Version"));
	assert_null(strstr(sent, "io.modelcontextprotocol"));
	sent = rules_request("notifications/initialized", 0);
	assert_non_null(strstr(sent, "Mcp-Session-Id: s-1\r\n"));
	assert_non_null(strstr(sent, "MCP-Protocol-Version: 2025-11-25\r\n"));
	assert_null(strstr(sent, "\"id\""));
	assert_null(strstr(rules_request("tools/call", 1), "Mcp-Method"));
	mcp_client_free(rig.client);
	rig.client = NULL;
	assert_int_equal(rules_count("DELETE"), 1);
	assert_non_null(
	    strstr(rules_request("DELETE", 0), "Mcp-Session-Id: s-1\r\n"));
	rig_end();
}

/* A signed token is kept whole; what is longer is not left out unsaid. */
static void
a_session_may_be_long(void **state)
{
	static const struct {
		int len;
		enum mcp_rc rc;
	} cases[] = { { 4095, MCP_OK }, { 4096, MCP_PROTOCOL } };
	static char header[8 * KIB];
	const struct rule rules[] = {
		{ RULE("initialize", 200, INITIALIZE("2025-11-25")),
		    .headers = header },
		{ RULE("tools/call", 200, SAID("ok")), .when = header },
		{ RULE("tools/call", 400, ERROR(-32000, "no session")) },
		{ .method = NULL },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		snprintf(header, sizeof(header), "Mcp-Session-Id: %0*d\r\n",
		    cases[i].len, 0);
		rig_begin(rules);
		assert_int_equal(rig_call(NULL, NULL), cases[i].rc);
		if (cases[i].rc != MCP_OK)
			assert_non_null(strstr(rig.why, "session id"));
		rig_end();
	}
}

static void
a_lost_session_is_begun_again(void **state)
{
	static const struct {
		int status;
		const char *body;
		bool anew;
	} gone[] = {
		{ 404,
		    "{'jsonrpc':'2.0','error':{'code':-32001,'message':'Session"
		    " not found'},'id':null}",
		    true },
		{ 404, "<html>", true },
		{ 410, "", true },
		{ 400, "{'error':'Invalid or missing session ID'}", true },
		{ 400, "Invalid or missing session ID", true },
		{ 400, ERROR(-32000, "Bad Request: Server not initialized"),
		    true },
		{ 200, ERROR(-32000, "Session not found or expired"), true },
		{ 500, "{'error':{'message':'unknown session'}}", true },
		{ 401, "{'detail':'session expired'}", true },
		/* Of something else. */
		{ 200, ERROR(-32602, "no tool t"), false },
		{ 200, ERROR(-32000, "a session of yoga"), false },
		{ 400, "{'error':'arguments are missing'}", false },
		{ 502, "<html>no session", false },
		/* A tool's own, which may have acted. */
		{ 404, ERROR(-32601, "method not found"), false },
		{ 404, ERROR(-32002, "No such entry"), false },
		{ 404, ERROR(-32602, "Invalid session id"), false },
		{ 400, ERROR(-32602, "Missing required field: session_id"),
		    false },
		{ 200,
		    ERROR(-32000,
			"Your bank session has expired; the transfer "
			"was made"),
		    false },
		{ 200,
		    ERROR(-32000,
			"Browser session closed after the form was "
			"sent"),
		    false },
		{ 200, ERROR(-32000, "Missing session_date"), false },
		{ 200, ERROR(-32000, "Neo session 7 is no longer valid"),
		    false },
		{ 500, "the session was closed after the form was sent",
		    false },
		/* The protocol's, in an answer to this request. */
		{ 404, ERROR(-32001, "Session not found"), true },
		{ 409, ERROR(-32600, "Unknown session; initialize first"),
		    true },
	};
	struct rule rules[] = {
		{ RULE("initialize", 200, INITIALIZE("2025-06-18")),
		    .headers = "Mcp-Session-Id: old\r\n", .times = 1 },
		{ RULE("initialize", 200, INITIALIZE("2025-06-18")),
		    .headers = "Mcp-Session-Id: new\r\n", .times = 1 },
		{ RULE("initialize", 200, INITIALIZE("2025-06-18")),
		    .headers = "Mcp-Session-Id: lost\r\n" },
		{ RULE("tools/call", 200, SAID("new")),
		    .when = "Mcp-Session-Id: new\r\n", .times = 1 },
		{ .method = "tools/call" },
		{ .method = NULL },
	};
	const char *text;
	enum mcp_rc rc;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(gone); i++) {
		rules[4].status = gone[i].status;
		rules[4].body = gone[i].body;
		rig_begin(rules);
		rc = rig_call(NULL, &text);
		if ((rc == MCP_OK) != gone[i].anew
		    || rules_count("tools/call") != (gone[i].anew ? 2 : 1))
			fail_msg("%d %s: rc %d, %d calls (%s)", gone[i].status,
			    gone[i].body, rc, rules_count("tools/call"),
			    rig.why);
		if (gone[i].anew) {
			assert_string_equal(text, "new");
			assert_int_equal(rules_count("initialize"), 2);
			/* Once for each call, not for ever. */
			assert_int_not_equal(rig_call(NULL, NULL), MCP_OK);
			assert_int_equal(rules_count("tools/call"), 4);
		} else if (rules_count("initialize") != 1) {
			fail_msg("%d %s: begun anew", gone[i].status,
			    gone[i].body);
		}
		rig_end();
	}
}

/* A session that ended during the call: what it did is not known. */
static void
a_call_that_may_have_run_is_not_repeated(void **state)
{
	static const struct rule rules[] = {
		{ RULE("initialize", 200, INITIALIZE("2025-06-18")),
		    .headers = "Mcp-Session-Id: s\r\n" },
		{ RULE("tools/call", 200, ERROR(-32000, "Session s closed")),
		    .times = 1 },
		{ RULE("tools/call", 200, SAID("new")) },
		{ .method = NULL },
	};

	(void)state;
	rig_begin(rules);
	assert_int_equal(rig_call(NULL, NULL), MCP_ERROR);
	assert_non_null(strstr(rig.why, "Session s closed"));
	assert_int_equal(rules_count("tools/call"), 1);
	/* The next one begins a session of its own. */
	assert_int_equal(rig_call(NULL, NULL), MCP_OK);
	assert_int_equal(rules_count("initialize"), 2);
	rig_end();
}

/* What is not there is not asked for twice either. */
static void
what_is_not_there_is_no_lost_session(void **state)
{
	static const struct rule rules[] = {
		{ RULE("initialize", 200, INITIALIZE("2025-06-18")),
		    .headers = "Mcp-Session-Id: s\r\n" },
		{ RULE("resources/read", 404,
		    ERROR(-32002, "Resource not found")) },
		{ .method = NULL },
	};
	struct mcp_answer a;

	(void)state;
	rig_begin(rules);
	assert_int_equal(mcp_client_request(rig.client, "resources/read", NULL,
			     NULL, rig.mem, &a, rig.why),
	    MCP_ERROR);
	assert_int_equal(a.code, -32002);
	assert_int_equal(rules_count("resources/read"), 1);
	assert_int_equal(rules_count("initialize"), 1);
	rig_end();
}

static void
the_server_may_ask(void **state)
{
	static const struct rule rules[] = {
		{ RULE("initialize", 200, INITIALIZE("2025-11-25")),
		    .headers = "Mcp-Session-Id: s\r\n" },
		{ RULE("tools/call", 200,
		    "data: {'jsonrpc':'2.0','id':'p1','method':'ping'}\n\n"
		    "data: {'jsonrpc':'2.0','id':7,'method':"
		    "'sampling/createMessage','params':{}}\n\n"
		    "data: " SAID("ok") "\n\n") },
		{ RULE("answer", 202, "") },
		{ .method = NULL },
	};
	const char *sent;

	(void)state;
	rig_begin(rules);
	assert_int_equal(rig_call(NULL, NULL), MCP_OK);
	assert_int_equal(rules_count("answer"), 2);
	sent = rules_request("answer", 0);
	assert_non_null(strstr(sent, "\"id\":\"p1\",\"result\":{}}"));
	assert_non_null(strstr(sent, "Mcp-Session-Id: s\r\n"));
	sent = rules_request("answer", 1);
	assert_non_null(strstr(sent, "\"id\":7,\"error\":{\"code\":-32601"));
	rig_end();
}

/* A server that asks without end does not hold the call so long. */
static void
the_server_may_not_ask_for_ever(void **state)
{
	static char body[8000];
	const struct rule rules[] = {
		{ RULE("initialize", 200, INITIALIZE("2025-11-25")) },
		{ RULE("tools/call", 200, body) },
		{ RULE("answer", 202, "") },
		{ .method = NULL },
	};
	size_t n = 0;
	int i;

	(void)state;
	for (i = 0; i < 100; i++)
		n += (size_t)snprintf(body + n, sizeof(body) - n,
		    "data: {'jsonrpc':'2.0','id':%d,'method':'ping'}\n\n",
		    i + 1000);
	snprintf(body + n, sizeof(body) - n, "data: " SAID("ok") "\n\n");
	rig_begin(rules);
	assert_int_equal(rig_call(NULL, NULL), MCP_OK);
	assert_in_range(rules_count("answer"), 1, 50);
	rig_end();
}

static void
a_stream_is_resumed(void **state)
{
	static const struct rule rules[] = {
		{ RULE("initialize", 200, INITIALIZE("2025-11-25")) },
		{ RULE("tools/call", 200, "id: e1\nretry: 10\ndata:\n\n") },
		{ RULE("GET", 200, "id: e2\nretry: 20\ndata:\n\n"),
		    .when = "Last-Event-ID: e1\r\n" },
		/* The id of the first call, after discover and initialize. */
		{ RULE("GET", 200,
		      "id: e3\ndata: {'jsonrpc':'2.0','id':3,"
		      "'result':{'content':[{'type':'text','text':'late'}]}}"
		      "\n\n"),
		    .when = "Last-Event-ID: e2\r\n" },
		{ .method = NULL },
	};
	const char *text;

	(void)state;
	rig_begin(rules);
	assert_int_equal(rig_call(NULL, &text), MCP_OK);
	assert_string_equal(text, "late");
	assert_int_equal(rules_count("tools/call"), 1);
	assert_int_equal(rules_count("GET"), 2);
	rig_end();
}

static void
a_resumed_stream_has_an_end(void **state)
{
	static const struct rule rules[] = {
		{ RULE("initialize", 200, INITIALIZE("2025-11-25")) },
		{ RULE("tools/call", 200, "id: e1\nretry: 10\ndata:\n\n") },
		{ RULE("GET", 200, "id: e1\nretry: 10\ndata:\n\n") },
		{ .method = NULL },
	};
	struct mcp_call_options o = { .deadline_ms = CALL_MS };
	int64_t began;

	(void)state;
	rig_begin(rules);
	began = clock_boot_ms();
	assert_int_equal(rig_call(&o, NULL), MCP_UNKNOWN);
	assert_true(clock_boot_ms() - began < RIG_DEADLINE_MS / 2);
	assert_true(rules_count("GET") > 0);
	rig_end();
}

/* A server says when to ask for the rest, but no nonsense. */
static void
a_stream_is_resumed_in_time(void **state)
{
	static const struct {
		const char *stream;
		int asked_max;
	} cases[] = {
		{ "id: e1\nretry: 0\ndata:\n\n", CALL_MS / 100 },
		{ "id: e1\nretry: 9223372036854775807\ndata:\n\n", 0 },
	};
	struct rule rules[] = {
		{ RULE("initialize", 200, INITIALIZE("2025-11-25")) },
		{ RULE("tools/call", 200, NULL) },
		{ RULE("GET", 200, NULL) },
		{ .method = NULL },
	};
	struct mcp_call_options o = { .deadline_ms = CALL_MS };
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		rules[1].body = rules[2].body = cases[i].stream;
		rig_begin(rules);
		assert_int_equal(rig_call(&o, NULL), MCP_UNKNOWN);
		assert_in_range(rules_count("GET"), 0, cases[i].asked_max);
		rig_end();
	}
}

/* The rest of an answer is refused: the call was taken, and is not repeated. */
static void
a_call_is_not_repeated(void **state)
{
	static const int refusals[] = { 404, 405, 400 };
	struct rule rules[] = {
		{ RULE("initialize", 200, INITIALIZE("2025-11-25")),
		    .headers = "Mcp-Session-Id: s\r\n" },
		{ RULE("tools/call", 200, "id: e1\nretry: 10\ndata:\n\n"),
		    .times = 1 },
		{ RULE("tools/call", 200, SAID("again")) },
		{ .method = "GET", .body = "" },
		{ .method = NULL },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(refusals); i++) {
		rules[3].status = refusals[i];
		rig_begin(rules);
		assert_int_equal(rig_call(NULL, NULL), MCP_UNKNOWN);
		assert_int_equal(rules_count("tools/call"), 1);
		assert_int_equal(rules_count("initialize"), 1);
		assert_int_equal(rules_count("GET"), 1);
		assert_int_equal(rig_call(NULL, NULL), MCP_OK);
		rig_end();
	}
}

/* It speaks another version now, so it is asked anew; but a gateway says that
 * what acts may have happened. */
static void
what_may_have_happened_is_not_repeated(void **state)
{
	static const struct {
		int status;
		enum mcp_rc rc;
		int calls;
	} cases[] = { { 504, MCP_UNKNOWN, 1 }, { 502, MCP_UNKNOWN, 1 },
		{ 200, MCP_OK, 2 } };
	struct rule rules[] = {
		{ RULE("initialize", 200, INITIALIZE("2025-11-25")) },
		{ RULE("tools/call", 0, ERROR(-32022, "another version")),
		    .times = 1 },
		{ RULE("tools/call", 200, SAID("ok")) },
		{ .method = NULL },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		rules[1].status = cases[i].status;
		rig_begin(rules);
		if (rig_call(NULL, NULL) != cases[i].rc
		    || rules_count("tools/call") != cases[i].calls)
			fail_msg("%d: %d calls, %s", cases[i].status,
			    rules_count("tools/call"), rig.why);
		rig_end();
	}
}

/* ---- HTTP+SSE ------------------------------------------------------------ */

#define LINK_RULES                                                  \
	{ .method = "server/discover", .status = 405, .body = "" }, \
	    { .method = "initialize",                               \
		    .status = 405,                                  \
		    .body = "",                                     \
		    .when = "POST /mcp" },                          \
	    { .method = "GET", .serve = serve_link },               \
	{                                                           \
		.method = "initialize", .status = 200,              \
		.body = INITIALIZE("2024-11-05")                    \
	}

static void *
call_many(void *arg)
{
	struct arena *a = arena_new();
	json_t *result, *args;
	char w[MCP_WHY_MAX], want[32];
	int i;

	for (i = 0; i < CALLS; i++) {
		snprintf(want, sizeof(want), "%d-%d", *(int *)arg, i);
		args = json_pack("{s:s}", "x", want);
		assert_int_equal(mcp_client_call(rig.client, "t", args, NULL,
				     NULL, a, &result, w),
		    MCP_OK);
		json_decref(args);
		arena_reset(a);
	}
	arena_free(a);
	return NULL;
}

static void
call_from_many_threads(void)
{
	pthread_t threads[CALLERS];
	int numbers[CALLERS], i;

	for (i = 0; i < CALLERS; i++) {
		numbers[i] = i;
		pthread_create(&threads[i], NULL, call_many, &numbers[i]);
	}
	for (i = 0; i < CALLERS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(rules_count("tools/call"), CALLERS * CALLS);
}

static void
many_threads_share_a_client(void **state)
{
	static const struct rule link[] = { LINK_RULES,
		{ RULE("tools/call", 200, SAID("ok")) }, { .method = NULL } };
	static const struct rule legacy[] = {
		{ RULE("initialize", 200, INITIALIZE("2025-11-25")),
		    .headers = "Mcp-Session-Id: s\r\n" },
		{ RULE("tools/call", 200, SAID("ok")) }, { .method = NULL }
	};
	static const struct rule modern[] = { { RULE("server/discover", 200,
						  DISCOVER) },
		{ RULE("tools/call", 200, SAID("ok")) }, { .method = NULL } };
	static const struct rule *const all[] = { link, legacy, modern };
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(all); i++) {
		rig_begin(all[i]);
		call_from_many_threads();
		assert_int_equal(rules_count("server/discover"), 1);
		rig_end();
	}
}

/* All that the server did before this is known here: one thread reads every
 * connection, and it had to take this answer too. */
static void
catch_up(void)
{
	struct http_request req = { .method = "POST",
		.url = rules_url(),
		.body = "{}",
		.body_len = 2,
		.total_ms = RIG_DEADLINE_MS,
		.flags = HTTP_OPERATOR };
	struct http_response resp;

	assert_int_equal(http_send(&req, &resp), HTTP_OK);
	http_response_fini(&resp);
}

static void
a_link_that_ended_is_made_anew(void **state)
{
	static const struct rule rules[] = { LINK_RULES,
		{ RULE("tools/call", 200, SAID("ok")) }, { .method = NULL } };
	const char *text;
	int i;

	(void)state;
	rig_begin(rules);
	for (i = 1; i <= 3; i++) {
		assert_int_equal(rig_call(NULL, &text), MCP_OK);
		assert_string_equal(text, "ok");
		assert_int_equal(rules_count("GET"), i);
		if (i > 1) /* the end is behind something */
			link_say(": ping\n\n");
		link_cut();
		catch_up();
	}
	rig_end();
}

static void *
cancel_when_opened(void *arg)
{
	assert_true(rules_wait("GET", 1));
	__atomic_store_n((int *)arg, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

/* Who opens the stream may give up; once it is open it is everybody's. */
static void
the_opening_of_a_link_is_cancelled(void **state)
{
	static const struct rule silent[] = {
		{ RULE("server/discover", 405, "") },
		{ RULE("initialize", 405, "") },
		{ .method = "GET", .serve = serve_silence },
		{ .method = NULL },
	};
	static const struct rule rules[] = { LINK_RULES,
		{ RULE("tools/call", 200, SAID("ok")) }, { .method = NULL } };
	static int flag;
	struct mcp_call_options o = { .deadline_ms = RIG_DEADLINE_MS,
		.cancel = &flag };
	struct timespec seen = { .tv_nsec = 300 * 1000000L };
	pthread_t t;
	int64_t began;

	(void)state;
	rig_begin(silent);
	began = clock_boot_ms();
	pthread_create(&t, NULL, cancel_when_opened, &flag);
	assert_int_equal(rig_call(&o, NULL), MCP_CANCELLED);
	pthread_join(t, NULL);
	assert_true(clock_boot_ms() - began < RIG_DEADLINE_MS / 2);
	rig_end();

	flag = 0;
	rig_begin(rules);
	assert_int_equal(rig_call(&o, NULL), MCP_OK);
	__atomic_store_n(&flag, 1, __ATOMIC_SEQ_CST);
	nanosleep(&seen, NULL);
	assert_int_equal(rig_call(NULL, NULL), MCP_OK);
	assert_int_equal(rules_count("GET"), 1);
	flag = 0;
	rig_end();
}

static void
a_link_call_fails_in_many_ways(void **state)
{
	static const struct {
		struct rule rule;
		enum mcp_rc rc;
		int cancelled;
	} cases[] = {
		{ { RULE("tools/call", 200, ERROR(-32602, "no tool")) },
		    MCP_ERROR, 0 },
		{ { RULE("tools/call", 401, "") }, MCP_DENIED, 0 },
		{ { RULE("tools/call", 500, "") }, MCP_UNKNOWN, 1 },
		{ { RULE("tools/call", 503, "") }, MCP_UNREACHED, 0 },
		{ { RULE("tools/call", 404, "") }, MCP_UNREACHED, 0 },
		{ { RULE("tools/call", 202, "") }, MCP_UNKNOWN, 1 },
	};
	struct rule rules[] = { LINK_RULES, { .method = "tools/call" },
		{ .method = NULL } };
	struct mcp_call_options o = { .deadline_ms = CALL_MS };
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		rules[4] = cases[i].rule;
		rig_begin(rules);
		assert_int_equal(rig_call(&o, NULL), cases[i].rc);
		assert_int_equal(rules_count("notifications/cancelled"),
		    cases[i].cancelled);
		rig_end();
	}
}

/* The same server by another name is another to us: nothing is sent there. */
static void
a_link_names_its_own_server_only(void **state)
{
	static const char *const named[] = { "http://localhost:PORT/messages",
		"http://other.example/messages", "//localhost:PORT/messages",
		"http://127.0.0.1:1/messages", "/a b" };
	struct rule rules[] = {
		{ RULE("server/discover", 405, "") },
		{ RULE("initialize", 405, "") },
		{ RULE("GET", 200, NULL) },
		{ .method = NULL },
	};
	const char *port;
	char body[256];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(named); i++) {
		rig_begin(rules);
		port = strstr(named[i], "PORT");
		snprintf(body, sizeof(body), "event: endpoint\ndata: %.*s",
		    port == NULL ? (int)strlen(named[i])
				 : (int)(port - named[i]),
		    named[i]);
		if (port != NULL)
			snprintf(body + strlen(body),
			    sizeof(body) - strlen(body), "%d%s", rules_port(),
			    port + 4);
		snprintf(body + strlen(body), sizeof(body) - strlen(body),
		    "\n\n");
		rules[2].body = body;
		if (rig_call(NULL, NULL) != MCP_PROTOCOL
		    || rules_count("GET") != 1 || rules_count("initialize") != 1
		    || rules_count("tools/call") != 0)
			fail_msg("%s: %s", named[i], rig.why);
		rig_end();
	}
}

/* What comes in one piece with the address counts, too. */
static void
a_link_s_first_piece_is_read_whole(void **state)
{
	static const struct rule rules[] = { LINK_RULES,
		{ RULE("tools/call", 200, SAID("ok")) },
		{ RULE("answer", 202, "") }, { .method = NULL } };

	(void)state;
	link_begin_with("data: {\"jsonrpc\":\"2.0\",\"id\":\"p1\","
			"\"method\":\"ping\"}\n\n");
	rig_begin(rules);
	assert_int_equal(rig_call(NULL, NULL), MCP_OK);
	assert_true(rules_wait("answer", 1));
	assert_non_null(
	    strstr(rules_request("answer", 0), "\"id\":\"p1\",\"result\":{}}"));
	rig_end();
	link_begin_with("");
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
a_link_call_is_sent_once(void **state)
{
	static const struct rule rules[] = { LINK_RULES,
		{ RULE("tools/call", 200, SAID("ok")), .times = 1 },
		{ .method = "tools/call", .serve = serve_end },
		{ .method = NULL } };
	int i;

	(void)state;
	rig_begin(rules);
	assert_int_equal(rig_call(NULL, NULL), MCP_OK);
	for (i = 2; i <= 3; i++) {
		assert_int_equal(rig_call(NULL, NULL), MCP_UNKNOWN);
		assert_int_equal(rules_count("tools/call"), i);
	}
	rig_end();
}

#define ASKED 60 /* more than are answered */

/* Asks one after the other, each once the one before was answered or is
 * plainly not; then answers the call. */
static int
serve_questions(struct served *s, int fd, const struct served_request *req)
{
	const char *id = strstr(req->body, "\"id\":");
	const struct timespec ms = { .tv_nsec = 1000000 };
	char text[256];
	int i, waited;

	(void)s;
	/* The answers come on other connections. */
	if (served_answer(fd, 202, "text/plain", "Connection: close\r\n", "")
	    == -1)
		return -1;
	for (i = 0; i < ASKED; i++) {
		snprintf(text, sizeof(text),
		    "data: {\"jsonrpc\":\"2.0\",\"id\":%d,"
		    "\"method\":\"ping\"}\n\n",
		    1000 + i);
		link_say(text);
		for (waited = 0; waited < 50 && rules_count("answer") <= i;
		     waited++)
			nanosleep(&ms, NULL);
	}
	snprintf(text, sizeof(text),
	    "data: {\"jsonrpc\":\"2.0\",\"id\":%.*s,\"result\":{}}\n\n",
	    (int)strcspn(id + 5, ",}"), id + 5);
	link_say(text);
	return -1;
}

static void
a_link_may_not_ask_for_ever(void **state)
{
	static const struct rule rules[] = { LINK_RULES,
		{ .method = "tools/call", .serve = serve_questions },
		{ RULE("answer", 202, "") }, { .method = NULL } };

	(void)state;
	rig_begin(rules);
	assert_int_equal(rig_call(NULL, NULL), MCP_OK);
	assert_in_range(rules_count("answer"), 1, 32);
	rig_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_is_kept_and_ended),
		cmocka_unit_test(a_session_may_be_long),
		cmocka_unit_test(a_lost_session_is_begun_again),
		cmocka_unit_test(a_call_that_may_have_run_is_not_repeated),
		cmocka_unit_test(what_is_not_there_is_no_lost_session),
		cmocka_unit_test(the_server_may_ask),
		cmocka_unit_test(the_server_may_not_ask_for_ever),
		cmocka_unit_test(a_stream_is_resumed),
		cmocka_unit_test(a_resumed_stream_has_an_end),
		cmocka_unit_test(a_stream_is_resumed_in_time),
		cmocka_unit_test(a_call_is_not_repeated),
		cmocka_unit_test(what_may_have_happened_is_not_repeated),
		cmocka_unit_test(many_threads_share_a_client),
		cmocka_unit_test(a_link_that_ended_is_made_anew),
		cmocka_unit_test(the_opening_of_a_link_is_cancelled),
		cmocka_unit_test(a_link_call_fails_in_many_ways),
		cmocka_unit_test(a_link_names_its_own_server_only),
		cmocka_unit_test(a_link_s_first_piece_is_read_whole),
		cmocka_unit_test(a_link_call_is_sent_once),
		cmocka_unit_test(a_link_may_not_ask_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
