#include "fcgi/accept.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cond.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/pool.h"

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
