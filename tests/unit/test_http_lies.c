/*
 * A server that cuts, stalls and lies at every byte of its answer.
 *
 * What was cut is never whole: HTTP_OK comes only when all that the answer
 * promised was sent.  Whatever is said, the call ends by its deadline.
 *
 * The answers say that their connection ends: a lie is then no other's.
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

#include "base/clock.h"
#include "tests/unit/served_http.h"

#define THREADS 48
#define STALL_MS 1000 /* of a call whose server stands still */
/* and once more, where a busy machine took as long for what was sent */
#define STALL_PATIENT_MS 30000

enum lie { CUT, RESET, STALL, FLIP, LIES };

static const struct {
	const char *bytes;
	int whole;  /* sent bytes from which on it is complete; -1: never, an
		     * end is what completes it */
	int headed; /* from which on its headers are */
} answers[] = {
	{ "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
	  "Connection: close\r\nContent-Length: 5\r\n\r\nhello",
	    88, 83 },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
	  "Connection: close\r\n\r\n"
	  "5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nTrailer: t\r\n\r\n",
	    103, 66 },
	{ "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
	  "Connection: close\r\n\r\ndata: a\n\ndata: b\n\n",
	    -1, 71 },
	{ "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 None\r\n"
	  "Connection: close\r\nX: y\r\n\r\n",
	    71, 71 },
};

/* "/ANSWER/LIE/AT" */
static int
serve_lie(struct served *s, int fd, const struct served_request *req)
{
	int which = 0, lie = 0, at = 0;
	size_t len;
	char *copy;

	if (sscanf(req->path, "/%d/%d/%d", &which, &lie, &at) != 3)
		return -1;
	len = strlen(answers[which].bytes);
	if (lie == FLIP) {
		copy = strdup(answers[which].bytes);
		copy[at] = (char)(copy[at] ^ 0x10);
		(void)served_write(fd, copy, len);
		free(copy);
		return 0; /* it may be kept now, by what it says */
	}
	(void)served_write(fd, answers[which].bytes, (size_t)at);
	if (lie == STALL)
		(void)served_pause(s, fd, LONG_MS);
	return lie == RESET ? served_reset(fd) : -1;
}

static bool
may_be(int which, enum lie lie, int at, enum http_rc rc)
{
	bool whole = answers[which].whole != -1 && at >= answers[which].whole;

	/* The last LF of the chunks' end is not missed. */
	if (lie == CUT && at + 1 == answers[which].whole && rc == HTTP_OK)
		return true;
	switch (lie) {
	case CUT:
		if (answers[which].whole == -1 && at >= answers[which].headed)
			whole = true;
		break;
	case STALL:
		return rc == (whole ? HTTP_OK : HTTP_TIMEOUT);
	case RESET:
		/* It may overtake what was sent before it. */
		if (whole && rc == HTTP_BROKEN)
			return true;
		break;
	case FLIP:
	default:
		return rc != HTTP_CANCELLED && rc != HTTP_BLOCKED;
	}
	return rc == (whole ? HTTP_OK : HTTP_BROKEN);
}

static enum http_rc
ask(const struct http_request *req, bool stream, struct buf *all, char *why)
{
	struct http_response resp;
	struct http_stream *s = NULL;
	enum http_rc rc;

	if (!stream) {
		rc = http_send(req, &resp);
		snprintf(why, HTTP_WHY_MAX, "%s", resp.why);
		http_response_fini(&resp);
		return rc;
	}
	rc = http_open(req, &resp, &s);
	assert_true((rc == HTTP_OK) == (s != NULL));
	assert_true(rc != HTTP_OK || resp.status >= 200);
	while (s != NULL && http_read(s, PROMPT_MS, all) >= 0)
		;
	rc = resp.rc;
	snprintf(why, HTTP_WHY_MAX, "%s", resp.why);
	http_close(s);
	http_response_fini(&resp);
	return rc;
}

static struct {
	atomic_int next;
	atomic_int failed;
} jobs;

/* Each byte of each answer, each lie, whole and as a stream. */
static bool
take(int n, int *which, int *lie, int *at, bool *stream)
{
	size_t i;
	int all;

	for (i = 0; i < NELEM(answers); i++) {
		all = ((int)strlen(answers[i].bytes) + 1) * LIES * 2;
		if (n < all) {
			*which = (int)i;
			*stream = n % 2;
			*lie = n / 2 % LIES;
			*at = n / 2 / LIES;
			return true;
		}
		n -= all;
	}
	return false;
}

static void *
tell(void *arg)
{
	struct buf all = BUF_INIT(MIB);
	int which, lie, at;
	char path[64], why[HTTP_WHY_MAX];
	bool stream;

	(void)arg;
	while (
	    take(atomic_fetch_add(&jobs.next, 1), &which, &lie, &at, &stream)) {
		struct http_request req;
		int64_t began = clock_boot_ms();
		enum http_rc rc;

		snprintf(path, sizeof(path), "/%d/%d/%d", which, lie, at);
		req = get(path);
		req.method = "POST";
		req.body = "{}";
		req.body_len = 2;
		req.flags |= HTTP_ONCE;
		req.connect_ms = LONG_MS;
		req.total_ms = lie == STALL || lie == FLIP ? STALL_MS : LONG_MS;
		buf_reset(&all);
		rc = ask(&req, stream, &all, why);
		if (lie == STALL && !may_be(which, (enum lie)lie, at, rc)) {
			req.total_ms = STALL_PATIENT_MS;
			buf_reset(&all);
			rc = ask(&req, stream, &all, why);
		}
		if (!may_be(which, (enum lie)lie, at, rc)) {
			fprintf(stderr, "answer %d lie %d at %d%s: %d %s\n",
			    which, lie, at, stream ? " stream" : "", rc, why);
			atomic_fetch_add(&jobs.failed, 1);
		}
		if (clock_boot_ms() - began > LONG_MS)
			atomic_fetch_add(&jobs.failed, 1);
	}
	buf_fini(&all);
	return NULL;
}

static void
no_lie_is_taken_for_an_answer(void **state)
{
	pthread_t threads[THREADS];
	int i;

	(void)state;
	how = (struct served_tls){ 0 };
	if (over_tls)
		served_start_tls(&srv, serve_lie, NULL, false, &how);
	else
		served_start(&srv, serve_lie, NULL);
	assert_int_equal(start_engine(), 0);
	atomic_store(&jobs.next, 0);
	atomic_store(&jobs.failed, 0);
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, tell, NULL),
		    0);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&jobs.failed), 0);
	(void)stop(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_lie_is_taken_for_an_answer),
	};

	return RUN_BOTH(tests);
}
