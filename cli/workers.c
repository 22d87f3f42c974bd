#include "cli/workers.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/text.h"
#include "cli/started.h"

#define WORKERS_MAX 1024 /* of one host; more are not looked at */
#define STAT_MAX 512
#define CGROUP_MAX 4096
#define SUPERVISOR "dragoman-superv" /* the kernel keeps 15 bytes of a name */

static size_t
read_file(const char *path, char *out, size_t max)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n = 0;

	while (fd != -1 && len < max - 1) {
		n = read(fd, out + len, max - 1 - len);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	if (fd != -1)
		close(fd);
	out[len] = '\0';
	return len;
}

size_t
worker_read(int pid, const char *what, char *out, size_t max)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, what);
	return read_file(path, out, max);
}

/* "comm" of ${pid}; false: it is gone. */
static bool
name_of(int pid, char *out, size_t max)
{
	if (worker_read(pid, "comm", out, max) == 0)
		return false;
	out[strcspn(out, "\n")] = '\0';
	return true;
}

/* "PID (NAME) STATE PARENT ..."; a name may have brackets in it. */
static int
parent_of(int pid)
{
	char stat[STAT_MAX], *end;
	int parent = 0;

	if (worker_read(pid, "stat", stat, sizeof(stat)) == 0)
		return 0;
	end = strrchr(stat, ')');
	if (end == NULL || sscanf(end, ") %*c %d", &parent) != 1)
		return 0;
	return parent;
}

/* The supervisor of our quickstart; 0: none runs. */
static int
our_supervisor(struct arena *mem)
{
	const char *path = arena_printf(mem, "%s/supervisor.pid",
	    started_state());
	char text[32];
	int64_t pid = 0;

	if (read_file(path, text, sizeof(text)) == 0)
		return 0;
	text[strcspn(text, " \n")] = '\0';
	return text_int(text, &pid) == 0 && pid > 0 ? (int)pid : 0;
}

/* ".../dragoman-edge@1.service" of the line of cgroup v2, or of systemd's. */
static void
unit_of(int pid, char *out)
{
	char text[CGROUP_MAX], *line, *rest = text;

	out[0] = '\0';
	if (worker_read(pid, "cgroup", text, sizeof(text)) == 0)
		return;
	while (out[0] == '\0' && (line = strsep(&rest, "\n")) != NULL) {
		const char *slash = strrchr(line, '/');

		if (slash != NULL && strncmp(slash, "/dragoman-", 10) == 0
		    && strstr(slash, ".service") != NULL)
			snprintf(out, WORKER_UNIT_MAX, "%s", slash + 1);
	}
}

static bool
is_worker(const char *name)
{
	return strcmp(name, "dragoman-edge") == 0
	    || strcmp(name, "dragoman-turn") == 0;
}

size_t
workers_find(struct arena *mem, struct worker_process **out)
{
	bool quick = started_state() != NULL;
	int supervisor = quick ? our_supervisor(mem) : 0;
	DIR *proc = opendir("/proc");
	struct dirent *e;
	size_t n = 0;

	*out = arena_alloc(mem, WORKERS_MAX * sizeof(**out));
	while (proc != NULL && n < WORKERS_MAX && (e = readdir(proc)) != NULL) {
		struct worker_process *w = &(*out)[n];
		char parent[WORKER_NAME_MAX] = "";
		int64_t pid;
		int by;

		if (!isdigit((unsigned char)e->d_name[0])
		    || text_int(e->d_name, &pid) != 0
		    || !name_of((int)pid, w->name, sizeof(w->name))
		    || !is_worker(w->name))
			continue;
		by = parent_of((int)pid);
		if (by > 0)
			(void)name_of(by, parent, sizeof(parent));
		if (quick ? supervisor == 0 || by != supervisor
			  : strcmp(parent, SUPERVISOR) == 0)
			continue;
		w->pid = (int)pid;
		unit_of(w->pid, w->unit);
		n++;
	}
	if (proc != NULL)
		closedir(proc);
	return n;
}
