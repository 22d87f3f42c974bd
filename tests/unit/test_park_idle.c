/*
 * park: what ten thousand requests cost that only wait.
 *
 * The looks are real: each has its message in a real Redis.  All of them look
 * once a minute, so the cost of a minute is that of all looks once, and of the
 * time in which nothing is due.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "fcgi/park.h"
#include "fcgi/request_priv.h"
#include "tests/unit/fcgi_client.h"
#include "tests/unit/redis_fixture.h"

#define N 10000
#define FILES_SPARE 200
#define LOOKS_MIN_MS \
	(PARK_LOOK_MS / 4 * 3) /* the soonest (fcgi/park_timer.c) */
#define PLAIN_MS 3000
#define QUIET_MS 1500           /* nobody looks: all have */
#define STREAM_MS PARK_ALIVE_MS /* each says that it is alive, once */
/* Of a core.  Sanitizers make everything several times slower. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SHARE_MAX 0.03
#define STREAMS_MAX 0.1
#else
#define SHARE_MAX 0.005
#define STREAMS_MAX 0.03 /* each writes every 15 s: 667 writes a second */
#endif

static const char *const PARAMS[] = { "REQUEST_METHOD=POST",
	"REQUEST_URI=/chat", NULL };

static struct store *store;
static _Atomic int found, ended, quiet;
static struct message_id {
	char text[MESSAGE_ID_MAX];
} ids[N];

static void
on_stream(struct parked *p, void *state)
{
	(void)state;
	park_head(p, 200, "text/event-stream", "");
}

static void
on_piece(struct parked *p, void *state, const char *kind, const char *sealed,
    size_t len)
{
	(void)state;
	(void)kind;
	park_reply(p, 200, "application/json", "", sealed, len);
}

/* As handlers/chat_park.c looks. */
static int
look(struct edge *e, struct park_look *const *looks, size_t n)
{
	struct arena *mem = arena_new();
	struct inbox_question *q = arena_alloc(mem, n * sizeof(*q));
	size_t i;
	int rc = -1;

	(void)e;
	for (i = 0; i < n; i++) {
		if (chat_name_parse(&q[i].chat, looks[i]->owner) == -1)
			abort();
		q[i].id = looks[i]->item;
	}
	if (inbox_find_all(store, q, n, mem) == STORE_OK) {
		for (i = 0; i < n; i++)
			park_found(looks[i], (int)q[i].rc, q[i].answer.reply,
			    q[i].answer.reply_len);
		rc = 0;
	}
	arena_free(mem);
	return rc;
}

static void
on_found(struct parked *p, void *state, const struct park_look *its)
{
	(void)p;
	(void)state;
	if (its->found != STORE_EXISTS)
		abort(); /* the message waits in Redis, where it was put */
	atomic_fetch_add(&found, 1);
}

static void
on_quiet(struct parked *p, void *state)
{
	(void)p;
	(void)state;
	atomic_fetch_add(&quiet, 1);
}

static void
on_deadline(struct parked *p, void *state, const struct park_look *last)
{
	(void)state;
	(void)last;
	park_reply(p, 202, "application/json", "", "{}", 2);
}

static void
on_end(void *state)
{
	(void)state;
	atomic_fetch_add(&ended, 1);
}

static const struct park_kind PLAIN = { .on_piece = on_piece,
	.look = look,
	.on_found = on_found,
	.on_quiet = on_quiet,
	.on_deadline = on_deadline,
	.on_end = on_end };
static const struct park_kind STREAM = { .on_begin = on_stream,
	.on_piece = on_piece,
	.look = look,
	.on_found = on_found,
	.on_quiet = on_quiet,
	.alive = ":\n\n",
	.on_deadline = on_deadline,
	.on_end = on_end };

/* ---- the clients' ends, in a process of their own: files are few ---- */

struct holder {
	pid_t pid;
	int fd;
};

static void
hold(int fd)
{
	char room[CMSG_SPACE(sizeof(int))], byte;

	for (;;) {
		struct iovec io = { &byte, 1 };
		struct msghdr m = { .msg_iov = &io,
			.msg_iovlen = 1,
			.msg_control = room,
			.msg_controllen = sizeof(room) };

		if (recvmsg(fd, &m, 0) <= 0)
			_exit(0); /* and with it all that it holds */
	}
}

static void
holder_start(struct holder *h)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	h->pid = fork();
	if (h->pid == 0) {
		close(pair[0]);
		hold(pair[1]);
	}
	assert_true(h->pid > 0);
	close(pair[1]);
	h->fd = pair[0];
}

