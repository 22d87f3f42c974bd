/*
 * supervise: what the supervisor's two files share.  It uses nothing of
 * libdragoman: it must outlive whatever is wrong there.
 */
#ifndef DEPLOY_SUPERVISE_H
#define DEPLOY_SUPERVISE_H

#include <signal.h>
#include <stdint.h>

/* Programs that are told to end have so long: more than server.drain's 30 s. */
#define STOP_MS 40000

extern volatile sig_atomic_t got_term;

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

#endif
