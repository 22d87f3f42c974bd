/*
 * What base/http promises of streams, many threads and its end.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "tests/unit/served_http.h"

#define CALLERS 64

static void
a_stream_is_read_in_pieces(void **state)
{
	struct http_request req = get("/chunked");
	struct http_response resp;
	struct http_stream *s;
	struct buf all = BUF_INIT(100);
	int rc;

	(void)state;
	assert_int_equal(http_open(&req, &resp, &s), HTTP_OK);
	assert_int_equal(resp.status, 200);
	while ((rc = http_read(s, 1000, &all)) >= 0)
		;
	assert_int_equal(resp.rc, HTTP_OK);
	assert_string_equal(buf_str(&all), "one two");
	assert_int_equal(http_read(s, 1000, &all), -1);
	http_close(s);
	buf_fini(&all);
	http_response_fini(&resp);
}

static void
a_compressed_stream_is_read_in_pieces(void **state)
{
	struct http_request req = get("/gzip-pieces");
	struct http_response resp;
	struct http_stream *s;
	struct buf all = BUF_INIT(100);

	(void)state;
	assert_int_equal(http_open(&req, &resp, &s), HTTP_OK);
	assert_int_equal(http_read(s, PROMPT_MS, &all), 1);
	assert_string_equal(buf_str(&all), "one");
	while (http_read(s, PROMPT_MS, &all) >= 0)
		;
	assert_int_equal(resp.rc, HTTP_OK);
	assert_string_equal(buf_str(&all), "one two");
	http_close(s);
	buf_fini(&all);
	http_response_fini(&resp);
}

/* More than the reader has room for is no silence, and no end. */
static void
a_full_piece_says_so(void **state)
{
	static const char *const paths[] = { "/chunked", "/flood" };
	struct http_response resp;
	struct http_stream *s;
	struct buf b = BUF_INIT(3);
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(paths); i++) {
		struct http_request req = get(paths[i]);
		int64_t began = clock_boot_ms();

		req.body_max = 10 * MIB;
		buf_reset(&b);
		assert_int_equal(http_open(&req, &resp, &s), HTTP_OK);
		while (!b.full && clock_boot_ms() - began < PROMPT_MS)
			assert_true(http_read(s, LONG_MS, &b) >= 0);
		assert_true(b.full);
		assert_int_equal(b.len, 3);
		buf_reset(&b); /* nothing was lost */
		assert_int_equal(http_read(s, PROMPT_MS, &b), 1);
		http_close(s);
		http_response_fini(&resp);
	}
	buf_fini(&b);
}

static void
a_stream_says_nothing_yet(void **state)
{
	struct http_request req = get("/stall");
	struct http_response resp;
	struct http_stream *s;
	struct buf b = BUF_INIT(100);

	(void)state;
	assert_int_equal(http_open(&req, &resp, &s), HTTP_OK);
	assert_int_equal(http_read(s, PROMPT_MS, &b), 1);
	assert_int_equal(http_read(s, 20, &b), 0);
	assert_int_equal(http_read(s, 0, &b), 0);
	assert_string_equal(buf_str(&b), "begun");
	http_close(s);
	buf_fini(&b);
	http_response_fini(&resp);
}

static void
the_end_of_a_stream_says_why(void **state)
{
	static const struct {
		const char *path;
		struct http_request with;
		enum http_rc open, end;
	} cases[] = {
		{ "/ok", { 0 }, HTTP_OK, HTTP_OK },
		{ "/204", { 0 }, HTTP_OK, HTTP_OK },
		{ "/500", { 0 }, HTTP_OK, HTTP_OK },
		{ "/reset", { 0 }, HTTP_BROKEN, HTTP_BROKEN },
		{ "/reset-in-headers", { 0 }, HTTP_BROKEN, HTTP_BROKEN },
		{ "/cut-status", { 0 }, HTTP_BROKEN, HTTP_BROKEN },
		{ "/cut-headers", { 0 }, HTTP_BROKEN, HTTP_BROKEN },
		{ "/cut-early", { 0 }, HTTP_BROKEN, HTTP_BROKEN },
		{ "/nothing", { .first_byte_ms = 1000 }, HTTP_TIMEOUT,
		    HTTP_TIMEOUT },
		{ "/cancel-waiting", { .cancel = &cancel_flag }, HTTP_CANCELLED,
		    HTTP_CANCELLED },
		{ "/reset-in-body", { 0 }, HTTP_OK, HTTP_BROKEN },
		{ "/cut-chunked", { 0 }, HTTP_OK, HTTP_BROKEN },
		{ "/stall", { .idle_ms = 1000 }, HTTP_OK, HTTP_TIMEOUT },
		{ "/drip", { .total_ms = 1500 }, HTTP_OK, HTTP_TIMEOUT },
		{ "/large-unsaid", { .body_max = 1000 }, HTTP_OK,
		    HTTP_TOO_LARGE },
		{ "/cancel-in-body", { .cancel = &cancel_flag }, HTTP_OK,
		    HTTP_CANCELLED },
	};
	struct http_request req;
	struct http_response resp;
	struct http_stream *s;
	struct buf b = BUF_INIT(MIB);
	enum http_rc rc;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		set_cancel(0);
		req = cases[i].with;
		req.method = "GET";
		req.url = url_of(cases[i].path);
		req.flags = HTTP_OPERATOR;
		rc = http_open(&req, &resp, &s);
		if (rc != cases[i].open)
			fail_msg("%s: open %d %s", cases[i].path, rc, resp.why);
		assert_int_equal(rc == HTTP_OK, s != NULL);
		while (s != NULL && http_read(s, PROMPT_MS, &b) >= 0)
			;
		if (resp.rc != cases[i].end)
			fail_msg("%s: end %d %s", cases[i].path, resp.rc,
			    resp.why);
		http_close(s);
		http_response_fini(&resp);
	}
	buf_fini(&b);
}

