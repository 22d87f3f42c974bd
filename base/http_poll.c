/*
 * http_poll: the engine's sockets and its bell in one epoll set.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/http_priv.h"
#include "base/log.h"

#define EVENTS_MAX 128 /* sockets served before commands are taken again */

/*
 * Data that nobody acknowledges for so long means that the peer is gone: the
 * request need not wait for its own, much longer time.
 */
#define UNACKED_MS 20000

struct watched {             /* by descriptor */
	uint32_t registered; /* in epoll */
	uint32_t wanted;     /* by curl */
	bool ours; /* opened in http_poll_on_open: closing it is noticed */
	uint16_t peer_port;          /* 0: not known */
	uint16_t local_port;         /* 0: not known yet */
	char peer[INET6_ADDRSTRLEN]; /* as curl writes it; "": not known yet */
	struct transfer *owner; /* whose request is on it, if it must know */
	void (*lost)(struct transfer *owner); /* tells it */
	bool idle; /* kept, and no request is on it */
};

/* Sockets by the last digits of their local ports: of a thousand kept
 * connections the one of a request is found at once. */
#define BY_PORT 4096

static struct { /* of the engine's one thread, but for the bell */
	int epoll;
	int bell;
	struct watched *watched;
	size_t watched_n;
	struct epoll_event events[EVENTS_MAX];
	int found;
	int by_port[BY_PORT]; /* a socket, as it was last */
} P = { .epoll = -1, .bell = -1 };

static struct watched *
watched_at(int fd)
{
	size_t n = P.watched_n;
	struct watched *w;

	if ((size_t)fd < n)
		return &P.watched[fd];
	n = (size_t)fd + 256;
	w = realloc(P.watched, n * sizeof(*w));
	if (w == NULL)
		abort();
	memset(w + P.watched_n, 0, (n - P.watched_n) * sizeof(*w));
	P.watched = w;
	P.watched_n = n;
	return &w[fd];
}

static void
watch(int fd, struct watched *w, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.fd = fd };
	int op = w->registered == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;

	if (events == 0) {
		if (w->registered != 0)
			(void)epoll_ctl(P.epoll, EPOLL_CTL_DEL, fd, NULL);
		w->registered = 0;
		return;
	}
	if (w->registered == events)
		return;
	if (epoll_ctl(P.epoll, op, fd, &ev) == -1) {
		op = errno == EEXIST ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
		if (epoll_ctl(P.epoll, op, fd, &ev) == -1) {
			log_event(LOG_ERROR, "http_socket_lost",
			    F_INT("errno", errno),
			    F_STR("remedy", LOG_REMEDY_REPORT));
			return;
		}
	}
	w->registered = events;
}

/*
 * Between two requests on a kept connection curl wants nothing of its socket.
 * Ours stay in epoll then, which spares two system calls a request; if such a
 * socket becomes readable, on_idle looks at it.
 */
int
http_poll_on_watch(CURL *easy, curl_socket_t fd, int what, void *arg,
    void *sock)
{
	struct watched *w = watched_at(fd);

	(void)easy;
	(void)arg;
	(void)sock;
	w->wanted = 0;
	if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
		w->wanted |= EPOLLIN | EPOLLRDHUP; /* the latter for on_idle */
	if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
		w->wanted |= EPOLLOUT;
	if (w->wanted != 0 || !w->ours)
		watch(fd, w, w->wanted);
	return 0;
}

/*
 * A kept connection that its server closed must not be taken for the next
 * request.  Before that curl looks whether an end is the next thing to read;
 * over TLS the close-notify stands before it, so it would be taken (curl 7),
 * found dead, and after five of them the request fails.  So when the end is
 * there, what stands before it goes.
 */
static void
on_idle(int fd, struct watched *w, uint32_t events)
{
	char last_words[512];

	if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) == 0) {
		watch(fd, w, EPOLLRDHUP);
		return;
	}
	while (recv(fd, last_words, sizeof(last_words), MSG_DONTWAIT) > 0)
		;
	watch(fd, w, 0);
}

static void
on_socket(CURLM *multi, int fd, uint32_t events)
{
	struct watched *w = watched_at(fd);
	int flags = 0, left;

	if (w->wanted == 0) {
		if (w->idle)
			on_idle(fd, w, events);
		else
			watch(fd, w, 0);
		return;
	}
	if ((events & (EPOLLERR | EPOLLHUP)) != 0)
		events |= w->wanted; /* reading or writing tells what it is */
	if ((events & EPOLLIN) != 0)
		flags |= CURL_CSELECT_IN;
	if ((events & EPOLLOUT) != 0)
		flags |= CURL_CSELECT_OUT;
	(void)curl_multi_socket_action(multi, fd, flags, &left);
}

static uint16_t
port_of(const struct sockaddr *sa)
{
	/* The port stands at the same place of both. */
	return sa->sa_family == AF_INET || sa->sa_family == AF_INET6
	    ? ntohs(((const struct sockaddr_in *)(const void *)sa)->sin_port)
	    : 0;
}

