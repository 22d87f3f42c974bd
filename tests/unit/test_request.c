#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "fcgi/request_priv.h"

static int
begin(struct request *req, struct arena *mem, char *const *envp)
{
	const char *why = "";

	arena_reset(mem);
	*req = (struct request){ .mem = mem };
	return request_begin(req, envp, &why);
}

static void
paths(void **state)
{
	static const struct {
		const char *uri;
		int rc;
		const char *path;
	} cases[] = {
		{ "REQUEST_URI=/chat?x=1", 0, "/chat" },
		{ "REQUEST_URI=/a%20b", 0, "/a b" },
		{ "REQUEST_URI=/a%2541", 0, "/a%41" }, /* once */
		{ "REQUEST_URI=/%C3%A4", 0, "/\303\244" },
		{ "REQUEST_URI=/a%4", 400, NULL },
		{ "REQUEST_URI=/a%", 400, NULL },
		{ "REQUEST_URI=/%zz", 400, NULL },
		{ "REQUEST_URI=/%00", 400, NULL },
		{ "REQUEST_URI=/%ff", 400, NULL },
		{ "REQUEST_URI=/\377", 400, NULL },
		{ "REQUEST_URI=/%c0%af", 400, NULL }, /* overlong */
		{ "REQUEST_URI=http://h.example/a%20b?x", 0, "/a b" },
		{ "REQUEST_URI=HTTPS://[::1]:80/a", 0, "/a" },
		{ "REQUEST_URI=http://h.example?x=/y", 0, "/" },
		{ "REQUEST_URI=*", 400, NULL },
		{ "REQUEST_URI=chat", 400, NULL },
		/* These come decoded. */
		{ "DOCUMENT_URI=/d", 0, "/d" },
		{ "DOCUMENT_URI=/a%41?b", 0, "/a%41?b" },
		{ "PATH_INFO=/100%", 0, "/100%" },
		{ "PATH_INFO=/\377", 400, NULL },
		{ "PATH_INFO=", 0, "/" },
	};
	struct arena *mem = arena_new();
	struct request req;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		char *envp[] = { (char *)(uintptr_t)cases[i].uri, NULL };

		assert_int_equal(begin(&req, mem, envp), cases[i].rc);
		if (cases[i].path != NULL)
			assert_string_equal(req.path, cases[i].path);
	}
	arena_free(mem);
}

static void
addresses(void **state)
{
	static const struct {
		const char *addr, *remote;
		bool local;
	} cases[] = {
		{ "REMOTE_ADDR=127.0.0.1", "127.0.0.1", true },
		{ "REMOTE_ADDR=127.9.9.9", "127.9.9.9", true },
		{ "REMOTE_ADDR=::1", "::1", true },
		{ "REMOTE_ADDR=::ffff:127.0.0.1", "127.0.0.1", true },
		{ "REMOTE_ADDR=::ffff:10.0.0.1", "10.0.0.1", false },
		{ "REMOTE_ADDR=2001:DB8:0:0::1", "2001:db8::1", false },
		{ "REMOTE_ADDR=128.0.0.1", "128.0.0.1", false },
		{ "REMOTE_ADDR=unix:", "unix", true },
		{ "REMOTE_ADDR=127.0.0.1.evil", "127.0.0.1.evil", false },
		{ "REMOTE_ADDR=", "", false },
		{ "OTHER=1", "", false },
	};
	struct arena *mem = arena_new();
	struct request req;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		char *envp[] = { (char *)(uintptr_t)cases[i].addr, NULL };

		(void)begin(&req, mem, envp);
		assert_string_equal(req.remote, cases[i].remote);
		assert_int_equal(req.local, cases[i].local);
	}
	arena_free(mem);
}

/* What a proxy says of its client is no proof of being from here. */
static void
told_addresses(void **state)
{
	static const struct {
		const char *addr, *peer;
		bool local;
	} cases[] = {
		{ "REMOTE_ADDR=127.0.0.1", "REALIP_REMOTE_ADDR=127.0.0.1",
		    true },
		{ "REMOTE_ADDR=127.0.0.1", "REALIP_REMOTE_ADDR=", true },
		{ "REMOTE_ADDR=127.0.0.1", "REALIP_REMOTE_ADDR=10.0.0.5",
		    false },
		{ "REMOTE_ADDR=::1", "REALIP_REMOTE_ADDR=10.0.0.5", false },
		{ "REMOTE_ADDR=127.0.0.2", "REALIP_REMOTE_ADDR=127.0.0.1",
		    false },
		{ "REMOTE_ADDR=127.0.0.1", "REALIP_REMOTE_ADDR=unix:", false },
		{ "REMOTE_ADDR=unix:", "REALIP_REMOTE_ADDR=unix:", true },
		{ "REMOTE_ADDR=10.0.0.7", "REALIP_REMOTE_ADDR=127.0.0.1",
		    false },
		{ "REMOTE_ADDR=", "REALIP_REMOTE_ADDR=127.0.0.1", false },
		{ "OTHER=1", "REALIP_REMOTE_ADDR=127.0.0.1", false },
	};
	struct arena *mem = arena_new();
	struct request req;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		char *envp[] = { (char *)(uintptr_t)cases[i].addr,
			(char *)(uintptr_t)cases[i].peer, NULL };

		(void)begin(&req, mem, envp);
		assert_int_equal(req.local, cases[i].local);
	}
	arena_free(mem);
}

