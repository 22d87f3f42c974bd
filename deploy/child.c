#include "deploy/child.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "deploy/say.h"
#include "deploy/user.h"

#define SOCKETS_FROM 3 /* sd_listen_fds(3) */
#define NAMES_MAX 1024 /* of its sockets */
#define FILES_MAX 20000

extern char **environ;

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

/* A worker that cannot say that it serves would hold back SIGHUP and SIGUSR2
 * for ever: where it says so stays. */
static void
choose_environment(const struct table_program *p)
{
	const char *socket = getenv("NOTIFY_SOCKET");
	char *kept = socket != NULL ? strdup(socket) : NULL;

	if (strcmp(p->env, "-") != 0)
		leave_out(p->env);
	if (p->worker && kept != NULL)
		setenv("NOTIFY_SOCKET", kept, 1);
	free(kept);
}

/* As systemd does; what somebody gave to us is not for our children. */
static void
give_sockets(const struct table_program *p)
{
	char names[NAMES_MAX] = "", number[24];
	size_t i, len = 0;

	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	for (i = 0; i < p->nsockets; i++) {
		dup2(p->sockets[i]->fd, SOCKETS_FROM + (int)i);
		len += (size_t)snprintf(names + len, sizeof(names) - len,
		    "%s%s", i > 0 ? ":" : "", p->sockets[i]->name);
		if (len >= sizeof(names))
			say_fatal("too long names of sockets:", p->name);
	}
	if (i == 0)
		return;
	setenv("LISTEN_FDNAMES", names, 1);
	snprintf(number, sizeof(number), "%zu", i);
	setenv("LISTEN_FDS", number, 1);
	snprintf(number, sizeof(number), "%d", (int)getpid());
	setenv("LISTEN_PID", number, 1);
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
child_run(const struct table_program *p, int err, pid_t parent)
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
	dup2(err != -1 ? err : STDERR_FILENO, STDOUT_FILENO);
	dup2(STDOUT_FILENO, STDERR_FILENO);
	command = open_command(p->argv[0]);
	if (command == -1)
		say_fatal("cannot start", p->argv[0]);
	/* Above those that give_sockets takes. */
	command = fcntl(command, F_DUPFD_CLOEXEC, CHILD_FDS_FROM);
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
	choose_environment(p);
	give_sockets(p);
	user_become(p->user);
	/* Nobody is left behind when the supervisor is killed. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(0);
	execveat(command, "", p->argv, environ, AT_EMPTY_PATH);
	say_fatal("cannot start", p->argv[0]);
}

_Noreturn void
child_once(const char *user, char **argv)
{
	int command = open_command(argv[0]);

	if (command == -1)
		say_fatal("cannot start", argv[0]);
	user_become(user);
	execveat(command, "", argv, environ, AT_EMPTY_PATH);
	say_fatal("cannot start", argv[0]);
}
