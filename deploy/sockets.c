#include "deploy/sockets.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "deploy/child.h"
#include "deploy/say.h"
#include "deploy/user.h"

#define BACKLOG 4096 /* the kernel cuts it to net.core.somaxconn */

static int
open_one(const struct table_socket *s)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct user u;
	int fd, kept;

	if (strlen(s->address) >= sizeof(sun.sun_path)) {
		say("socket path too long: %s", s->address);
		exit(1);
	}
	memcpy(sun.sun_path, s->address, strlen(s->address) + 1);
	/* Ours: the lock says that nobody else runs. */
	(void)unlink(s->address);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1 || bind(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1
	    || chmod(s->address, (mode_t)strtol(s->mode, NULL, 8)) == -1
	    || (user_find(s->user, &u) && geteuid() == 0
		&& chown(s->address, u.uid, u.gid) == -1)
	    || listen(fd, BACKLOG) == -1)
		say_fatal("cannot listen on", s->address);
	kept = fcntl(fd, F_DUPFD_CLOEXEC, CHILD_FDS_FROM);
	if (kept == -1)
		say_fatal("cannot listen on", s->address);
	close(fd);
	return kept;
}

void
sockets_open(struct table *t)
{
	size_t i;

	for (i = 0; i < t->nsockets; i++)
		t->sockets[i].fd = open_one(&t->sockets[i]);
}
