/*
 * dragoman-supervise: starts processes and starts them again when they end.
 *
 *   dragoman-supervise DIR
 *   dragoman-supervise DIR --run USER COMMAND ARGUMENT ...
 *
 * DIR/processes says which (deploy/table.h).  Every process runs in DIR, so
 * paths may be relative: neither long paths nor parents that only root may
 * enter matter.  COMMAND is opened before the user is changed, for the same
 * reason.
 *
 * SIGTERM stops all in order, SIGHUP is passed on, SIGUSR2 renews the workers
 * (deploy/renew.h).
 *
 * DIR/supervisor/NAME.err gets what a process writes to standard error.  No
 * folder that this process writes to belongs to one of the users in the table:
 * a worker that was taken over must not lead root's writes elsewhere.
 *
 * With --run it only becomes USER in DIR and runs COMMAND: what a worker would
 * find is tried so before the start.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "deploy/child.h"
#include "deploy/pid_file.h"
#include "deploy/process.h"
#include "deploy/ready.h"
#include "deploy/renew.h"
#include "deploy/say.h"
#include "deploy/sockets.h"
#include "deploy/table.h"

#define TICK_NS 50000000 /* how soon what ended is noticed at the latest */
#define TRIM_TICKS 200
#define FORMER_MORE_MS 5000 /* than a group has to end */

static volatile sig_atomic_t got_hup, got_usr2, got_child, got_term;

static void
on_signal(int sig)
{
	if (sig == SIGCHLD)
		got_child = 1;
	else if (sig == SIGHUP)
		got_hup = 1;
	else if (sig == SIGUSR2)
		got_usr2 = 1;
	else
		got_term = got_term < 2 ? got_term + 1 : 2;
}

static const int OBEYED[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR2, SIGCHLD };
#define OBEYED_N (sizeof(OBEYED) / sizeof(*OBEYED))

static bool
told_to_end(void)
{
	return got_term > 0;
}

static bool
told_twice(void)
{
	return got_term > 1;
}

/* True once for a signal that came. */
static bool
came(volatile sig_atomic_t *signal)
{
	bool yes = *signal != 0;

	*signal = 0;
	return yes;
}

static void
serve(struct processes *ps, int ready)
{
	const struct timespec tick = { .tv_nsec = TICK_NS };
	sigset_t waited, before;
	unsigned ticks = 0;
	size_t i;
	pid_t pid;

	sigemptyset(&waited);
	for (i = 0; i < OBEYED_N; i++)
		sigaddset(&waited, OBEYED[i]);
	sigprocmask(SIG_BLOCK, &waited, &before);
	while (!told_to_end()) {
		renew_step(ps);
		process_start_due(ps);
		(void)ppoll(NULL, 0, &tick, &before);
		while ((pid = ready_next(ready)) != 0)
			process_serves(ps, pid);
		if (came(&got_child))
			process_reap(ps, true);
		if (came(&got_hup))
			process_reload(ps);
		if (came(&got_usr2))
			renew_want(ps);
		if (++ticks % TRIM_TICKS == 0)
			process_trim_errors(ps);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static const char USAGE[]
    = "Usage: dragoman-supervise DIR\n"
      "       dragoman-supervise DIR --run USER COMMAND [ARGUMENT ...]\n"
      "Runs what DIR/processes lists. Its lines, with a tab between two "
      "fields:\n"
      "  listen  SOCKET  ADDRESS  MODE  USER\n"
      "  run     NAME  COUNT  USER  ENV  [OPTION ...]  COMMAND  ARGUMENT "
      "...\n"
      "  worker  NAME  COUNT  USER  ENV  [OPTION ...]  COMMAND  ARGUMENT "
      "...\n"
      "  wait    PATH\n"
      "  stop    SECONDS\n"
      "USER: -, USER or USER:GROUP. OPTION: socket=SOCKET, reload=no.\n";

int
main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_signal };
	static struct table table;
	static struct processes processes;
	bool once = argc > 4 && strcmp(argv[2], "--run") == 0;
	int lock, ready;
	size_t i;

	if (argc < 2 || argv[1][0] == '-' || (argc > 2 && !once)) {
		fputs(USAGE, stderr);
		return 2;
	}
	if (chdir(argv[1]) == -1)
		say_fatal("cannot enter", argv[1]);
	if (once)
		child_once(argv[3], argv + 4);
	for (i = 0; i < OBEYED_N; i++)
		sigaction(OBEYED[i], &sa, NULL);
	table_read(&table, "processes");
	lock = pid_file_lock(table.stop_ms + FORMER_MORE_MS, told_to_end);
	/* What a killed nginx leaves becomes our child, and is reaped. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	ready = ready_open();
	sockets_open(&table);
	process_init(&processes, &table);
	say("started with %zu processes", processes.n);
	serve(&processes, ready);
	say("stopping");
	process_stop_all(&processes, told_twice);
	say("stopped");
	/* Not unlinked: who opened it a moment ago would lock a dead name. */
	(void)!ftruncate(lock, 0);
	return 0;
}
