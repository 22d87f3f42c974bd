/*
 * What base/http promises of whole answers, and its rules.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/unit/served_http.h"

/* A body that is not what its label says.  base/http_coding: since 8.5 curl
 * goes by the label alone. */
static bool
is_damaged_for_curl(const char *path)
{
	return curl_version_info(CURLVERSION_NOW)->version_num >= 0x080500
	    && (strncmp(path, "/no-", 4) == 0
		|| strncmp(path, "/not-gzip", 9) == 0);
}

static void
answers_are_told_apart(void **state)
{
	static const struct {
		const char *name, *path;
		struct http_request with;
		enum http_rc rc;
		int status;
		const char *body; /* NULL: not looked at */
	} cases[] = {
		{ "plain", "/ok", { 0 }, HTTP_OK, 200, "hello" },
		{ "chunked", "/chunked", { 0 }, HTTP_OK, 200, "one two" },
		{ "no body", "/204", { 0 }, HTTP_OK, 204, "" },
		{ "an error is an answer", "/500", { 0 }, HTTP_OK, 500, "no" },
		{ "no redirect is followed", "/redirect", { 0 }, HTTP_OK, 302,
		    "" },
		{ "reset", "/reset", { 0 }, HTTP_BROKEN, 0, "" },
		{ "closed", "/close", { 0 }, HTTP_BROKEN, 0, "" },
		{ "reset in headers", "/reset-in-headers", { 0 }, HTTP_BROKEN,
		    200, "" },
		{ "cut after the status", "/cut-status", { 0 }, HTTP_BROKEN,
		    200, "" },
		{ "cut in headers", "/cut-headers", { 0 }, HTTP_BROKEN, 200,
		    "" },
		{ "cut after a 103", "/cut-early", { 0 }, HTTP_BROKEN, 0, "" },
		{ "reset in body", "/reset-in-body", { 0 }, HTTP_BROKEN, 200,
		    NULL },
		{ "cut chunked", "/cut-chunked", { 0 }, HTTP_BROKEN, 200,
		    "one" },
		{ "garbage", "/garbage", { 0 }, HTTP_BROKEN, 0, "" },
		{ "bad status", "/bad-status", { 0 }, HTTP_BROKEN, 0, "" },
		{ "fits", "/large", { .body_max = 20000 }, HTTP_OK, 200, NULL },
		{ "too large", "/large", { .body_max = 19999 }, HTTP_TOO_LARGE,
		    200, NULL },
		{ "fits, no length", "/large-unsaid", { .body_max = 20000 },
		    HTTP_OK, 200, NULL },
		{ "too large, no length", "/large-unsaid",
		    { .body_max = 19999 }, HTTP_TOO_LARGE, 200, NULL },
		{ "compressed", "/gzip", { 0 }, HTTP_OK, 200, "hello" },
		{ "decoded bytes count", "/bomb", { .body_max = 20000 },
		    HTTP_TOO_LARGE, 200, NULL },
		{ "and fit", "/bomb", { .body_max = 100000 }, HTTP_OK, 200,
		    NULL },
		{ "not what it says", "/no-gzip", { 0 }, HTTP_OK, 200,
		    "hello, all of you" },
		{ "in chunks", "/not-gzip-chunked", { 0 }, HTTP_OK, 200,
		    "hello" },
		{ "damaged", "/bad-gzip", { 0 }, HTTP_BROKEN, 200, NULL },
		{ "compressed after those", "/gzip", { 0 }, HTTP_OK, 200,
		    "hello" },
		{ "a charset for a coding", "/no-coding?utf-8", { 0 }, HTTP_OK,
		    200, "hello" },
		{ "the framing for one", "/no-coding?chunked", { 0 }, HTTP_OK,
		    200, "hello" },
		{ "unknown encoding", "/unknown-encoding", { 0 }, HTTP_BROKEN,
		    200, NULL },
		{ "headers without end", "/huge-headers", { 0 }, HTTP_TOO_LARGE,
		    200, "" },
		{ "no first byte", "/nothing", { .first_byte_ms = 1000 },
		    HTTP_TIMEOUT, 0, "" },
		/* What comes before the time is over must come: a busy
		 * machine needs a while for a connection. */
		{ "no answer", "/nothing", { .total_ms = 1000 }, HTTP_TIMEOUT,
		    0, "" },
		{ "drip against total", "/drip",
		    { .total_ms = 1500, .idle_ms = 5000 }, HTTP_TIMEOUT, 200,
		    NULL },
		{ "stall against idle", "/stall", { .idle_ms = 1000 },
		    HTTP_TIMEOUT, 200, "begun" },
		{ "cancelled while waiting", "/cancel-waiting",
		    { .cancel = &cancel_flag }, HTTP_CANCELLED, 0, "" },
		{ "cancelled in the body", "/cancel-in-body",
		    { .cancel = &cancel_flag }, HTTP_CANCELLED, 200, "begun" },
	};
	struct http_request req;
	struct http_response resp;
	int64_t began;
	bool damaged;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		set_cancel(0);
		damaged = is_damaged_for_curl(cases[i].path);
		req = cases[i].with;
		req.method = "GET";
		req.url = url_of(cases[i].path);
		req.flags = HTTP_OPERATOR;
		began = clock_boot_ms();
		http_send(&req, &resp);
		if (resp.rc != (damaged ? HTTP_BROKEN : cases[i].rc)
		    || resp.status != cases[i].status
		    || (cases[i].body != NULL && !damaged
			&& strcmp(buf_str(&resp.body), cases[i].body) != 0))
			fail_msg("%s: rc %d status %d body %.40s (%s)",
			    cases[i].name, resp.rc, resp.status,
			    buf_str(&resp.body), resp.why);
		assert_int_equal(resp.rc == HTTP_OK, resp.why[0] == '\0');
		assert_true(clock_boot_ms() - began < PROMPT_MS);
		http_response_fini(&resp);
	}
}

