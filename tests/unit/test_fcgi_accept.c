/*
 * fcgi_accept: what we rely on in libfcgi, which it promises nowhere, and
 * whom the listening socket lets in.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "fcgi/accept.h"
#include "fcgi/listen.h"
#include "tests/unit/fcgi_client.h"

#define PATIENCE_MS 30000 /* waited out only where something is wrong */

static const char *const GET[] = { "REQUEST_METHOD=GET", "REQUEST_URI=/x",
	"HTTP_A=1", "HTTP_A=2", NULL };

/* A request is read from a descriptor that we accepted ourselves. */
static void
reads_our_descriptor(void **state)
{
	FCGX_Request f;
	struct buf out = BUF_INIT(KIB);
	int fd[2], n = 0;
	char **e;

	(void)state;
	client_pair(fd);
	client_send(fd[0], GET, "body", 4, true);
	assert_int_equal(client_take(&f, fd[1]), 0);
	assert_int_equal(f.ipcFd, fd[1]);
	assert_string_equal(FCGX_GetParam("REQUEST_URI", f.envp), "/x");
	for (e = f.envp; *e != NULL; e++)
		n += strncmp(*e, "HTTP_A=", 7) == 0;
	assert_int_equal(n, 2); /* repeated headers stay apart */
	assert_int_equal(FCGX_GetChar(f.in), 'b');
	FCGX_PutStr("hi", 2, f.out);
	/* FCGX_Finish_r waits until we have closed: end it by hand. */
	FCGX_FClose(f.err);
	FCGX_FClose(f.out);
	assert_int_equal(client_read(fd[0], &out), 0);
	assert_string_equal(buf_str(&out), "hi");
	FCGX_Free(&f, 0);
	assert_int_not_equal(fcntl(fd[1], F_GETFD), -1);
	close(fd[0]);
	close(fd[1]);
	buf_fini(&out);
}

/* Parking: FCGX_Free(f, 0) leaves the descriptor open and writes nothing. */
static void
gives_the_descriptor_back(void **state)
{
	FCGX_Request f;
	int fd[2];
	char c;

	(void)state;
	client_pair(fd);
	client_send(fd[0], GET, "", 0, true);
	assert_int_equal(client_take(&f, fd[1]), 0);
	assert_int_equal(f.requestId, 1);
	FCGX_Free(&f, 0);
	assert_int_equal(recv(fd[0], &c, 1, MSG_DONTWAIT), -1);
	assert_int_equal(write(fd[1], "x", 1), 1);
	assert_int_equal(recv(fd[0], &c, 1, MSG_DONTWAIT), 1);
	close(fd[0]);
	close(fd[1]);
}

/* What is not FastCGI ends in an error, not in a wait for another. */
static void
refuses_what_is_no_request(void **state)
{
	FCGX_Request f;
	int fd[2];

	(void)state;
	client_pair(fd);
	assert_int_equal(write(fd[0], "GET / HTTP/1.0\r\n\r\n", 18), 18);
	shutdown(fd[0], SHUT_WR);
	assert_int_equal(client_take(&f, fd[1]), -1);
	close(fd[0]);
}

static void
a_cut_body_is_an_error(void **state)
{
	FCGX_Request f;
	char bytes[16];
	int fd[2];

	(void)state;
	client_pair(fd);
	client_send(fd[0], GET, "half", 4, false);
	shutdown(fd[0], SHUT_WR);
	assert_int_equal(client_take(&f, fd[1]), 0);
	assert_int_equal(FCGX_GetStr(bytes, 16, f.in), 4);
	assert_int_not_equal(FCGX_GetError(f.in), 0);
	FCGX_Free(&f, 0);
	close(fd[0]);
	close(fd[1]);
}

struct count {
	_Atomic int served;
	_Atomic bool hold;
};

static void
serve(void *ctx, int fd)
{
	struct count *c = ctx;

	atomic_fetch_add(&c->served, 1);
	while (atomic_load(&c->hold))
		usleep(1000);
	close(fd);
}

