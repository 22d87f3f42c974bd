/*
 * listen: the socket that the web server connects to: opened here, or one that
 * a supervisor holds.
 */
#ifndef FCGI_LISTEN_H
#define FCGI_LISTEN_H

#include "base/base.h"

/*
 * Open ${address}: "unix:/path", "host:port", "[::1]:port", "fd:N",
 * "socket:NAME" (base/inherit.h).  A listening socket on descriptor 0 goes
 * before all but the last two.  accept times out on it every ACCEPT_LOOK_MS
 * (accept.h).  -1: logged.  ${is_public}: reachable beyond this machine.
 */
int listen_open(const char *address, bool *is_public) WARN_UNUSED;

#endif
