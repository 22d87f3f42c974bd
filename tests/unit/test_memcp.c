/*
 * The meMCP dialect, against a server of it: tokens, lists, calls, and what
 * its refusals mean.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/http.h"
#include "base/json.h"
#include "base/log.h"
#include "tests/unit/served.h"
#include "tools/memcp.h"

#define ANONYMOUS                                                         \
	"{\"detail\":{\"stage\":\"anonymous\",\"message\":"               \
	"\"Access Restricted: your access token is invalid, expired, or " \
	"missing.\"}}"

static struct served srv;
static struct secret secret;
static struct memcp memcp;
static char url[64];

/* The answer to the next request at a path; others are 404. */
static struct {
	const char *path;
	int status;
	const char *body;
} answers[4];
static char seen_method[16], seen_path[512], seen_body[1024], seen_auth[128],
    seen_secret[1024];

#define SILENT (-1) /* in place of a status */
#define CUT (-2)

/* Say nothing until the client goes. */
static int
wait_for_end(int fd)
{
	char byte;

	while (recv(fd, &byte, 1, 0) > 0)
		;
	return -1;
}

/* Half an answer. */
static int
cut(int fd)
{
	static const char HALF[] = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n"
				   "\r\n{\"status\":";

	(void)!send(fd, HALF, sizeof(HALF) - 1, MSG_NOSIGNAL);
	return -1;
}

static int
serve(struct served *s, int fd, const struct served_request *req)
{
	size_t i;

	(void)s;
	snprintf(seen_method, sizeof(seen_method), "%s", req->method);
	snprintf(seen_path, sizeof(seen_path), "%s", req->path);
	snprintf(seen_body, sizeof(seen_body), "%s", req->body);
	served_header(req, "authorization", seen_auth, sizeof(seen_auth));
	served_header(req, "x-proxy-secret", seen_secret, sizeof(seen_secret));
	for (i = 0; i < NELEM(answers); i++)
		if (answers[i].path != NULL
		    && strcmp(answers[i].path, req->path) == 0) {
			if (answers[i].status == 0)
				return -1; /* closed without a word */
			if (answers[i].status == SILENT)
				return wait_for_end(fd);
			if (answers[i].status == CUT)
				return cut(fd);
			return served_answer(fd, answers[i].status,
			    "application/json", "", answers[i].body);
		}
	return served_answer(fd, 404, "application/json", "",
	    "{\"detail\":\"Not Found\"}");
}

static void
answer(size_t i, const char *path, int status, const char *body)
{
	if (i == 0)
		memset(answers, 0, sizeof(answers));
	answers[i].path = path;
	answers[i].status = status;
	answers[i].body = body;
}

/* A secret that is cut is none. */
static void
the_secret_goes_whole(void **state)
{
	static char list[800];
	struct secret longer = { 0 };
	struct memcp m = memcp;

	(void)state;
	memset(list, 'k', 700);
	memcpy(list + 300, " in ", 4);
	memcpy(list + 700, " , old", 7);
	secret_set(&longer, list, strlen(list));
	m.proxy_secret = &longer;
	answer(0, "/internal/tokens/revoke", 200, "{}");
	memcp_revoke(&m, "d");
	list[700] = '\0';
	assert_string_equal(seen_secret, list);
	secret_clear(&longer);
}

static void
tokens_are_verified(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum memcp_rc rc;
	} cases[] = {
		{ 200, "{\"status\":\"success\",\"data\":{\"tier\":\"chat\"}}",
		    MEMCP_OK },
		{ 200, "{\"data\":{\"tier\":\"mcp\"}}", MEMCP_OK },
		{ 200, "{\"data\":{\"tier\":\"public\"}}", MEMCP_BAD_TOKEN },
		{ 200, "{}", MEMCP_BAD_TOKEN },
		{ 200, "<html>", MEMCP_DOWN },
		{ 403, ANONYMOUS, MEMCP_BAD_TOKEN },
		{ 401, "", MEMCP_BAD_TOKEN },
		{ 404, "", MEMCP_DOWN },
		{ 429, "", MEMCP_DOWN },
		{ 500, "", MEMCP_DOWN },
		{ 0, NULL, MEMCP_DOWN },
	};
	size_t i;
	int before;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		answer(0, "/token/info", cases[i].status, cases[i].body);
		assert_int_equal(memcp_verify(&memcp, "tok-1"), cases[i].rc);
		assert_string_equal(seen_method, "GET");
		assert_string_equal(seen_auth, "Bearer tok-1");
		assert_string_equal(seen_secret, "");
	}
	before = atomic_load(&srv.requests);
	assert_int_equal(memcp_verify(&memcp, ""), MEMCP_BAD_TOKEN);
	assert_int_equal(memcp_verify(&memcp, "a\r\nX: y"), MEMCP_BAD_TOKEN);
	assert_int_equal(memcp_verify(&memcp, "what are you?"),
	    MEMCP_BAD_TOKEN);
	assert_int_equal(atomic_load(&srv.requests), before);
}

