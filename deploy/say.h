/*
 * say: what the supervisor has to say, and the end when it cannot go on.  It
 * uses nothing of libdragoman: it must outlive whatever is wrong there.
 */
#ifndef DEPLOY_SAY_H
#define DEPLOY_SAY_H

/* One line with the time, to standard error. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* "${what} ${detail}: " and errno's text, then exit 1. */
_Noreturn void say_fatal(const char *what, const char *detail);

#endif
