#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/metrics_priv.h"
#include "base/pool.h"

#define PID_MASK ((int64_t)(1 << 22) - 1) /* base/metrics.c */

enum { TURNS, WAITING, QUEUE, SECONDS, TOOLS, TOOL_SECONDS, BUSY, N };
static const struct metric_def DEFS[] = {
	[TURNS] = { "t_turns_total", "Turns.", METRIC_COUNTER, "end",
	    { "good", "bad" }, NULL },
	[WAITING] = { "t_waiting", "Waiting.", METRIC_GAUGE, NULL, { NULL },
	    NULL },
	[QUEUE] = { "t_queue", "Queue.", METRIC_LEVEL, NULL, { NULL }, NULL },
	[TOOLS] = { "t_tools_total", "Tools.", METRIC_COUNTER, "end",
	    { "good", "bad" }, "tool" },
	[TOOL_SECONDS] = { "t_tool_seconds", "Tools.", METRIC_HISTOGRAM, NULL,
	    { NULL }, "tool" },
	[BUSY] = { "t_busy", "Busy.", METRIC_GAUGE, NULL, { NULL }, "server" },
	[SECONDS] = { "t_seconds", "Time.", METRIC_HISTOGRAM, NULL, { NULL },
	    NULL },
};
static const struct metric_def OTHER[] = { { "t_other", "Of another version.",
    METRIC_COUNTER, NULL, { NULL }, NULL } };
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

static void *
count_one(void *arg)
{
	(void)arg;
	metric_add(TURNS, 0, 1);
	return NULL;
}

/* Most of what is counted is counted in threads, as the programs start them. */
static void
nor_in_a_thread(void **state)
{
	pthread_t t;

	(void)state;
	assert_int_equal(metrics_open(path, DEFS, N), 0);
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(thread_start(&t, "counts", count_one, NULL), 0);
	assert_int_equal(pthread_join(t, NULL), 0);
	assert_int_equal(metric_total(TURNS, 0), 1);
	metrics_close();
}

/* How often ${what} stands in ${text}. */
static int
count(const char *text, const char *what)
{
	int n = 0;

	for (; (text = strstr(text, what)) != NULL; text++)
		n++;
	return n;
}

/* How often ${what} is written. */
static int
written(const char *what)
{
	struct buf b = BUF_INIT(4 * MIB);
	int n;

	assert_int_equal(metrics_write(&b), 0);
	n = count(buf_str(&b), what);
	buf_fini(&b);
	return n;
}

static void
three_hundred_labels_are_two_hundred_and_other(void **state)
{
	char name[32];
	int i, other = 0;

	(void)state;
	unlink(path);
	assert_int_equal(metrics_open(path, DEFS, N), 0);
	for (i = 0; i < 300; i++) {
		int tool;

		snprintf(name, sizeof(name), "tool_%d", i);
		tool = metric_learn(TOOLS, name);
		assert_int_equal(tool, i < 200 ? i : METRIC_LEARNED_MAX);
		/* The same for all metrics of that label. */
		assert_int_equal(metric_learn(TOOL_SECONDS, name), tool);
		metric_add(TOOLS, metric_with(TOOLS, tool, 1), 1);
		metric_observe_us(TOOL_SECONDS,
		    metric_with(TOOL_SECONDS, tool, 0), 1000);
		other += tool == METRIC_LEARNED_MAX;
	}
	assert_int_equal(other, 100);
	assert_int_equal(
	    written("t_tools_total{tool=\"tool_0\",end=\"bad\"} 1\n"), 1);
	assert_int_equal(
	    written("t_tools_total{tool=\"tool_199\",end=\"good\"} 0\n"), 1);
	assert_int_equal(
	    written("t_tools_total{tool=\"other\",end=\"bad\"} 100\n"), 1);
	assert_int_equal(written("tool_200"), 0);
	assert_int_equal(written("t_tool_seconds_count{tool=\"other\"} 100\n"),
	    1);
	assert_int_equal(
	    written("t_tool_seconds_bucket{tool=\"tool_7\",le=\"+Inf\"} 1\n"),
	    1);
	assert_int_equal(written("t_busy{"), 0); /* another label */
	metric_set(BUSY, metric_with(BUSY, metric_learn(BUSY, "s"), 0), 4);
	assert_int_equal(written("t_busy{server=\"s\"} 4\n"), 1);
	metrics_close();
	/* Who comes later knows them, and none is added. */
	assert_int_equal(metrics_open(path, DEFS, N), 0);
	assert_int_equal(metric_learn(TOOLS, "tool_42"), 42);
	assert_int_equal(metric_learn(TOOLS, "new"), METRIC_LEARNED_MAX);
	assert_int_equal(metric_total(TOOLS, metric_with(TOOLS, 42, 1)), 1);
	metrics_close();
}

