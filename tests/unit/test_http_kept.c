/*
 * What is known of a request whose connection ended unanswered, and of an
 * answer that only its connection's end ends.
 *
 * base/http asks TCP for its counts right before a request leaves, so this
 * program's getsockopt is where a server can close in that very moment.  Its
 * epoll_wait is where an answer can wait for the next request, and epoll_ctl
 * where a descriptor that is closed is told.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/unit/served_http.h"

/* More than both ends' buffers take of a request that nobody reads. */
#define BODY_HUGE (64 * MIB)
/* More than libcurl tries one after the other. */
#define KEPT_MANY 12

/* The moments to close: around the next counting. */
static atomic_bool before_counting, after_counting;
static atomic_bool close_now; /* it has come */
static atomic_int counted;    /* sockets so far */
static atomic_int fds[KEPT_MANY];

static bool
wait_for_fin(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLRDHUP };

	return poll(&p, 1, LONG_MS) == 1;
}

static void
let_close(int fd, atomic_bool *moment)
{
	if (!atomic_exchange(moment, false))
		return;
	atomic_store(&close_now, true);
	(void)wait_for_fin(fd); /* what follows tells */
}

int
getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	bool is_count = level == IPPROTO_TCP && name == TCP_INFO;
	int rc;

	if (is_count)
		let_close(fd, &before_counting);
	rc = (int)syscall(SYS_getsockopt, fd, level, name, value, len);
	if (is_count) {
		atomic_store(&fds[atomic_fetch_add(&counted, 1) % KEPT_MANY],
		    fd);
		let_close(fd, &after_counting);
	}
	return rc;
}

static int
last_fd(void)
{
	return atomic_load(&fds[(atomic_load(&counted) - 1) % KEPT_MANY]);
}

/* The engine has an answer to read, and reads it when the next one asks. */
static atomic_bool hold_answer, answer_held, answered, next_asks, first_ended;
static atomic_bool engine_waits;
static atomic_int closed_watched;  /* descriptors that were closed before */
static _Thread_local bool is_next; /* this thread asks it */

ssize_t
write(int fd, const void *bytes, size_t len)
{
	ssize_t n = syscall(SYS_write, fd, bytes, len);

	if (is_next && len == sizeof(uint64_t)) /* it rings the bell */
		atomic_store(&next_asks, true);
	return n;
}

int
epoll_wait(int epoll, struct epoll_event *events, int max, int wait_ms)
{
	int i, n, waits;

	atomic_store(&engine_waits, true);
	n = (int)syscall(SYS_epoll_pwait, epoll, events, max, wait_ms, NULL, 0);
	atomic_store(&engine_waits, false);
	for (i = 0; i < n && atomic_load(&hold_answer); i++) {
		if (events[i].data.fd != last_fd())
			continue;
		atomic_store(&hold_answer, false);
		atomic_store(&answer_held, true);
		for (waits = 0; waits < LONG_MS; waits++) {
			if (atomic_load(&answered) && atomic_load(&next_asks))
				break;
			(void)poll(NULL, 0, 1);
		}
	}
	return n;
}

int
epoll_ctl(int epoll, int what, int fd, struct epoll_event *event)
{
	int rc = (int)syscall(SYS_epoll_ctl, epoll, what, fd, event);

	if (rc == -1 && errno == EBADF)
		atomic_fetch_add(&closed_watched, 1);
	return rc;
}

static void
wait_to_close(struct served *s, int fd)
{
	while (!atomic_load(&close_now) && served_pause(s, fd, 10) == 0)
		;
}

/* ---- a kept connection --------------------------------------------------- */

enum ending {
	CLOSED_IDLE,   /* long before the second request */
	CLOSED_CHOSEN, /* as it was chosen for the second request */
	CLOSED_BEFORE, /* as the second request was about to leave */
	LEFT_UNREAD,   /* with the second request in its kernel */
	READ,          /* the second request, unanswered */
};

static int
serve_ending(struct served *s, int fd, const struct served_request *req)
{
	enum ending ending = *(const enum ending *)s->ctx;
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (strcmp(req->path, "/second") == 0) {
		if (ending == READ && atomic_load(&s->requests) == 2)
			return -1;
		return served_answer(fd, 200, "text/plain", "", "again");
	}
	if (served_answer(fd, 200, "text/plain", "", "hello") == -1)
		return -1;
	if (ending == READ)
		return 0;
	if (ending == CLOSED_BEFORE || ending == CLOSED_CHOSEN)
		wait_to_close(s, fd);
	else if (ending == LEFT_UNREAD)
		(void)poll(&p, 1, LONG_MS);
	return -1;
}

