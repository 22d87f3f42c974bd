/*
 * router: the order of its checks, and that none can be forgotten.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <sodium.h>

#include "base/buf.h"
#include "base/log.h"
#include "fcgi/request_priv.h"
#include "fcgi/router.h"
#include "nouns/metric.h"
#include "tests/unit/fcgi_client.h"

static int
refuse_strangers(struct request *req, struct refusal *why)
{
	const char *secret = request_header(req, "X-Proxy-Secret");

	if (secret != NULL && strcmp(secret, "s") == 0) {
		req->caller = (struct caller){ .tenant = "t", .key = "k" };
		return 0;
	}
	*why = (struct refusal){ .status = 401, .detail = "who?" };
	return -1;
}

/* One caller has asked too often. */
static int
limit(struct request *req, struct refusal *why)
{
	assert_string_equal(req->caller.tenant, "t");
	if (request_header(req, "X-Often") == NULL)
		return 0;
	*why = (struct refusal){ .status = 429,
		.detail = "wait",
		.retry_s = 7 };
	return -1;
}

/* A webhook as platforms have it: HMAC-SHA256 over the body as it came. */
static const unsigned char KEY[crypto_auth_hmacsha256_KEYBYTES] = "key";

static int
verify_signature(struct request *req, struct refusal *why)
{
	const char *text = request_header(req, "X-Signature");
	unsigned char mac[crypto_auth_hmacsha256_BYTES];
	size_t len;

	assert_null(req->json); /* before anybody parses it */
	if (text != NULL
	    && sodium_hex2bin(mac, sizeof(mac), text, strlen(text), NULL, &len,
		   NULL)
		== 0
	    && len == sizeof(mac)
	    && crypto_auth_hmacsha256_verify(mac,
		   (const unsigned char *)req->body, req->body_len, KEY)
		== 0) {
		req->caller = (struct caller){ .tenant = "signed" };
		return 0;
	}
	*why = (struct refusal){ .status = 401, .detail = "not signed" };
	return -1;
}

/* JSON-RPC in the words of an MCP endpoint. */
static int
refuse_rpc(struct request *req, const struct refusal *why)
{
	return reply_json(req, why->status,
	    json_pack("{s:s, s:n, s:{s:i, s:s}}", "jsonrpc", "2.0", "id",
		"error", "code", -32000, "message",
		why->detail == NULL ? "invalid" : why->detail));
}

/* A platform repeats what isn't 2xx: it hears of no refusal. */
static int
refuse_silently(struct request *req, const struct refusal *why)
{
	(void)why;
	return reply_empty(req, 200);
}

static int
say_not_now(struct request *req)
{
	return reply_error(req, 409, "not now");
}

static int
say(struct request *req)
{
	const char *id = request_param(req, "id");

	return reply_json(req, 200,
	    json_pack("{s:s, s:I, s:O?}", "id", id == NULL ? "-" : id, "len",
		(json_int_t)req->body_len, "json", req->json));
}

static int
say_nothing(struct request *req)
{
	(void)req;
	return 0;
}

static const struct route ROUTES[] = {
	{ .methods = M_POST,
	    .pattern = "/chat",
	    .verify = refuse_strangers,
	    .limit = limit,
	    .body_max = 100,
	    .parse = PARSE_JSON,
	    .handle = say },
	{ .methods = M_GET,
	    .pattern = "/chat",
	    .class = CLASS_ACCEPT,
	    .handle = say },
	{ .methods = M_GET, .pattern = "/m/{id}/x", .handle = say },
	{ .methods = M_PUT, .pattern = "/raw", .body_max = 100, .handle = say },
	{ .methods = M_GET, .pattern = "/silent", .handle = say_nothing },
	{ .methods = M_POST,
	    .pattern = "/hooks/{id?}",
	    .class = CLASS_ACCEPT,
	    .body_max = 100,
	    .verify_body = verify_signature,
	    .parse = PARSE_JSON,
	    .handle = say,
	    .refuse = refuse_rpc },
	{ .methods = M_POST,
	    .pattern = "/quiet",
	    .class = CLASS_ACCEPT,
	    .verify = refuse_strangers,
	    .body_max = 100,
	    .parse = PARSE_JSON,
	    .handle = say_not_now,
	    .refuse = refuse_silently },
	{ .pattern = NULL },
};

/* HMAC-SHA256 of {"a":1} by KEY: the key is padded with NULs */
#define SIGNED \
	"HTTP_X_SIGNATURE=88a67f24bbcdaed0e6c997404bb79a743baf44c6bab2f4c27328e3009d22e342"
#define HOOK "REQUEST_METHOD=POST", "CONTENT_LENGTH=7", JSON

#define JSON "CONTENT_TYPE=application/json; charset=utf-8"
#define SECRET "HTTP_X_PROXY_SECRET=s"

