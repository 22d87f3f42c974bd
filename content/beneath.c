#include "content/beneath.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/arena.h"

/* A pipe must not hold us, nor a terminal become ours. */
#define READ_FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC)
#define AGAIN_MAX 8 /* something was renamed on the way */

int
beneath_folder(const char *path)
{
	return open(path, FOLDER_FLAGS);
}

bool
beneath_is_path(const char *path)
{
	size_t parts = 0, len;

	if (strlen(path) >= BENEATH_PATH_MAX)
		return false;
	for (;; path += len + 1) {
		len = strcspn(path, "/");
		if (len == 0 || path[0] == '.' || ++parts > BENEATH_DEPTH_MAX)
			return false;
		if (path[len] == '\0')
			return true;
	}
}

/* ---- opening ------------------------------------------------------------- */

int
beneath_walk(int folder, const char *path)
{
	char part[256];
	int at = folder, next;
	size_t len;

	for (;; path += len + 1) {
		len = strcspn(path, "/");
		if (len == 0 || len >= sizeof(part)) {
			errno = ENOENT;
			next = -1;
			break;
		}
		memcpy(part, path, len);
		part[len] = '\0';
		/* "..", whatever the caller has looked at. */
		if (part[0] == '.') {
			errno = ENOENT;
			next = -1;
			break;
		}
		next = openat(at, part,
		    O_NOFOLLOW
			| (path[len] == '\0' ? READ_FLAGS : FOLDER_FLAGS));
		if (next == -1 || path[len] == '\0')
			break;
		if (at != folder)
			close(at);
		at = next;
	}
	if (at != folder)
		close(at);
	return next;
}

static int
open_by_kernel(int folder, const char *path)
{
	const struct open_how how = { .flags = READ_FLAGS,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
	long fd = -1;
	int i;

	for (i = 0; i < AGAIN_MAX; i++) {
		fd = syscall(SYS_openat2, folder, path, &how, sizeof(how));
		if (fd != -1 || errno != EAGAIN)
			break;
	}
	return (int)fd;
}

static bool
is_file(int fd, struct beneath_stamp *stamp)
{
	struct stat st;

	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		return false;
	*stamp = (struct beneath_stamp){ .size = st.st_size,
		.mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000
		    + st.st_mtim.tv_nsec,
		.inode = st.st_ino };
	return true;
}

int
beneath_open(int folder, const char *path, struct beneath_stamp *stamp)
{
	int fd;

	if (!beneath_is_path(path)) {
		errno = ENOENT;
		return -1;
	}
	fd = open_by_kernel(folder, path);
	/* An old kernel, or a filter that knows no such call: it answers EPERM,
	 * which a file never does. */
	if (fd == -1 && (errno == ENOSYS || errno == EPERM))
		fd = beneath_walk(folder, path);
	if (fd == -1)
		return -1;
	if (is_file(fd, stamp))
		return fd;
	close(fd);
	errno = ENOENT;
	return -1;
}

int64_t
beneath_read(int fd, void *out, size_t max)
{
	size_t len = 0;
	ssize_t n;

	while (len < max) {
		n = read(fd, (char *)out + len, max - len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (int64_t)len;
}

/* ---- names --------------------------------------------------------------- */

static int
compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int
beneath_names(int folder, struct arena *mem, size_t max, char ***out, size_t *n,
    bool *cut)
{
	size_t cap = 64;
	char **names = malloc(cap * sizeof(*names)), **more;
	int fd = openat(folder, ".", FOLDER_FLAGS); /* from its beginning */
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *d;

	*n = 0;
	*cut = false;
	if (names == NULL)
		abort();
	if (dir == NULL) {
		free(names);
		if (fd != -1)
			close(fd);
		return -1;
	}
	while ((d = readdir(dir)) != NULL) {
		if (d->d_name[0] == '.')
			continue;
		if (*n == max) {
			*cut = true;
			break;
		}
		if (*n == cap) {
			cap *= 2;
			more = realloc(names, cap * sizeof(*names));
			if (more == NULL)
				abort();
			names = more;
		}
		names[(*n)++] = arena_strdup(mem, d->d_name);
	}
	closedir(dir);
	qsort(names, *n, sizeof(*names), compare);
	*out = arena_alloc(mem, (*n + 1) * sizeof(*names));
	if (*n > 0)
		memcpy(*out, names, *n * sizeof(*names));
	free(names);
	return 0;
}
