#include "deploy/ready.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "deploy/say.h"

int
ready_open(void)
{
	/* No path: the kernel chooses an abstract name, which users that may
	 * not enter our folder reach, too. */
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(sun);
	char name[sizeof(sun.sun_path) + 1];
	int on = 1;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd == -1
	    || setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == -1
	    || bind(fd, (struct sockaddr *)&sun, sizeof(sa_family_t)) == -1
	    || getsockname(fd, (struct sockaddr *)&sun, &len) == -1)
		say_fatal("cannot open", "a socket for workers that are ready");
	len -= (socklen_t)offsetof(struct sockaddr_un, sun_path);
	snprintf(name, sizeof(name), "@%.*s", (int)len - 1, sun.sun_path + 1);
	setenv("NOTIFY_SOCKET", name, 1);
	return fd;
}

pid_t
ready_next(int fd)
{
	char text[256], control[CMSG_SPACE(sizeof(struct ucred))];
	struct iovec iov = { .iov_base = text, .iov_len = sizeof(text) - 1 };
	ssize_t n;

	for (;;) {
		struct msghdr msg = { .msg_iov = &iov,
			.msg_iovlen = 1,
			.msg_control = control,
			.msg_controllen = sizeof(control) };
		struct cmsghdr *c;
		struct ucred from;

		n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
		if (n == -1)
			return 0;
		text[n] = '\0';
		c = CMSG_FIRSTHDR(&msg);
		if (strncmp(text, "READY=1", 7) != 0 || c == NULL
		    || c->cmsg_type != SCM_CREDENTIALS)
			continue; /* somebody else's, or of no interest */
		memcpy(&from, CMSG_DATA(c), sizeof(from));
		if (from.pid > 0)
			return from.pid;
	}
}
