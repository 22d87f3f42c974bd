/*
 * serve: each class has its own threads; what finds none waits, and what would
 * wait too long is refused in its route's way.
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
#include <unistd.h>

#include <fcgiapp.h>

#include "fcgi/class.h"
#include "fcgi/edge.h"
#include "fcgi/request.h"
#include "fcgi/response.h"
#include "fcgi/serve.h"
#include "tests/unit/fcgi_client.h"

#define THREADS 2
#define WAIT_MS 30000

static _Atomic bool hold;
static _Atomic int inside, most, served;

/* Hangs as what it asks does; says on which thread. */
static int
hang(struct request *req)
{
	int n = atomic_fetch_add(&inside, 1) + 1, seen = atomic_load(&most);

	while (n > seen && !atomic_compare_exchange_weak(&most, &seen, n))
		;
	while (atomic_load(&hold))
		usleep(1000);
	atomic_fetch_sub(&inside, 1);
	atomic_fetch_add(&served, 1);
	return reply_json(req, 200,
	    json_pack("{s:s}", "who", request_header(req, "X-Who")));
}

static int
answer(struct request *req)
{
	return reply_json(req, 200, json_pack("{s:s}", "who", "probe"));
}

/* The body is read by the thread that goes on, not by the one that accepted. */
static int
echo(struct request *req)
{
	return reply_json(req, 200, json_pack("{s:O}", "echo", req->json));
}

static int
refuse(struct request *req, const struct refusal *why)
{
	return reply_json(req, why->status,
	    json_pack("{s:s}", "error", why->detail));
}

static const struct route ROUTES[] = {
	{ .methods = M_GET,
	    .pattern = "/call",
	    .class = CLASS_CALL,
	    .handle = hang,
	    .refuse = refuse },
	{ .methods = M_POST,
	    .pattern = "/call",
	    .class = CLASS_CALL,
	    .body_max = 1 * MIB,
	    .parse = PARSE_JSON,
	    .handle = echo },
	{ .methods = M_GET,
	    .pattern = "/accept",
	    .class = CLASS_ACCEPT,
	    .handle = hang },
	{ .methods = M_GET,
	    .pattern = "/probe",
	    .class = CLASS_PROBE,
	    .handle = answer },
	{ .pattern = NULL },
};

static struct settings settings = { .refs = 1 };
static struct edge edge = { .settings = &settings,
	.settings_lock = ATOMIC_FLAG_INIT };
static struct serving sv = { .edge = &edge, .routes = ROUTES };

/* A thread that accepts, for one connection. */
struct accepting {
	pthread_t thread;
	int fd;
};

static void *
accept_one(void *arg)
{
	struct accepting *a = arg;

	serve_connection(&sv, a->fd);
	return NULL;
}

static int
ask(struct accepting *a, const char *path, const char *who)
{
	char uri[64], header[64];
	const char *params[] = { "REQUEST_METHOD=GET", uri, header, NULL };
	int fd[2];

	snprintf(uri, sizeof(uri), "REQUEST_URI=%s", path);
	snprintf(header, sizeof(header), "HTTP_X_WHO=%s", who);
	client_pair(fd);
	client_send(fd[0], params, "", 0, true);
	a->fd = fd[1];
	assert_int_equal(thread_start(&a->thread, "accept", accept_one, a), 0);
	return fd[0];
}

static void
expect(int fd, const char *what)
{
	struct buf out = BUF_INIT(MIB);

	assert_int_equal(client_read(fd, &out), 0);
	if (strstr(buf_str(&out), what) == NULL)
		print_message("%s\n", buf_str(&out));
	assert_non_null(strstr(buf_str(&out), what));
	buf_fini(&out);
	close(fd);
}

static void
await_inside(int n)
{
	int i;

	for (i = 0; i < WAIT_MS && atomic_load(&inside) != n; i++)
		usleep(1000);
	assert_int_equal(atomic_load(&inside), n);
}

static void
begin(void)
{
	sv.classes = classes_new(ROUTES, THREADS);
	atomic_store(&hold, true);
	atomic_store(&most, 0);
}

static void
end(void)
{
	assert_int_equal(classes_drain(sv.classes, WAIT_MS), 0);
	classes_free(sv.classes);
}

/* The accepting threads are free again at once. */
static void
hanging_calls_hold_no_accepting_thread(void **state)
{
	struct accepting a[THREADS + 3];
	int fd[THREADS + 3], i;

	(void)state;
	begin();
	for (i = 0; i < THREADS + 1; i++) {
		fd[i] = ask(&a[i], "/call", i == THREADS ? "third" : "first");
		pthread_join(a[i].thread, NULL);
	}
	await_inside(THREADS);
	fd[i] = ask(&a[i], "/probe", "");
	expect(fd[i], "\"who\":\"probe\"");
	pthread_join(a[i].thread, NULL);
	i++;
	fd[i] = ask(&a[i], "/accept", "accepted");
	await_inside(THREADS + 1);
	atomic_store(&hold, false);
	expect(fd[i], "\"who\":\"accepted\"");
	pthread_join(a[i].thread, NULL);
	for (i = 0; i < THREADS + 1; i++) /* the third waited, with its head */
		expect(fd[i],
		    i == THREADS ? "\"who\":\"third\"" : "\"who\":\"first\"");
	end();
}