static void
tokens_are_derived(void **state)
{
	struct arena *mem = arena_new();
	struct session_token t = { 0 };

	(void)state;
	answer(0, "/internal/tokens/derive", 200,
	    "{\"derived_token\":\"d-1\",\"expires_at\":"
	    "\"2026-11-20T10:00:00.123456+02:00\",\"scope\":\"mcp_read\"}");
	assert_int_equal(memcp_derive(&memcp, "p-1", "default/http/a", mem, &t),
	    MEMCP_OK);
	assert_string_equal(t.parent, "p-1");
	assert_string_equal(t.derived, "d-1");
	assert_int_equal(t.derived_until_ms, INT64_C(1795161600000));
	assert_string_equal(seen_secret, "s3cret");
	assert_string_equal(seen_auth, "");
	assert_non_null(strstr(seen_body, "\"parent_token\":\"p-1\""));
	assert_non_null(strstr(seen_body, "\"scope\":\"mcp_read\""));
	assert_non_null(strstr(seen_body, "\"ttl_minutes\":60"));
	assert_non_null(strstr(seen_body, "\"chat_id\":\"default/http/a\""));
	answer(0, "/internal/tokens/derive", 200,
	    "{\"derived_token\":\"d-2\",\"expires_at\":null}");
	assert_int_equal(memcp_derive(&memcp, "p-1", "c", mem, &t), MEMCP_OK);
	assert_string_equal(t.derived, "d-2");
	assert_int_equal(t.derived_until_ms, 0);
	arena_free(mem);
}

static void
a_parent_serves_where_none_is_derived(void **state)
{
	static const struct {
		int derive, verify;
		const char *derived;
		enum memcp_rc rc;
	} cases[] = {
		{ 503, 200, NULL, MEMCP_OK },
		{ 401, 200, NULL, MEMCP_OK },
		{ 403, 200, NULL, MEMCP_OK },
		{ 404, 200, NULL, MEMCP_OK },
		{ 403, 403, NULL, MEMCP_BAD_TOKEN },
		{ 503, 500, NULL, MEMCP_DOWN },
		{ 500, 200, NULL, MEMCP_DOWN },
		{ 0, 200, NULL, MEMCP_DOWN },
		{ 200, 200, "{\"derived_token\":7}", MEMCP_DOWN },
		{ 200, 200, "{\"derived_token\":\"a\\r\\nb\"}", MEMCP_DOWN },
	};
	struct arena *mem = arena_new();
	struct session_token t;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		t = (struct session_token){ .derived = "d-0",
			.derived_until_ms = 7 };
		answer(0, "/internal/tokens/derive", cases[i].derive,
		    cases[i].derived == NULL ? "{}" : cases[i].derived);
		answer(1, "/token/info", cases[i].verify,
		    "{\"data\":{\"tier\":\"mcp\"}}");
		assert_int_equal(memcp_derive(&memcp, "p-1", "c", mem, &t),
		    cases[i].rc);
		if (cases[i].rc != MEMCP_OK) { /* what was good, stays */
			assert_string_equal(t.derived, "d-0");
			assert_int_equal(t.derived_until_ms, 7);
			continue;
		}
		assert_string_equal(t.derived, "p-1");
		/* A server that rests is asked again some minutes later. */
		assert_int_equal(t.derived_until_ms != 0,
		    cases[i].derive == 503);
	}
	arena_free(mem);
}

