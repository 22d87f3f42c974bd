/*
 * The way out by http.proxy: who goes by it, who doesn't, and what is said
 * when it refuses.
 *
 * The proxy connects every name to the one TLS server; model.test is this
 * program's name for 127.0.0.1 (names.h).
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "tests/unit/names.h"
#include "tests/unit/served_http.h"

static struct {
	struct served proxy, model;
	struct served_tls by_tls, model_tls;
	bool is_tls; /* the proxy speaks TLS itself */
	int status;  /* of its answers; 0: it closes without one */
	char target[96], authorization[64];
} P;

static int
serve_model(struct served *s, int fd, const struct served_request *req)
{
	(void)s;
	(void)req;
	return served_answer(fd, 200, "text/plain", "", "hello");
}

static int
serve_proxy(struct served *s, int fd, const struct served_request *req)
{
	snprintf(P.target, sizeof(P.target), "%s %.50s", req->method,
	    req->path);
	(void)served_header(req, "proxy-authorization", P.authorization,
	    sizeof(P.authorization));
	if (P.status == 0)
		return -1;
	if (P.status != 200) {
		(void)served_answer(fd, P.status, "text/html",
		    "Proxy-Authenticate: Basic realm=\"x\"\r\n", "<p>no</p>");
		return -1;
	}
	if (served_printf(fd, "HTTP/1.1 200 Go on\r\nX-Proxy: yes\r\n\r\n")
	    == -1)
		return -1;
	return served_tunnel(s, fd, P.model.port);
}

static void
begin(const char *user, const char *const *except)
{
	char url[96];
	struct http_options o = { .ca_file = served_tls_ca(),
		.proxy = url,
		.no_proxy = except };

	P.model_tls = (struct served_tls){ 0 };
	P.target[0] = P.authorization[0] = '\0';
	served_start_tls(&P.model, serve_model, NULL, false, &P.model_tls);
	if (P.is_tls)
		served_start_tls(&P.proxy, serve_proxy, NULL, false, &P.by_tls);
	else
		served_start(&P.proxy, serve_proxy, NULL);
	snprintf(url, sizeof(url), "%s://%slocalhost:%d",
	    P.is_tls ? "https" : "http", user, P.proxy.port);
	assert_int_equal(http_start(&o), 0);
}

static int
begin_plain(void **state)
{
	(void)state;
	memset(&P, 0, sizeof(P));
	P.status = 200;
	return 0;
}

static void
end(void)
{
	http_stop();
	if (P.is_tls)
		served_stop_tls(&P.proxy, &P.by_tls);
	else
		served_stop(&P.proxy);
	served_stop_tls(&P.model, &P.model_tls);
}

static enum http_rc
ask(const char *scheme, const char *host, int port, unsigned flags,
    struct http_response *resp)
{
	char url[96];
	struct http_request req = { .method = "POST",
		.url = url,
		.body = "{}",
		.body_len = 2,
		.flags = flags };

	snprintf(url, sizeof(url), "%s://%s:%d/", scheme, host, port);
	return http_send(&req, resp);
}

static void
expect_hello(const char *host)
{
	struct http_response resp;

	if (ask("https", host, P.model.port, HTTP_OPERATOR | HTTP_ONCE, &resp)
	    != HTTP_OK)
		fail_msg("%s: %d %s", host, resp.rc, resp.why);
	assert_string_equal(buf_str(&resp.body), "hello");
	assert_int_equal(resp.status, 200);
	assert_false(http_has_header(&resp, "x-proxy"));
	http_response_fini(&resp);
}

static void
operators_addresses_go_by_it(void **state)
{
	char target[96];
	int i;

	(void)state;
	begin("me:secret@", NULL);
	for (i = 0; i < 5; i++)
		expect_hello("model.test");
	snprintf(target, sizeof(target), "CONNECT model.test:%d", P.model.port);
	assert_string_equal(P.target, target);
	assert_string_equal(P.authorization, "Basic bWU6c2VjcmV0");
	assert_true(served_tls_was_named(&P.model_tls, "model.test"));
	/* One tunnel for all of them, and the name was the proxy's to find. */
	assert_int_equal(atomic_load(&P.proxy.requests), 1);
	assert_int_equal(atomic_load(&P.model.requests), 5);
	end();
}

static void
it_may_speak_tls_itself(void **state)
{
	(void)state;
	P.is_tls = true;
	begin("", NULL);
	expect_hello("model.test");
	expect_hello("model.test");
	assert_int_equal(atomic_load(&P.proxy.requests), 1);
	assert_int_equal(atomic_load(&P.by_tls.handshakes), 1);
	end();
}

static void
others_go_direct(void **state)
{
	static const char *const except[] = { "model.test", NULL };
	struct http_response resp;

	(void)state;
	begin("", except);
	expect_hello("model.test");
	expect_hello("localhost");
	expect_hello("127.0.0.1");
	/* In the clear: the model's port answers no HTTP, but a newer libcurl
	 * takes the connection with TLS that it kept to that port. */
	(void)ask("http", "model.test", P.model.port, HTTP_OPERATOR, &resp);
	assert_int_equal(atomic_load(&P.proxy.connections), 0);
	assert_int_equal(atomic_load(&P.model.requests),
	    resp.rc == HTTP_OK ? 4 : 3);
	http_response_fini(&resp);
	end();
}