/* More than are kept taken apart, and those once more. */
static void
many_addresses_go_where_they_say(void **state)
{
	struct http_request req = get("/ok");
	struct http_response resp;
	char path[32];
	int i;

	(void)state;
	set_cancel(0);
	for (i = 0; i < 120; i++) {
		snprintf(path, sizeof(path), "%s?%d",
		    i % 2 == 0 ? "/ok" : "/500", i % 40);
		req.url = url_of(path);
		assert_int_equal(http_send(&req, &resp), HTTP_OK);
		assert_int_equal(resp.status, i % 2 == 0 ? 200 : 500);
		http_response_fini(&resp);
	}
}

static void
requests_go_on_after_a_tidying(void **state)
{
	struct http_request req = get("/ok");
	struct http_response resp;
	int i;

	(void)state;
	set_cancel(0);
	for (i = 0; i < 50; i++) {
		if (i % 3 != 2)
			http_trim();
		assert_int_equal(http_send(&req, &resp), HTTP_OK);
		assert_string_equal(buf_str(&resp.body), "hello");
		http_response_fini(&resp);
	}
}

/* What may be done once only is not sent again by itself, on a connection
 * that others used before. */
static void
some_are_sent_once(void **state)
{
	struct http_request req = get("/ok");
	struct http_response resp;
	int before, i;

	(void)state;
	for (i = 0; i < 20; i++) {
		req.url = url_of("/ok");
		req.flags = HTTP_OPERATOR;
		assert_int_equal(http_send(&req, &resp), HTTP_OK);
		http_response_fini(&resp);
		before = atomic_load(&srv.requests);
		req.url = url_of("/close");
		req.flags = HTTP_OPERATOR | HTTP_ONCE;
		assert_int_equal(http_send(&req, &resp), HTTP_BROKEN);
		http_response_fini(&resp);
		assert_int_equal(atomic_load(&srv.requests) - before, 1);
	}
}

static void
an_unknown_encoding_is_named(void **state)
{
	struct http_request req = get("/unknown-encoding");
	struct http_response resp;

	(void)state;
	assert_int_equal(http_send(&req, &resp), HTTP_BROKEN);
	if (strstr(resp.why, "x-odd") == NULL || resp.conn_ended)
		fail_msg("%s", resp.why);
	http_response_fini(&resp);
}

