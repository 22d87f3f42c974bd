#include "fcgi/accept.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cond.h"
#include "base/inherit.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/pool.h"
#include "base/text.h"

#define BACKLOG 4096    /* the kernel cuts it to net.core.somaxconn */
#define FULL_WAIT_MS 50 /* no descriptors left: until some are given back */
#define IO_TIMEOUT_S 30 /* of a connection in mid-request */

struct acceptor {
	int listener, max;
	void (*serve)(void *ctx, int fd);
	void *ctx;
	pthread_mutex_t mu;
	pthread_cond_t ended, called;
	int threads, spares, calls; /* under mu */
	bool is_tcp;
	_Atomic int waiting; /* in accept, or on the way there */
	_Atomic bool stopping;
	_Atomic int64_t full_logged_ms;
};

static int
listen_unix(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(sun.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(sun.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	/* One that nobody listens on any more is left over; a live one is
	 * another's. */
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0) {
		close(fd);
		errno = EADDRINUSE;
		return -1;
	}
	if (errno == ECONNREFUSED)
		(void)unlink(path);
	close(fd);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1 || bind(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1
	    || chmod(path, 0660) == -1 || listen(fd, BACKLOG) == -1) {
		if (fd != -1)
			close(fd);
		return -1;
	}
	return fd;
}

static int
listen_tcp(const char *address)
{
	struct addrinfo hints = { .ai_flags = AI_PASSIVE,
		.ai_socktype = SOCK_STREAM },
			*list = NULL, *ai;
	char host[256];
	const char *colon = strrchr(address, ':');
	int fd = -1, one = 1;
	size_t len;

	if (colon == NULL || (size_t)(colon - address) >= sizeof(host)) {
		errno = EINVAL;
		return -1;
	}
	len = (size_t)(colon - address);
	memcpy(host, address, len);
	host[len] = '\0';
	if (len >= 2 && host[0] == '[' && host[len - 1] == ']') {
		host[len - 1] = '\0';
		memmove(host, host + 1, len - 1);
	}
	if (getaddrinfo(host[0] == '\0' ? NULL : host, colon + 1, &hints, &list)
	    != 0) {
		errno = EADDRNOTAVAIL;
		return -1;
	}
	for (ai = list; ai != NULL && fd == -1; ai = ai->ai_next) {
		fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd == -1)
			continue;
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		if (bind(fd, ai->ai_addr, ai->ai_addrlen) == -1
		    || listen(fd, BACKLOG) == -1) {
			close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(list);
	return fd;
}

static bool
is_listening(int fd)
{
	socklen_t len = sizeof(int);
	int yes = 0;

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &yes, &len) == 0
	    && yes != 0;
}

/* Asked of the socket itself: an inherited one has no address to read. */
static bool
listens_publicly(int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
		struct sockaddr_storage room;
	} at = { 0 };
	socklen_t len = sizeof(at);

	if (getsockname(fd, &at.any, &len) == -1)
		return true;
	if (at.any.sa_family == AF_INET)
		return ntohl(at.v4.sin_addr.s_addr) >> 24 != 127;
	if (at.any.sa_family == AF_INET6)
		return !IN6_IS_ADDR_LOOPBACK(&at.v6.sin6_addr);
	return at.any.sa_family != AF_UNIX;
}

int
accept_listen(const char *address, bool *is_public)
{
	struct timeval look = { .tv_usec = ACCEPT_LOOK_MS * 1000 };
	int64_t n = 0;
	int fd;

	*is_public = false;
	errno = EBADF;
	if (strncmp(address, "fd:", 3) == 0)
		fd = text_int(address + 3, &n) == 0 && n >= 0 && n <= INT_MAX
			&& is_listening((int)n)
		    ? (int)n
		    : -1;
	else if (strncmp(address, "socket:", 7) == 0) {
		fd = inherit_socket(address + 7);
		fd = fd != -1 && is_listening(fd) ? fd : -1;
	} else if (is_listening(STDIN_FILENO) || address[0] == '\0')
		fd = STDIN_FILENO; /* spawn-fcgi and supervisors give it so */
	else if (strncmp(address, "unix:", 5) == 0)
		fd = listen_unix(address + 5);
	else
		fd = listen_tcp(address);
	if (fd == -1
	    || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &look, sizeof(look))
		== -1) {
		log_event(LOG_ERROR, "listen_failed", F_STR("address", address),
		    F_STR("why", strerrordesc_np(errno)),
		    F_STR("remedy",
			"correct server.listen, end what listens there, or "
			"let this user write its folder"));
		return -1;
	}
	*is_public = listens_publicly(fd);
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	/* Inherited ones may not block; the time-out needs that. */
	(void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	return fd;
}

static void *run(void *arg);

/* Nobody waits in accept: call a spare thread, or start one. */
static void
grow(struct acceptor *a)
{
	pthread_t thread;
	bool call = false;

	pthread_mutex_lock(&a->mu);
	if (a->spares > a->calls) {
		a->calls++;
		call = true;
	} else if (a->threads < a->max && !atomic_load(&a->stopping)) {
		/* Counted before it runs: it may have accepted, found itself
		 * not the last one waiting, and called nobody. */
		atomic_fetch_add(&a->waiting, 1);
		if (thread_start(&thread, "edge", run, a) == 0) {
			pthread_detach(thread);
			a->threads++;
		} else
			atomic_fetch_sub(&a->waiting, 1);
	}
	pthread_mutex_unlock(&a->mu);
	/* Without the lock, which is the first thing that it takes. */
	if (call)
		pthread_cond_signal(&a->called);
}

