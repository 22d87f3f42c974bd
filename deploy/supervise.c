/*
 * dragoman-supervise: starts processes and starts them again when they end.
 *
 *   dragoman-supervise DIR
 *   dragoman-supervise DIR --run USER COMMAND ARGUMENT ...
 *
 * DIR/processes has a line a process, fields separated by tabs, in the order
 * of starting (stopping is the reverse):
 *
 *   listen  ADDRESS  MODE  USER              a unix socket held open here
 *   run     NAME  COUNT  USER  ENV  COMMAND  ARGUMENT ...
 *
 * USER is an existing user or "-".  ENV is "-" (all of ours), "none", or
 * names (NAME,NAME*) that are left out.  Every process runs in DIR, so paths
 * may be relative: neither long paths nor parents that only root may enter
 * matter.  COMMAND is opened before the user is changed, for the same reason.
 * A process finds the socket as descriptor 3.
 *
 * The sockets live as long as this process: connections wait in them while
 * any worker is started again.  Nothing here gives up: a process that ends is
 * started again within a second, for ever, and what it left in its process
 * group (nginx's workers, when its master was killed) ends with it.  SIGTERM
 * stops all in order, SIGHUP is passed on.
 *
 * DIR/supervisor.pid is locked twice: by this process alone, so that there is
 * one; and by whoever inherited a descriptor of it, so that the next
 * supervisor begins when the last process of this one has gone.  Two Redis
 * writing one file would be the end of both.
 *
 * DIR/supervisor/NAME.err gets what a process writes to standard error.  No
 * folder that this process writes to belongs to one of the users above: a
 * worker that was taken over must not lead root's writes elsewhere.
 *
 * With --run it only becomes USER in DIR and runs COMMAND: what a worker would
 * find is tried so before the start.
 */
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "deploy/supervise.h"

#define PROCESSES_MAX 64
#define ARGUMENTS_MAX 32
#define LINE_MAX_BYTES 4096
#define BACKLOG 4096	    /* the kernel cuts it to net.core.somaxconn */
#define AGAIN_SOON_MS 100   /* after a run of at least a second */
#define AGAIN_LATER_MS 900  /* after a shorter one: "within a second" */
#define ERR_MAX (1024 * 1024) /* of a file of standard error */
#define SOCKET_FD 3
#define FILES_MAX 20000

extern char **environ;

struct process {
	char *name;
	int number;
	const char *user;
	const char *env;
	char **argv; /* NULL-terminated */
	pid_t pid;   /* 0: not running */
	int64_t started_ms, again_ms;
	int err;
};

static struct process processes[PROCESSES_MAX];
static size_t nprocesses;
static int listener = -1;
static volatile sig_atomic_t got_hup, got_child;
volatile sig_atomic_t got_term;

void
say(const char *fmt, ...)
{
	char line[512];
	time_t now = time(NULL);
	struct tm tm;
	va_list ap;
	size_t n;

	gmtime_r(&now, &tm);
	n = strftime(line, sizeof(line), "%Y-%m-%dT%H:%M:%SZ ", &tm);
	va_start(ap, fmt);
	vsnprintf(line + n, sizeof(line) - n - 1, fmt, ap);
	va_end(ap);
	n = strlen(line);
	line[n++] = '\n';
	(void)!write(STDERR_FILENO, line, n);
}

_Noreturn void
die(const char *what, const char *detail)
{
	say("%s %s: %s", what, detail, strerrordesc_np(errno));
	exit(1);
}

int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
on_signal(int sig)
{
	if (sig == SIGCHLD)
		got_child = 1;
	else if (sig == SIGHUP)
		got_hup = 1;
	else
		got_term = got_term < 2 ? got_term + 1 : 2;
}

/* The table */

static struct passwd *
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

