#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"

#define OUTPUT_MAX (256 * KIB)
#define ANSWER_MS 5000 /* systemctl and journalctl take milliseconds */

const char *
output_of(struct arena *mem, const char *const argv[])
{
	extern char **environ;
	struct buf out = BUF_INIT(OUTPUT_MAX);
	posix_spawn_file_actions_t files;
	int64_t until = clock_boot_ms() + ANSWER_MS, left;
	int ends[2], status = -1;
	const char *text = NULL;
	char piece[4096];
	ssize_t n = 0;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) == -1)
		return NULL;
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null",
	    O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null",
	    O_WRONLY, 0);
	if (posix_spawnp(&pid, argv[0], &files, NULL, (char *const *)argv,
		environ)
	    != 0)
		pid = -1;
	posix_spawn_file_actions_destroy(&files);
	close(ends[1]);
	while (pid != -1 && (left = until - clock_boot_ms()) > 0) {
		struct pollfd p = { .fd = ends[0], .events = POLLIN };

		if (poll(&p, 1, (int)left) == 1)
			n = read(ends[0], piece, sizeof(piece));
		if (p.revents != 0 && n <= 0)
			break;
		if (p.revents != 0 && buf_add(&out, piece, (size_t)n) == -1)
			break;
	}
	close(ends[0]);
	if (pid != -1) {
		if (until <= clock_boot_ms())
			(void)kill(pid, SIGKILL);
		while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
			;
	}
	if (status == 0)
		text = arena_strdup(mem, buf_str(&out));
	buf_fini(&out);
	return text;
}