static enum http_rc
ask(int port, const char *path, unsigned flags, size_t body_len,
    struct http_response *resp)
{
	char url[64], *body = calloc(1, body_len + 1);
	struct http_request req = { .method = "POST",
		.url = url,
		.body = body,
		.body_len = body_len,
		.flags = flags | HTTP_OPERATOR };
	enum http_rc rc;

	assert_non_null(body);
	snprintf(url, sizeof(url), "%s://127.0.0.1:%d%s",
	    over_tls ? "https" : "http", port, path);
	rc = http_send(&req, resp);
	free(body);
	return rc;
}

static void
serve_by(struct served *s, served_fn *answer, void *ctx, struct served_tls *tls)
{
	if (over_tls)
		served_start_tls(s, answer, ctx, false, tls);
	else
		served_start(s, answer, ctx);
}

static void
serve_no_more(struct served *s, struct served_tls *tls)
{
	if (over_tls)
		served_stop_tls(s, tls);
	else
		served_stop(s);
}

static void
a_request_goes_out_again_only_if_it_never_arrived(void **state)
{
	static const struct {
		const char *name;
		enum ending ending;
		unsigned flags;
		enum http_rc rc;
		int requests; /* read by the server */
	} cases[] = {
		{ "closed while idle", CLOSED_IDLE, HTTP_ONCE, HTTP_OK, 2 },
		{ "closed when chosen", CLOSED_CHOSEN, HTTP_ONCE, HTTP_OK, 2 },
		{ "closed before", CLOSED_BEFORE, HTTP_ONCE, HTTP_OK, 2 },
		{ "closed before, harmless", CLOSED_BEFORE, 0, HTTP_OK, 2 },
		{ "left unread", LEFT_UNREAD, HTTP_ONCE, HTTP_BROKEN, 1 },
		{ "left unread, harmless", LEFT_UNREAD, 0, HTTP_OK, 2 },
		{ "read", READ, HTTP_ONCE, HTTP_BROKEN, 2 },
		{ "read, harmless", READ, 0, HTTP_OK, 3 },
	};
	struct http_response resp;
	struct served_tls tls;
	struct served s;
	size_t i, n;

	(void)state;
	assert_int_equal(start_engine(), 0);
	for (n = 0; n < 2 * NELEM(cases); n++) { /* with a notice or not */
		i = n / 2;
		tls = (struct served_tls){ .no_notify = n % 2 == 1 };
		atomic_store(&close_now, false);
		serve_by(&s, serve_ending, (void *)(uintptr_t)&cases[i].ending,
		    &tls);
		assert_int_equal(ask(s.port, "/first", 0, 2, &resp), HTTP_OK);
		http_response_fini(&resp);
		if (cases[i].ending == CLOSED_IDLE)
			assert_true(wait_for_fin(last_fd()));
		atomic_store(&before_counting,
		    cases[i].ending == CLOSED_CHOSEN);
		atomic_store(&after_counting, cases[i].ending == CLOSED_BEFORE);
		(void)ask(s.port, "/second", cases[i].flags, 2, &resp);
		if (resp.rc != cases[i].rc
		    || atomic_load(&s.requests) != cases[i].requests
		    || resp.conn_ended != (cases[i].rc != HTTP_OK))
			fail_msg("%s, %s: %d, %d requests, %s", cases[i].name,
			    n % 2 == 1 ? "silent" : "with a notice", resp.rc,
			    atomic_load(&s.requests), resp.why);
		assert_false(atomic_load(&before_counting));
		assert_false(atomic_load(&after_counting));
		if (resp.rc == HTTP_OK)
			assert_string_equal(buf_str(&resp.body), "again");
		http_response_fini(&resp);
		serve_no_more(&s, &tls);
	}
	http_stop();
}

static void *
ask_first(void *arg)
{
	const struct served *s = arg;
	struct http_response resp;
	intptr_t rc = ask(s->port, "/first", HTTP_ONCE, 2, &resp);

	http_response_fini(&resp);
	atomic_store(&first_ended, true);
	return (void *)rc;
}

/* Answers the first, reads the second and closes. */
static int
serve_held(struct served *s, int fd, const struct served_request *req)
{
	if (strcmp(req->path, "/second") == 0) {
		while (!atomic_load(&first_ended))
			if (served_pause(s, fd, 1) == -1)
				break;
		return -1;
	}
	/* Right after it sent, curl would read an answer that is there. */
	while (!atomic_load(&engine_waits))
		if (served_pause(s, fd, 1) == -1)
			return -1;
	atomic_store(&hold_answer, true);
	if (served_answer(fd, 200, "text/plain", "", "hello") == -1)
		return -1;
	atomic_store(&answered, true);
	return 0;
}

/*
 * A connection may be the next request's before the engine has looked at the
 * end of the one before.  That one must not take it away again: nobody would
 * see that it was closed, and its descriptor may then be anything.
 */
