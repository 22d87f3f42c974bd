/*
 * What base/http promises over TLS, of kept connections and of encodings.
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

#include "base/clock.h"
#include "tests/unit/served_http.h"

#define FIRST_MANY 1000

static int
serve_hello(struct served *s, int fd, const struct served_request *req)
{
	(void)s;
	(void)req;
	return served_answer(fd, 200, "text/plain", "", "hello");
}

static enum http_rc
ask(const char *host, int port, const char *path, unsigned flags,
    struct http_response *resp)
{
	char url[128];
	struct http_request req = { .method = "POST",
		.url = url,
		.body = "{}",
		.body_len = 2,
		.flags = flags | HTTP_OPERATOR };

	snprintf(url, sizeof(url), "https://%s:%d%s", host, port, path);
	return http_send(&req, resp);
}

static void
each_certificate_has_its_sentence(void **state)
{
	static const struct {
		struct served_tls how;
		const char *why; /* NULL: it is taken */
	} cases[] = {
		{ { .cert = CERT_GOOD }, NULL },
		{ { .cert = CERT_GOOD, .least = 12, .most = 12 }, NULL },
		{ { .cert = CERT_GOOD, .least = 13, .most = 13 }, NULL },
		{ { .cert = CERT_GOOD, .least = 11, .most = 11 },
		    "TLS 1.2 or newer" },
		{ { .cert = CERT_WRONG_NAME }, "for another name" },
		{ { .cert = CERT_EXPIRED }, "has expired" },
		{ { .cert = CERT_EARLY }, "not valid yet" },
		{ { .cert = CERT_UNKNOWN }, "of an unknown authority" },
		{ { .cert = CERT_SELF_SIGNED }, "self-signed" },
	};
	struct http_response resp;
	struct served_tls tls;
	struct served s;
	size_t i;

	(void)state;
	assert_int_equal(start_engine(), 0);
	for (i = 0; i < NELEM(cases); i++) {
		tls = cases[i].how;
		served_start_tls(&s, serve_hello, NULL, false, &tls);
		(void)ask("127.0.0.1", s.port, "/", 0, &resp);
		if (resp.rc != (cases[i].why == NULL ? HTTP_OK : HTTP_UNREACHED)
		    || (cases[i].why != NULL
			&& strstr(resp.why, cases[i].why) == NULL))
			fail_msg("%zu: %d %s", i, resp.rc, resp.why);
		if (tls.least >= 12)
			assert_int_equal(atomic_load(&tls.version), tls.least);
		http_response_fini(&resp);
		served_stop_tls(&s, &tls);
	}
	http_stop();
}

static void
names_and_both_families_work(void **state)
{
	struct http_response resp;
	struct served_tls tls;
	struct served s;

	(void)state;
	assert_int_equal(start_engine(), 0);
	tls = (struct served_tls){ 0 };
	served_start_tls(&s, serve_hello, NULL, false, &tls);
	assert_int_equal(ask("localhost", s.port, "/", 0, &resp), HTTP_OK);
	assert_string_equal(tls.sni, "localhost");
	http_response_fini(&resp);
	served_stop_tls(&s, &tls);

	tls = (struct served_tls){ 0 };
	served_start_tls(&s, serve_hello, NULL, true, &tls);
	assert_int_equal(ask("[::1]", s.port, "/", 0, &resp), HTTP_OK);
	http_response_fini(&resp);
	served_stop_tls(&s, &tls);
	http_stop();
}

/* The answer says that the connection ends, so each needs another one. */
static int
serve_last(struct served *s, int fd, const struct served_request *req)
{
	(void)s;
	(void)req;
	(void)served_answer(
	    fd, 200, "text/plain", "Connection: close\r\n", "hello");
	return -1;
}

static void
sessions_are_resumed(void **state)
{
	struct http_response resp;
	struct served_tls tls = { 0 };
	struct served s;
	int i;

	(void)state;
	assert_int_equal(start_engine(), 0);
	served_start_tls(&s, serve_last, NULL, false, &tls);
	for (i = 0; i < 10; i++) {
		assert_int_equal(
		    ask("127.0.0.1", s.port, "/", HTTP_ONCE, &resp), HTTP_OK);
		http_response_fini(&resp);
	}
	assert_int_equal(atomic_load(&tls.handshakes), 10);
	assert_true(atomic_load(&tls.resumed) >= 8);
	http_stop();
	served_stop_tls(&s, &tls);
}

/* ---- the file of authorities --------------------------------------------- */

static void
copy_file(const char *from, const char *to)
{
	char text[8192], fresh[160];
	FILE *in = fopen(from, "r"), *out;
	size_t n;

	snprintf(fresh, sizeof(fresh), "%s.new", to);
	out = fopen(fresh, "w");
	assert_true(in != NULL && out != NULL);
	n = fread(text, 1, sizeof(text), in);
	assert_int_equal(fwrite(text, 1, n, out), n);
	fclose(in);
	fclose(out);
	assert_int_equal(rename(fresh, to), 0);
}

/* Ask until it ends with ${want}, within a deadline. */
static void
until(int port, enum http_rc want)
{
	struct timespec tick = { .tv_nsec = 50 * 1000000 };
	int64_t began = clock_boot_ms();
	struct http_response resp;
	enum http_rc rc;

	for (;;) {
		rc = ask("127.0.0.1", port, "/", 0, &resp);
		http_response_fini(&resp);
		if (rc == want)
			return;
		if (clock_boot_ms() - began > LONG_MS)
			fail_msg("still %d, not %d", rc, want);
		nanosleep(&tick, NULL);
	}
}

