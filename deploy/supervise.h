/*
 * supervise: what the supervisor's files share.  It uses nothing of
 * libdragoman: it must outlive whatever is wrong there.
 */
#ifndef DEPLOY_SUPERVISE_H
#define DEPLOY_SUPERVISE_H

#include <sys/types.h>

#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* Programs that are told to end have so long, if the table does not say
 * otherwise: more than server.drain's 30 s. */
#define STOP_MS 40000
#define STOP_MAX_S 4000 /* server.drain is at most an hour */

struct process {
	const char *name;
	int number;       /* of those of this name, from 1 */
	bool worker;      /* its next generation may run beside it */
	const char *user; /* "-": ours */
	const char *env;  /* "-": all of ours, "none", or what is left out */
	char **argv;      /* NULL-terminated */
	pid_t pid;        /* 0: not running */
	int64_t started_ms, again_ms;
	bool ready;      /* ${pid} said that it serves */
	bool renew;      /* SIGUSR2 came */
	pid_t former;    /* the generation before ${pid}, 0: ended */
	int64_t told_ms; /* when ${former} was told to end, 0: not yet */
	int err;         /* its standard output and error, -1: ours */
};

extern volatile sig_atomic_t got_term;
extern int64_t stop_ms;

/* One line with the time, to standard error. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* "${what} ${detail}: " and errno's text, then exit 1. */
_Noreturn void die(const char *what, const char *detail);
int64_t now_ms(void); /* monotonic */

/*
 * pid_file.c.  Make this process the one supervisor of the current folder and
 * wait until nothing of a former one runs.  Returns the descriptor that holds
 * the lock; exits with 3 when another supervisor runs here.
 */
int pid_file_lock(void);

/*
 * child.c.  After fork: become what ${p} is.  Exits if the parent is not
 * ${parent} any more; the end is told on standard error where it cannot start.
 */
_Noreturn void child_run(const struct process *p, int listener, pid_t parent);
/* Become ${user} and run ${argv}. */
_Noreturn void child_once(const char *user, char **argv);
/* NULL: "-".  Exits when there is no such user. */
struct passwd *user_of(const char *name);

/* ready.c.  The socket on which workers say that they serve; children find its
 * name in $NOTIFY_SOCKET. */
int ready_open(void);
/* Who said so; 0: nobody (any more). */
pid_t ready_next(int fd);

#endif
