#include "deploy/pid_file.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "deploy/child.h"
#include "deploy/monotonic.h"
#include "deploy/say.h"

#define FORMER_SAY_MS 1000

/* The processes that still hold ${held}, a descriptor of our pid file. */
static void
kill_former(int held)
{
	DIR *procs = opendir("/proc"), *fds;
	struct dirent *proc, *fd;
	struct stat ours, sb;
	char path[64];

	if (procs == NULL || fstat(held, &ours) == -1)
		return;
	while ((proc = readdir(procs)) != NULL) {
		pid_t pid = (pid_t)strtol(proc->d_name, NULL, 10);

		if (!isdigit((unsigned char)proc->d_name[0]) || pid == getpid())
			continue;
		snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
		fds = opendir(path);
		while (fds != NULL && (fd = readdir(fds)) != NULL)
			if (fstatat(dirfd(fds), fd->d_name, &sb, 0) == 0
			    && sb.st_dev == ours.st_dev
			    && sb.st_ino == ours.st_ino) {
				say("killing %d, left by the former run",
				    (int)pid);
				(void)kill(pid, SIGKILL);
				break;
			}
		if (fds != NULL)
			closedir(fds);
	}
	closedir(procs);
}

/*
 * Wait until nobody holds ${held} but us.  The former supervisor's processes
 * were told to end when it was killed; what has not by then is killed.
 */
static void
await_former(int held, int64_t patience_ms, bool (*told_to_end)(void))
{
	int64_t begin = monotonic_ms();
	bool said = false, killed = false;

	while (flock(held, LOCK_EX | LOCK_NB) == -1) {
		int64_t waited = monotonic_ms() - begin;

		if (told_to_end())
			exit(0);
		if (waited > FORMER_SAY_MS && !said) {
			say("waiting for processes of the former run to end");
			said = true;
		}
		if (waited > patience_ms && !killed) {
			kill_former(held);
			killed = true;
		}
		poll(NULL, 0, 20);
	}
}

int
pid_file_lock(int64_t patience_ms, bool (*told_to_end)(void))
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char text[32];
	int fd = open("supervisor.pid", O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	int low = open("supervisor.pid", O_RDONLY | O_CLOEXEC);
	int held = fcntl(low, F_DUPFD, CHILD_FDS_FROM);

	if (fd == -1 || held == -1)
		say_fatal("cannot write", "supervisor.pid");
	close(low); /* now: later it would undo our own lock */
	if (fcntl(fd, F_SETLK, &lock) == -1) {
		say("already running here");
		exit(3);
	}
	snprintf(text, sizeof(text), "%d\n", (int)getpid());
	if (ftruncate(fd, 0) == -1 || write(fd, text, strlen(text)) == -1)
		say_fatal("cannot write", "supervisor.pid");
	/* Both stay open.  The children inherit the one they cannot write. */
	await_former(held, patience_ms, told_to_end);
	return fd;
}