/* What may pass ends no connection. */
static void
a_refusal_is_certain(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum memcp_rc rc;
	} cases[] = {
		{ 200, "{\"data\":{\"tier\":\"chat\"}}", MEMCP_OK },
		{ 200, "{\"data\":{\"tier\":\"public\"}}", MEMCP_BAD_TOKEN },
		{ 200, "{\"status\":\"error\"}", MEMCP_DOWN },
		{ 403, ANONYMOUS, MEMCP_BAD_TOKEN },
		{ 401, "{}", MEMCP_BAD_TOKEN },
		{ 403, "<html>403 Forbidden</html>", MEMCP_DOWN },
		{ 400, "{}", MEMCP_DOWN },
		{ 422, "{}", MEMCP_DOWN },
		{ 503, "", MEMCP_DOWN },
		{ 0, NULL, MEMCP_DOWN },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		answer(0, "/token/info", cases[i].status, cases[i].body);
		assert_int_equal(memcp_verify_again(&memcp, "tok-1"),
		    cases[i].rc);
	}
}

static void
tokens_are_revoked(void **state)
{
	(void)state;
	answer(0, "/internal/tokens/revoke", 404, "{}");
	memcp_revoke(&memcp, "d-1");
	assert_string_equal(seen_path, "/internal/tokens/revoke");
	assert_string_equal(seen_body, "{\"derived_token\":\"d-1\"}");
	assert_string_equal(seen_secret, "s3cret");
}

static void
tools_are_listed(void **state)
{
	static const struct {
		int status;
		const char *body;
		int n; /* -1: failed */
	} cases[] = {
		{ 200,
		    "{\"status\":\"success\",\"data\":{\"tools\":[{\"name\":"
		    "\"a\"},{\"name\":\"b\"}]}}",
		    2 },
		{ 200, "{\"tools\":[]}", 0 },
		{ 200, "{\"data\":{}}", -1 },
		{ 200, "nothing", -1 },
		{ 500, "", -1 },
		{ 0, NULL, -1 },
	};
	char why[HTTP_WHY_MAX];
	json_t *list;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		why[0] = '\0';
		answer(0, "/mcp/tools", cases[i].status, cases[i].body);
		list = memcp_list(&memcp, NULL, why);
		assert_int_equal(list == NULL ? -1 : (int)json_array_size(list),
		    cases[i].n);
		assert_int_equal(list == NULL, why[0] != '\0');
		json_decref(list);
	}
}

static void
calls_have_results(void **state)
{
	static const struct {
		const char *what;
		int status;
		const char *body;
		enum tool_end end;
		const char *text; /* a part of it */
		bool expired, denied;
	} cases[] = {
		{ "done", 200, "{\"status\":\"success\",\"data\":{\"n\":1}}",
		    TOOL_DONE,
		    "{\"result\":{\"status\":\"success\",\"data\":"
		    "{\"n\":1}}}",
		    false, false },
		{ "not JSON", 200, "plain \xff text", TOOL_DONE,
		    "{\"result\":\"plain \xef\xbf\xbd text\"}", false, false },
		{ "expired", 403, ANONYMOUS, TOOL_FAILED, "token_expired", true,
		    false },
		{ "revoked", 403, "{\"detail\":\"Token was revoked\"}",
		    TOOL_FAILED, "token_expired", true, false },
		{ "unauthenticated", 401, "{}", TOOL_FAILED, "token_expired",
		    true, false },
		{ "tier", 403,
		    "{\"detail\":{\"stage\":\"chat\",\"message\":"
		    "\"needs a higher access level\"}}",
		    TOOL_FAILED, "\"error\":\"access_denied\"", false, true },
		{ "bad argument", 400, "{\"detail\":\"Missing id\"}",
		    TOOL_FAILED, "\"error\":\"http_400\"", false, false },
		{ "unknown", 404, "{\"detail\":\"Unknown tool\"}", TOOL_FAILED,
		    "\"error\":\"http_404\"", false, false },
		{ "failed", 500, "oops", TOOL_FAILED,
		    "{\"error\":\"http_500\",\"message\":\"oops\"}", false,
		    false },
		/* A gateway's word that no answer came says nothing of what the
		 * server did; 503 is a refusal. */
		{ "gateway", 502, "<html>", TOOL_FAILED,
		    "\"error\":\"outcome_unknown\"", false, false },
		{ "gateway's time", 504, "", TOOL_FAILED,
		    "\"error\":\"outcome_unknown\"", false, false },
		{ "full", 503, "", TOOL_FAILED, "\"error\":\"http_503\"", false,
		    false },
	};
	struct arena *mem = arena_new();
	struct tool_result r;
	json_t *arguments = json_keep(mem, json_pack("{s:i}", "id", 1));
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		answer(0, "/mcp/tools/call", cases[i].status, cases[i].body);
		memcp_call(&memcp, "tok-2", "query", arguments, NULL, mem, &r);
		if (r.end != cases[i].end
		    || (r.refusal == TOOL_REFUSED_TOKEN) != cases[i].expired
		    || (r.refusal == TOOL_REFUSED_RIGHTS) != cases[i].denied
		    || strstr(r.content[0].text, cases[i].text) == NULL)
			fail_msg("%s: end %d %s", cases[i].what, r.end,
			    r.content[0].text);
		assert_string_equal(seen_auth, "Bearer tok-2");
		assert_string_equal(seen_body,
		    "{\"tool\":\"query\",\"arguments\":{\"id\":1}}");
	}
	/* Without a token there is none that could have expired. */
	answer(0, "/mcp/tools/call", 403, ANONYMOUS);
	memcp_call(&memcp, NULL, "query", arguments, NULL, mem, &r);
	assert_int_equal(r.refusal, TOOL_REFUSED_RIGHTS);
	assert_string_equal(seen_auth, "");
	arena_free(mem);
}