static void
a_handed_request_has_its_body(void **state)
{
	static const char *const HEAD[] = { "REQUEST_METHOD=POST",
		"REQUEST_URI=/call", "CONTENT_TYPE=application/json",
		"CONTENT_LENGTH=100002", NULL };
	static char body[100003];
	struct accepting a;
	int fd[2];

	(void)state;
	memset(body, 'x', sizeof(body) - 1);
	body[0] = body[sizeof(body) - 2] = '"';
	begin();
	client_pair(fd);
	a.fd = fd[1];
	assert_int_equal(thread_start(&a.thread, "accept", accept_one, &a), 0);
	client_send(fd[0], HEAD, body, sizeof(body) - 1, true);
	pthread_join(a.thread, NULL);
	expect(fd[0], "{\"echo\":\"xxxx");
	end();
}

/* Nobody works for a client that left while it waited. */
static void
who_left_is_dropped(void **state)
{
	struct accepting a[THREADS + 2];
	int fd[THREADS + 2], i, before;

	(void)state;
	begin();
	before = atomic_load(&served);
	for (i = 0; i < THREADS + 2; i++) {
		fd[i] = ask(&a[i], "/call", "c");
		pthread_join(a[i].thread, NULL);
	}
	await_inside(THREADS);
	close(fd[THREADS]); /* the first that waits */
	atomic_store(&hold, false);
	for (i = 0; i < THREADS + 2; i++)
		if (i != THREADS)
			expect(fd[i], "\"who\":\"c\"");
	end();
	assert_int_equal(atomic_load(&served) - before, THREADS + 1);
}

/* Redis hangs, and with it all who accept: probes still find a thread. */
static void
hanging_accepts_leave_threads_to_others(void **state)
{
	struct accepting a[THREADS + 2];
	int fd[THREADS + 2], i;

	(void)state;
	begin();
	assert_int_equal(classes_accepting(sv.classes),
	    THREADS + CLASS_PROBES + CLASS_READERS);
	for (i = 0; i < THREADS; i++)
		fd[i] = ask(&a[i], "/accept", "first");
	await_inside(THREADS);
	fd[i] = ask(&a[i], "/accept", "third"); /* waits; its thread goes on */
	pthread_join(a[i].thread, NULL);
	i++;
	fd[i] = ask(&a[i], "/probe", "");
	expect(fd[i], "\"who\":\"probe\"");
	pthread_join(a[i].thread, NULL);
	assert_int_equal(atomic_load(&inside), THREADS);
	atomic_store(&hold, false);
	for (i = 0; i < THREADS; i++) {
		expect(fd[i], "\"who\":\"first\"");
		pthread_join(a[i].thread, NULL);
	}
	expect(fd[i], "\"who\":\"third\"");
	assert_int_equal(atomic_load(&most), THREADS);
	end();
}

static void
too_many_are_refused(void **state)
{
	static struct accepting a[THREADS + CLASS_WAITING + 1];
	static int fd[NELEM(a)];
	struct rlimit files;
	size_t i;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	files.rlim_cur = files.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
	if (files.rlim_cur < 2 * NELEM(a) + 32)
		skip();
	begin();
	for (i = 0; i < NELEM(a) - 1; i++) {
		fd[i] = ask(&a[i], "/call", "w");
		pthread_join(a[i].thread, NULL);
	}
	fd[i] = ask(&a[i], "/call", "w");
	expect(fd[i], "Retry-After: 5\r\n");
	pthread_join(a[i].thread, NULL);
	fd[i] = ask(&a[i], "/call", "w");
	expect(fd[i], "{\"error\":\"too many requests of this kind");
	pthread_join(a[i].thread, NULL);
	atomic_store(&hold, false);
	for (i = 0; i < NELEM(a) - 1; i++)
		expect(fd[i], "\"who\":\"w\"");
	assert_int_equal(atomic_load(&most), THREADS);
	end();
}

static _Atomic int jobs;

static void
count_job(void *arg)
{
	(void)arg;
	atomic_fetch_add(&jobs, 1);
}

/* What was parked first and is worked on then. */
static void
any_thread_may_hand_work_to_calls(void **state)
{
	struct pool_job job[THREADS * 4];
	size_t i;

	(void)state;
	begin();
	assert_int_equal(classes_threads(sv.classes), 0);
	for (i = 0; i < NELEM(job); i++) {
		job[i] = (struct pool_job){ .work = count_job };
		assert_int_equal(class_call(sv.classes, &job[i]), 0);
	}
	assert_int_equal(classes_drain(sv.classes, WAIT_MS), 0);
	assert_int_equal(atomic_load(&jobs), NELEM(job));
	assert_int_equal(class_call(sv.classes, &job[0]), -1);
	classes_free(sv.classes);
}

static void
a_class_without_a_route_has_no_threads(void **state)
{
	static const struct route PROBES[] = {
		{ .methods = M_GET,
		    .pattern = "/probe",
		    .class = CLASS_PROBE,
		    .handle = answer },
		{ .pattern = NULL },
	};
	struct classes *cs = classes_new(PROBES, 64);

	(void)state;
	assert_int_equal(classes_accepting(cs), CLASS_PROBES + CLASS_READERS);
	assert_int_equal(classes_threads(cs), 0);
	assert_int_equal(classes_drain(cs, WAIT_MS), 0);
	classes_free(cs);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hanging_calls_hold_no_accepting_thread),
		cmocka_unit_test(a_handed_request_has_its_body),
		cmocka_unit_test(who_left_is_dropped),
		cmocka_unit_test(hanging_accepts_leave_threads_to_others),
		cmocka_unit_test(too_many_are_refused),
		cmocka_unit_test(any_thread_may_hand_work_to_calls),
		cmocka_unit_test(a_class_without_a_route_has_no_threads),
	};

	FCGX_Init();
	signal(SIGPIPE, SIG_IGN);
	if (serve_init() == -1)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
