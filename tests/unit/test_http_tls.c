/*
 * What base/http promises over TLS, of kept connections and of encodings.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/unit/served_http.h"

#define FIRST_MANY 1000
#define FIRST_PATIENT_MS 300000
#define FIRST_SHARE 0.7 /* less: others have the rest */

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
		enum http_cause cause;
	} cases[] = {
		{ { .cert = CERT_GOOD }, NULL, HTTP_CAUSE_OTHER },
		{ { .cert = CERT_GOOD, .least = 12, .most = 12 }, NULL,
		    HTTP_CAUSE_OTHER },
		{ { .cert = CERT_GOOD, .least = 13, .most = 13 }, NULL,
		    HTTP_CAUSE_OTHER },
		{ { .cert = CERT_GOOD, .least = 11, .most = 11 },
		    "TLS 1.2 or newer", HTTP_CAUSE_OLD_TLS },
		{ { .cert = CERT_WRONG_NAME }, "for another name",
		    HTTP_CAUSE_OTHER_NAME },
		{ { .cert = CERT_EXPIRED }, "has expired",
		    HTTP_CAUSE_CERTIFICATE },
		{ { .cert = CERT_EARLY }, "not valid yet", HTTP_CAUSE_EARLY },
		{ { .cert = CERT_UNKNOWN }, "of an unknown authority",
		    HTTP_CAUSE_AUTHORITY },
		{ { .cert = CERT_SELF_SIGNED }, "self-signed",
		    HTTP_CAUSE_AUTHORITY },
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
		assert_int_equal(resp.lasting, cases[i].why != NULL);
		assert_int_equal(resp.cause, cases[i].cause);
		if (tls.least >= 12)
			assert_int_equal(atomic_load(&tls.version), tls.least);
		http_response_fini(&resp);
		served_stop_tls(&s, &tls);
	}
	http_stop();
}

/* http:// where TLS is spoken: its alert; or no word at all. */
static int
serve_alert(struct served *s, int fd, const struct served_request *req)
{
	static const char ALERT[] = { 0x15, 3, 1, 0, 2, 2, 70 };

	(void)s;
	if (strcmp(req->path, "/alert") == 0)
		(void)served_write(fd, ALERT, sizeof(ALERT));
	return -1;
}

/* https:// where none is: refused at the first bytes, as by most servers. */
static void *
open_plain(void *ctx, int fd)
{
	static const char REFUSAL[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
	char hello[4096];

	(void)ctx;
	if (read(fd, hello, sizeof(hello)) > 0)
		(void)!write(fd, REFUSAL, sizeof(REFUSAL) - 1);
	return NULL;
}

static void
a_port_that_speaks_otherwise_is_told(void **state)
{
	static const struct {
		const char *scheme, *path;
		enum http_rc rc;
		enum http_cause cause;
		const char *why;
		bool lasting;
	} rows[] = {
		{ "https", "/", HTTP_UNREACHED, HTTP_CAUSE_NEEDS_HTTP,
		    "begin with http://", true },
		{ "http", "/alert", HTTP_BROKEN, HTTP_CAUSE_NEEDS_HTTPS,
		    "begin with https://", true },
		{ "http", "/", HTTP_BROKEN, HTTP_CAUSE_CUT,
		    "cut before an answer", false },
	};
	struct http_response resp;
	char url[64];
	struct http_request req = { .method = "POST",
		.url = url,
		.flags = HTTP_OPERATOR | HTTP_ONCE };
	static const struct served_wire plain = { .open = open_plain };
	struct served s, refusing;
	size_t i;

	(void)state;
	assert_int_equal(start_engine(), 0);
	served_start(&s, serve_alert, NULL);
	served_start_on(&refusing, serve_hello, NULL, false, &plain, NULL);
	for (i = 0; i < NELEM(rows); i++) {
		snprintf(url, sizeof(url), "%s://127.0.0.1:%d%s",
		    rows[i].scheme,
		    strcmp(rows[i].scheme, "https") == 0 ? refusing.port
							 : s.port,
		    rows[i].path);
		(void)http_send(&req, &resp);
		if (resp.rc != rows[i].rc || resp.cause != rows[i].cause
		    || resp.lasting != rows[i].lasting
		    || strstr(resp.why, rows[i].why) == NULL)
			fail_msg("%s%s: %d %d %s", rows[i].scheme, rows[i].path,
			    resp.rc, resp.cause, resp.why);
		http_response_fini(&resp);
	}
	http_stop();
	served_stop(&refusing);
	served_stop(&s);
}

static bool
has_v6(void)
{
	const struct sockaddr_in6 here = { .sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool has = fd != -1
	    && bind(fd, (const struct sockaddr *)&here, sizeof(here)) == 0;

	if (fd != -1)
		close(fd);
	return has;
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
	assert_true(served_tls_was_named(&tls, "localhost"));
	http_response_fini(&resp);
	served_stop_tls(&s, &tls);

	tls = (struct served_tls){ 0 };
	if (!has_v6()) {
		http_stop();
		return;
	}
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
	(void)served_answer(fd, 200, "text/plain", "Connection: close\r\n",
	    "hello");
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

/* ---- many at once -------------------------------------------------------- */

static atomic_int first_ended; /* requests, well or not */

struct first {
	int port, connect_ms;
};

static void *
ask_first(void *arg)
{
	const struct first *first = arg;
	struct http_response resp;
	char url[64];
	struct http_request req = { .method = "POST",
		.url = url,
		.connect_ms = first->connect_ms,
		.total_ms = FIRST_PATIENT_MS,
		.flags = HTTP_OPERATOR | HTTP_ONCE };
	intptr_t rc;

	snprintf(url, sizeof(url), "https://127.0.0.1:%d/", first->port);
	rc = http_send(&req, &resp);
	http_response_fini(&resp);
	atomic_fetch_add(&first_ended, 1);
	return (void *)rc;
}

/* Nobody is answered until all are there: all connections stand at once. */
static int
serve_when_all_asked(struct served *s, int fd, const struct served_request *req)
{
	(void)req;
	while (
	    atomic_load(&s->requests) + atomic_load(&first_ended) < FIRST_MANY)
		if (served_pause(s, fd, 20) == -1)
			return -1;
	return served_answer(fd, 200, "text/plain", "", "hello");
}

/* Both ends of each connection, and what else is open. */
static bool
may_open_all(void)
{
	struct rlimit r;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &r), 0);
	r.rlim_cur = r.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &r);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &r), 0);
	if (r.rlim_cur >= 2 * FIRST_MANY + 200)
		return true;
	fprintf(stderr, "skipped: %lu files may be open, not %d\n",
	    (unsigned long)r.rlim_cur, 2 * FIRST_MANY + 200);
	return false;
}