static void
open_listener(const char *path, const char *mode, const char *user)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct passwd *pw = user_of(user);

	if (strlen(path) >= sizeof(sun.sun_path)) {
		say("socket path too long: %s", path);
		exit(1);
	}
	memcpy(sun.sun_path, path, strlen(path) + 1);
	(void)unlink(path); /* ours: the lock says that nobody else runs */
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener == -1
	    || bind(listener, (struct sockaddr *)&sun, sizeof(sun)) == -1
	    || chmod(path, (mode_t)strtol(mode, NULL, 8)) == -1
	    || (pw != NULL && geteuid() == 0
		&& chown(path, pw->pw_uid, pw->pw_gid) == -1)
	    || listen(listener, BACKLOG) == -1)
		die("cannot listen on", path);
	/* Out of the way of SOCKET_FD in the children. */
	listener = fcntl(listener, F_DUPFD_CLOEXEC, 10);
}

static void
add_process(char **fields, size_t n)
{
	int count = (int)strtol(fields[2], NULL, 10), i;
	char **argv;

	argv = calloc(n - 5 + 1, sizeof(*argv));
	if (argv == NULL)
		abort();
	memcpy(argv, fields + 5, (n - 5) * sizeof(*argv));
	for (i = 0; i < count; i++) {
		if (nprocesses == PROCESSES_MAX) {
			say("more than %d processes", PROCESSES_MAX);
			exit(1);
		}
		processes[nprocesses++] = (struct process){ .name = fields[1],
			.number = i + 1,
			.user = fields[3],
			.env = fields[4],
			.argv = argv,
			.err = -1 };
	}
}

static void
read_table(void)
{
	FILE *f = fopen("processes", "re");
	char line[LINE_MAX_BYTES];

	if (f == NULL)
		die("cannot read", "processes");
	while (fgets(line, sizeof(line), f) != NULL) {
		char *fields[ARGUMENTS_MAX], *copy, *rest, *field;
		size_t n = 0;

		line[strcspn(line, "\n")] = '\0';
		copy = strdup(line);
		if (copy == NULL)
			abort();
		rest = copy;
		while (n < ARGUMENTS_MAX - 1
		    && (field = strsep(&rest, "\t")) != NULL)
			fields[n++] = field;
		if (n == 4 && strcmp(fields[0], "listen") == 0)
			open_listener(fields[1], fields[2], fields[3]);
		else if (n >= 6 && strcmp(fields[0], "run") == 0) {
			add_process(fields, n);
			copy = NULL; /* its fields live there */
		} else if (line[0] != '\0' && line[0] != '#') {
			say("not understood in processes: %s", line);
			exit(1);
		}
		free(copy);
	}
	fclose(f);
}

/* Starting */

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
	char path[LINE_MAX_BYTES], dirs[] = "/usr/sbin:/usr/bin:/sbin:/bin";
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

