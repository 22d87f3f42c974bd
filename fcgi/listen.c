#include "fcgi/listen.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/inherit.h"
#include "base/log.h"
#include "base/text.h"
#include "fcgi/accept.h"

#define BACKLOG 4096 /* the kernel cuts it to net.core.somaxconn */

/* A socket that nobody listens on any more; anything else is somebody's. */
static bool
remove_left_over(const char *path)
{
	struct stat st;

	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		return unlink(path) == 0;
	errno = EEXIST;
	return false;
}

static int
listen_unix(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	bool refused;
	int fd;

	if (strlen(path) >= sizeof(sun.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(sun.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	/* A live one is another's. */
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0) {
		close(fd);
		errno = EADDRINUSE;
		return -1;
	}
	refused = errno == ECONNREFUSED; /* by a file that is none, too */
	close(fd);
	if (refused && !remove_left_over(path))
		return -1;
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

static void
tell_failed(const char *address, int why)
{
	bool named = strncmp(address, "socket:", 7) == 0, file = why == EEXIST;

	log_event(LOG_ERROR, "listen_failed", F_STR("address", address),
	    F_STR("why",
		named      ? "this process was given no listening socket of "
			     "this name"
		    : file ? "there is a file in the way, which is no socket"
			   : strerrordesc_np(why)),
	    F_STR("remedy",
		named ? "name the socket in the socket unit "
			"(FileDescriptorName=), or correct LISTEN_PID, "
			"LISTEN_FDS and LISTEN_FDNAMES; or correct "
			"server.listen"
		    : file
		    ? "correct server.listen, or remove the file yourself"
		    : "correct server.listen, end what listens there, or "
		      "let this user write its folder"));
}

int
listen_open(const char *address, bool *is_public)
{
	struct timeval look = { .tv_usec = ACCEPT_LOOK_MS * 1000 };
	int64_t n = 0;
	int fd;

	*is_public = false;
	if (strncmp(address, "fd:", 3) == 0) {
		fd = text_int(address + 3, &n) == 0 && n >= 0 && n <= INT_MAX
			&& is_listening((int)n)
		    ? (int)n
		    : -1;
		errno = EBADF;
	} else if (strncmp(address, "socket:", 7) == 0) {
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
		tell_failed(address, errno);
		return -1;
	}
	*is_public = listens_publicly(fd);
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	/* Inherited ones may not block; the time-out needs that. */
	(void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	return fd;
}