/* The system's authorities beside the test's: each reading takes its time. */
static void
write_bundle(const char *file)
{
	static const char SYSTEMS[] = "/etc/ssl/certs/ca-certificates.crt";
	const char *const from[] = { served_tls_ca(), SYSTEMS };
	FILE *out = fopen(file, "w"), *in;
	char bytes[4096];
	size_t i, n;

	assert_non_null(out);
	for (i = 0; i < NELEM(from); i++) {
		in = fopen(from[i], "r");
		if (in == NULL)
			continue;
		while ((n = fread(bytes, 1, sizeof(bytes), in)) > 0)
			assert_int_equal(fwrite(bytes, 1, n, out), n);
		fclose(in);
	}
	fclose(out);
}

/* How many failed.  ${share}: of all processors' time, what was had. */
static int
connect_many(const char *bundle, int connect_ms, double *share)
{
	static pthread_t threads[FIRST_MANY];
	struct http_options o = { .ca_file = bundle };
	struct served_tls tls = { 0 };
	struct first first = { .connect_ms = connect_ms };
	pthread_attr_t small;
	struct served s;
	int64_t began = clock_boot_ms();
	clock_t used = clock();
	void *rc;
	int i, failed = 0;

	assert_int_equal(http_start(&o), 0);
	served_start_tls(&s, serve_when_all_asked, NULL, false, &tls);
	first.port = s.port;
	atomic_store(&first_ended, 0);
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 256 * KIB);
	for (i = 0; i < FIRST_MANY; i++)
		assert_int_equal(
		    pthread_create(&threads[i], &small, ask_first, &first), 0);
	for (i = 0; i < FIRST_MANY; i++) {
		pthread_join(threads[i], &rc);
		failed += (intptr_t)rc != HTTP_OK;
	}
	*share = (double)(clock() - used) * 1000 / CLOCKS_PER_SEC
	    / (double)(clock_boot_ms() - began)
	    / (double)sysconf(_SC_NPROCESSORS_ONLN);
	if (failed == 0)
		assert_int_equal(atomic_load(&s.connections), FIRST_MANY);
	pthread_attr_destroy(&small);
	http_stop();
	served_stop_tls(&s, &tls);
	return failed;
}

/* Within the usual time of a connect, where nobody else takes the processors;
 * in any case before they lose patience. */
static void
a_thousand_first_connections_come_to_be(void **state)
{
	char bundle[] = "/tmp/test-http-tls-XXXXXX";
	int fd = mkstemp(bundle), failed;
	double share;

	(void)state;
	if (!may_open_all())
		skip();
	assert_int_not_equal(fd, -1);
	close(fd);
	write_bundle(bundle);
	failed = connect_many(bundle, 0, &share);
	if (failed > 0 && share < FIRST_SHARE) {
		fprintf(stderr,
		    "%d failed with %.0f %% of the processors: once more, "
		    "with time\n",
		    failed, share * 100);
		failed = connect_many(bundle, FIRST_PATIENT_MS, &share);
	}
	unlink(bundle);
	if (failed > 0)
		fail_msg("%d failed with %.0f %%", failed, share * 100);
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
		cmocka_unit_test(a_port_that_speaks_otherwise_is_told),
		cmocka_unit_test(names_and_both_families_work),
		cmocka_unit_test(sessions_are_resumed),
		cmocka_unit_test(few_requests_a_connection_fail_none),
		cmocka_unit_test(a_thousand_first_connections_come_to_be),
	};

	if (!set_tls())
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