/* What this libcurl decodes is asked for, and nothing else. */
static void
what_is_asked_for_is_decoded(void **state)
{
	static const struct {
		const char *name;
		int feature;
	} cases[] = {
		{ "deflate", CURL_VERSION_LIBZ },
		{ "br", CURL_VERSION_BROTLI },
		{ "zstd", CURL_VERSION_ZSTD },
	};
	int has = curl_version_info(CURLVERSION_NOW)->features;
	char path[32], accepted[128];
	struct http_request req = get("/ok");
	struct http_response resp;
	bool decodes;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		decodes = (has & cases[i].feature) != 0;
		snprintf(path, sizeof(path), "/coded?%s", cases[i].name);
		req.url = url_of(path);
		(void)http_send(&req, &resp);
		assert_true(http_header(&resp, "x-accepted", accepted,
		    sizeof(accepted)));
		if (resp.rc != (decodes ? HTTP_OK : HTTP_BROKEN)
		    || decodes != (strstr(accepted, cases[i].name) != NULL))
			fail_msg("%s: %d %s, accepted %s", cases[i].name,
			    resp.rc, resp.why, accepted);
		if (decodes)
			assert_string_equal(buf_str(&resp.body), "hello");
		else
			assert_non_null(strstr(resp.why, cases[i].name));
		http_response_fini(&resp);
	}
}

static void
a_drip_is_not_idle(void **state)
{
	struct http_request req = get("/drip");
	struct http_response resp;

	(void)state;
	req.idle_ms = 1000;
	req.total_ms = 2500;
	assert_int_equal(http_send(&req, &resp), HTTP_TIMEOUT);
	assert_true(resp.body.len > 5);
	assert_true(
	    resp.first_byte_ms >= 0 && resp.first_byte_ms < req.total_ms);
	http_response_fini(&resp);
}

static void
headers_are_read(void **state)
{
	struct http_request req = get("/headers");
	struct http_response resp;
	char v[16];

	(void)state;
	assert_int_equal(http_send(&req, &resp), HTTP_OK);
	assert_int_equal(resp.status, 201);
	assert_string_equal(buf_str(&resp.headers),
	    "x-one: 1\nx-two: a: b\nx-one: 2\ncontent-length: 0\n");
	assert_true(http_header(&resp, "x-one", v, sizeof(v)));
	assert_string_equal(v, "2");
	assert_true(http_header(&resp, "x-two", v, sizeof(v)));
	assert_string_equal(v, "a: b");
	assert_false(http_header(&resp, "x-o", v, sizeof(v)));
	assert_false(http_header(&resp, "link", v, sizeof(v)));
	http_response_fini(&resp);
}

static void
methods_and_bodies_arrive(void **state)
{
	static const struct {
		const char *method, *body, *type;
	} cases[] = {
		{ "POST", "{}", "application/json" },
		{ "GET", NULL, "" },
		{ "PUT", "abc", "" },
		{ "DELETE", NULL, "" },
		{ "POST", NULL, "" },
		{ "HEAD", NULL, "" },
		{ "GET", NULL, "" },
		{ "PATCH", "x", "text/plain" },
	};
	struct http_request req;
	struct http_response resp;
	char v[64], type[64];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		req = get("/echo");
		req.method = cases[i].method;
		req.body = cases[i].body;
		req.body_len = req.body == NULL ? 0 : strlen(req.body);
		snprintf(type, sizeof(type), "content-type: %s", cases[i].type);
		if (cases[i].type[0] != '\0')
			req.headers[0] = type;
		assert_int_equal(http_send(&req, &resp), HTTP_OK);
		assert_true(http_header(&resp, "x-method", v, sizeof(v)));
		assert_string_equal(v, cases[i].method);
		assert_true(http_header(&resp, "x-type", v, sizeof(v)));
		assert_string_equal(v, cases[i].type);
		assert_true(http_header(&resp, "x-agent", v, sizeof(v)));
		assert_string_equal(v, "dragoman/");
		assert_string_equal(buf_str(&resp.body),
		    req.body == NULL ? "" : req.body);
		http_response_fini(&resp);
	}
	/* All of them over one connection. */
	assert_int_equal(atomic_load(&srv.connections), 1);
}

