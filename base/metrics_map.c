/*
 * metrics_map: the file, made whole before it has its name.
 */
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/metrics_priv.h"

#define MAGIC 0x447261676d657433u /* "Dragmet3": another for each form */
/* Whoever else learns a name is done at once, unless it is stopped. */
#define LOCK_TRIES 20
#define LOCK_PAUSE_NS 1000000

const int64_t METRICS_BOUNDS_US[METRIC_BUCKETS] = { 1000, 2000, 5000, 10000,
	25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 5000000,
	10000000, 30000000 };

static struct metrics_map *shared; /* NULL: none is a file's */
static size_t shared_size;
static atomic_bool lost; /* it was, until SIGBUS */
static int lock_fd = -1; /* of its file, for metrics_map_lock */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

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
map_open(int fd, size_t size)
{
	struct metrics_map *m;

	errno = posix_fallocate(fd, 0, (off_t)size);
	if (errno != 0)
		return NULL;
	m = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return m == MAP_FAILED ? NULL : m;
}

/*
 * A new file, whole before it has the name.  Never the old one cut: workers
 * of the other version still write into their mapping of it.
 */
static struct metrics_map *
map_make(const char *path, const struct metrics_layout *l, int *file)
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
	m = map_open(fd, l->size);
	if (m == NULL) {
		why = errno;
		(void)unlink(fresh); /* what it has of the disk is needed */
		close(fd);
		errno = why;
		return NULL;
	}
	m->magic = MAGIC;
	m->layout = l->hash;
	if (rename(fresh, path) == -1) {
		munmap(m, l->size);
		close(fd);
		return NULL;
	}
	*file = fd;
	return m;
}

/* ${file} becomes its descriptor, which is the caller's. */
static struct metrics_map *
map_file(const char *path, const struct metrics_layout *l, int *file)
{
	struct metrics_map *m = NULL;
	struct stat sb;
	bool empty;
	int fd = open_locked(path);

	if (fd == -1)
		return NULL;
	empty = fstat(fd, &sb) == 0 && sb.st_size == 0; /* nobody maps it */
	if (empty || sb.st_size == (off_t)l->size)
		m = map_open(fd, l->size);
	if (m != NULL && empty) {
		m->magic = MAGIC;
		m->layout = l->hash;
	} else if (m != NULL && (m->magic != MAGIC || m->layout != l->hash)) {
		munmap(m, l->size); /* another version's */
		m = NULL;
	}
	if (m == NULL && empty && errno == ENOSPC) /* no room for another */
		(void)!ftruncate(fd, 0);
	*file = fd;
	if (m == NULL)
		m = map_make(path, l, file);
	flock(fd, LOCK_UN);
	if (m == NULL || *file != fd)
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
	if (begin != NULL && at >= begin && at < begin + shared_size
	    && mmap(begin, shared_size, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)
		!= MAP_FAILED) {
		atomic_store(&lost, true);
		errno = saved;
		return;
	}
	(void)signal(sig, SIG_DFL); /* another's: it happens again and ends */
}

struct metrics_map *
metrics_map_open(const char *path, const struct metrics_layout *l)
{
	struct sigaction bus = { .sa_sigaction = on_bus,
		.sa_flags = SA_SIGINFO };
	int fd = -1;

	atomic_store(&lost, false);
	shared_size = l->size;
	shared = map_file(path, l, &fd);
	lock_fd = shared == NULL ? -1 : fd;
	sigemptyset(&bus.sa_mask);
	if (shared != NULL)
		(void)sigaction(SIGBUS, &bus, NULL);
	return shared;
}

struct metrics_map *
metrics_map_private(const struct metrics_layout *l)
{
	struct metrics_map *m = mmap(NULL, l->size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return m == MAP_FAILED ? NULL : m;
}

void
metrics_map_close(struct metrics_map *map, const struct metrics_layout *l)
{
	shared = NULL;
	munmap(map, l->size);
	if (lock_fd != -1)
		close(lock_fd);
	lock_fd = -1;
}

bool
metrics_map_was_lost(void)
{
	return atomic_load_explicit(&lost, memory_order_relaxed)
	    && atomic_exchange(&lost, false);
}

/* The kernel unlocks a file for whoever is killed. */
bool
metrics_map_lock(void)
{
	const struct timespec pause = { .tv_nsec = LOCK_PAUSE_NS };
	int i;

	pthread_mutex_lock(&lock);
	for (i = 0; i < LOCK_TRIES; i++) {
		if (lock_fd == -1 || flock(lock_fd, LOCK_EX | LOCK_NB) == 0)
			return true;
		if (errno == EWOULDBLOCK)
			(void)nanosleep(&pause, NULL);
	}
	pthread_mutex_unlock(&lock);
	return false;
}

void
metrics_map_unlock(void)
{
	if (lock_fd != -1)
		(void)flock(lock_fd, LOCK_UN);
	pthread_mutex_unlock(&lock);
}