/* A call that may have run is told of in other words than one that has not:
 * the model would repeat it, and the person would not know. */
static void
what_may_have_run_is_said(void **state)
{
	static const struct {
		const char *what;
		int status;
	} cases[] = {
		{ "closed without a word", 0 },
		{ "silent", SILENT },
		{ "cut", CUT },
	};
	struct memcp m = memcp, none = memcp;
	struct arena *mem = arena_new();
	json_t *arguments = json_keep(mem, json_object());
	struct tool_result r;
	size_t i;
	int before;

	(void)state;
	m.timeout_ms = 2000; /* what is sent must come within it */
	for (i = 0; i < NELEM(cases); i++) {
		answer(0, "/mcp/tools/call", cases[i].status, "");
		before = atomic_load(&srv.requests);
		memcp_call(&m, "t", "query", arguments, NULL, mem, &r);
		if (r.end != TOOL_FAILED
		    || strstr(r.content[0].text,
			   "\"error\":\"outcome_unknown\"")
			== NULL
		    || strstr(r.content[0].text,
			   "whether it took effect is unknown")
			== NULL)
			fail_msg("%s: end %d %s", cases[i].what, r.end,
			    r.content[0].text);
		assert_int_equal(atomic_load(&srv.requests), before + 1);
	}
	none.url = "http://127.0.0.1:1"; /* nobody listens */
	memcp_call(&none, "t", "query", arguments, NULL, mem, &r);
	assert_int_equal(r.end, TOOL_FAILED);
	assert_non_null(
	    strstr(r.content[0].text, "\"error\":\"network_error\""));
	assert_null(strstr(r.content[0].text, "unknown"));
	arena_free(mem);
}

static void
a_long_refusal_is_cut(void **state)
{
	struct arena *mem = arena_new();
	struct tool_result r;
	char body[2000];
	const json_t *doc;

	(void)state;
	memset(body, 'x', sizeof(body) - 1);
	body[sizeof(body) - 1] = '\0';
	answer(0, "/mcp/tools/call", 500, body);
	memcp_call(&memcp, "t", "query", json_keep(mem, json_object()), NULL,
	    mem, &r);
	doc = json_read(mem, r.content[0].text, strlen(r.content[0].text), NULL,
	    NULL);
	assert_true(strlen(json_member_str(doc, "message")) < 210);
	arena_free(mem);
}

static int
start(void **state)
{
	(void)state;
	(void)!log_open("test", LOG_ERROR, NULL);
	if (served_with_http(&srv, serve) == -1)
		return -1;
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/", srv.port);
	secret_set(&secret, "s3cret,old", 10);
	memcp = (struct memcp){ url, &secret, 3000 };
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	secret_clear(&secret);
	return served_without_http(&srv);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_secret_goes_whole),
		cmocka_unit_test(tokens_are_verified),
		cmocka_unit_test(tokens_are_derived),
		cmocka_unit_test(a_parent_serves_where_none_is_derived),
		cmocka_unit_test(a_refusal_is_certain),
		cmocka_unit_test(tokens_are_revoked),
		cmocka_unit_test(tools_are_listed),
		cmocka_unit_test(calls_have_results),
		cmocka_unit_test(what_may_have_run_is_said),
		cmocka_unit_test(a_long_refusal_is_cut),
	};

	return cmocka_run_group_tests_name("memcp", tests, start, stop);
}