static void
a_changed_file_is_read_again(void **state)
{
	char file[] = "/tmp/test-http-tls-XXXXXX";
	struct http_options o = { .ca_file = file };
	struct served_tls tls = { 0 };
	struct served s;
	int fd = mkstemp(file);
	FILE *f;

	(void)state;
	assert_true(fd != -1);
	close(fd);
	assert_int_equal(http_start(&o), -1); /* empty */
	copy_file(served_tls_other_ca(), file);
	assert_int_equal(http_start(&o), 0);
	served_start_tls(&s, serve_last, NULL, false, &tls);
	until(s.port, HTTP_UNREACHED);
	copy_file(served_tls_ca(), file);
	until(s.port, HTTP_OK);
	f = fopen(file, "w"); /* half a file changes nothing */
	fputs("-----BEGIN CERTIFICATE-----\nMIIB", f);
	fclose(f);
	sleep(4); /* two looks, and longer than it takes to settle */
	until(s.port, HTTP_OK);
	f = fopen(file, "w"); /* nor one that only looks whole */
	fputs("-----BEGIN CERTIFICATE-----\nMIIB\n"
	      "-----END CERTIFICATE-----\n",
	    f);
	fclose(f);
	sleep(4);
	until(s.port, HTTP_OK);
	unlink(file);
	until(s.port, HTTP_OK);
	http_stop();
	served_stop_tls(&s, &tls);
}

/* ---- many at once -------------------------------------------------------- */

static void *
ask_first(void *arg)
{
	struct http_response resp;
	struct served *s = arg;
	char url[64];
	struct http_request req = { .method = "POST",
		.url = url,
		.body = "{}",
		.body_len = 2,
		.connect_ms = 30000, /* under sanitizers, of both ends */
		.total_ms = 60000,
		.flags = HTTP_OPERATOR | HTTP_ONCE };
	intptr_t rc;

	snprintf(url, sizeof(url), "https://127.0.0.1:%d/", s->port);
	rc = http_send(&req, &resp);
	http_response_fini(&resp);
	return (void *)rc;
}

static int
serve_slow(struct served *s, int fd, const struct served_request *req)
{
	(void)req;
	if (served_pause(s, fd, 2000) == -1)
		return -1;
	return served_answer(fd, 200, "text/plain", "", "hello");
}

static void
a_thousand_first_connections_come_to_be(void **state)
{
	static pthread_t threads[FIRST_MANY];
	struct served_tls tls = { 0 };
	pthread_attr_t small;
	struct served s;
	void *rc;
	int i, failed = 0;

	(void)state;
	assert_int_equal(start_engine(), 0);
	served_start_tls(&s, serve_slow, NULL, false, &tls);
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 256 * KIB);
	for (i = 0; i < FIRST_MANY; i++)
		assert_int_equal(
		    pthread_create(&threads[i], &small, ask_first, &s), 0);
	for (i = 0; i < FIRST_MANY; i++) {
		pthread_join(threads[i], &rc);
		failed += (intptr_t)rc != HTTP_OK;
	}
	assert_int_equal(failed, 0);
	pthread_attr_destroy(&small);
	http_stop();
	served_stop_tls(&s, &tls);
}

/* ---- kept connections ---------------------------------------------------- */

/* Twenty requests a connection, then an end in the middle of traffic; the
 * last answer does not say so. */
static int
serve_twenty(struct served *s, int fd, const struct served_request *req)
{
	static _Thread_local int served;

	(void)s;
	(void)req;
	served++;
	(void)served_answer(fd, 200, "text/plain",
	    served % 20 == 0 ? "Connection: close\r\n" : "", "hello");
	return served % 20 == 0 ? -1 : 0;
}

static void *
ask_often(void *arg)
{
	struct http_response resp;
	struct served *s = arg;
	intptr_t failed = 0;
	int i;

	for (i = 0; i < 100; i++) {
		failed += ask("127.0.0.1", s->port, "/", HTTP_ONCE, &resp)
		    != HTTP_OK;
		http_response_fini(&resp);
	}
	return (void *)failed;
}

static void
few_requests_a_connection_fail_none(void **state)
{
	struct served_tls tls = { 0 };
	pthread_t threads[16];
	struct served s;
	void *failed;
	int i;

	(void)state;
	assert_int_equal(start_engine(), 0);
	served_start_tls(&s, serve_twenty, NULL, false, &tls);
	for (i = 0; i < 16; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, ask_often, &s), 0);
	for (i = 0; i < 16; i++) {
		pthread_join(threads[i], &failed);
		assert_int_equal((intptr_t)failed, 0);
	}
	assert_int_equal(atomic_load(&s.requests), 16 * 100);
	http_stop();
	served_stop_tls(&s, &tls);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_certificate_has_its_sentence),
		cmocka_unit_test(names_and_both_families_work),
		cmocka_unit_test(sessions_are_resumed),
		cmocka_unit_test(a_changed_file_is_read_again),
		cmocka_unit_test(few_requests_a_connection_fail_none),
		cmocka_unit_test(a_thousand_first_connections_come_to_be),
	};

	if (!set_tls())
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