static void
names_are_written_as_text(void **state)
{
	char long_a[200], long_b[200];
	int a, b;

	(void)state;
	unlink(path);
	assert_int_equal(metric_learn(TOOLS, "x"), METRIC_LEARNED_MAX);
	assert_int_equal(metrics_open(path, DEFS, N), 0);
	assert_int_equal(metric_learn(TURNS, "x"), METRIC_LEARNED_MAX);
	assert_int_equal(metric_learn(TOOLS, "a\"b\\c\nd"), 0);
	assert_int_equal(written("{tool=\"a\\\"b\\\\c\\nd\",end=\"good\"} 0\n"),
	    1);
	/* No series is there twice, whatever a server calls itself. */
	assert_int_equal(metric_learn(TOOLS, "other"), METRIC_LEARNED_MAX);
	metric_add(TOOLS, metric_with(TOOLS, METRIC_LEARNED_MAX, 0), 1);
	assert_int_equal(written("{tool=\"other\",end=\"good\"} 1\n"), 1);
	assert_int_equal(metric_learn(TOOLS, ""), METRIC_LEARNED_MAX);
	assert_int_equal(metric_learn(TOOLS, "\xff"), METRIC_LEARNED_MAX);
	memset(long_a, 'a', sizeof(long_a));
	long_a[150] = long_a[199] = '\0';
	memcpy(long_b, long_a, sizeof(long_b));
	long_b[149] = 'b';
	a = metric_learn(TOOLS, long_a);
	b = metric_learn(TOOLS, long_b);
	assert_int_equal(a, 1);
	assert_int_equal(b, 2);
	assert_int_equal(metric_learn(TOOLS, long_a), 1);
	assert_int_equal(metric_with(TOOLS, 0, 2), -1);
	metric_add(TOOLS, metric_with(TOOLS, 0, 2), 1); /* nothing */
	metric_add(TOOLS, METRIC_LEARNED_MAX * 2 + 2, 1);
	metrics_close();
}

static void
learn_a_hundred(void)
{
	char name[32];
	int i;

	if (metrics_open(path, DEFS, N) == -1)
		_exit(1);
	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "same_%d", i);
		metric_add(TOOLS,
		    metric_with(TOOLS, metric_learn(TOOLS, name), 0), 1);
	}
	_exit(0);
}

static void
processes_learn_the_same_at_once(void **state)
{
	enum { PROCESSES = 8 };
	struct buf b = BUF_INIT(4 * MIB);
	pid_t pids[PROCESSES];
	char line[64];
	int i, status;

	(void)state;
	unlink(path);
	assert_int_equal(metrics_open(path, DEFS, N), 0);
	for (i = 0; i < PROCESSES; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			learn_a_hundred();
	}
	for (i = 0; i < PROCESSES; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(metrics_write(&b), 0);
	for (i = 0; i < 100; i++) {
		snprintf(line, sizeof(line),
		    "t_tools_total{tool=\"same_%d\",end=\"good\"} %d\n", i,
		    PROCESSES);
		assert_int_equal(count(buf_str(&b), line), 1);
	}
	assert_int_equal(written("tool=\"other\""), 0);
	buf_fini(&b);
	metrics_close();
}

/* Names without end, until it is killed. */
static void
learn_for_ever(unsigned seed)
{
	char name[32];

	if (metrics_open(path, DEFS, N) == -1)
		_exit(1);
	for (;; seed++) {
		snprintf(name, sizeof(name), "n%u", seed % 190);
		metric_add(TOOLS,
		    metric_with(TOOLS, metric_learn(TOOLS, name), 0), 1);
	}
}

static void
a_kill_leaves_it_readable(void **state)
{
	struct buf b = BUF_INIT(4 * MIB);
	unsigned round;
	char name[32];
	int i, at;

	(void)state;
	for (round = 0; round < 30; round++) {
		const struct timespec pause = { .tv_nsec = 100000 * round };
		pid_t pids[2];

		if (round % 5 == 0)
			unlink(path);
		for (i = 0; i < 2; i++) {
			pids[i] = fork();
			if (pids[i] == 0)
				learn_for_ever(round * 61 + (unsigned)i * 7);
		}
		nanosleep(&pause, NULL); /* any point of their work will do */
		for (i = 0; i < 2; i++) {
			kill(pids[i], SIGKILL);
			assert_int_equal(waitpid(pids[i], NULL, 0), pids[i]);
		}
		assert_int_equal(metrics_open(path, DEFS, N), 0);
		at = metric_learn(TOOLS, "n0");
		assert_in_range(at, 0, METRIC_LEARNED_MAX - 1);
		buf_reset(&b);
		assert_int_equal(metrics_write(&b), 0);
		for (i = 0; i < 190; i++) {
			snprintf(name, sizeof(name),
			    "{tool=\"n%d\",end=\"good\"", i);
			assert_in_range(count(buf_str(&b), name), 0, 1);
		}
		metrics_close();
	}
	buf_fini(&b);
}

/* What ${told} says, an observation each: begun before, ended after. */
static void
count_for_ever(_Atomic int64_t *told)
{
	if (metrics_open(path, DEFS, N) == -1)
		_exit(1);
	metric_set(WAITING, 0, 7);
	for (;;) {
		atomic_fetch_add(&told[0], 1);
		metric_add(TURNS, 0, 1);
		metric_observe_us(SECONDS, 0, 1500);
		atomic_fetch_add(&told[1], 1);
	}
}

/* Killed at any point: of all that it counted, no more than the last is
 * unsure, and what it had at the time is nobody's. */
static void
a_kill_loses_no_count(void **state)
{
	_Atomic int64_t *told = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct buf b = BUF_INIT(MIB);
	int64_t begun = 0, ended = 0;
	unsigned round;

	(void)state;
	assert_true(told != MAP_FAILED);
	for (round = 1; round <= 30; round++) {
		int64_t least = 1 + (int64_t)round * 97;
		pid_t pid;

		atomic_store(&told[0], 0);
		atomic_store(&told[1], 0);
		pid = fork();
		if (pid == 0)
			count_for_ever(told);
		while (atomic_load(&told[1]) < least)
			sched_yield();
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, NULL, 0), pid);
		begun += atomic_load(&told[0]);
		ended += atomic_load(&told[1]);
		assert_in_range(begun - ended, 0, round);
		assert_int_equal(metrics_open(path, DEFS, N), 0);
		assert_in_range(metric_total(TURNS, 0), ended, begun);
		assert_in_range(metric_total(SECONDS, 0), ended, begun);
		assert_int_equal(metric_total(WAITING, 0), 0);
		buf_reset(&b);
		assert_int_equal(metrics_write(&b), 0);
		assert_int_equal(count(buf_str(&b), "t_seconds_count"), 1);
		metrics_close();
	}
	munmap((void *)told, 4096);
	buf_fini(&b);
}

