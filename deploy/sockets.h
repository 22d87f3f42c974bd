/*
 * sockets: those that the supervisor holds open.  They live as long as it does:
 * connections wait in them while who serves them is started again.
 */
#ifndef DEPLOY_SOCKETS_H
#define DEPLOY_SOCKETS_H

#include "deploy/table.h"

/* Opens the socket of ${t}; its descriptor, or -1 where there is none.  Said,
 * and exit 1, if it cannot. */
int sockets_open(const struct table *t);

#endif