static _Noreturn void
child(struct process *p, pid_t parent)
{
	struct rlimit files;
	sigset_t none;
	int command, null;

	setpgid(0, 0);
	signal(SIGTERM, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
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

static void
start(struct process *p)
{
	char path[128];
	pid_t parent = getpid();

	if (p->err == -1) {
		snprintf(path, sizeof(path), "supervisor/%s.err", p->name);
		p->err = open(path,
		    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
		    0600);
		if (p->err == -1) /* a full disk is no reason to give up */
			say("cannot write %s: %s", path,
			    strerrordesc_np(errno));
	}
	p->started_ms = now_ms();
	p->pid = fork();
	if (p->pid == 0)
		child(p, parent);
	if (p->pid == -1) {
		say("cannot fork: %s", strerrordesc_np(errno));
		p->pid = 0;
		p->again_ms = now_ms() + AGAIN_LATER_MS;
	}
}

/* Ending */

static struct process *
process_of(pid_t pid)
{
	size_t i;

	for (i = 0; i < nprocesses; i++)
		if (processes[i].pid == pid)
			return &processes[i];
	return NULL;
}

static void
reap(bool again)
{
	int status;
	pid_t pid;

	got_child = 0;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct process *p = process_of(pid);
		int64_t now = now_ms();

		if (p == NULL)
			continue; /* an orphan, ours as subreaper */
		(void)kill(-pid, SIGKILL);
		p->pid = 0;
		p->again_ms = now
		    + (now - p->started_ms >= 1000 ? AGAIN_SOON_MS
						   : AGAIN_LATER_MS);
		if (again || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
			say("%s %d (%d) ended: %s %d%s", p->name, p->number,
			    (int)pid, WIFSIGNALED(status) ? "signal" : "exit",
			    WIFSIGNALED(status) ? WTERMSIG(status)
						: WEXITSTATUS(status),
			    again ? "; started again" : "");
	}
}

/* Stop the processes from ${first} to ${last}. */
static void
stop_group(size_t first, size_t last)
{
	int64_t until = now_ms() + STOP_MS;
	bool running = true;
	size_t i;

	for (i = first; i <= last; i++)
		if (processes[i].pid != 0)
			kill(processes[i].pid, SIGTERM);
	while (running) {
		reap(false);
		running = false;
		for (i = first; i <= last; i++) {
			if (processes[i].pid == 0)
				continue;
			running = true;
			if (now_ms() > until || got_term > 1)
				kill(processes[i].pid, SIGKILL);
		}
		if (running)
			poll(NULL, 0, 20);
	}
}

/* In the reverse order of starting, those of one name together. */
static void
stop_all(void)
{
	size_t last = nprocesses, first;

	while (last > 0) {
		first = last - 1;
		while (first > 0
		    && strcmp(processes[first - 1].name,
			   processes[last - 1].name)
			== 0)
			first--;
		stop_group(first, last - 1);
		last = first;
	}
}

static void
pass_hup(void)
{
	size_t i;

	got_hup = 0;
	for (i = 0; i < nprocesses; i++)
		if (processes[i].pid != 0
		    && strcmp(processes[i].name, "redis") != 0)
			kill(processes[i].pid, SIGHUP);
}

/* Standard error is for what could not be logged: keep it small. */
static void
trim_errors(void)
{
	struct stat sb;
	size_t i;

	for (i = 0; i < nprocesses; i++)
		if (processes[i].err != -1
		    && fstat(processes[i].err, &sb) == 0
		    && sb.st_size > ERR_MAX)
			(void)!ftruncate(processes[i].err, 0);
}

static void
serve(void)
{
	sigset_t waited, before;
	struct timespec tick = { .tv_nsec = 50000000 };
	size_t i;
	int ticks = 0;

	sigemptyset(&waited);
	sigaddset(&waited, SIGTERM);
	sigaddset(&waited, SIGINT);
	sigaddset(&waited, SIGHUP);
	sigaddset(&waited, SIGCHLD);
	sigprocmask(SIG_BLOCK, &waited, &before);
	while (!got_term) {
		for (i = 0; i < nprocesses; i++)
			if (processes[i].pid == 0
			    && now_ms() >= processes[i].again_ms)
				start(&processes[i]);
		(void)ppoll(NULL, 0, &tick, &before);
		if (got_child)
			reap(true);
		if (got_hup)
			pass_hup();
		if (++ticks % 200 == 0)
			trim_errors();
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static _Noreturn void
run_once(const char *user, char **argv)
{
	int command = open_command(argv[0]);

	if (command == -1)
		die("cannot start", argv[0]);
	become(user);
	execveat(command, "", argv, environ, AT_EMPTY_PATH);
	die("cannot start", argv[0]);
}

int
main(int argc, char **argv)
{
	struct sigaction sa = { .sa_handler = on_signal };
	bool once = argc > 4 && strcmp(argv[2], "--run") == 0;
	int lock;

	if (argc < 2 || argv[1][0] == '-' || (argc > 2 && !once)) {
		fputs("Usage: dragoman-supervise DIR\n"
		      "       dragoman-supervise DIR --run USER COMMAND "
		      "[ARGUMENT ...]\n"
		      "Runs what DIR/processes lists; see deploy/README.md.\n",
		    stderr);
		return 2;
	}
	if (chdir(argv[1]) == -1)
		die("cannot enter", argv[1]);
	if (once)
		run_once(argv[3], argv + 4);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	sigaction(SIGCHLD, &sa, NULL);
	lock = pid_file_lock();
	/* What a killed nginx leaves becomes our child, and is reaped. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	read_table();
	say("started with %zu processes", nprocesses);
	serve();
	say("stopping");
	stop_all();
	say("stopped");
	/* Not unlinked: who opened it a moment ago would lock a dead name. */
	(void)!ftruncate(lock, 0);
	return 0;
}