static const struct {
	const char *what;
	const char *params[8];
	const char *body;
	bool cut;
	int status;
	const char *has; /* in the whole answer */
} CASES[] = {
	{ "no such path", { "REQUEST_METHOD=GET", "REQUEST_URI=/no" }, "",
	    false, 404, "{\"detail\":\"Not Found\"}" },
	{ "a longer path", { "REQUEST_METHOD=GET", "REQUEST_URI=/chat/" }, "",
	    false, 404, NULL },
	{ "wrong method", { "REQUEST_METHOD=DELETE", "REQUEST_URI=/chat" }, "",
	    false, 405, "Allow: GET, HEAD, POST\r\n" },
	{ "method nobody knows", { "REQUEST_METHOD=BREW", "REQUEST_URI=/raw" },
	    "", false, 405, "Allow: PUT\r\n" },
	{ "HEAD has no body", { "REQUEST_METHOD=HEAD", "REQUEST_URI=/chat" },
	    "", false, 200, "Content-Length: 30\r\n" },
	{ "escaped slash", { "REQUEST_METHOD=GET", "REQUEST_URI=/m/a%2Fb/x" },
	    "", false, 200, "\"id\":\"a/b\"" },
	{ "empty parameter", { "REQUEST_METHOD=GET", "REQUEST_URI=/m//x" }, "",
	    false, 404, NULL },
	{ "too large comes before who",
	    { "REQUEST_METHOD=POST", "REQUEST_URI=/chat",
		"CONTENT_LENGTH=101" },
	    "", false, 413, NULL },
	{ "length is no number",
	    { "REQUEST_METHOD=POST", "REQUEST_URI=/chat",
		"CONTENT_LENGTH=1e3" },
	    "", false, 400, NULL },
	{ "a body that nobody announced",
	    { "REQUEST_METHOD=POST", "REQUEST_URI=/chat", JSON, SECRET }, "{}",
	    false, 411, NULL },
	{ "who comes before type",
	    { "REQUEST_METHOD=POST", "REQUEST_URI=/chat", "CONTENT_LENGTH=2" },
	    "{}", false, 401, "{\"detail\":\"who?\"}" },
	{ "a second secret",
	    { "REQUEST_METHOD=POST", "REQUEST_URI=/chat", "CONTENT_LENGTH=2",
		JSON, SECRET, "HTTP_X_PROXY_SECRET=x" },
	    "{}", false, 401, NULL },
	{ "type comes before body",
	    { "REQUEST_METHOD=POST", "REQUEST_URI=/chat", "CONTENT_LENGTH=5",
		SECRET },
	    "{}", true, 415, NULL },
	{ "a body cut off",
	    { "REQUEST_METHOD=POST", "REQUEST_URI=/chat", "CONTENT_LENGTH=5",
		JSON, SECRET },
	    "{}", true, 400, "shorter" },
	{ "a body that ends early",
	    { "REQUEST_METHOD=POST", "REQUEST_URI=/chat", "CONTENT_LENGTH=5",
		JSON, SECRET },
	    "{}", false, 400, "shorter" },
	{ "a body that goes on",
	    { "REQUEST_METHOD=POST", "REQUEST_URI=/chat", "CONTENT_LENGTH=2",
		JSON, SECRET },
	    "{}{}", false, 400, "longer" },
	{ "an empty body",
	    { "REQUEST_METHOD=POST", "REQUEST_URI=/chat", "CONTENT_LENGTH=0",
		JSON, SECRET },
	    "", false, 422, "\"type\":\"missing\",\"loc\":[\"body\"]" },
	{ "no body, of no type",
	    { "REQUEST_METHOD=POST", "REQUEST_URI=/chat", SECRET }, "", false,
	    422, "\"type\":\"missing\",\"loc\":[\"body\"]" },
	{ "a body of no type",
	    { "REQUEST_METHOD=POST", "REQUEST_URI=/chat", "CONTENT_LENGTH=2",
		SECRET },
	    "{}", false, 415, NULL },
	{ "a path that came decoded",
	    { "REQUEST_METHOD=GET", "DOCUMENT_URI=/m/a%2Fb/x" }, "", false, 200,
	    "\"id\":\"a%2Fb\"" },
	{ "not JSON",
	    { "REQUEST_METHOD=POST", "REQUEST_URI=/chat", "CONTENT_LENGTH=2",
		JSON, SECRET },
	    "{x", false, 422, "\"type\":\"json_invalid\",\"loc\":[\"body\"," },
	{ "served",
	    { "REQUEST_METHOD=POST", "REQUEST_URI=/chat?q", "CONTENT_LENGTH=7",
		JSON, SECRET, "HTTP_X_REQUEST_ID=me" },
	    "{\"a\":1}", false, 200, "X-Request-Id: me\r\n" },
	{ "any type of body",
	    { "REQUEST_METHOD=PUT", "REQUEST_URI=/raw", "CONTENT_LENGTH=3" },
	    "abc", false, 200, "\"len\":3" },
	{ "asked too often",
	    { "REQUEST_METHOD=POST", "REQUEST_URI=/chat", "CONTENT_LENGTH=5",
		JSON, SECRET, "HTTP_X_OFTEN=1" },
	    "{}", true, 429, "Retry-After: 7\r\n" },
	{ "who comes before how often",
	    { "REQUEST_METHOD=POST", "REQUEST_URI=/chat", "CONTENT_LENGTH=2",
		JSON, "HTTP_X_OFTEN=1" },
	    "{}", false, 401, NULL },
	{ "a signed body", { HOOK, "REQUEST_URI=/hooks/bot", SIGNED },
	    "{\"a\":1}", false, 200, "\"id\":\"bot\"" },
	{ "a last segment left out", { HOOK, "REQUEST_URI=/hooks", SIGNED },
	    "{\"a\":1}", false, 200, "\"id\":\"-\"" },
	{ "a last segment that is empty",
	    { HOOK, "REQUEST_URI=/hooks/", SIGNED }, "{\"a\":1}", false, 404,
	    NULL },
	{ "segments behind the last one",
	    { HOOK, "REQUEST_URI=/hooks/a/b", SIGNED }, "{\"a\":1}", false, 404,
	    NULL },
	{ "another body than was signed",
	    { HOOK, "REQUEST_URI=/hooks", SIGNED }, "{\"a\":2}", false, 401,
	    "{\"jsonrpc\":\"2.0\"" },
	{ "a signature of nothing",
	    { HOOK, "REQUEST_URI=/hooks", "HTTP_X_SIGNATURE=" }, "{\"a\":1}",
	    false, 401, "\"message\":\"not signed\"" },
	{ "signature comes before parse", { HOOK, "REQUEST_URI=/hooks" },
	    "{\"a\":1x", false, 401, NULL },
	{ "a refusal of the router looks as the route's do",
	    { "REQUEST_METHOD=POST", "REQUEST_URI=/hooks",
		"CONTENT_LENGTH=101" },
	    "", false, 413, "\"message\":\"the body is too large\"" },
	{ "a wrong method, too", { "REQUEST_METHOD=GET", "REQUEST_URI=/hooks" },
	    "", false, 405, "{\"jsonrpc\":\"2.0\"" },
	{ "and what is not JSON", { HOOK, "REQUEST_URI=/quiet", SECRET },
	    "{\"a\":1x", false, 200, "Content-Length: 0\r\n" },
	{ "and a refusal of the handler",
	    { HOOK, "REQUEST_URI=/quiet", SECRET }, "{\"a\":1}", false, 200,
	    "Content-Length: 0\r\n" },
	{ "a handler that forgets to answer",
	    { "REQUEST_METHOD=GET", "REQUEST_URI=/silent" }, "", false, 500,
	    NULL },
};

