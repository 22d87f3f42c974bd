/*
 * accept: the threads that accept from the listening socket (listen.h).
 *
 * A thread that has nothing to do blocks in accept itself: the kernel wakes
 * one of them, in whatever process, and no request is handed from thread to
 * thread.  At most ACCEPT_WAIT of them wait there: the kernel wakes them in
 * turn, so that with many each connection would find a cold one asleep.  The
 * others are spare.  A thread that takes a connection and leaves nobody waiting
 * calls a spare one or starts another, up to ${max} (those of all classes that
 * accept: class.h); one that was idle for ACCEPT_IDLE_MS ends.  accept times out every ACCEPT_LOOK_MS (SO_RCVTIMEO
 * holds for it too), because a thread blocked in it could not be woken when
 * the process drains: the socket belongs to other processes as well.
 */
#ifndef FCGI_ACCEPT_H
#define FCGI_ACCEPT_H

#include "base/base.h"

#define ACCEPT_LOOK_MS 250
#define ACCEPT_IDLE_MS 10000
#define ACCEPT_KEEP 4 /* threads that stay */
#define ACCEPT_WAIT 4 /* threads that wait in accept */

struct acceptor;

/* Call ${serve}(${ctx}, fd) for each connection; it owns fd. */
struct acceptor *accept_start(int listener, int max,
    void (*serve)(void *ctx, int fd), void *ctx) WARN_UNUSED;
int accept_threads(struct acceptor *a);
/* Accept no more; wait for the running ones, at most ${wait_ms}. 0: all
 * ended; else it may be called again. */
int accept_stop(struct acceptor *a, int wait_ms) WARN_UNUSED;
void accept_free(struct acceptor *a); /* after accept_stop returned 0 */

/* Close a connection that was answered.  What nginx sent and nobody reads (the
 * end of an empty body) would reset it: that is taken out first. */
void accept_close(int fd);

#endif