static int
call(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(sun.sun_path, path, strlen(path) + 1);
	assert_int_equal(connect(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	return fd;
}

/* Until ${n} were served. */
static void
await_served(struct count *c, int n)
{
	int i;

	for (i = 0; i < PATIENCE_MS && atomic_load(&c->served) < n; i++)
		usleep(1000);
	assert_int_equal(atomic_load(&c->served), n);
}

static void
grows_while_all_are_busy(void **state)
{
	char folder[] = "/tmp/test_accept.XXXXXX", path[64], address[80];
	struct count c = { 0 };
	struct acceptor *a;
	bool is_public = true;
	struct stat st;
	int listener, fd[12], i;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/s", folder);
	snprintf(address, sizeof(address), "unix:%s", path);
	listener = listen_open(address, &is_public);
	assert_int_not_equal(listener, -1);
	assert_false(is_public);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);
	assert_int_equal(listen_open(address, &is_public), -1); /* taken */

	atomic_store(&c.hold, true);
	a = accept_start(listener, 10, serve, &c);
	assert_non_null(a);
	for (i = 0; i < 12; i++)
		fd[i] = call(path);
	await_served(&c, 10); /* two wait in the backlog */
	assert_int_equal(accept_threads(a), 10);
	assert_int_equal(accept_stop(a, 30), -1); /* they still serve */
	atomic_store(&c.hold, false);
	assert_int_equal(accept_stop(a, 5000), 0);
	assert_int_equal(atomic_load(&c.served), 10); /* others' now */
	accept_free(a);
	for (i = 0; i < 12; i++)
		close(fd[i]);
	close(listener);
	/* What a killed process leaves is no obstacle. */
	listener = listen_open(address, &is_public);
	assert_int_not_equal(listener, -1);
	close(listener);
	unlink(path);
	rmdir(folder);
}

static void
knows_who_can_reach_it(void **state)
{
	bool is_public = true;
	char inherited[16];
	int fd, copy;

	(void)state;
	fd = listen_open("127.0.0.1:0", &is_public);
	assert_int_not_equal(fd, -1);
	assert_false(is_public);
	close(fd);
	fd = listen_open("0.0.0.0:0", &is_public);
	assert_int_not_equal(fd, -1);
	assert_true(is_public);
	snprintf(inherited, sizeof(inherited), "fd:%d", fd);
	is_public = false;
	copy = listen_open(inherited, &is_public);
	assert_int_equal(copy, fd);
	assert_true(is_public);
	close(fd);
	assert_int_equal(listen_open(inherited, &is_public), -1);
	assert_int_equal(listen_open("nonsense", &is_public), -1);
	assert_int_equal(listen_open("fd:x", &is_public), -1);
}

/* ${address} cannot be opened, and the log says so with ${words}. */
static void
assert_refused(const char *log, const char *address, const char *words)
{
	char line[1024] = "";
	bool is_public;
	FILE *f;

	assert_int_equal(truncate(log, 0), 0);
	assert_int_equal(log_open("test", LOG_INFO, log), 0);
	assert_int_equal(listen_open(address, &is_public), -1);
	assert_int_equal(log_open("test", LOG_INFO, NULL), 0);
	f = fopen(log, "r");
	assert_non_null(f);
	assert_non_null(fgets(line, sizeof(line), f));
	assert_int_equal(fclose(f), 0);
	if (strstr(line, words) == NULL || strstr(line, "Success") != NULL)
		fail_msg("%s: %s", address, line);
}

static void
a_file_in_the_way_stays(void **state)
{
	char folder[] = "/tmp/test_accept.XXXXXX", path[64], log[64], link[64],
	     address[80];
	struct stat st;
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/notes.txt", folder);
	snprintf(link, sizeof(link), "%s/link", folder);
	snprintf(log, sizeof(log), "%s/log", folder);
	f = fopen(log, "w");
	assert_non_null(f);
	assert_int_equal(fclose(f), 0);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fputs("important", f) < 0, 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(symlink(path, link), 0);
	snprintf(address, sizeof(address), "unix:%s", path);
	assert_refused(log, address, "there is a file in the way");
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(st.st_size, 9);
	snprintf(address, sizeof(address), "unix:%s", link);
	assert_refused(log, address, "there is a file in the way");
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	unlink(link);
	unlink(path);
	unlink(log);
	rmdir(folder);
}

static void
a_named_socket_that_is_not_there(void **state)
{
	char log[] = "/tmp/test_accept.XXXXXX", pid[24];
	static const struct {
		const char *pid, *fds, *names;
	} cases[] = {
		{ NULL, NULL, NULL }, { "1", "1", "edge" },
		{ "own", "0", "edge" }, { "own", "1", "other" },
		{ "own", "1", "other:edge" },
		{ "own", "99999999999999999999", "edge" },
		{ "own", "900", "a:b:c:edge" }, /* not open, or no listener */
	};
	size_t i;
	int fd = mkstemp(log);

	(void)state;
	assert_int_not_equal(fd, -1);
	close(fd);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	for (i = 0; i < NELEM(cases); i++) {
		unsetenv("LISTEN_PID");
		unsetenv("LISTEN_FDS");
		unsetenv("LISTEN_FDNAMES");
		if (cases[i].pid != NULL) {
			setenv("LISTEN_PID",
			    *cases[i].pid == 'o' ? pid : cases[i].pid, 1);
			setenv("LISTEN_FDS", cases[i].fds, 1);
			setenv("LISTEN_FDNAMES", cases[i].names, 1);
		}
		assert_refused(log, "socket:edge",
		    "was given no listening socket of this name\","
		    "\"remedy\":\"name the socket in the socket unit "
		    "(FileDescriptorName=), or correct LISTEN_PID, LISTEN_FDS "
		    "and LISTEN_FDNAMES; ");
	}
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	assert_refused(log, "fd:99", "Bad file descriptor");
	assert_refused(log, "fd:2", "Bad file descriptor");
	unlink(log);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_our_descriptor),
		cmocka_unit_test(gives_the_descriptor_back),
		cmocka_unit_test(refuses_what_is_no_request),
		cmocka_unit_test(a_cut_body_is_an_error),
		cmocka_unit_test(grows_while_all_are_busy),
		cmocka_unit_test(knows_who_can_reach_it),
		cmocka_unit_test(a_file_in_the_way_stays),
		cmocka_unit_test(a_named_socket_that_is_not_there),
	};

	FCGX_Init();
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
