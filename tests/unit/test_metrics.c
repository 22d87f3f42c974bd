#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/metrics.h"

#define PID_MASK ((int64_t)(1 << 22) - 1) /* base/metrics.c */

enum { TURNS, WAITING, QUEUE, SECONDS, N };
static const struct metric_def DEFS[] = {
	[TURNS] = { "t_turns_total", "Turns.", METRIC_COUNTER, "end",
	    { "good", "bad" } },
	[WAITING] = { "t_waiting", "Waiting.", METRIC_GAUGE, NULL, { NULL } },
	[QUEUE] = { "t_queue", "Queue.", METRIC_LEVEL, NULL, { NULL } },
	[SECONDS] = { "t_seconds", "Time.", METRIC_HISTOGRAM, NULL, { NULL } },
};
static const struct metric_def OTHER[] = { { "t_other", "Of another version.",
    METRIC_COUNTER, NULL, { NULL } } };
static char path[64];

/* Run ${work} in a process of its own, that then waits for a byte. */
struct child {
	pid_t pid;
	int go[2], ready[2];
};

static void
child_start(struct child *c, void (*work)(void))
{
	char byte;

	assert_int_equal(pipe(c->go), 0);
	assert_int_equal(pipe(c->ready), 0);
	c->pid = fork();
	if (c->pid == 0) {
		close(c->go[1]);
		work();
		(void)!write(c->ready[1], "x", 1);
		(void)!read(c->go[0], &byte, 1);
		_exit(0);
	}
	assert_true(c->pid > 0);
	assert_int_equal(read(c->ready[0], &byte, 1), 1);
}

static void
child_end(struct child *c)
{
	int status;

	close(c->go[1]);
	assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
	assert_int_equal(status, 0);
	close(c->go[0]);
	close(c->ready[0]);
	close(c->ready[1]);
}

static void
count_as_another(void)
{
	/* Not closed first: what was open is the parent's. */
	if (metrics_open(path, DEFS, N) == -1)
		_exit(1);
	metric_add(TURNS, 0, 2);
	metric_set(WAITING, 0, 10);
	metric_set(QUEUE, 0, 10);
	metric_observe_us(SECONDS, 0, 1500);
}

static void
two_processes_count_together(void **state)
{
	struct child c;

	(void)state;
	assert_int_equal(metrics_open(path, DEFS, N), 0);
	metric_add(TURNS, 0, 1);
	metric_set(WAITING, 0, 3);
	metric_set(QUEUE, 0, 3);
	child_start(&c, count_as_another);
	assert_int_equal(metric_total(TURNS, 0), 3);
	assert_int_equal(metric_total(TURNS, 1), 0);
	assert_int_equal(metric_total(WAITING, 0), 13);
	assert_int_equal(metric_total(QUEUE, 0), 10);
	child_end(&c);
	/* What it counted stays; what it had does not. */
	assert_int_equal(metric_total(TURNS, 0), 3);
	assert_int_equal(metric_total(WAITING, 0), 3);
	assert_int_equal(metric_total(QUEUE, 0), 3);
	metrics_close();
	assert_int_equal(metrics_open(path, DEFS, N), 0);
	assert_int_equal(metric_total(TURNS, 0), 3);
	assert_int_equal(metric_total(WAITING, 0), 0);
	metrics_close();
}