static void
a_large_body_is_sent(void **state)
{
	struct http_request req = get("/echo");
	struct http_response resp;
	char v[16];

	(void)state;
	req.method = "POST";
	req.body_len = 2 * MIB;
	req.body_max = 3 * MIB;
	req.body = memset(malloc(req.body_len), 'x', req.body_len);
	assert_int_equal(http_send(&req, &resp), HTTP_OK);
	assert_int_equal(resp.body.len, req.body_len);
	assert_true(http_header(&resp, "x-expect", v, sizeof(v)));
	assert_string_equal(v, "");
	free((char *)(uintptr_t)req.body);
	http_response_fini(&resp);
}

static void
a_closed_kept_connection_is_no_error(void **state)
{
	struct http_request req = get("/liar");
	struct http_response resp;
	int i;

	(void)state;
	for (i = 0; i < 50; i++) {
		if (http_send(&req, &resp) != HTTP_OK)
			fail_msg("%d: %d %s", i, resp.rc, resp.why);
		http_response_fini(&resp);
	}
}

/* A listening socket whose queue is full: connecting to it takes for ever. */
static int
start_deaf(int *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), i, filler;

	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 0), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	*port = ntohs(a.sin_port);
	for (i = 0; i < 3; i++) { /* left open until the process ends */
		filler = socket(AF_INET,
		    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		(void)connect(filler, (struct sockaddr *)&a, sizeof(a));
	}
	return fd;
}

static void
no_connection_is_unreached(void **state)
{
	struct http_request req = get("/");
	struct http_response resp;
	char url[64];
	int64_t began;
	int fd, port;

	(void)state;
	/* A port that was just given back: refused. */
	fd = start_deaf(&port);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d/", port);
	req.url = url;

	req.connect_ms = 150;
	began = clock_boot_ms();
	assert_int_equal(http_send(&req, &resp), HTTP_UNREACHED);
	assert_true(clock_boot_ms() - began < PROMPT_MS);
	http_response_fini(&resp);

	req.connect_ms = LONG_MS;
	req.total_ms = 150;
	assert_int_equal(http_send(&req, &resp), HTTP_UNREACHED);
	http_response_fini(&resp);

	req.total_ms = LONG_MS;
	req.cancel = &cancel_flag;
	set_cancel(1);
	assert_int_equal(http_send(&req, &resp), HTTP_CANCELLED);
	http_response_fini(&resp);
	set_cancel(0);

	close(fd);
	assert_int_equal(http_send(&req, &resp), HTTP_UNREACHED);
	assert_non_null(strstr(resp.why, "refused"));
	assert_int_equal(resp.cause, HTTP_CAUSE_CONNECT);
	http_response_fini(&resp);
}

/* ---- rules --------------------------------------------------------------- */

static void
rules_are_kept(void **state)
{
	static const struct {
		const char *url;
		const char *header;
		unsigned flags;
	} cases[] = {
		{ "http://127.0.0.1:%d/ok", NULL, 0 },
		{ "https://127.0.0.1:%d/ok", NULL, 0 },
		{ "https://localhost:%d/ok", NULL, 0 },
		{ "https://[::ffff:127.0.0.1]:%d/ok", NULL, 0 },
		{ "https://2130706433:%d/ok", NULL, 0 },
		{ "https://0:%d/ok", NULL, 0 },
		{ "https://[::1]:%d/ok", NULL, 0 },
		{ "ftp://127.0.0.1:%d/ok", NULL, HTTP_OPERATOR },
		{ "127.0.0.1:%d/ok", NULL, HTTP_OPERATOR },
		{ "http://127.0.0.1:%d /ok", NULL, HTTP_OPERATOR },
		{ "http://127.0.0.1:%d/ok", "A: b\r\nC: d", HTTP_OPERATOR },
		{ "http://127.0.0.1:%d/ok", "no header", HTTP_OPERATOR },
	};
	struct http_request req;
	struct http_response resp;
	char url[128];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		snprintf(url, sizeof(url), "%.*s%d%s",
		    (int)(strstr(cases[i].url, "%d") - cases[i].url),
		    cases[i].url, srv.port, strstr(cases[i].url, "%d") + 2);
		req = (struct http_request){ .method = "GET",
			.url = url,
			.headers = { cases[i].header },
			.flags = cases[i].flags };
		http_send(&req, &resp);
		if (resp.rc != HTTP_BLOCKED)
			fail_msg("%s: %d %s", url, resp.rc, resp.why);
		http_response_fini(&resp);
	}
	assert_int_equal(atomic_load(&srv.connections), 0);
}