/* Slower than the sender, in pieces of odd sizes: nothing lost or doubled. */
static void
a_full_stream_waits(void **state)
{
	struct http_request req = get("/flood?400000");
	struct http_response resp;
	struct http_stream *s;
	struct buf b;
	char want[16];
	size_t at = 0, i, line = 0;
	unsigned n = 0;

	(void)state;
	req.body_max = 8 * MIB;
	req.total_ms = LONG_MS * 4;
	assert_int_equal(http_open(&req, &resp, &s), HTTP_OK);
	for (;; at++) {
		buf_init(&b, 1 + (at * 7919) % (300 * KIB));
		if (http_read(s, PROMPT_MS, &b) != 1)
			break;
		for (i = 0; i < b.len; i++) {
			if (line == 0)
				snprintf(want, sizeof(want), "%07u\n", n++);
			assert_int_equal(b.data[i], want[line]);
			line = (line + 1) % 8;
		}
		buf_fini(&b);
	}
	buf_fini(&b);
	assert_int_equal(resp.rc, HTTP_OK);
	assert_int_equal(n, 400000);
	http_close(s);
	http_response_fini(&resp);
}

/* ${reads} of an endless answer, wait until it is paused, and leave. */
static void
a_stream_closes_in_each_state(void **state)
{
	static const char *const paths[] = { "/ok", "/stall", "/drip", "/flood",
		"/chunked", "/reset-in-body" };
	struct http_request req;
	struct http_response resp;
	struct http_stream *s;
	struct buf b = BUF_INIT(10 * MIB);
	size_t i;
	int reads, k;

	(void)state;
	for (i = 0; i < NELEM(paths); i++) {
		for (reads = 0; reads < 4; reads++) {
			req = get(paths[i]);
			req.body_max = 10 * MIB;
			assert_int_equal(http_open(&req, &resp, &s), HTTP_OK);
			for (k = 0; k < reads; k++)
				(void)!http_read(s, 30, &b);
			http_close(s);
			http_response_fini(&resp);
			buf_reset(&b);
		}
	}
	buf_fini(&b);
	http_close(NULL);
}

static void
a_paused_stream_is_cancelled(void **state)
{
	struct http_request req = get("/flood");
	struct http_response resp;
	struct http_stream *s;
	struct buf b = BUF_INIT(HTTP_STREAM_MAX);
	struct timespec ms = { .tv_nsec = 1000000 };
	int64_t began;
	int before;

	(void)state;
	req.cancel = &cancel_flag;
	req.body_max = 10 * MIB;
	req.idle_ms = 700; /* it is us who wait: no reason to give up */
	assert_int_equal(http_open(&req, &resp, &s), HTTP_OK);
	/* It is paused when the server cannot send any more. */
	do {
		before = atomic_load(&flooded);
		for (began = clock_boot_ms(); clock_boot_ms() - began < 1000;)
			nanosleep(&ms, NULL);
	} while (atomic_load(&flooded) != before);
	assert_int_equal(http_read(s, PROMPT_MS, &b), 1);
	set_cancel(1);
	do
		buf_reset(&b);
	while (http_read(s, PROMPT_MS, &b) >= 0);
	assert_int_equal(resp.rc, HTTP_CANCELLED);
	set_cancel(0);
	http_close(s);
	buf_fini(&b);
	http_response_fini(&resp);
}

