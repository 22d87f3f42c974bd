/*
 * fcgi_client: the web server's side of FastCGI, for tests.
 */
#ifndef TESTS_FCGI_CLIENT_H
#define TESTS_FCGI_CLIENT_H

#include <fcgiapp.h>

#include "base/base.h"
#include "base/buf.h"

/* Send request 1; ${params} are "NAME=value", NULL ends.  ${body} NULL: none;
 * ${is_whole}: STDIN ends. */
void client_send(int fd, const char *const *params, const char *body,
    size_t len, bool is_whole);

/* Append what comes as STDOUT to ${out} until END_REQUEST (0) or the
 * connection's end (-1); after 5 s too (-1). */
int client_read(int fd, struct buf *out);

/* A socket pair: [0] the web server's end, [1] taken by libfcgi into ${f} as
 * edge.c does it, with the request read.  The caller sent it before. */
void client_pair(int fd[2]);
int client_take(FCGX_Request *f, int fd);

#endif