/*
 * Enough others wait in accept.  True: called, or the process drains; false:
 * this thread was idle for too long and is no longer counted.
 */
static bool
be_spare(struct acceptor *a)
{
	struct timespec until = cond_after(ACCEPT_IDLE_MS);
	bool stay = true, is_quiet = false;
	int rc = 0;

	pthread_mutex_lock(&a->mu);
	a->spares++;
	/* Looked at under the lock: who left nobody waiting calls under it. */
	while (a->calls == 0 && atomic_load(&a->waiting) > 0
	    && !atomic_load(&a->stopping) && rc == 0)
		rc = pthread_cond_timedwait(&a->called, &a->mu, &until);
	a->spares--;
	if (a->calls > 0)
		a->calls--;
	else if (rc != 0 && a->threads > ACCEPT_KEEP
	    && atomic_load(&a->waiting) > 0) {
		a->threads--;
		stay = false;
		is_quiet = a->threads == ACCEPT_KEEP;
	}
	if (stay)
		atomic_fetch_add(&a->waiting, 1);
	pthread_mutex_unlock(&a->mu);
	/* A storm is over: what it took goes back to the system. */
	if (is_quiet)
		memory_trim();
	return stay;
}

static void
pause_ms(int ms)
{
	struct timespec ts = { .tv_nsec = (long)ms * 1000000 };

	nanosleep(&ts, NULL);
}

/* An accept that failed: never the end of the loop. */
static void
on_failure(struct acceptor *a, int error)
{
	int64_t now = clock_boot_ms();

	if (error == EAGAIN || error == EINTR || error == ECONNABORTED)
		return;
	if (now - atomic_load(&a->full_logged_ms) > 1000) {
		atomic_store(&a->full_logged_ms, now);
		log_event(LOG_ERROR, "accept_failed",
		    F_STR("why", strerrordesc_np(error)),
		    F_STR("remedy",
			"raise the limit of open files (LimitNOFILE)"));
	}
	pause_ms(FULL_WAIT_MS);
}

static void
set_options(const struct acceptor *a, int fd)
{
	struct timeval io = { .tv_sec = IO_TIMEOUT_S };
	int one = 1;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &io, sizeof(io));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &io, sizeof(io));
	if (a->is_tcp)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

static void *
run(void *arg)
{
	struct acceptor *a = arg;

	/* Counted as waiting by whoever started it. */
	while (!atomic_load(&a->stopping)) {
		int fd = accept4(a->listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd == -1) {
			on_failure(a, errno);
			continue;
		}
		if (atomic_fetch_sub(&a->waiting, 1) == 1)
			grow(a);
		set_options(a, fd);
		a->serve(a->ctx, fd);
		if (atomic_fetch_add(&a->waiting, 1) < ACCEPT_WAIT)
			continue;
		atomic_fetch_sub(&a->waiting, 1);
		if (!be_spare(a))
			return NULL;
	}
	pthread_mutex_lock(&a->mu);
	a->threads--;
	atomic_fetch_sub(&a->waiting, 1);
	pthread_cond_broadcast(&a->ended);
	pthread_mutex_unlock(&a->mu);
	return NULL;
}

struct acceptor *
accept_start(int listener, int max, void (*serve)(void *ctx, int fd), void *ctx)
{
	struct acceptor *a = calloc(1, sizeof(*a));
	struct sockaddr_storage address = { 0 };
	socklen_t len = sizeof(address);
	int i;

	if (a == NULL)
		abort();
	a->listener = listener;
	a->max = max;
	a->serve = serve;
	a->ctx = ctx;
	a->is_tcp = getsockname(listener, (struct sockaddr *)&address, &len)
		== 0
	    && address.ss_family != AF_UNIX;
	pthread_mutex_init(&a->mu, NULL);
	cond_init(&a->ended);
	cond_init(&a->called);
	for (i = 0; i < ACCEPT_KEEP && i < max; i++)
		grow(a);
	if (accept_threads(a) == 0) {
		log_event(LOG_ERROR, "threads_failed",
		    F_STR("remedy", "raise the limit of processes (TasksMax)"));
		free(a);
		return NULL;
	}
	return a;
}

int
accept_threads(struct acceptor *a)
{
	int n;

	pthread_mutex_lock(&a->mu);
	n = a->threads;
	pthread_mutex_unlock(&a->mu);
	return n;
}

void
accept_close(int fd)
{
	char bytes[512];

	while (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
	close(fd);
}

int
accept_stop(struct acceptor *a, int wait_ms)
{
	struct timespec until = cond_after(wait_ms);
	int rc = 0;

	pthread_mutex_lock(&a->mu);
	atomic_store(&a->stopping, true);
	pthread_cond_broadcast(&a->called);
	while (a->threads > 0 && rc == 0)
		rc = pthread_cond_timedwait(&a->ended, &a->mu, &until);
	rc = a->threads > 0 ? -1 : 0;
	pthread_mutex_unlock(&a->mu);
	return rc;
}

void
accept_free(struct acceptor *a)
{
	pthread_mutex_lock(&a->mu); /* the last thread may still hold it */
	pthread_mutex_unlock(&a->mu);
	pthread_cond_destroy(&a->called);
	pthread_cond_destroy(&a->ended);
	pthread_mutex_destroy(&a->mu);
	free(a);
}
