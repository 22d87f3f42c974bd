/*
 * child: what a process is before its command runs.
 */
#ifndef DEPLOY_CHILD_H
#define DEPLOY_CHILD_H

#include <sys/types.h>

#include "deploy/table.h"

/* Our descriptors are from here on: a child's sockets are below. */
#define CHILD_FDS_FROM 10

/*
 * After fork: become what ${p} is, with ${err} as standard output and error
 * (-1: ours).  Exits if the parent is not ${parent} any more; the
 * end is told on standard error where it cannot start.
 */
_Noreturn void child_run(const struct table_program *p, int err, pid_t parent);
/* Become ${user} and run ${argv}. */
_Noreturn void child_once(const char *user, char **argv);

#endif
