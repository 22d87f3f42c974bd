/*
 * park: each request that waits ends once, whatever ends it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fcgi/park.h"
#include "fcgi/request_priv.h"
#include "tests/unit/fcgi_client.h"

static const char *const PARAMS[] = { "REQUEST_METHOD=POST",
	"REQUEST_URI=/chat", "HTTP_X_REQUEST_ID=me", NULL };

struct wait {
	_Atomic int pieces, deadlines, looks, ends;
	size_t flood; /* bytes to write at a piece "flood" */
};

static void
on_piece(struct parked *p, void *state, const char *kind, const char *sealed,
    size_t len)
{
	struct wait *w = state;

	atomic_fetch_add(&w->pieces, 1);
	if (strcmp(kind, "reply") == 0)
		park_reply(p, 200, "application/json", "X-A: b\r\n", sealed,
		    len);
	else if (strcmp(kind, "head") == 0)
		park_head(p, 200, "text/event-stream", "");
	else if (strcmp(kind, "end") == 0)
		park_end(p);
	else if (strcmp(kind, "flood") == 0) {
		char *bytes = calloc(1, w->flood);

		park_head(p, 200, "text/event-stream", "");
		park_write(p, bytes, w->flood);
		free(bytes);
	} else
		park_write(p, sealed, len);
}

static void
on_deadline(struct parked *p, void *state)
{
	struct wait *w = state;

	atomic_fetch_add(&w->deadlines, 1);
	park_reply(p, 202, "application/json", "", "{}", 2);
}

static void
on_look(struct parked *p, void *state)
{
	struct wait *w = state;

	(void)p;
	atomic_fetch_add(&w->looks, 1);
}

static void
on_end(void *state)
{
	struct wait *w = state;

	atomic_fetch_add(&w->ends, 1);
}

static const struct park_ops OPS = { on_piece, on_deadline, on_look, on_end };

/* Park a request; returns the web server's end of it. */
static int
parked(struct park *pk, int64_t number, struct wait *w, int64_t deadline_ms)
{
	struct arena *mem = arena_new();
	struct request req = { .mem = mem };
	FCGX_Request f;
	const char *why;
	int fd[2];

	client_pair(fd);
	client_send(fd[0], PARAMS, "", 0, true);
	assert_int_equal(client_take(&f, fd[1]), 0);
	req.fcgx = &f;
	assert_int_equal(request_begin(&req, f.envp, &why), 0);
	assert_int_equal(park_request(pk, number, &req, &OPS, w, deadline_ms),
	    0);
	assert_true(req.parked);
	arena_free(mem);
	return fd[0];
}

static struct park *
start(int64_t max)
{
	struct park *pk = park_new(max);

	assert_non_null(pk);
	assert_int_equal(park_start(pk), 0);
	return pk;
}

static void
await(const _Atomic int *value, int want)
{
	int i;

	for (i = 0; i < 5000 && atomic_load(value) != want; i++)
		usleep(1000);
	assert_int_equal(atomic_load(value), want);
}

static void
await_count(struct park *pk, int64_t want)
{
	int i;

	for (i = 0; i < 5000 && park_count(pk) != want; i++)
		usleep(1000);
	assert_int_equal(park_count(pk), want);
}

static void
a_reply(void **state)
{
	struct park *pk = start(4);
	struct buf out = BUF_INIT(MIB);
	struct wait w = { 0 };
	int64_t n = park_reserve(pk);
	int fd = parked(pk, n, &w, 60000);

	(void)state;
	park_wake(pk, n, "reply", "{\"a\":1}", 7);
	assert_int_equal(client_read(fd, &out), 0);
	assert_int_equal(strncmp(buf_str(&out), "Status: 200 ", 12), 0);
	assert_non_null(strstr(buf_str(&out), "\r\nX-A: b\r\n"));
	assert_non_null(strstr(buf_str(&out), "\r\nX-Request-Id: me\r\n"));
	assert_non_null(strstr(buf_str(&out), "\r\nContent-Length: 7\r\n"));
	assert_non_null(strstr(buf_str(&out), "\r\n\r\n{\"a\":1}"));
	await(&w.ends, 1);
	await_count(pk, 0);
	park_wake(pk, n, "reply", "late", 4); /* finds nobody */
	close(fd);
	buf_fini(&out);
	park_free(pk);
	assert_int_equal(w.ends, 1);
}

/* The reply may be there before the handler has parked. */
static void
a_reply_before_parking(void **state)
{
	struct park *pk = start(1);
	struct buf out = BUF_INIT(MIB);
	struct wait w = { 0 };
	int64_t n = park_reserve(pk);
	int fd;

	(void)state;
	park_wake(pk, n, "reply", "{}", 2);
	fd = parked(pk, n, &w, 60000);
	assert_int_equal(client_read(fd, &out), 0);
	await(&w.ends, 1);
	close(fd);
	buf_fini(&out);
	park_free(pk);
}

static void
a_stream(void **state)
{
	struct park *pk = start(1);
	struct buf out = BUF_INIT(MIB);
	struct wait w = { 0 };
	int64_t n = park_reserve(pk);
	int fd = parked(pk, n, &w, 60000);

	(void)state;
	park_wake(pk, n, "head", "", 0);
	park_wake(pk, n, "delta", "one", 3);
	park_wake(pk, n, "delta", "two", 3);
	park_wake(pk, n, "end", "", 0);
	assert_int_equal(client_read(fd, &out), 0);
	assert_null(strstr(buf_str(&out), "Content-Length"));
	assert_non_null(strstr(buf_str(&out), "\r\n\r\nonetwo"));
	await(&w.ends, 1);
	close(fd);
	buf_fini(&out);
	park_free(pk);
}

