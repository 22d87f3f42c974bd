/*
 * child: what a process is before its command runs.
 */
#include "deploy/supervise.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <fcntl.h>
#include <fnmatch.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SOCKET_FD 3
#define FILES_MAX 20000

extern char **environ;

struct passwd *
user_of(const char *name)
{
	struct passwd *pw;

	if (strcmp(name, "-") == 0)
		return NULL;
	pw = getpwnam(name);
	if (pw == NULL) {
		say("no such user: %s", name);
		exit(1);
	}
	return pw;
}

static bool
is_left_out(const char *entry, const char *names)
{
	char *list = strdup(names), *rest = list, *pattern;
	char *name = strndup(entry, strcspn(entry, "="));
	bool left_out = false;

	if (list == NULL || name == NULL)
		abort();
	while ((pattern = strsep(&rest, ",")) != NULL)
		left_out = left_out || fnmatch(pattern, name, 0) == 0;
	free(list);
	free(name);
	return left_out;
}

static void
leave_out(const char *names)
{
	char **e, **kept = environ;

	if (strcmp(names, "-") == 0)
		return;
	if (strcmp(names, "none") == 0) {
		clearenv();
		setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
		return;
	}
	for (e = environ; *e != NULL; e++)
		if (!is_left_out(*e, names))
			*kept++ = *e;
	*kept = NULL;
}

static void
become(const char *user)
{
	struct passwd *pw;

	if (geteuid() != 0)
		return;
	pw = user_of(user);
	if (pw == NULL)
		return;
	if (initgroups(pw->pw_name, pw->pw_gid) == -1
	    || setgid(pw->pw_gid) == -1 || setuid(pw->pw_uid) == -1)
		die("cannot become", user);
}

static int
open_command(const char *name)
{
	char path[PATH_MAX], dirs[] = "/usr/sbin:/usr/bin:/sbin:/bin";
	char *rest = dirs, *dir;
	int fd;

	if (strchr(name, '/') != NULL)
		return open(name, O_PATH | O_CLOEXEC);
	while ((dir = strsep(&rest, ":")) != NULL) {
		snprintf(path, sizeof(path), "%s/%s", dir, name);
		fd = open(path, O_PATH | O_CLOEXEC);
		if (fd != -1)
			return fd;
	}
	return -1;
}

_Noreturn void
child_run(const struct process *p, int listener, pid_t parent)
{
	struct rlimit files;
	sigset_t none;
	int command, null;

	setpgid(0, 0);
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	signal(SIGUSR2, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	dup2(null, STDIN_FILENO);
	dup2(p->err != -1 ? p->err : STDERR_FILENO, STDOUT_FILENO);
	dup2(STDOUT_FILENO, STDERR_FILENO);
	command = open_command(p->argv[0]);
	if (command == -1)
		die("cannot start", p->argv[0]);
	/* Above SOCKET_FD, which dup2 is about to take. */
	command = fcntl(command, F_DUPFD_CLOEXEC, 10);
	if (listener != -1)
		dup2(listener, SOCKET_FD);
	/* Thousands of parked requests; as many as are allowed. */
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max < FILES_MAX ? files.rlim_max
							    : FILES_MAX;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	/* Who is woken waits for its share instead of driving another out: with
	 * warm caches, a tenth less time goes into a turn under load. */
	(void)sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){ 0 });
	/* libcurl brings GnuTLS along for protocols that nobody speaks here: it
	 * is not to take 1 MB of each worker when it is loaded. */
	setenv("GNUTLS_NO_IMPLICIT_INIT", "1", 0);
	leave_out(p->env);
	become(p->user);
	/* Nobody is left behind when the supervisor is killed. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(0);
	execveat(command, "", p->argv, environ, AT_EMPTY_PATH);
	die("cannot start", p->argv[0]);
}

_Noreturn void
child_once(const char *user, char **argv)
{
	int command = open_command(argv[0]);

	if (command == -1)
		die("cannot start", argv[0]);
	become(user);
	execveat(command, "", argv, environ, AT_EMPTY_PATH);
	die("cannot start", argv[0]);
}
