/*
 * server_probe: what a worker that was taken over would try, run in a worker's
 * sandbox by tests/server.  A line for each: "can ..." or "cannot ...".
 */
#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <linux/io_uring.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PORT 443 /* nginx's */

static bool
run_shell(void)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", "exit 0", (char *)NULL);
		_exit(1);
	}
	return pid != -1 && waitpid(pid, &status, 0) == pid && status == 0;
}

static bool
can_listen(int family, const struct sockaddr *to, socklen_t len)
{
	int fd = socket(family, SOCK_STREAM, 0);

	return fd != -1 && (to == NULL || bind(fd, to, len) == 0)
	    && listen(fd, 1) == 0;
}

static bool
open_port(void)
{
	const struct sockaddr_in any = { .sin_family = AF_INET };

	return can_listen(AF_INET, (const struct sockaddr *)&any, sizeof(any))
	    || can_listen(AF_INET, NULL, 0);
}

static bool
open_socket_file(void)
{
	const struct sockaddr_un un = { .sun_family = AF_UNIX,
		.sun_path = "/run/dragoman/shared/probe" };

	return can_listen(AF_UNIX, (const struct sockaddr *)&un, sizeof(un));
}

/* It can bind and listen without those calls. */
static bool
use_io_uring(void)
{
	struct io_uring_params params = { .flags = 0 };

	return syscall(SYS_io_uring_setup, 1, &params) != -1;
}

static bool
can_reach(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	return fd != -1
	    && connect(fd, (const struct sockaddr *)&un, sizeof(un)) == 0;
}

static bool
reach_port(void)
{
	const struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons(PORT),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd != -1
	    && connect(fd, (const struct sockaddr *)&in, sizeof(in)) == 0;
}

static bool
can_make(const char *path)
{
	return open(path, O_WRONLY | O_CREAT, 0600) != -1;
}

static void
tell(bool can, const char *what)
{
	printf("%s %s\n", can ? "can" : "cannot", what);
}

int
main(void)
{
	tell(run_shell(), "run /bin/sh");
	tell(open_port(), "open a port");
	tell(open_socket_file(), "listen on a socket file");
	tell(use_io_uring(), "use io_uring");
	tell(reach_port(), "connect to a port");
	tell(can_make("/dev/shm/probe"), "write to /dev/shm");
	tell(can_reach("/run/dbus/system_bus_socket"), "speak to D-Bus");
	tell(can_make("/run/dragoman/probe"), "write to /run/dragoman");
	tell(can_reach("/run/dragoman/edge.sock"), "open the edges' socket");
	tell(setuid(0) == 0, "become root");
	tell(open("/etc/dragoman/encryption_key", O_RDONLY) != -1,
	    "read /etc/dragoman/encryption_key");
	puts("done");
	return 0;
}