static void
ids(void **state)
{
	static const struct {
		const char *given;
		bool taken;
	} cases[] = {
		{ "HTTP_X_REQUEST_ID=aB9._-", true },
		{ "HTTP_X_REQUEST_ID=", false },
		{ "HTTP_X_REQUEST_ID=a b", false },
		{ "HTTP_X_REQUEST_ID=a\n", false },
		{ "HTTP_X_REQUEST_ID="
		  "0123456789012345678901234567890123456789012345678901234567"
		  "890123",
		    true },
		{ "HTTP_X_REQUEST_ID="
		  "0123456789012345678901234567890123456789012345678901234567"
		  "8901234",
		    false },
	};
	struct arena *mem = arena_new();
	struct request req;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		char *envp[] = { (char *)(uintptr_t)cases[i].given, NULL };
		const char *given = strchr(cases[i].given, '=') + 1;

		(void)begin(&req, mem, envp);
		if (cases[i].taken)
			assert_string_equal(req.id, given);
		else
			assert_int_equal(strspn(req.id, "0123456789abcdef"),
			    16);
	}
	arena_free(mem);
}

static void
headers_and_query(void **state)
{
	char *envp[] = { (char *)(uintptr_t) "HTTP_X_PROXY_SECRET=right",
		(char *)(uintptr_t) "HTTP_X_PROXY_SECRET=wrong",
		(char *)(uintptr_t) "HTTP_ACCEPT=text/html, text/event-stream;q=1",
		(char *)(uintptr_t) "CONTENT_LENGTH=12",
		(char *)(uintptr_t) "QUERY_STRING=a=1+2&ab=%C3%A4&bad=%zz&n",
		NULL };
	static const struct {
		const char *header;
		bool yes;
	} accepts[] = {
		{ "HTTP_ACCEPT=TEXT/Event-Stream", true },
		{ "HTTP_ACCEPT=text/event-stream ; q=0.1", true },
		{ "HTTP_ACCEPT=text/event-stream;charset=utf-8;q=1", true },
		{ "HTTP_ACCEPT=text/event-stream;q=0", false },
		{ "HTTP_ACCEPT=text/event-stream; Q=0.000, */*", false },
		{ "HTTP_ACCEPT=*/*", false },
		{ "HTTP_ACCEPT=text/event-streams", false },
		{ "HTTP_ACCEPT=", false },
	};
	struct arena *mem = arena_new();
	struct request req;
	size_t i;

	(void)state;
	(void)begin(&req, mem, envp);
	assert_string_equal(request_header(&req, "x-proxy-secret"),
	    "right, wrong");
	assert_null(request_header(&req, "X-Proxy"));
	assert_true(request_accepts(&req, "text/event-stream"));
	assert_false(request_accepts(&req, "text/event"));
	for (i = 0; i < NELEM(accepts); i++) {
		envp[2] = (char *)(uintptr_t)accepts[i].header;
		assert_int_equal(request_accepts(&req, "text/event-stream"),
		    accepts[i].yes);
	}
	assert_string_equal(request_query(&req, "a"), "1 2");
	assert_string_equal(request_query(&req, "ab"), "\303\244");
	assert_null(request_query(&req, "bad"));
	assert_null(request_query(&req, "c"));
	assert_int_equal(req.announced, 12);
	envp[3] = (char *)(uintptr_t) "CONTENT_LENGTH=-1";
	(void)begin(&req, mem, envp);
	assert_int_equal(req.announced, -1);
	envp[3] = (char *)(uintptr_t) "CONTENT_LENGTH=12x";
	(void)begin(&req, mem, envp);
	assert_int_equal(req.announced, -1);
	arena_free(mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths),
		cmocka_unit_test(addresses),
		cmocka_unit_test(told_addresses),
		cmocka_unit_test(ids),
		cmocka_unit_test(headers_and_query),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
