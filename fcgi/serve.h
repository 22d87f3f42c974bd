/*
 * serve: one connection, from its head to its answer.
 *
 * The thread that accepted it reads the head and finds its route; then the
 * route's class says which thread goes on (class.h).
 */
#ifndef FCGI_SERVE_H
#define FCGI_SERVE_H

#include "base/base.h"

struct classes;
struct edge;
struct route;

struct serving {
	struct edge *edge;
	const struct route *routes;
	struct classes *classes; /* NULL: plain CGI */
};

/* Once, before the others.  -1: libfcgi or threads can't be had. */
int serve_init(void) WARN_UNUSED;

/* Serve the accepted connection ${fd}, which is taken; ${ctx} is a struct
 * serving. */
void serve_connection(void *ctx, int fd);

/* Serve the one request of plain CGI.  -1: not all of it could be written. */
int serve_standard_input(const struct serving *sv) WARN_UNUSED;

#endif