/* A user's address is looked at here, whatever the operator set. */
static void
users_addresses_go_direct(void **state)
{
	struct http_response resp;
	int before = atomic_load(&names_asked);

	(void)state;
	begin("", NULL);
	assert_int_equal(ask("https", "model.test", P.model.port, 0, &resp),
	    HTTP_BLOCKED);
	http_response_fini(&resp);
	assert_int_equal(atomic_load(&P.proxy.connections), 0);
	/* Its own address was found and refused, not that of a proxy, which
	 * may be a public one. */
	assert_int_equal(atomic_load(&names_asked), before + 1);
	end();
}

/* After no_proxy's names of a domain. */
static void
a_domain_goes_direct(void **state)
{
	static const char *const except[] = { "example.com", ".test", NULL };

	(void)state;
	begin("", except);
	expect_hello("model.test");
	assert_int_equal(atomic_load(&P.proxy.connections), 0);
	end();
}

static void
a_refusal_is_said(void **state)
{
	static const struct {
		int status;
		const char *why;
		bool lasting;
		enum http_cause cause;
	} cases[] = {
		{ 407, "the proxy wants a user and a password", true,
		    HTTP_CAUSE_PROXY_LOGIN },
		{ 403, "the proxy refused the connection with status 403", true,
		    HTTP_CAUSE_PROXY },
		{ 502, "the proxy refused the connection with status 502",
		    false, HTTP_CAUSE_PROXY },
		{ 0, "cannot connect", false, HTTP_CAUSE_CONNECT },
	};
	struct http_response resp;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		P.status = cases[i].status;
		begin("", NULL);
		(void)ask("https", "model.test", P.model.port,
		    HTTP_OPERATOR | HTTP_ONCE, &resp);
		if (resp.rc != HTTP_UNREACHED || resp.status != 0
		    || strstr(resp.why, cases[i].why) == NULL)
			fail_msg("%d: %d %d %s", cases[i].status, resp.rc,
			    resp.status, resp.why);
		assert_int_equal(resp.lasting, cases[i].lasting);
		assert_int_equal(resp.cause, cases[i].cause);
		assert_int_equal(resp.body.len, 0);
		http_response_fini(&resp);
		assert_int_equal(atomic_load(&P.model.connections), 0);
		end();
	}
}

static void
no_proxy_there_is_said(void **state)
{
	struct http_options o = { .ca_file = served_tls_ca(),
		.proxy = "http://127.0.0.1:1" };
	struct http_options nowhere = { .ca_file = served_tls_ca(),
		.proxy = "http://nowhere.test:3128" };
	struct http_response resp;

	(void)state;
	assert_int_equal(http_start(&o), 0);
	assert_int_equal(ask("https", "model.test", 443, HTTP_OPERATOR, &resp),
	    HTTP_UNREACHED);
	assert_string_equal(resp.why,
	    "cannot connect to the proxy: Connection refused");
	assert_int_equal(resp.cause, HTTP_CAUSE_PROXY);
	http_response_fini(&resp);
	http_stop();
	assert_int_equal(http_start(&nowhere), 0);
	assert_int_equal(ask("https", "model.test", 443, HTTP_OPERATOR, &resp),
	    HTTP_UNREACHED);
	assert_string_equal(resp.why,
	    "cannot connect: the proxy's name has no address");
	assert_int_equal(resp.cause, HTTP_CAUSE_PROXY);
	http_response_fini(&resp);
	http_stop();
}

/* Certificates are the model's and the proxy's, each told apart. */
static void
certificates_behind_it_are_checked(void **state)
{
	struct http_response resp;

	(void)state;
	begin("", NULL);
	assert_int_equal(
	    ask("https", "other.test", P.model.port, HTTP_OPERATOR, &resp),
	    HTTP_UNREACHED);
	assert_non_null(
	    strstr(resp.why, "the server's certificate is for another name"));
	http_response_fini(&resp);
	end();

	P.is_tls = true;
	P.by_tls.cert = CERT_EXPIRED;
	begin("", NULL);
	assert_int_equal(
	    ask("https", "model.test", P.model.port, HTTP_OPERATOR, &resp),
	    HTTP_UNREACHED);
	if (strstr(resp.why, "the proxy's certificate has expired") == NULL)
		fail_msg("%s", resp.why);
	assert_int_equal(resp.cause, HTTP_CAUSE_PROXYS_CERTIFICATE);
	http_response_fini(&resp);
	assert_int_equal(atomic_load(&P.model.connections), 0);
	end();
}

#define OF_PROXY(fn) cmocka_unit_test_setup(fn, begin_plain)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		OF_PROXY(operators_addresses_go_by_it),
		OF_PROXY(it_may_speak_tls_itself),
		OF_PROXY(others_go_direct),
		OF_PROXY(a_domain_goes_direct),
		OF_PROXY(users_addresses_go_direct),
		OF_PROXY(a_refusal_is_said),
		OF_PROXY(no_proxy_there_is_said),
		OF_PROXY(certificates_behind_it_are_checked),
	};

	if (!set_tls())
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
