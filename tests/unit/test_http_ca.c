/*
 * The file of authorities: read once for all connections, and again when it
 * changed; what was taken stays in use whatever becomes of the file.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/unit/served_http.h"

#define CONNECTIONS 30
#define FDS_LOOKED_AT 256

static const char HALF[] = "-----BEGIN CERTIFICATE-----\nMIIB";
static const char HOLLOW[] = "-----BEGIN CERTIFICATE-----\nMIIB\n"
			     "-----END CERTIFICATE-----\n";

/* The test's own folder, its one file, and who looks into it. */
static struct {
	char folder[64];
	char file[96];
	int watch;
	bool fresh; /* files are written just now */
	int opened; /* since forget_opens */
	int parsed; /* the copies in memory, by libcurl */
} D;

static int
prepare(void **state)
{
	(void)state;
	memset(&D, 0, sizeof(D));
	snprintf(D.folder, sizeof(D.folder), "/tmp/test-http-ca-XXXXXX");
	assert_non_null(mkdtemp(D.folder));
	snprintf(D.file, sizeof(D.file), "%s/ca.pem", D.folder);
	D.watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	assert_true(D.watch != -1
	    && inotify_add_watch(D.watch, D.folder, IN_CLOSE_NOWRITE) != -1);
	return 0;
}

static int
tidy(void **state)
{
	(void)state;
	close(D.watch);
	unlink(D.file);
	rmdir(D.folder);
	return 0;
}

/* The engine gives libcurl a copy of it: watch those that are there. */
static void
watch_copies(void)
{
	char name[48], target[64];
	ssize_t n;
	int fd, found = 0;

	for (fd = 0; fd < FDS_LOOKED_AT; fd++) {
		snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
		n = readlink(name, target, sizeof(target) - 1);
		if (n <= 0)
			continue;
		target[n] = '\0';
		if (strncmp(target, "/memfd:authorities", 18) != 0)
			continue;
		assert_int_not_equal(inotify_add_watch(D.watch, name, IN_OPEN),
		    -1);
		found++;
	}
	assert_true(found > 0);
}

/* How often the file was read to its end. */
static int
opens(void)
{
	_Alignas(struct inotify_event) char bytes[4096];
	const struct inotify_event *e;
	ssize_t n, at;

	while ((n = read(D.watch, bytes, sizeof(bytes))) > 0)
		for (at = 0; at < n; at += (ssize_t)(sizeof(*e) + e->len)) {
			e = (const void *)(bytes + at);
			if (e->len > 0 && strcmp(e->name, "ca.pem") == 0)
				D.opened++;
			else if (e->len == 0 && (e->mask & IN_OPEN) != 0)
				D.parsed++;
		}
	return D.opened;
}

static void
forget_opens(void)
{
	(void)opens();
	D.opened = D.parsed = 0;
}

/* As if it was written a while ago: it need not settle. */
static void
age(const char *file)
{
	struct timespec at[2] = { { .tv_nsec = UTIME_OMIT } };

	at[1].tv_sec = time(NULL) - 60;
	assert_int_equal(utimensat(AT_FDCWD, file, at, 0), 0);
}

