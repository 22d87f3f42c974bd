/*
 * metrics_map: the file, made whole before it has its name.
 */
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/metrics_priv.h"

#define MAGIC 0x447261676d657432u /* "Dragmet2": another for each layout */

const int64_t METRICS_BOUNDS_US[METRIC_BUCKETS] = { 1000, 2000, 5000, 10000,
	25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 5000000,
	10000000, 30000000 };

static struct metrics_map *shared; /* NULL: none is a file's */
static atomic_bool lost;           /* it was, until SIGBUS */

static uint64_t
layout_of(const struct metric_def *d, size_t n)
{
	uint64_t h = 14695981039346656037u;
	size_t i, v;
	const char *s;

	for (i = 0; i < n; i++) {
		for (s = d[i].name; *s != '\0'; s++)
			h = (h ^ (unsigned char)*s) * 1099511628211u;
		h = (h ^ (uint64_t)d[i].type) * 1099511628211u;
		for (v = 0; v < METRIC_VALUES_MAX && d[i].values[v] != NULL;
		     v++)
			for (s = d[i].values[v]; *s != '\0'; s++)
				h = (h ^ (unsigned char)*s) * 1099511628211u;
	}
	return h ^ sizeof(struct metrics_map);
}

/* The file at ${path}, locked: the first of several workers makes it.  Who
 * waited for the lock may have waited for a file that is gone by now. */
static int
open_locked(const char *path)
{
	struct stat ours, there;
	int fd;

	for (;;) {
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0660);
		if (fd == -1)
			return -1;
		if (flock(fd, LOCK_EX) == -1 || fstat(fd, &ours) == -1) {
			close(fd);
			return -1;
		}
		if (stat(path, &there) == 0 && there.st_ino == ours.st_ino
		    && there.st_dev == ours.st_dev)
			return fd;
		close(fd);
	}
}

/*
 * The whole of it has its place on the disk, or this fails: what is written to
 * a page without one, on a full disk, is SIGBUS.
 */
static struct metrics_map *
map_open(int fd)
{
	struct metrics_map *m;

	errno = posix_fallocate(fd, 0, sizeof(struct metrics_map));
	if (errno != 0)
		return NULL;
	m = mmap(NULL, sizeof(struct metrics_map), PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);

	return m == MAP_FAILED ? NULL : m;
}

/*
 * A new file, whole before it has the name.  Never the old one cut: workers
 * of the other version still write into their mapping of it.
 */
static struct metrics_map *
map_make(const char *path, uint64_t layout)
{
	char fresh[PATH_MAX];
	struct metrics_map *m = NULL;
	int fd, why;

	if (snprintf(fresh, sizeof(fresh), "%s.new", path)
	    >= (int)sizeof(fresh)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	fd = open(fresh, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
	    0660);
	if (fd == -1)
		return NULL;
	m = map_open(fd);
	close(fd);
	if (m == NULL) {
		why = errno;
		(void)unlink(fresh); /* what it has of the disk is needed */
		errno = why;
		return NULL;
	}
	m->magic = MAGIC;
	m->layout = layout;
	if (rename(fresh, path) == -1) {
		munmap(m, sizeof(*m));
		return NULL;
	}
	return m;
}

static struct metrics_map *
map_file(const char *path, uint64_t layout)
{
	struct metrics_map *m = NULL;
	struct stat sb;
	bool empty;
	int fd = open_locked(path);

	if (fd == -1)
		return NULL;
	empty = fstat(fd, &sb) == 0 && sb.st_size == 0; /* nobody maps it */
	if (empty || sb.st_size == sizeof(struct metrics_map))
		m = map_open(fd);
	if (m != NULL && empty) {
		m->magic = MAGIC;
		m->layout = layout;
	} else if (m != NULL && (m->magic != MAGIC || m->layout != layout)) {
		munmap(m, sizeof(*m)); /* another version's */
		m = NULL;
	}
	if (m == NULL && empty && errno == ENOSPC) /* no room for another */
		(void)!ftruncate(fd, 0);
	if (m == NULL)
		m = map_make(path, layout);
	/* Closing would not do: the mapping keeps the file open. */
	flock(fd, LOCK_UN);
	close(fd);
	return m;
}

/*
 * Somebody cut the file, or its disk failed: what is mapped there becomes
 * memory of this process, and it goes on.  A handler may do no more; the next
 * metric_set says it.
 */
static void
on_bus(int sig, siginfo_t *info, void *context)
{
	char *at = info->si_addr, *begin = (char *)shared;
	int saved = errno;

	(void)context;
	if (begin != NULL && at >= begin
	    && at < begin + sizeof(struct metrics_map)
	    && mmap(begin, sizeof(struct metrics_map), PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)
		!= MAP_FAILED) {
		atomic_store(&lost, true);
		errno = saved;
		return;
	}
	(void)signal(sig, SIG_DFL); /* another's: it happens again and ends */
}

struct metrics_map *
metrics_map_open(const char *path, const struct metric_def *defs, size_t n)
{
	struct sigaction bus = { .sa_sigaction = on_bus,
		.sa_flags = SA_SIGINFO };

	atomic_store(&lost, false);
	shared = map_file(path, layout_of(defs, n));
	sigemptyset(&bus.sa_mask);
	if (shared != NULL)
		(void)sigaction(SIGBUS, &bus, NULL);
	return shared;
}

struct metrics_map *
metrics_map_private(void)
{
	struct metrics_map *m = mmap(NULL, sizeof(*m), PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return m == MAP_FAILED ? NULL : m;
}

void
metrics_map_close(struct metrics_map *map)
{
	shared = NULL;
	munmap(map, sizeof(*map));
}

bool
metrics_map_was_lost(void)
{
	return atomic_exchange_explicit(&lost, false, memory_order_relaxed);
}