static void
the_next_request_owns_the_connection(void **state)
{
	struct served_tls tls = { 0 };
	struct http_response resp;
	struct served s;
	pthread_t first;
	void *rc;
	int waits;

	(void)state;
	assert_int_equal(start_engine(), 0);
	atomic_store(&answer_held, false);
	atomic_store(&answered, false);
	atomic_store(&next_asks, false);
	atomic_store(&first_ended, false);
	atomic_store(&counted, 0);
	serve_by(&s, serve_held, NULL, &tls);
	assert_int_equal(pthread_create(&first, NULL, ask_first, &s), 0);
	for (waits = 0; waits < LONG_MS && !atomic_load(&answer_held); waits++)
		(void)poll(NULL, 0, 1);
	assert_true(atomic_load(&answer_held));
	is_next = true;
	assert_int_equal(ask(s.port, "/second", HTTP_ONCE, 2, &resp),
	    HTTP_BROKEN);
	is_next = false;
	http_response_fini(&resp);
	pthread_join(first, &rc);
	assert_int_equal((intptr_t)rc, HTTP_OK);
	assert_int_equal(atomic_load(&s.requests), 2);
	assert_int_equal(atomic_load(&fds[0]), atomic_load(&fds[1]));
	assert_int_equal(atomic_load(&closed_watched), 0);
	serve_no_more(&s, &tls);
	http_stop();
}

/* Answers when all have asked, and closes when it is told. */
static int
serve_all(struct served *s, int fd, const struct served_request *req)
{
	if (strcmp(req->path, "/second") == 0)
		return served_answer(fd, 200, "text/plain", "", "again");
	while (atomic_load(&s->requests) < KEPT_MANY)
		if (served_pause(s, fd, 10) == -1)
			return -1;
	if (served_answer(fd, 200, "text/plain", "", "hello") == -1)
		return -1;
	wait_to_close(s, fd);
	return -1;
}

/* Each would be found dead by a request, and after a few it would fail. */
static void
many_closed_while_idle_cost_no_request(void **state)
{
	struct served_tls tls = { 0 };
	pthread_t threads[KEPT_MANY];
	struct http_response resp;
	struct served s;
	void *rc;
	int i;

	(void)state;
	assert_int_equal(start_engine(), 0);
	atomic_store(&close_now, false);
	atomic_store(&counted, 0);
	serve_by(&s, serve_all, NULL, &tls);
	for (i = 0; i < KEPT_MANY; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, ask_first, &s), 0);
	for (i = 0; i < KEPT_MANY; i++) {
		pthread_join(threads[i], &rc);
		assert_int_equal((intptr_t)rc, HTTP_OK);
	}
	assert_int_equal(atomic_load(&counted), KEPT_MANY);
	atomic_store(&close_now, true);
	for (i = 0; i < KEPT_MANY; i++)
		assert_true(wait_for_fin(atomic_load(&fds[i])));
	for (i = 0; i < 2; i++) {
		if (ask(s.port, "/second", HTTP_ONCE, 2, &resp) != HTTP_OK)
			fail_msg("%d %s", resp.rc, resp.why);
		http_response_fini(&resp);
	}
	assert_int_equal(atomic_load(&s.requests), KEPT_MANY + 2);
	assert_int_equal(atomic_load(&s.connections), KEPT_MANY + 1);
	serve_no_more(&s, &tls);
	http_stop();
}

/* What did not leave as a whole can't have been processed. */
static void
half_a_request_never_arrived(void **state)
{
	enum ending ending = LEFT_UNREAD;
	struct served_tls tls = { 0 };
	struct http_response resp;
	struct served s;

	(void)state;
	assert_int_equal(start_engine(), 0);
	serve_by(&s, serve_ending, &ending, &tls);
	assert_int_equal(ask(s.port, "/first", 0, 2, &resp), HTTP_OK);
	http_response_fini(&resp);
	(void)ask(s.port, "/second", HTTP_ONCE, BODY_HUGE, &resp);
	if (resp.rc != HTTP_OK && resp.rc != HTTP_UNREACHED)
		fail_msg("%d %s", resp.rc, resp.why);
	http_response_fini(&resp);
	serve_no_more(&s, &tls);
	http_stop();
}

/* ---- a new connection ---------------------------------------------------- */

static void *
open_none(void *ctx, int fd)
{
	struct served *s = ctx;

	wait_to_close(s, fd);
	return NULL;
}

static int
serve_none(struct served *s, int fd, const struct served_request *req)
{
	(void)s;
	(void)fd;
	(void)req;
	return -1;
}