static void
write_file(const char *text)
{
	FILE *f = fopen(D.file, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	age(D.file);
}

/* As an operator does: another file in its place. */
static void
copy_file(const char *from)
{
	char text[8192], fresh[128];
	FILE *in = fopen(from, "r"), *out;
	size_t n;

	snprintf(fresh, sizeof(fresh), "%s/new", D.folder);
	out = fopen(fresh, "w");
	assert_true(in != NULL && out != NULL);
	n = fread(text, 1, sizeof(text), in);
	assert_int_equal(fwrite(text, 1, n, out), n);
	fclose(in);
	fclose(out);
	if (!D.fresh)
		age(fresh);
	assert_int_equal(rename(fresh, D.file), 0);
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

static enum http_rc
ask(int port)
{
	char url[64];
	struct http_request req = { .method = "POST",
		.url = url,
		.flags = HTTP_OPERATOR };
	struct http_response resp;

	snprintf(url, sizeof(url), "https://127.0.0.1:%d/", port);
	(void)http_send(&req, &resp);
	http_response_fini(&resp);
	return resp.rc;
}

/* Ask until ${done} says so, within a deadline. */
static void
ask_until(int port, bool (*done)(enum http_rc rc))
{
	struct timespec tick = { .tv_nsec = 50 * 1000000 };
	int64_t began = clock_boot_ms();
	enum http_rc rc;

	for (;;) {
		rc = ask(port);
		if (done(rc))
			return;
		if (clock_boot_ms() - began > LONG_MS)
			fail_msg("still %d, %d opens", rc, opens());
		nanosleep(&tick, NULL);
	}
}

static bool
is_ok(enum http_rc rc)
{
	return rc == HTTP_OK;
}

static bool
is_unreached(enum http_rc rc)
{
	return rc == HTTP_UNREACHED;
}

/* The file was looked into since forget_opens. */
static bool
is_looked_into(enum http_rc rc)
{
	(void)rc;
	return opens() > 0;
}

static bool
is_parsed(enum http_rc rc)
{
	(void)rc;
	(void)opens();
	return D.parsed > 0;
}

static void
a_file_that_is_none_is_refused_at_start(void **state)
{
	static const char *const texts[] = { "", "hello\n", HALF };
	struct http_options o = { .ca_file = D.file };
	size_t i;

	(void)state;
	assert_int_equal(http_start(&o), -1); /* it is not there */
	for (i = 0; i < NELEM(texts); i++) {
		write_file(texts[i]);
		assert_int_equal(http_start(&o), -1);
	}
}

static void
expect_no_reading(int port)
{
	int i;

	forget_opens();
	watch_copies();
	for (i = 0; i < CONNECTIONS; i++)
		assert_int_equal(ask(port), HTTP_OK);
	assert_int_equal(opens(), 0);
	assert_int_equal(D.parsed, 0);
}

static void
it_is_read_once_for_all_connections(void **state)
{
	struct http_options o = { .ca_file = D.file };
	struct served_tls tls = { 0 };
	struct served s;

	(void)state;
	copy_file(served_tls_ca());
	assert_int_equal(http_start(&o), 0);
	assert_int_equal(opens(), 1);
	served_start_tls(&s, serve_last, NULL, false, &tls);
	assert_int_equal(ask(s.port), HTTP_OK);
	expect_no_reading(s.port);
	assert_int_equal(atomic_load(&tls.handshakes), 1 + CONNECTIONS);
	http_trim(); /* what is counted can be seen */
	ask_until(s.port, is_parsed);
	expect_no_reading(s.port);
	copy_file(served_tls_ca()); /* the same, but another file */
	ask_until(s.port, is_looked_into);
	assert_int_equal(D.opened, 1);
	expect_no_reading(s.port);
	http_stop();
	served_stop_tls(&s, &tls);
}

static void
what_it_says_now_counts(void **state)
{
	struct http_options o = { .ca_file = D.file };
	struct served_tls tls = { 0 };
	struct served s;

	(void)state;
	D.fresh = true;
	copy_file(served_tls_other_ca());
	assert_int_equal(http_start(&o), 0);
	served_start_tls(&s, serve_last, NULL, false, &tls);
	assert_int_equal(ask(s.port), HTTP_UNREACHED);
	copy_file(served_tls_ca());
	ask_until(s.port, is_ok);
	copy_file(served_tls_other_ca());
	ask_until(s.port, is_unreached);
	http_stop();
	served_stop_tls(&s, &tls);
}

/* Whatever becomes of the file; also after a quiet time, when what the engine
 * kept is given back. */
static void
what_was_taken_stays_in_use(void **state)
{
	static const char *const texts[] = { HALF, HOLLOW, NULL };
	struct http_options o = { .ca_file = D.file };
	struct served_tls tls = { 0 };
	struct served s;
	size_t i;

	(void)state;
	copy_file(served_tls_ca());
	assert_int_equal(http_start(&o), 0);
	served_start_tls(&s, serve_last, NULL, false, &tls);
	assert_int_equal(ask(s.port), HTTP_OK);
	for (i = 0; i < NELEM(texts); i++) {
		forget_opens();
		if (texts[i] != NULL) {
			write_file(texts[i]);
			ask_until(s.port, is_looked_into);
		} else {
			unlink(D.file);
		}
		ask_until(s.port, is_ok); /* one request may find out */
		assert_int_equal(ask(s.port), HTTP_OK);
		http_trim();
		assert_int_equal(ask(s.port), HTTP_OK);
		http_trim();
		assert_int_equal(ask(s.port), HTTP_OK);
	}
	copy_file(served_tls_other_ca()); /* and a good one is taken again */
	ask_until(s.port, is_unreached);
	copy_file(served_tls_ca());
	ask_until(s.port, is_ok);
	http_stop();
	served_stop_tls(&s, &tls);
}

#define WITH_FOLDER(fn) cmocka_unit_test_setup_teardown(fn, prepare, tidy)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_FOLDER(a_file_that_is_none_is_refused_at_start),
		WITH_FOLDER(it_is_read_once_for_all_connections),
		WITH_FOLDER(what_it_says_now_counts),
		WITH_FOLDER(what_was_taken_stays_in_use),
	};

	if (!set_tls())
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
