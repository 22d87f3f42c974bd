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
 *   worker  NAME  COUNT  USER  ENV  COMMAND  ARGUMENT ...
 *   wait    PATH                              those below start when it is
 *                                             there, or after five seconds
 *   stop    SECONDS                           for each group, then SIGKILL
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
 * SIGUSR2 renews the workers: of each another one is started, and when that
 * says that it serves (sd_notify(3)) the former is told to end.  Somebody
 * always serves, and a program that cannot run replaces nobody.
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
#include "deploy/supervise.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PROCESSES_MAX 64
#define ARGUMENTS_MAX 32
#define LINE_MAX_BYTES 4096
#define BACKLOG 4096          /* the kernel cuts it to net.core.somaxconn */
#define AGAIN_SOON_MS 100     /* after a run of at least a second */
#define AGAIN_LATER_MS 900    /* after a shorter one: "within a second" */
#define WAIT_MS 5000          /* for a file; Redis makes its socket in one */
#define ERR_MAX (1024 * 1024) /* of a file of standard error */

static struct process processes[PROCESSES_MAX];
static size_t nprocesses;
static int listener = -1, ready = -1;
static char *listen_at[3];   /* path, mode, user; NULL: none */
static const char *wait_for; /* a path; NULL: none waits */
static size_t waiting;       /* the first process that does */
int64_t stop_ms = STOP_MS;
static volatile sig_atomic_t got_hup, got_usr2, got_child;
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
	else if (sig == SIGUSR2)
		got_usr2 = 1;
	else
		got_term = got_term < 2 ? got_term + 1 : 2;
}

/* The table */

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
			.worker = strcmp(fields[0], "worker") == 0,
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
		if (n == 4 && strcmp(fields[0], "listen") == 0) {
			memcpy(listen_at, fields + 1, sizeof(listen_at));
			copy = NULL; /* its fields live there */
		} else if (n == 2 && strcmp(fields[0], "wait") == 0) {
			wait_for = fields[1];
			waiting = nprocesses;
			copy = NULL;
		} else if (n == 2 && strcmp(fields[0], "stop") == 0) {
			stop_ms = strtol(fields[1], NULL, 10);
			if (stop_ms < 1 || stop_ms > STOP_MAX_S)
				goto bad;
			stop_ms *= 1000;
		} else if (n >= 6
		    && (strcmp(fields[0], "run") == 0
			|| strcmp(fields[0], "worker") == 0)) {
			add_process(fields, n);
			copy = NULL;
		} else if (line[0] != '\0' && line[0] != '#')
			goto bad;
		free(copy);
		continue;
	bad:
		say("not understood in processes: %s", line);
		exit(1);
	}
	fclose(f);
}

/* Starting */

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
	p->renew = false; /* it begins with the newest program */
	p->ready = false;
	p->started_ms = now_ms();
	p->pid = fork();
	if (p->pid == 0)
		child_run(p, listener, parent);
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
		if (processes[i].pid == pid || processes[i].former == pid)
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
		bool back;

		if (p == NULL)
			continue; /* an orphan, ours as subreaper */
		(void)kill(-pid, SIGKILL);
		back = again && pid == p->pid;
		if (back || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
			say("%s %d (%d) ended: %s %d%s", p->name, p->number,
			    (int)pid, WIFSIGNALED(status) ? "signal" : "exit",
			    WIFSIGNALED(status) ? WTERMSIG(status)
						: WEXITSTATUS(status),
			    back ? "; started again" : "");
		if (pid == p->former) {
			p->former = 0;
			continue;
		}
		p->pid = 0;
		p->again_ms = now
		    + (now - p->started_ms >= 1000 ? AGAIN_SOON_MS
						   : AGAIN_LATER_MS);
	}
}

/* Who is told to end twice ends at once: a former one has been told. */
static void
tell(const struct process *p, int sig)
{
	if (p->pid != 0)
		kill(p->pid, sig);
	if (p->former != 0 && (sig != SIGTERM || p->told_ms == 0))
		kill(p->former, sig);
}