static void
private_addresses_are_known(void **state)
{
	static const struct {
		const char *text;
		bool is_private;
	} cases[] = {
		{ "0.0.0.0", true },
		{ "0.1.2.3", true },
		{ "1.1.1.1", false },
		{ "9.255.255.255", false },
		{ "10.0.0.1", true },
		{ "11.0.0.0", false },
		{ "100.63.255.255", false },
		{ "100.64.0.1", true },
		{ "100.127.255.255", true },
		{ "100.128.0.0", false },
		{ "127.0.0.1", true },
		{ "127.255.255.255", true },
		{ "169.254.169.254", true },
		{ "172.15.255.255", false },
		{ "172.16.0.0", true },
		{ "172.31.255.255", true },
		{ "172.32.0.0", false },
		{ "192.0.0.1", true },
		{ "192.0.2.1", true },
		{ "192.167.1.1", false },
		{ "192.168.1.1", true },
		{ "198.18.0.1", true },
		{ "198.19.255.255", true },
		{ "198.20.0.0", false },
		{ "203.0.113.9", true },
		{ "223.255.255.255", false },
		{ "224.0.0.1", true },
		{ "239.255.255.255", true },
		{ "240.0.0.1", true },
		{ "255.255.255.255", true },
		{ "::", true },
		{ "::1", true },
		{ "::7f00:1", true },
		{ "::ffff:127.0.0.1", true },
		{ "::ffff:10.1.1.1", true },
		{ "::ffff:8.8.8.8", false },
		{ "64:ff9b::8.8.8.8", false },
		{ "64:ff9b::a00:1", true },
		{ "64:ff9b:1::1", true },
		{ "100::1", true },
		{ "2001::1", true },
		{ "2001:db8::1", true },
		{ "2001:4860:4860::8888", false },
		{ "2002:7f00:1::1", true },
		{ "2606:4700::1111", false },
		{ "3fff::1", true },
		{ "fc00::1", true },
		{ "fd12:3456::1", true },
		{ "fe80::1", true },
		{ "fec0::1", true },
		{ "ff02::1", true },
	};
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	struct sockaddr un = { .sa_family = AF_UNIX };
	bool is_private = false;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		if (inet_pton(AF_INET, cases[i].text, &in.sin_addr) == 1)
			is_private = http_address_is_private(
			    (struct sockaddr *)&in);
		else if (inet_pton(AF_INET6, cases[i].text, &in6.sin6_addr)
		    == 1)
			is_private = http_address_is_private(
			    (struct sockaddr *)&in6);
		else
			fail_msg("%s", cases[i].text);
		if (is_private != cases[i].is_private)
			fail_msg("%s", cases[i].text);
	}
	assert_true(http_address_is_private(&un));
}

static void
nothing_works_unstarted(void **state)
{
	struct http_request req = { .method = "GET",
		.url = "http://127.0.0.1:1/",
		.flags = HTTP_OPERATOR };
	struct http_response resp;

	(void)state;
	assert_int_equal(http_send(&req, &resp), HTTP_CANCELLED);
	assert_true(resp.why[0] != '\0');
	http_response_fini(&resp);
	http_stop();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(private_addresses_are_known),
		cmocka_unit_test(nothing_works_unstarted),
		WITH_SERVER(answers_are_told_apart),
		WITH_SERVER(many_addresses_go_where_they_say),
		WITH_SERVER(requests_go_on_after_a_tidying),
		WITH_SERVER(some_are_sent_once),
		WITH_SERVER(an_unknown_encoding_is_named),
		WITH_SERVER(what_is_asked_for_is_decoded),
		WITH_SERVER(a_drip_is_not_idle),
		WITH_SERVER(headers_are_read),
		WITH_SERVER(methods_and_bodies_arrive),
		WITH_SERVER(a_large_body_is_sent),
		WITH_SERVER(a_closed_kept_connection_is_no_error),
		WITH_SERVER(no_connection_is_unreached),
		WITH_SERVER(rules_are_kept),
	};

	return RUN_BOTH(tests);
}