static void
a_new_connection_that_closes_before_is_unreached(void **state)
{
	static const struct served_wire none = { .open = open_none };
	struct http_response resp;
	struct served s;
	bool was = over_tls;

	(void)state;
	over_tls = false; /* its handshake would be what fails */
	assert_int_equal(start_engine(), 0);
	atomic_store(&close_now, false);
	served_start_on(&s, serve_none, NULL, false, &none, &s);
	atomic_store(&after_counting, true);
	assert_int_equal(ask(s.port, "/", HTTP_ONCE, 2, &resp), HTTP_UNREACHED);
	assert_non_null(strstr(resp.why, "before the request reached it"));
	assert_true(resp.conn_ended);
	http_response_fini(&resp);
	served_stop(&s);
	http_stop();
	over_tls = was;
}

/* ---- answers that the connection's end ends ------------------------------ */

static int
serve_text(struct served *s, int fd, const struct served_request *req)
{
	const char *text = s->ctx;

	(void)req;
	(void)served_write(fd, text, strlen(text));
	return -1;
}

/* The same, read piece by piece. */
static enum http_rc
read_all(int port, struct http_response *resp, struct buf *body)
{
	char url[64];
	struct http_request req = { .method = "GET",
		.url = url,
		.flags = HTTP_OPERATOR | HTTP_ONCE };
	struct http_stream *stream;
	int rc;

	snprintf(url, sizeof(url), "%s://127.0.0.1:%d/",
	    over_tls ? "https" : "http", port);
	if (http_open(&req, resp, &stream) != HTTP_OK)
		return resp->rc;
	do
		rc = http_read(stream, PROMPT_MS, body);
	while (rc == 1);
	assert_int_equal(rc, -1);
	http_close(stream);
	return resp->rc;
}

static void
what_has_a_length_needs_all_of_it(void **state)
{
	static const struct {
		const char *text, *body;
		enum http_rc rc;
		bool by_end; /* the body ends with the connection */
	} cases[] = {
		{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello",
		    HTTP_OK, false },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", HTTP_OK,
		    false },
		{ "HTTP/1.1 204 No Content\r\n\r\n", "", HTTP_OK, false },
		{ "HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n"
		  "HTTP/1.1 200 OK\r\n\r\nhello",
		    "hello", HTTP_OK, true },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		  "5\r\nhello\r\n0\r\n\r\n",
		    "hello", HTTP_OK, false },
		{ "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello", "hello",
		    HTTP_OK, true },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nhello",
		    "hello", HTTP_OK, true },
		{ "HTTP/1.0 200 OK\r\n\r\nhello", "hello", HTTP_OK, true },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello", "hello",
		    HTTP_BROKEN, true },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		  "5\r\nhello\r\n",
		    "hello", HTTP_BROKEN, true },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		  "9\r\nhello",
		    "hello", HTTP_BROKEN, true },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", "", HTTP_BROKEN,
		    true },
		{ "", "", HTTP_BROKEN, true },
	};
	struct http_response whole, pieces;
	struct buf body = BUF_INIT(KIB);
	struct served_tls tls;
	enum http_rc rc;
	struct served s;
	size_t i;

	(void)state;
	assert_int_equal(start_engine(), 0);
	for (i = 0; i < 2 * NELEM(cases); i++) { /* with a notice or not */
		tls = (struct served_tls){ .no_notify = i % 2 == 1 };
		rc = cases[i / 2].rc;
		serve_by(&s, serve_text, (void *)(uintptr_t)cases[i / 2].text,
		    &tls);
		(void)ask(s.port, "/", HTTP_ONCE, 2, &whole);
		serve_no_more(&s, &tls); /* nor its connection */
		serve_by(&s, serve_text, (void *)(uintptr_t)cases[i / 2].text,
		    &tls);
		buf_reset(&body);
		(void)read_all(s.port, &pieces, &body);
		if (whole.rc != rc || pieces.rc != rc
		    || whole.conn_ended != cases[i / 2].by_end
		    || pieces.conn_ended != cases[i / 2].by_end
		    || strcmp(buf_str(&whole.body), cases[i / 2].body) != 0
		    || strcmp(buf_str(&body), cases[i / 2].body) != 0)
			fail_msg("%zu: %d %d, not %d (%s; %s)", i, whole.rc,
			    pieces.rc, rc, whole.why, pieces.why);
		http_response_fini(&whole);
		http_response_fini(&pieces);
		serve_no_more(&s, &tls);
	}
	buf_fini(&body);
	http_stop();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_request_goes_out_again_only_if_it_never_arrived),
		cmocka_unit_test(the_next_request_owns_the_connection),
		cmocka_unit_test(many_closed_while_idle_cost_no_request),
		cmocka_unit_test(half_a_request_never_arrived),
		cmocka_unit_test(
		    a_new_connection_that_closes_before_is_unreached),
		cmocka_unit_test(what_has_a_length_needs_all_of_it),
	};

	return RUN_BOTH(tests);
}