/* Stop the processes from ${first} to ${last}. */
static void
stop_group(size_t first, size_t last)
{
	int64_t until = now_ms() + stop_ms;
	bool running = true;
	size_t i;

	for (i = first; i <= last; i++)
		tell(&processes[i], SIGTERM);
	while (running) {
		reap(false);
		running = false;
		for (i = first; i <= last; i++) {
			if (processes[i].pid == 0 && processes[i].former == 0)
				continue;
			running = true;
			if (now_ms() > until || got_term > 1)
				tell(&processes[i], SIGKILL);
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
		if (strcmp(processes[i].name, "redis") != 0)
			tell(&processes[i], SIGHUP);
}

/* Renewing */

static void
want_renewal(void)
{
	size_t i;

	got_usr2 = 0;
	say("renewing the workers");
	for (i = 0; i < nprocesses; i++)
		processes[i].renew = processes[i].worker;
}

/* One generation beside the other: no third while the first still ends. */
static void
renew(struct process *p)
{
	int64_t now = now_ms();

	if (p->renew && p->pid != 0 && p->former == 0) {
		p->renew = false;
		p->former = p->pid;
		p->told_ms = 0;
		p->pid = 0;
		p->again_ms = 0;
		return;
	}
	if (p->former == 0)
		return;
	if (p->told_ms == 0) {
		if (p->pid == 0 || !p->ready)
			return;
		say("%s %d: %d follows %d", p->name, p->number, (int)p->pid,
		    (int)p->former);
		p->told_ms = now;
		kill(p->former, SIGTERM);
	} else if (now - p->told_ms > stop_ms)
		kill(p->former, SIGKILL);
}

static void
trim(int fd)
{
	struct stat sb;

	if (fd != -1 && fstat(fd, &sb) == 0 && S_ISREG(sb.st_mode)
	    && sb.st_size > ERR_MAX && (fcntl(fd, F_GETFL) & O_APPEND) != 0)
		(void)!ftruncate(fd, 0);
}

/* Standard error is for what could not be logged: keep it small.  Ours, too:
 * what cannot start is told every second. */
static void
trim_errors(void)
{
	size_t i;

	for (i = 0; i < nprocesses; i++)
		trim(processes[i].err);
	trim(STDERR_FILENO);
}

static void
read_ready(void)
{
	struct process *p;
	pid_t pid;

	while ((pid = ready_next(ready)) != 0) {
		p = process_of(pid);
		if (p != NULL && p->pid == pid)
			p->ready = true;
	}
}

/* True while the ${i}th process waits, which it does once. */
static bool
waits(size_t i, int64_t since_ms)
{
	if (wait_for == NULL || i < waiting)
		return false;
	if (access(wait_for, F_OK) == -1 && now_ms() - since_ms < WAIT_MS)
		return true;
	waiting = nprocesses; /* over: it may be gone later */
	return false;
}

static void
serve(void)
{
	sigset_t waited, before;
	struct timespec tick = { .tv_nsec = 50000000 };
	size_t i;
	unsigned ticks = 0;
	int64_t begun_ms = now_ms();

	/* A former one's, whose last process the lock has waited for. */
	if (wait_for != NULL)
		(void)unlink(wait_for);
	sigemptyset(&waited);
	sigaddset(&waited, SIGTERM);
	sigaddset(&waited, SIGINT);
	sigaddset(&waited, SIGHUP);
	sigaddset(&waited, SIGUSR2);
	sigaddset(&waited, SIGCHLD);
	sigprocmask(SIG_BLOCK, &waited, &before);
	while (!got_term) {
		for (i = 0; i < nprocesses; i++) {
			renew(&processes[i]);
			if (processes[i].pid == 0
			    && now_ms() >= processes[i].again_ms
			    && !waits(i, begun_ms))
				start(&processes[i]);
		}
		(void)ppoll(NULL, 0, &tick, &before);
		read_ready();
		if (got_child)
			reap(true);
		if (got_hup)
			pass_hup();
		if (got_usr2)
			want_renewal();
		if (++ticks % 200 == 0)
			trim_errors();
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
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
		      "Runs what DIR/processes lists. Its lines, with a tab "
		      "between two fields:\n"
		      "  listen  ADDRESS  MODE  USER\n"
		      "  run     NAME  COUNT  USER  ENV  COMMAND  ARGUMENT "
		      "...\n"
		      "  worker  NAME  COUNT  USER  ENV  COMMAND  ARGUMENT "
		      "...\n"
		      "  stop    SECONDS\n",
		    stderr);
		return 2;
	}
	if (chdir(argv[1]) == -1)
		die("cannot enter", argv[1]);
	if (once)
		child_once(argv[3], argv + 4);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	sigaction(SIGUSR2, &sa, NULL);
	sigaction(SIGCHLD, &sa, NULL);
	read_table();
	lock = pid_file_lock();
	/* What a killed nginx leaves becomes our child, and is reaped. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	ready = ready_open();
	if (listen_at[0] != NULL)
		open_listener(listen_at[0], listen_at[1], listen_at[2]);
	say("started with %zu processes", nprocesses);
	serve();
	say("stopping");
	stop_all();
	say("stopped");
	/* Not unlinked: who opened it a moment ago would lock a dead name. */
	(void)!ftruncate(lock, 0);
	return 0;
}
