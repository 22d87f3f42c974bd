/*
 * Which of a host's processes are this installation's, by real processes that
 * have our programs' names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/base.h"
#include "cli/workers.h"

/* Of each, the process and its only child. */
struct family {
	int parent, child;
};

/* Two supervisors and what was started by hand. */
static struct {
	struct family first, second, hand;
	char folder[64], pid_file[96];
} host;

static void
wait_for_end(void)
{
	for (;;)
		pause();
}

/* ${child} runs below ${parent}, under these names, when this returns. */
static void
start(struct family *f, const char *parent, const char *child)
{
	int ends[2], pid;

	assert_int_equal(pipe(ends), 0);
	f->parent = fork();
	assert_int_not_equal(f->parent, -1);
	if (f->parent == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, parent);
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			prctl(PR_SET_NAME, child);
			pid = getpid();
			(void)!write(ends[1], &pid, sizeof(pid));
		}
		wait_for_end();
	}
	assert_int_equal(read(ends[0], &f->child, sizeof(f->child)),
	    sizeof(f->child));
	close(ends[0]);
	close(ends[1]);
}

static void
write_pid(const char *text)
{
	FILE *f = fopen(host.pid_file, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int
setup(void **state)
{
	(void)state;
	/* The kernel keeps 15 bytes of dragoman-supervise. */
	start(&host.first, "dragoman-superv", "dragoman-turn");
	start(&host.second, "dragoman-superv", "dragoman-edge");
	start(&host.hand, "a (shell) 7", "dragoman-turn");
	snprintf(host.folder, sizeof(host.folder), "/tmp/workers-XXXXXX");
	if (mkdtemp(host.folder) == NULL)
		return -1;
	snprintf(host.pid_file, sizeof(host.pid_file), "%s/supervisor.pid",
	    host.folder);
	return 0;
}

static int
teardown(void **state)
{
	const struct family *all[] = { &host.first, &host.second, &host.hand };
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(all); i++) {
		kill(all[i]->child, SIGKILL);
		kill(all[i]->parent, SIGKILL);
		while (waitpid(all[i]->parent, NULL, 0) == -1 && errno == EINTR)
			;
	}
	(void)remove(host.pid_file);
	(void)remove(host.folder);
	return 0;
}

/* Is ${pid} found, by its name?  Others' processes may be found, too. */
static bool
found(int pid, const char *name)
{
	struct arena *mem = arena_new();
	struct worker_process *list;
	size_t i, n = workers_find(mem, &list);
	bool is = false;

	for (i = 0; i < n; i++)
		if (list[i].pid == pid) {
			assert_string_equal(list[i].name, name);
			assert_string_equal(list[i].unit, "");
			is = true;
		}
	arena_free(mem);
	return is;
}

static void
elsewhere_those_of_no_supervisor(void **state)
{
	(void)state;
	unsetenv("DRAGOMAN_STATE");
	assert_true(found(host.hand.child, "dragoman-turn"));
	assert_false(found(host.first.child, "dragoman-turn"));
	assert_false(found(host.second.child, "dragoman-edge"));
	assert_false(found(host.first.parent, "dragoman-superv"));
}

static void
in_a_quickstart_those_of_its_own(void **state)
{
	char text[32];

	(void)state;
	setenv("DRAGOMAN_STATE", host.folder, 1);
	snprintf(text, sizeof(text), "%d\n", host.second.parent);
	write_pid(text);
	assert_true(found(host.second.child, "dragoman-edge"));
	assert_false(found(host.first.child, "dragoman-turn"));
	assert_false(found(host.hand.child, "dragoman-turn"));
}

/* None of its own runs: nobody else's is taken for one. */
static void
in_a_quickstart_that_stands(void **state)
{
	static const char *const texts[] = { "", "0\n", "-1\n", "nonsense\n" };
	size_t i;

	(void)state;
	setenv("DRAGOMAN_STATE", host.folder, 1);
	for (i = 0; i < NELEM(texts); i++) {
		write_pid(texts[i]);
		assert_false(found(host.first.child, "dragoman-turn"));
		assert_false(found(host.hand.child, "dragoman-turn"));
	}
	assert_int_equal(remove(host.pid_file), 0);
	assert_false(found(host.hand.child, "dragoman-turn"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(elsewhere_those_of_no_supervisor),
		cmocka_unit_test(in_a_quickstart_those_of_its_own),
		cmocka_unit_test(in_a_quickstart_that_stands),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