static void
checks_in_order(void **state)
{
	struct arena *mem = arena_new();
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(CASES); i++) {
		struct request req = { .mem = mem };
		struct buf out = BUF_INIT(MIB);
		FCGX_Request f;
		const char *why, *body;
		char status[32];
		int fd[2];

		print_message("%s\n", CASES[i].what);
		client_pair(fd);
		client_send(fd[0], CASES[i].params, CASES[i].body,
		    strlen(CASES[i].body), !CASES[i].cut);
		if (CASES[i].cut)
			shutdown(fd[0], SHUT_WR);
		assert_int_equal(client_take(&f, fd[1]), 0);
		req.fcgx = &f;
		assert_int_equal(request_begin(&req, f.envp, &why), 0);
		router_serve(&req, ROUTES);
		FCGX_FClose(f.out);
		FCGX_FClose(f.err);
		assert_int_equal(client_read(fd[0], &out), 0);
		snprintf(status, sizeof(status), "Status: %d ",
		    CASES[i].status);
		assert_int_equal(req.status, CASES[i].status);
		assert_int_equal(strncmp(buf_str(&out), status, strlen(status)),
		    0);
		if (CASES[i].has != NULL
		    && strstr(buf_str(&out), CASES[i].has) == NULL)
			print_message("%s\n", buf_str(&out));
		if (CASES[i].has != NULL)
			assert_non_null(strstr(buf_str(&out), CASES[i].has));
		assert_non_null(strstr(buf_str(&out), "X-Request-Id: "));
		body = strstr(buf_str(&out), "\r\n\r\n");
		assert_non_null(body);
		if (req.method == M_HEAD || strcmp(body, "\r\n\r\n") == 0)
			assert_string_equal(body, "\r\n\r\n");
		else
			assert_non_null(strstr(buf_str(&out),
			    "Content-Type: application/json\r\n"));
		FCGX_Free(&f, 0);
		close(fd[0]);
		close(fd[1]);
		buf_fini(&out);
		arena_reset(mem);
	}
	arena_free(mem);
}