/* ${fd} is the holder's from now on. */
static void
holder_take(struct holder *h, int fd)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} c = { 0 };
	char byte = 0;
	struct iovec io = { &byte, 1 };
	struct msghdr m = { .msg_iov = &io,
		.msg_iovlen = 1,
		.msg_control = c.room,
		.msg_controllen = sizeof(c.room) };

	c.head.cmsg_level = SOL_SOCKET;
	c.head.cmsg_type = SCM_RIGHTS;
	c.head.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&c.head), &fd, sizeof(int));
	assert_int_equal(sendmsg(h->fd, &m, 0), 1);
	close(fd);
}

static void
holder_end(struct holder *h)
{
	close(h->fd);
	waitpid(h->pid, NULL, 0);
}

static void
park_one(struct park *pk, struct holder *h, const struct park_kind *kind, int i)
{
	struct arena *mem = arena_new();
	struct request req = { .mem = mem };
	struct park_wait wait = { .kind = kind,
		.item = ids[i].text,
		.deadline_ms = 600000 };
	struct chat_name chat;
	char name[24];
	FCGX_Request f;
	const char *why;
	int fd[2];

	snprintf(name, sizeof(name), "c%d", i);
	chat = fixture_chat(name);
	client_pair(fd);
	client_send(fd[0], PARAMS, "", 0, true);
	assert_int_equal(client_take(&f, fd[1]), 0);
	req.fcgx = &f;
	assert_int_equal(request_begin(&req, f.envp, &why), 0);
	park_request(pk, park_reserve(pk, chat.text), &req, &wait);
	holder_take(h, fd[0]);
	arena_free(mem);
}

static double
cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Park N of ${kind}; returns what share of a core they take while nothing
 * comes for them, and until ${said} have said that it is quiet. */
static double
share_of(const struct park_kind *kind, int64_t idle_ms, int said)
{
	struct park *pk = park_new(N, N);
	struct holder h;
	int64_t begun, until = clock_boot_ms() + 240000;
	double looks, idle;
	int i, before = -1; /* no look was counted yet */

	assert_non_null(pk);
	holder_start(&h); /* before the threads */
	assert_int_equal(park_start(pk), 0);
	park_hears(pk, true);
	for (i = 0; i < N; i++)
		park_one(pk, &h, kind, i);
	assert_int_equal(park_count(pk), N);
	/* The first ones may have looked when the subscription stood; a busy
	 * machine may rest between two of them. */
	while (before != atomic_load(&found) && clock_boot_ms() < until) {
		before = atomic_load(&found);
		usleep(QUIET_MS * 1000);
	}

	looks = cpu_s();
	park_hears(pk, true);
	while (atomic_load(&found) - before < N && clock_boot_ms() < until)
		usleep(20000);
	assert_in_range(atomic_load(&found) - before, N, N + N / 100);
	looks = cpu_s() - looks;

	begun = clock_boot_ms();
	idle = cpu_s();
	usleep((useconds_t)idle_ms * 1000);
	idle = (cpu_s() - idle) * 1000 / (double)(clock_boot_ms() - begun);
	print_message("all looks once: %.0f ms; else %.3f %% of a core\n",
	    looks * 1000, idle * 100);
	while (atomic_load(&quiet) < said && clock_boot_ms() < until)
		usleep(10000);
	holder_end(&h); /* all clients leave */
	for (until = clock_boot_ms() + 60000;
	     park_count(pk) > 0 && clock_boot_ms() < until;)
		usleep(10000);
	assert_int_equal(park_count(pk), 0);
	park_free(pk);
	return looks * 1000 / LOOKS_MIN_MS + idle;
}

static void
ten_thousand(void **state)
{
	struct redis_fixture *f = *state;
	struct rlimit files;
	double plain, streams;
	int i;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	if (files.rlim_max < N + FILES_SPARE) {
		print_message("this machine allows %ju files, %d are needed\n",
		    (uintmax_t)files.rlim_max, N + FILES_SPARE);
		skip();
	}
	files.rlim_cur = files.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
	store = f->store;
	for (i = 0; i < N; i++) {
		struct chat_name chat;
		char name[24];

		snprintf(name, sizeof(name), "c%d", i);
		chat = fixture_chat(name);
		assert_int_equal(fixture_say(store, &chat, "1", "hi", ""),
		    STORE_OK);
		message_id_make(&chat, "1", ids[i].text);
	}
	plain = share_of(&PLAIN, PLAIN_MS, 0);
	assert_int_equal(quiet, 0);
	streams = share_of(&STREAM, STREAM_MS, N);
	assert_true(quiet >= N);
	assert_int_equal(ended, 2 * N);
	print_message("%d plain: %.2f %%, streams: %.2f %% of a core\n", N,
	    plain * 100, streams * 100);
	assert_true(plain < SHARE_MAX);
	assert_true(streams < STREAMS_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(ten_thousand, redis_fixture_flush),
	};

	if (sodium_init() == -1)
		return 1;
	FCGX_Init();
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, redis_fixture_setup,
	    redis_fixture_teardown);
}
