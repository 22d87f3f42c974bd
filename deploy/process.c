#include "deploy/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "deploy/child.h"
#include "deploy/monotonic.h"
#include "deploy/say.h"

#define AGAIN_SOON_MS 100  /* after a run of at least a second */
#define AGAIN_LATER_MS 900 /* after a shorter one: "within a second" */
#define LONG_RUN_MS 1000
#define WAIT_MS 5000 /* for a file; Redis makes its socket in one */
#define STOP_LOOK_MS 20
#define ERR_MAX (1024 * 1024) /* of a file of standard error */

void
process_init(struct processes *ps, const struct table *t)
{
	size_t i;
	int k;

	*ps = (struct processes){ .table = t, .begun_ms = monotonic_ms() };
	for (i = 0; i < t->nprograms; i++)
		for (k = 0; k < t->programs[i].count; k++) {
			if (ps->n == PROCESSES_MAX) {
				say("more than %d processes", PROCESSES_MAX);
				exit(1);
			}
			ps->list[ps->n++] = (struct process){
				.program = &t->programs[i],
				.number = k + 1,
				.err = -1
			};
		}
	/* A former one's, whose last process the lock has waited for. */
	if (t->wait_for != NULL)
		(void)unlink(t->wait_for);
}

static void
open_err(struct process *p)
{
	char path[128];

	snprintf(path, sizeof(path), "supervisor/%s.err", p->program->name);
	p->err = open(path,
	    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (p->err == -1) /* a full disk is no reason to give up */
		say("cannot write %s: %s", path, strerrordesc_np(errno));
}

static void
start(struct process *p)
{
	pid_t parent = getpid();

	if (p->err == -1)
		open_err(p);
	p->renew = false;  /* it begins with the newest program */
	p->reload = false; /* and configuration */
	p->ready = false;
	p->started_ms = monotonic_ms();
	p->pid = fork();
	if (p->pid == 0)
		child_run(p->program, p->err, parent);
	if (p->pid == -1) {
		say("cannot fork: %s", strerrordesc_np(errno));
		p->pid = 0;
		p->again_ms = monotonic_ms() + AGAIN_LATER_MS;
	}
}

/* True while ${p} waits, which it does once. */
static bool
waits(struct processes *ps, const struct process *p)
{
	const struct table *t = ps->table;

	if (t->wait_for == NULL || ps->waiting_ended
	    || p->program < &t->programs[t->waiting])
		return false;
	ps->waiting_ended = access(t->wait_for, F_OK) == 0
	    || monotonic_ms() - ps->begun_ms >= WAIT_MS;
	return !ps->waiting_ended;
}

void
process_start_due(struct processes *ps)
{
	struct process *p;

	for (p = ps->list; p < ps->list + ps->n; p++)
		if (p->pid == 0 && monotonic_ms() >= p->again_ms
		    && !waits(ps, p))
			start(p);
}

static struct process *
process_of(struct processes *ps, pid_t pid)
{
	struct process *p;

	for (p = ps->list; p < ps->list + ps->n; p++)
		if (p->pid == pid || p->former == pid)
			return p;
	return NULL;
}

void
process_serves(struct processes *ps, pid_t pid)
{
	struct process *p = process_of(ps, pid);

	if (p == NULL || p->pid != pid)
		return;
	p->ready = true;
	if (p->reload)
		kill(pid, SIGHUP);
	p->reload = false;
}

static void
ended(struct process *p, pid_t pid, int status, bool again)
{
	int64_t now = monotonic_ms();
	bool back = again && pid == p->pid;

	if (back || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		say("%s %d (%d) ended: %s %d%s", p->program->name, p->number,
		    (int)pid, WIFSIGNALED(status) ? "signal" : "exit",
		    WIFSIGNALED(status) ? WTERMSIG(status)
					: WEXITSTATUS(status),
		    back ? "; started again" : "");
	if (pid == p->former) {
		p->former = 0;
		return;
	}
	p->pid = 0;
	p->again_ms = now
	    + (now - p->started_ms >= LONG_RUN_MS ? AGAIN_SOON_MS
						  : AGAIN_LATER_MS);
}

void
process_reap(struct processes *ps, bool again)
{
	struct process *p;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		p = process_of(ps, pid);
		if (p == NULL)
			continue; /* an orphan, ours as subreaper */
		(void)kill(-pid, SIGKILL);
		ended(p, pid, status, again);
	}
}

/* SIGTERM or SIGKILL.  Who is told to end twice ends at once: a former one has
 * been told. */
static void
tell(const struct process *p, int sig)
{
	if (p->pid != 0)
		kill(p->pid, sig);
	if (p->former != 0 && (sig != SIGTERM || p->told_ms == 0))
		kill(p->former, sig);
}

void
process_reload(struct processes *ps)
{
	struct process *p;

	for (p = ps->list; p < ps->list + ps->n; p++) {
		if (!p->program->reload)
			continue;
		p->reload = p->program->worker && p->pid != 0 && !p->ready;
		if (p->pid != 0 && !p->reload)
			kill(p->pid, SIGHUP);
		if (p->former != 0)
			kill(p->former, SIGHUP);
	}
}

/* Those from ${first} up to ${end}. */
static void
stop_group(struct processes *ps, struct process *first,
    const struct process *end, bool (*hurry)(void))
{
	int64_t until = monotonic_ms() + ps->table->stop_ms;
	bool running = true;
	struct process *p;

	for (p = first; p < end; p++)
		tell(p, SIGTERM);
	while (running) {
		process_reap(ps, false);
		running = false;
		for (p = first; p < end; p++) {
			if (p->pid == 0 && p->former == 0)
				continue;
			running = true;
			if (monotonic_ms() > until || hurry())
				tell(p, SIGKILL);
		}
		if (running)
			poll(NULL, 0, STOP_LOOK_MS);
	}
}

void
process_stop_all(struct processes *ps, bool (*hurry)(void))
{
	struct process *end = ps->list + ps->n, *first;

	while (end > ps->list) {
		first = end - 1;
		while (first > ps->list
		    && strcmp(first[-1].program->name, end[-1].program->name)
			== 0)
			first--;
		stop_group(ps, first, end, hurry);
		end = first;
	}
}

static void
trim(int fd)
{
	struct stat sb;

	if (fd != -1 && fstat(fd, &sb) == 0 && S_ISREG(sb.st_mode)
	    && sb.st_size > ERR_MAX && (fcntl(fd, F_GETFL) & O_APPEND) != 0)
		(void)!ftruncate(fd, 0);
}

void
process_trim_errors(const struct processes *ps)
{
	const struct process *p;

	for (p = ps->list; p < ps->list + ps->n; p++)
		trim(p->err);
	/* Ours, too: what cannot start is told every second. */
	trim(STDERR_FILENO);
}
