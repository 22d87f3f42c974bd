/*
 * ready: a worker says that it serves by "READY=1" to $NOTIFY_SOCKET, as to
 * systemd (sd_notify(3)).  Who says it the kernel tells.
 */
#ifndef DEPLOY_READY_H
#define DEPLOY_READY_H

#include <sys/types.h>

/* The socket; children find its name in $NOTIFY_SOCKET. */
int ready_open(void);
/* Who said so; 0: nobody (any more). */
pid_t ready_next(int fd);

#endif
