/*
 * sockets: those that the supervisor holds open.  They live as long as it does:
 * connections wait in them while who serves them is started again.
 */
#ifndef DEPLOY_SOCKETS_H
#define DEPLOY_SOCKETS_H

#include "deploy/table.h"

/* Opens those of ${t}, their descriptors into it.  Said, and exit 1, if one
 * cannot be. */
void sockets_open(struct table *t);

#endif