curl_socket_t
http_poll_on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct transfer *t = arg;
	const int unacked = UNACKED_MS;
	int fd;

	(void)purpose;
	if ((t->req.flags & HTTP_OPERATOR) == 0
	    && http_address_is_private(&a->addr)) {
		t->blocked = true;
		return CURL_SOCKET_BAD;
	}
	t->tried = true;
	fd = socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
	if (fd == -1)
		return CURL_SOCKET_BAD;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacked,
	    sizeof(unacked));
	*watched_at(fd) = (struct watched){ .ours = true,
		.peer_port = port_of(&a->addr) };
	return fd;
}

/* An address of curl's, as curl writes it. */
static bool
is_peer(struct watched *w, int fd, const char *peer)
{
	struct sockaddr_storage a = { 0 };
	socklen_t len = sizeof(a);
	const void *ip = &((struct sockaddr_in6 *)&a)->sin6_addr;

	if (w->peer[0] != '\0')
		return strcmp(w->peer, peer) == 0;
	if (getpeername(fd, (struct sockaddr *)&a, &len) == -1)
		return false;
	if (a.ss_family == AF_INET)
		ip = &((struct sockaddr_in *)&a)->sin_addr;
	return inet_ntop(a.ss_family, ip, w->peer, sizeof(w->peer)) != NULL
	    && strcmp(w->peer, peer) == 0;
}

static bool
is_local(struct watched *w, int fd, int port)
{
	struct sockaddr_storage a = { 0 };
	socklen_t len = sizeof(a);

	if (w->local_port == 0
	    && getsockname(fd, (struct sockaddr *)&a, &len) == 0)
		w->local_port = port_of((const struct sockaddr *)&a);
	return w->local_port == port;
}

static bool
is_between(int fd, const char *peer, int peer_port, int local_port)
{
	struct watched *w = &P.watched[fd];

	return w->ours && w->peer_port == peer_port
	    && is_local(w, fd, local_port) && is_peer(w, fd, peer);
}

/* curl says a connection's addresses before a request, not its socket. */
int
http_poll_own(struct transfer *t, const char *peer, int peer_port,
    int local_port, void (*lost)(struct transfer *t))
{
	int *last = &P.by_port[local_port & (BY_PORT - 1)];
	int fd = *last, n = (int)P.watched_n;

	if (fd >= n || !is_between(fd, peer, peer_port, local_port))
		for (fd = 0; fd < n; fd++)
			if (is_between(fd, peer, peer_port, local_port))
				break;
	if (fd == n)
		return -1;
	*last = fd;
	/* A newer libcurl lends a connection on before the end of the request
	 * before is collected: that one is over. */
	if (P.watched[fd].owner != NULL && P.watched[fd].owner != t)
		P.watched[fd].lost(P.watched[fd].owner);
	P.watched[fd].owner = t;
	P.watched[fd].lost = lost;
	P.watched[fd].idle = false;
	return fd;
}

void
http_poll_disown(int fd)
{
	watched_at(fd)->owner = NULL;
}

bool
http_poll_idle(int fd, const struct transfer *t)
{
	struct watched *w = watched_at(fd);

	if (w->owner != t)
		return false;
	w->owner = NULL;
	w->idle = true;
	if (w->registered == 0)
		watch(fd, w, EPOLLRDHUP);
	return true;
}

int
http_poll_on_close(void *arg, curl_socket_t fd)
{
	const struct watched *w = watched_at(fd);

	(void)arg; /* who opened it may be gone */
	if (w->owner != NULL)
		w->lost(w->owner);
	*watched_at(fd) = (struct watched){ 0 };
	return close(fd);
}

int
http_poll_open(void)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };

	P.epoll = epoll_create1(EPOLL_CLOEXEC);
	P.bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (P.epoll == -1 || P.bell == -1)
		return -1;
	ev.data.fd = P.bell; /* edge-triggered: it is never read */
	return epoll_ctl(P.epoll, EPOLL_CTL_ADD, P.bell, &ev);
}

void
http_poll_close(void)
{
	if (P.epoll != -1)
		close(P.epoll);
	if (P.bell != -1)
		close(P.bell);
	P.epoll = P.bell = -1;
	free(P.watched);
	P.watched = NULL;
	P.watched_n = 0;
}

void
http_poll_ring(void)
{
	static const uint64_t one = 1;

	while (write(P.bell, &one, sizeof(one)) == -1 && errno == EINTR)
		;
}

void
http_poll_wait(int wait_ms)
{
	P.found = epoll_wait(P.epoll, P.events, EVENTS_MAX, wait_ms);
}

void
http_poll_serve(CURLM *multi)
{
	int i;

	for (i = 0; i < P.found; i++)
		if (P.events[i].data.fd != P.bell)
			on_socket(multi, P.events[i].data.fd,
			    P.events[i].events);
}