static void
numbers_are_bounded(void **state)
{
	struct park *pk = start(2);
	int64_t a = park_reserve(pk), b = park_reserve(pk), c = -1;
	int i;

	(void)state;
	assert_true(a >= 0 && b >= 0 && a != b);
	assert_int_equal(park_reserve(pk), -1);
	park_release(pk, a);
	for (i = 0; i < 5000 && c == -1; i++) {
		c = park_reserve(pk);
		usleep(1000);
	}
	assert_true(c >= 0 && c != a); /* the slot's, not the number's return */
	park_wake(pk, a, "reply", "", 0);
	park_release(pk, b);
	park_release(pk, c);
	await_count(pk, 0);
	park_free(pk);
}

static void
deadlines(void **state)
{
	struct park *pk = start(2);
	struct buf out = BUF_INIT(MIB);
	struct wait w = { 0 };
	int fd = parked(pk, park_reserve(pk), &w, 10);

	(void)state;
	assert_int_equal(client_read(fd, &out), 0);
	assert_int_equal(strncmp(buf_str(&out), "Status: 202 ", 12), 0);
	await(&w.ends, 1);
	close(fd);
	/* Draining cuts a longer one. */
	fd = parked(pk, park_reserve(pk), &w, 600000);
	park_drain(pk, 10);
	buf_reset(&out);
	assert_int_equal(client_read(fd, &out), 0);
	await(&w.ends, 2);
	assert_int_equal(w.deadlines, 2);
	await_count(pk, 0);
	close(fd);
	buf_fini(&out);
	park_free(pk);
}

static void
who_left_is_dropped(void **state)
{
	struct park *pk = start(2);
	struct wait w = { 0 };
	int64_t n = park_reserve(pk);
	int fd = parked(pk, n, &w, 600000);

	(void)state;
	close(fd);
	await(&w.ends, 1);
	await_count(pk, 0);
	assert_int_equal(w.deadlines, 0);
	park_free(pk);
}

static void
who_does_not_read_is_dropped(void **state)
{
	struct park *pk = start(2);
	struct wait w = { .flood = PARK_OUT_MAX / 2 };
	int64_t n = park_reserve(pk);
	int fd = parked(pk, n, &w, 600000), i;

	(void)state;
	for (i = 0; i < 8; i++)
		park_wake(pk, n, "flood", "", 0);
	await(&w.ends, 1);
	await_count(pk, 0);
	close(fd);
	park_free(pk);
}

/* The last bytes have their time, too; in a drain it is shorter. */
static void
who_does_not_read_the_end_is_dropped(void **state)
{
	struct park *pk = start(2);
	struct wait w = { .flood = PARK_OUT_MAX / 2 };
	int64_t n = park_reserve(pk);
	int fd = parked(pk, n, &w, 600000);

	(void)state;
	park_wake(pk, n, "flood", "", 0);
	park_wake(pk, n, "end", "", 0);
	await(&w.pieces, 2);
	assert_int_equal(w.ends, 0);
	park_drain(pk, 0);
	await(&w.ends, 1);
	await_count(pk, 0);
	assert_int_equal(w.deadlines, 0);
	close(fd);
	park_free(pk);
}

static void
looks_when_told(void **state)
{
	struct park *pk = start(2);
	struct wait w = { 0 };
	int fd = parked(pk, park_reserve(pk), &w, 600000);

	(void)state;
	park_look_all(pk);
	await(&w.looks, 1);
	park_free(pk); /* ends what is left */
	assert_int_equal(w.ends, 1);
	close(fd);
}

/* More than there are looks in PARK_LOOK_MS, the first ones too. */
static void
all_are_looked_at(void **state)
{
	enum { N = 3600 };
	struct rlimit files;
	struct park *pk;
	struct wait *w;
	int *fds, looks_left = 3000; /* 30 s */
	size_t i;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	if (files.rlim_max < 2 * N + 100) {
		print_message("this machine allows %ju files, %d are needed\n",
		    (uintmax_t)files.rlim_max, 2 * N + 100);
		skip();
	}
	files.rlim_cur = files.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
	w = calloc(N, sizeof(*w));
	fds = calloc(N, sizeof(*fds));
	pk = start(N);
	for (i = 0; i < N; i++)
		fds[i] = parked(pk, park_reserve(pk), &w[i], 600000);
	park_look_all(pk);
	for (i = 0; i < N; i++)
		while (atomic_load(&w[i].looks) == 0 && looks_left-- > 0)
			usleep(10000);
	for (i = 0; i < N; i++)
		assert_true(atomic_load(&w[i].looks) > 0);
	park_free(pk);
	for (i = 0; i < N; i++)
		close(fds[i]);
	free(fds);
	free(w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reply),
		cmocka_unit_test(a_reply_before_parking),
		cmocka_unit_test(a_stream),
		cmocka_unit_test(numbers_are_bounded),
		cmocka_unit_test(deadlines),
		cmocka_unit_test(who_left_is_dropped),
		cmocka_unit_test(who_does_not_read_is_dropped),
		cmocka_unit_test(who_does_not_read_the_end_is_dropped),
		cmocka_unit_test(looks_when_told),
		cmocka_unit_test(all_are_looked_at),
	};

	FCGX_Init();
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