/* A name that its writer did not finish, and one who is stopped over it. */
static void
who_holds_the_lock_holds_up_nobody(void **state)
{
	struct metrics_map *m;
	struct stat sb;
	int fd;

	(void)state;
	unlink(path);
	assert_int_equal(metrics_open(path, DEFS, N), 0);
	assert_int_equal(metric_learn(TOOLS, "first"), 0);
	fd = open(path, O_RDWR);
	assert_int_equal(fstat(fd, &sb), 0);
	m = mmap(NULL, (size_t)sb.st_size, PROT_READ | PROT_WRITE, MAP_SHARED,
	    fd, 0);
	assert_true(m != MAP_FAILED);
	memset(m->sets[0].names[1], 'x', METRIC_LEARNED_BYTES);
	assert_int_equal(written("xxx"), 0);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(metric_learn(TOOLS, "second"), METRIC_LEARNED_MAX);
	assert_int_equal(metric_learn(TOOLS, "first"), 0);
	assert_int_equal(flock(fd, LOCK_UN), 0);
	assert_int_equal(metric_learn(TOOLS, "second"), 1);
	assert_int_equal(written("tool=\"second\",end=\"good\""), 1);
	/* Whatever stands there, nothing outside is read. */
	atomic_store(&m->sets[0].n, UINT64_MAX);
	memset(m->sets[0].names, 'y', sizeof(m->sets[0].names));
	assert_in_range(written("yyy"), 1, 1000000);
	munmap(m, (size_t)sb.st_size);
	close(fd);
	metrics_close();
	unlink(path);
}

/* Who goes on alone still counts under the names it knows. */
static void
a_cut_file_keeps_the_names(void **state)
{
	int tool;

	(void)state;
	assert_int_equal(metrics_open(path, DEFS, N), 0);
	tool = metric_learn(TOOLS, "kept");
	assert_int_equal(truncate(path, 0), 0);
	metric_add(TOOLS, metric_with(TOOLS, tool, 0), 1);
	metric_set(WAITING, 0, 1);
	assert_int_equal(metric_learn(TOOLS, "kept"), tool);
	assert_int_equal(
	    written("t_tools_total{tool=\"kept\",end=\"good\"} 1\n"), 1);
	metrics_close();
	unlink(path);
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
	(void)unlink(path);
	return 0;
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
		cmocka_unit_test(nor_in_a_thread),
		cmocka_unit_test(a_full_disk_ends_nobody),
		cmocka_unit_test(
		    three_hundred_labels_are_two_hundred_and_other),
		cmocka_unit_test(names_are_written_as_text),
		cmocka_unit_test(processes_learn_the_same_at_once),
		cmocka_unit_test(a_kill_leaves_it_readable),
		cmocka_unit_test(a_kill_loses_no_count),
		cmocka_unit_test(who_holds_the_lock_holds_up_nobody),
		cmocka_unit_test(a_cut_file_keeps_the_names),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