/* The slot of ${pid} in the file, which ${map} becomes. */
static int64_t *
slot_of(pid_t pid, void **map, size_t *len)
{
	int fd = open(path, O_RDWR);
	struct stat sb;
	int64_t *at;

	assert_int_not_equal(fd, -1);
	assert_int_equal(fstat(fd, &sb), 0);
	*len = (size_t)sb.st_size;
	*map = mmap(NULL, *len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_true(*map != MAP_FAILED);
	close(fd);
	for (at = *map; (*at & PID_MASK) != pid; at++)
		assert_true((char *)(at + 1) < (char *)*map + *len);
	return at;
}

/* As after a crash, when the pid has become another's: here init's. */
static void
a_reused_pid_is_not_the_same_process(void **state)
{
	struct child c;
	int64_t *slot, was;
	size_t len;
	void *map;

	(void)state;
	assert_int_equal(metrics_open(path, DEFS, N), 0);
	metric_set(WAITING, 0, 3);
	child_start(&c, count_as_another);
	slot = slot_of(c.pid, &map, &len);
	was = *slot;
	*slot = (was & ~PID_MASK) | 1;
	assert_int_equal(metric_total(WAITING, 0), 3);
	*slot = was;
	assert_int_equal(metric_total(WAITING, 0), 13);
	*slot = was & PID_MASK; /* its start could not be seen */
	assert_int_equal(metric_total(WAITING, 0), 13);
	munmap(map, len);
	child_end(&c);
	metrics_close();
}

static void
open_as_another_version(void)
{
	if (metrics_open(path, OTHER, 1) == -1)
		_exit(1);
	metric_add(0, 0, 1);
}

static void
another_version_leaves_the_old_one_alone(void **state)
{
	struct child c;

	(void)state;
	assert_int_equal(metrics_open(path, DEFS, N), 0);
	metric_add(TURNS, 1, 5);
	child_start(&c, open_as_another_version);
	/* Our mapping is whole, as long as we live. */
	metric_add(TURNS, 1, 1);
	metric_set(WAITING, 0, 1);
	assert_int_equal(metric_total(TURNS, 1), 6);
	metrics_close();
	child_end(&c);
	assert_int_equal(metrics_open(path, OTHER, 1), 0);
	assert_int_equal(metric_total(0, 0), 1);
	metrics_close();
	assert_int_equal(truncate(path, 100), 0); /* damaged */
	assert_int_equal(metrics_open(path, DEFS, N), 0);
	assert_int_equal(metric_total(TURNS, 1), 0);
	metrics_close();
}

static void
is_written_for_prometheus(void **state)
{
	struct buf b = BUF_INIT(16 * KIB), tiny = BUF_INIT(100);

	(void)state;
	assert_int_equal(metrics_open(NULL, DEFS, N), 0);
	metric_add(TURNS, 1, 4);
	metric_set(WAITING, 0, -2);
	metric_observe_us(SECONDS, 0, 1000);
	metric_observe_us(SECONDS, 0, 1001);
	metric_observe_us(SECONDS, 0, 60000000);
	assert_int_equal(metrics_write(&b), 0);
	assert_non_null(strstr(buf_str(&b),
	    "# HELP t_turns_total Turns.\n# TYPE t_turns_total counter\n"
	    "t_turns_total{end=\"good\"} 0\nt_turns_total{end=\"bad\"} 4\n"));
	assert_non_null(
	    strstr(buf_str(&b), "# TYPE t_waiting gauge\nt_waiting -2\n"));
	assert_non_null(strstr(buf_str(&b), "# TYPE t_queue gauge\n"));
	assert_non_null(strstr(buf_str(&b),
	    "t_seconds_bucket{le=\"0.001\"} 1\n"
	    "t_seconds_bucket{le=\"0.002\"} 2\n"));
	assert_non_null(strstr(buf_str(&b),
	    "t_seconds_bucket{le=\"30\"} 2\n"
	    "t_seconds_bucket{le=\"+Inf\"} 3\n"
	    "t_seconds_sum 60.002001\nt_seconds_count 3\n"));
	assert_int_equal(metrics_write(&tiny), -1);
	buf_fini(&b);
	buf_fini(&tiny);
	metrics_close();
}

static void
without_a_file_each_counts_alone(void **state)
{
	struct buf b = BUF_INIT(KIB);

	(void)state;
	metric_add(TURNS, 0, 1); /* before it is open: dropped */
	metric_set(WAITING, 0, 1);
	metric_observe_us(SECONDS, 0, 1);
	assert_int_equal(metric_total(TURNS, 0), 0);
	assert_int_equal(metrics_write(&b), 0);
	assert_int_equal(b.len, 0);
	assert_int_equal(metrics_open("/nowhere/metrics", DEFS, N), -1);
	metric_add(TURNS, 0, 1);
	metric_add(TURNS, -1, 1);
	metric_add(TURNS, METRIC_VALUES_MAX, 1);
	assert_int_equal(metric_total(TURNS, 0), 1);
	metrics_close();
	metrics_close();
}

static void
its_file_is_its_own(void **state)
{
	struct stat sb;

	(void)state;
	unlink(path);
	assert_int_equal(metrics_open(path, DEFS, N), 0);
	assert_int_equal(stat(path, &sb), 0);
	assert_int_equal(sb.st_mode & 0007, 0);
	metrics_close();
}

/* A disk of 64 KiB: the file does not fit, and nobody is ended by it. */
static void
a_full_disk_ends_nobody(void **state)
{
	char dir[] = "/tmp/test-metrics-XXXXXX", file[64];
	struct stat sb;
	int i;

	(void)state;
	assert_non_null(mkdtemp(dir));
	if (mount("tmpfs", dir, "tmpfs", 0, "size=64k") == -1) {
		rmdir(dir);
		fprintf(stderr, "skipped: mounting a small disk needs root\n");
		skip();
	}
	snprintf(file, sizeof(file), "%s/metrics", dir);
	for (i = 0; i < 2; i++) {
		assert_int_equal(metrics_open(file, DEFS, N), -1);
		metric_add(TURNS, 0, 1);
		metric_set(WAITING, 0, 1);
		metric_observe_us(SECONDS, 0, 1);
		assert_int_equal(metric_total(TURNS, 0), 1);
		metrics_close();
		/* Nor does it leave the disk full. */
		assert_true(stat(file, &sb) == -1 || sb.st_size == 0);
	}
	assert_int_equal(umount(dir), 0);
	assert_int_equal(rmdir(dir), 0);
}

static void
a_cut_file_ends_nobody(void **state)
{
	(void)state;
	assert_int_equal(metrics_open(path, DEFS, N), 0);
	metric_add(TURNS, 0, 1);
	assert_int_equal(truncate(path, 0), 0);
	metric_add(TURNS, 0, 1);
	metric_set(WAITING, 0, 3);
	metric_observe_us(SECONDS, 0, 1);
	assert_int_equal(metric_total(TURNS, 0), 1);
	assert_int_equal(metric_total(WAITING, 0), 3);
	metrics_close();
	assert_int_equal(metrics_open(path, DEFS, N), 0); /* made again */
	metric_add(TURNS, 0, 2);
	assert_int_equal(metric_total(TURNS, 0), 2);
	metrics_close();
}

static int
begin(void **state)
{
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "/tmp/dragoman-metrics-XXXXXX");
	fd = mkstemp(path);
	return fd == -1 ? -1 : close(fd);
}

static int
end(void **state)
{
	(void)state;
	return unlink(path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_processes_count_together),
		cmocka_unit_test(a_reused_pid_is_not_the_same_process),
		cmocka_unit_test(another_version_leaves_the_old_one_alone),
		cmocka_unit_test(is_written_for_prometheus),
		cmocka_unit_test(without_a_file_each_counts_alone),
		cmocka_unit_test(its_file_is_its_own),
		cmocka_unit_test(a_cut_file_ends_nobody),
		cmocka_unit_test(a_full_disk_ends_nobody),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