static void
a_slow_body_is_408(void **state)
{
	static const char *const params[] = { "REQUEST_METHOD=PUT",
		"REQUEST_URI=/raw", "CONTENT_LENGTH=9", NULL };
	struct timeval soon = { .tv_usec = 20000 };
	struct arena *mem = arena_new();
	struct request req = { .mem = mem };
	FCGX_Request f;
	const char *why;
	int fd[2];

	(void)state;
	client_pair(fd);
	client_send(fd[0], params, "abc", 3, false);
	setsockopt(fd[1], SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof(soon));
	assert_int_equal(client_take(&f, fd[1]), 0);
	req.fcgx = &f;
	assert_int_equal(request_begin(&req, f.envp, &why), 0);
	router_serve(&req, ROUTES);
	assert_int_equal(req.status, 408);
	FCGX_Free(&f, 0);
	close(fd[0]);
	close(fd[1]);
	arena_free(mem);
}

/* One request, and the line of it. */
static void
serve_one(const char *const *params, const char *body, const char *file,
    struct request *req, char *line, size_t max)
{
	FCGX_Request f;
	const char *why;
	size_t n;
	FILE *log;
	int fd[2];

	assert_int_equal(log_open("test", LOG_INFO, file), 0);
	client_pair(fd);
	client_send(fd[0], params, body, strlen(body), true);
	assert_int_equal(client_take(&f, fd[1]), 0);
	req->fcgx = &f;
	assert_int_equal(request_begin(req, f.envp, &why), 0);
	assert_int_equal(router_serve(req, ROUTES), STEP_OVER);
	FCGX_Free(&f, 0);
	close(fd[0]);
	close(fd[1]);
	log = fopen(file, "r");
	assert_non_null(log);
	n = fread(line, 1, max - 1, log);
	line[n] = '\0';
	fclose(log);
	unlink(file);
}

/* The line says which phase refused, and the metric why, also where the client
 * sees no refusal; a handler's answer is no phase's. */
static void
refusals_are_told(void **state)
{
	static const struct {
		const char *params[6];
		const char *body;
		int status;
		const char *refused; /* NULL: a handler answered */
		const char *counted;
	} cases[] = {
		{ { "REQUEST_URI=/hooks/a", HOOK }, "{\"a\":2}", 401,
		    "signature", "{reason=\"unauthenticated\"} 1\n" },
		{ { "REQUEST_URI=/quiet", HOOK }, "{\"a\":1}", 200, "who",
		    "{reason=\"unauthenticated\"} 2\n" },
		{ { "REQUEST_URI=/quiet", SECRET, HOOK }, "{\"a\":1,", 200,
		    "parse", "{reason=\"invalid\"} 1\n" },
		{ { "REQUEST_METHOD=GET", "REQUEST_URI=/chat" }, "", 200, NULL,
		    "{reason=\"unauthenticated\"} 2\n" },
	};
	struct buf metrics = BUF_INIT(MIB);
	char folder[] = "/tmp/test_router.XXXXXX", file[64], line[4096];
	char refused[64];
	struct arena *mem = arena_new();

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(file, sizeof(file), "%s/log", folder);
	assert_int_equal(metrics_open(NULL, METRICS, METRIC_N), 0);
	for (size_t i = 0; i < NELEM(cases); i++) {
		struct request req = { .mem = mem };

		print_message("%s\n", cases[i].params[0]);
		serve_one(cases[i].params, cases[i].body, file, &req, line,
		    sizeof(line));
		assert_int_equal(req.status, cases[i].status);
		snprintf(refused, sizeof(refused), "\"refused\":\"%s\"",
		    cases[i].refused == NULL ? "" : cases[i].refused);
		if (cases[i].refused == NULL)
			assert_null(strstr(line, "\"refused\""));
		else
			assert_non_null(strstr(line, refused));
		buf_reset(&metrics);
		assert_int_equal(metrics_write(&metrics), 0);
		assert_non_null(strstr(buf_str(&metrics), cases[i].counted));
		arena_reset(mem);
	}
	metrics_close();
	(void)!log_open("test", LOG_INFO, NULL);
	rmdir(folder);
	buf_fini(&metrics);
	arena_free(mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checks_in_order),
		cmocka_unit_test(refusals_are_told),
		cmocka_unit_test(a_slow_body_is_408),
	};

	FCGX_Init();
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