/* ---- many threads -------------------------------------------------------- */

static void *
call_many(void *arg)
{
	int me = *(int *)arg, i, n;
	struct http_request req = get("/echo");
	struct http_response resp;
	struct http_stream *s;
	struct buf b = BUF_INIT(KIB);
	char body[32];

	req.method = "POST";
	req.body = body;
	for (i = 0; i < 20; i++) {
		n = snprintf(body, sizeof(body), "caller %d call %d", me, i);
		req.body_len = (size_t)n;
		if (i % 3 == 2) {
			assert_int_equal(http_open(&req, &resp, &s), HTTP_OK);
			while (http_read(s, PROMPT_MS, &b) >= 0)
				;
			assert_string_equal(buf_str(&b), body);
			buf_reset(&b);
			http_close(s);
		} else {
			http_send(&req, &resp);
			assert_int_equal(resp.rc, HTTP_OK);
			assert_string_equal(buf_str(&resp.body), body);
		}
		http_response_fini(&resp);
	}
	buf_fini(&b);
	return NULL;
}

static void
many_call_at_once(void **state)
{
	pthread_t threads[CALLERS];
	int numbers[CALLERS], i;

	(void)state;
	for (i = 0; i < CALLERS; i++) {
		numbers[i] = i;
		assert_int_equal(
		    pthread_create(&threads[i], NULL, call_many, &numbers[i]),
		    0);
	}
	for (i = 0; i < CALLERS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&srv.requests), CALLERS * 20);
	assert_true(atomic_load(&srv.connections) <= CALLERS);
}

static void *
call_for_ever(void *arg)
{
	struct http_request req = get(arg);
	struct http_response resp;
	int rc;

	do {
		rc = http_send(&req, &resp);
		http_response_fini(&resp);
	} while (rc == HTTP_OK);
	return (void *)(intptr_t)rc;
}

static void
stopping_ends_what_runs(void **state)
{
	static char nothing[] = "/nothing", ok[] = "/ok", drip[] = "/drip";
	static char *const paths[] = { nothing, ok, drip, ok };
	struct http_request req = get("/flood");
	struct http_response resp[3];
	struct http_stream *s[3];
	struct buf b = BUF_INIT(10 * MIB);
	pthread_t threads[16];
	void *rc;
	int i;

	(void)state;
	req.body_max = 10 * MIB;
	assert_int_equal(http_open(&req, &resp[0], &s[0]), HTTP_OK);
	req.url = url_of("/stall");
	assert_int_equal(http_open(&req, &resp[1], &s[1]), HTTP_OK);
	req.url = url_of("/ok");
	assert_int_equal(http_open(&req, &resp[2], &s[2]), HTTP_OK);
	while (http_read(s[2], PROMPT_MS, &b) >= 0)
		;
	for (i = 0; i < 16; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
				     call_for_ever, paths[i % 4]),
		    0);
	while (atomic_load(&srv.requests) < 100)
		sched_yield();
	http_stop();
	for (i = 0; i < 16; i++) {
		pthread_join(threads[i], &rc);
		assert_int_equal((intptr_t)rc, HTTP_CANCELLED);
	}
	for (i = 0; i < 3; i++) {
		while (http_read(s[i], PROMPT_MS, &b) >= 0)
			;
		assert_int_equal(resp[i].rc, i == 2 ? HTTP_OK : HTTP_CANCELLED);
		http_close(s[i]);
		http_response_fini(&resp[i]);
	}
	assert_int_equal(http_open(&req, &resp[0], &s[0]), HTTP_CANCELLED);
	assert_null(s[0]);
	http_response_fini(&resp[0]);
	http_stop();

	assert_int_equal(start_engine(), 0);
	assert_int_equal(http_send(&req, &resp[0]), HTTP_OK);
	http_response_fini(&resp[0]);
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SERVER(a_stream_is_read_in_pieces),
		WITH_SERVER(a_compressed_stream_is_read_in_pieces),
		WITH_SERVER(a_full_piece_says_so),
		WITH_SERVER(a_stream_says_nothing_yet),
		WITH_SERVER(the_end_of_a_stream_says_why),
		WITH_SERVER(a_full_stream_waits),
		WITH_SERVER(a_stream_closes_in_each_state),
		WITH_SERVER(a_paused_stream_is_cancelled),
		WITH_SERVER(many_call_at_once),
		WITH_SERVER(stopping_ends_what_runs),
	};

	return RUN_BOTH(tests);
}
