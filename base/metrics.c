#include "base/metrics.h"

#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"

#define METRICS_MAX 64            /* rows of the table */
#define PROCESSES_MAX 256         /* workers of one host */
#define MAGIC 0x447261676d657432u /* "Dragmet2": another for each layout */
#define PID_BITS 22               /* Linux's own limit: 4,194,304 */
#define STAT_START 20             /* fields of /proc/PID/stat after ")" */
#define STAT_MAX 1024             /* 52 numbers and a name of 16 bytes */

/* Upper bounds in microseconds; the last bucket is +Inf. */
static const int64_t BOUNDS_US[METRIC_BUCKETS] = { 1000, 2000, 5000, 10000,
	25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 5000000,
	10000000, 30000000 };

struct histogram {
	_Atomic int64_t buckets[METRIC_BUCKETS + 1];
	_Atomic int64_t sum_us;
};

struct gauges {
	_Atomic int64_t owner; /* owner_of(pid), 0: free */
	_Atomic int64_t values[METRICS_MAX][METRIC_VALUES_MAX];
};

struct map {
	uint64_t magic, layout;
	_Atomic int64_t counters[METRICS_MAX][METRIC_VALUES_MAX];
	struct histogram histograms[METRICS_MAX][METRIC_VALUES_MAX];
	struct gauges gauges[PROCESSES_MAX];
};

static struct map *map;    /* NULL: counts are dropped */
static struct map *shared; /* the same, if it is a file's */
static atomic_bool lost;   /* it was, until SIGBUS */
static struct gauges *own;
static const struct metric_def *defs;
static size_t ndefs;

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
	return h ^ sizeof(struct map);
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
static struct map *
map_open(int fd)
{
	struct map *m;

	errno = posix_fallocate(fd, 0, sizeof(struct map));
	if (errno != 0)
		return NULL;
	m = mmap(NULL, sizeof(struct map), PROT_READ | PROT_WRITE, MAP_SHARED,
	    fd, 0);

	return m == MAP_FAILED ? NULL : m;
}

/*
 * A new file, whole before it has the name.  Never the old one cut: workers
 * of the other version still write into their mapping of it.
 */
static struct map *
map_make(const char *path, uint64_t layout)
{
	char fresh[PATH_MAX];
	struct map *m = NULL;
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

static struct map *
map_file(const char *path, uint64_t layout)
{
	struct map *m = NULL;
	struct stat sb;
	bool empty;
	int fd = open_locked(path);

	if (fd == -1)
		return NULL;
	empty = fstat(fd, &sb) == 0 && sb.st_size == 0; /* nobody maps it */
	if (empty || sb.st_size == sizeof(struct map))
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
 * When ${pid} began, in ticks since boot, from 1; 0: not to be seen, as where
 * ProtectProc= hides it.
 */
static int64_t
start_of(pid_t pid)
{
	char path[32], text[STAT_MAX], *at;
	ssize_t n;
	int fd, i;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	at = strrchr(text, ')'); /* the name before it may hold anything */
	for (i = 0; at != NULL && i < STAT_START; i++)
		at = strchr(at + 1, ' ');
	return at == NULL ? 0 : strtoll(at, NULL, 10) + 1;
}

/* A process for ever: its pid may be another's when it is gone. */
static int64_t
owner_of(pid_t pid)
{
	return start_of(pid) << PID_BITS | pid;
}

static pid_t
pid_of(int64_t owner)
{
	return (pid_t)(owner & ((1 << PID_BITS) - 1));
}

static bool
is_alive(int64_t owner)
{
	pid_t pid = pid_of(owner);
	int64_t start, then = owner >> PID_BITS;

	if (pid == 0 || (kill(pid, 0) == -1 && errno != EPERM))
		return false;
	start = start_of(pid);
	return start == then || start == 0 || then == 0;
}

static void
see_alive(bool alive[PROCESSES_MAX])
{
	size_t i;

	for (i = 0; i < PROCESSES_MAX; i++)
		alive[i] = is_alive(atomic_load(&map->gauges[i].owner));
}

static void
take_slot(void)
{
	int64_t me = owner_of(getpid()), was;
	size_t i;

	for (i = 0; i < PROCESSES_MAX; i++) {
		was = atomic_load(&map->gauges[i].owner);
		if (pid_of(was) == pid_of(me) || !is_alive(was)) {
			if (!atomic_compare_exchange_strong(
				&map->gauges[i].owner, &was, me))
				continue;
			own = &map->gauges[i];
			memset((void *)own->values, 0, sizeof(own->values));
			return;
		}
	}
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
	if (begin != NULL && at >= begin && at < begin + sizeof(struct map)
	    && mmap(begin, sizeof(struct map), PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)
		!= MAP_FAILED) {
		atomic_store(&lost, true);
		errno = saved;
		return;
	}
	(void)signal(sig, SIG_DFL); /* another's: it happens again and ends */
}

static void
say_lost(void)
{
	log_event(LOG_WARN, "metrics_private",
	    F_STR("why", "the file was cut, or its disk failed"));
	take_slot();
}

int
metrics_open(const char *path, const struct metric_def *table, size_t n)
{
	struct sigaction bus = { .sa_sigaction = on_bus,
		.sa_flags = SA_SIGINFO };
	struct map *m = NULL;
	int rc = 0;

	if (n > METRICS_MAX)
		abort(); /* our own table */
	if (path != NULL) {
		m = map_file(path, layout_of(table, n));
		if (m == NULL) {
			log_event(LOG_WARN, "metrics_private",
			    F_STR("file", path),
			    F_STR("why", strerrordesc_np(errno)));
			rc = -1;
		}
	}
	shared = m;
	atomic_store(&lost, false);
	sigemptyset(&bus.sa_mask);
	if (shared != NULL && sigaction(SIGBUS, &bus, NULL) == -1)
		rc = -1;
	if (m == NULL)
		m = mmap(NULL, sizeof(*m), PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (m == MAP_FAILED)
		return -1;
	defs = table;
	ndefs = n;
	map = m;
	take_slot();
	return rc;
}

void
metrics_close(void)
{
	struct map *m = map;

	if (m == NULL)
		return;
	if (own != NULL)
		atomic_store(&own->owner, 0);
	own = NULL;
	map = shared = NULL;
	munmap(m, sizeof(*m));
}

void
metric_add(int m, int value, int64_t n)
{
	if (map != NULL && value >= 0 && value < METRIC_VALUES_MAX)
		atomic_fetch_add_explicit(&map->counters[m][value], n,
		    memory_order_relaxed);
}

void
metric_set(int m, int value, int64_t v)
{
	if (atomic_exchange_explicit(&lost, false, memory_order_relaxed))
		say_lost();
	if (own != NULL && value >= 0 && value < METRIC_VALUES_MAX)
		atomic_store_explicit(&own->values[m][value], v,
		    memory_order_relaxed);
}

void
metric_observe_us(int m, int value, int64_t us)
{
	struct histogram *h;
	size_t i;

	if (map == NULL || value < 0 || value >= METRIC_VALUES_MAX)
		return;
	if (us < 0)
		us = 0; /* two hosts' clocks: a sum never goes down */
	h = &map->histograms[m][value];
	for (i = 0; i < METRIC_BUCKETS && us > BOUNDS_US[i]; i++)
		;
	atomic_fetch_add_explicit(&h->buckets[i], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&h->sum_us, us, memory_order_relaxed);
}

static int64_t
total_of(int m, int value, const bool alive[PROCESSES_MAX])
{
	enum metric_type type = defs[m].type;
	int64_t total = 0, v;
	size_t i;

	if (type != METRIC_GAUGE && type != METRIC_LEVEL)
		return atomic_load(&map->counters[m][value]);
	for (i = 0; i < PROCESSES_MAX; i++) {
		if (!alive[i])
			continue;
		v = atomic_load(&map->gauges[i].values[m][value]);
		if (type == METRIC_GAUGE)
			total += v;
		else if (v > total)
			total = v;
	}
	return total;
}

int64_t
metric_total(int m, int value)
{
	bool alive[PROCESSES_MAX];

	if (map == NULL)
		return 0;
	see_alive(alive);
	return total_of(m, value, alive);
}

static size_t
values_of(const struct metric_def *d)
{
	size_t n = 0;

	if (d->label == NULL)
		return 1;
	while (n < METRIC_VALUES_MAX && d->values[n] != NULL)
		n++;
	return n;
}

static int
write_labels(struct buf *out, const struct metric_def *d, size_t v,
    const char *le)
{
	if (d->label == NULL && le == NULL)
		return 0;
	if (d->label == NULL)
		return buf_printf(out, "{le=\"%s\"}", le);
	if (le == NULL)
		return buf_printf(out, "{%s=\"%s\"}", d->label, d->values[v]);
	return buf_printf(out, "{%s=\"%s\",le=\"%s\"}", d->label, d->values[v],
	    le);
}

static int
write_value(struct buf *out, const struct metric_def *d, size_t v,
    const bool alive[PROCESSES_MAX])
{
	return buf_add_str(out, d->name) == -1
		|| write_labels(out, d, v, NULL) == -1
		|| buf_printf(out, " %lld\n",
		       (long long)total_of((int)(d - defs), (int)v, alive))
		    == -1
	    ? -1
	    : 0;
}

static int
write_histogram(struct buf *out, const struct metric_def *d, size_t v)
{
	struct histogram *h = &map->histograms[d - defs][v];
	int64_t sum = 0;
	char le[32];
	size_t i;

	for (i = 0; i <= METRIC_BUCKETS; i++) {
		sum += atomic_load(&h->buckets[i]);
		if (i < METRIC_BUCKETS)
			snprintf(le, sizeof(le), "%g",
			    (double)BOUNDS_US[i] / 1e6);
		else
			snprintf(le, sizeof(le), "+Inf");
		if (buf_printf(out, "%s_bucket", d->name) == -1
		    || write_labels(out, d, v, le) == -1
		    || buf_printf(out, " %lld\n", (long long)sum) == -1)
			return -1;
	}
	if (buf_printf(out, "%s_sum", d->name) == -1
	    || write_labels(out, d, v, NULL) == -1
	    || buf_printf(out, " %.6f\n%s_count",
		   (double)atomic_load(&h->sum_us) / 1e6, d->name)
		== -1
	    || write_labels(out, d, v, NULL) == -1
	    || buf_printf(out, " %lld\n", (long long)sum) == -1)
		return -1;
	return 0;
}

int
metrics_write(struct buf *out)
{
	static const char *const TYPES[] = { "counter", "gauge", "histogram",
		"gauge" };
	bool alive[PROCESSES_MAX];
	size_t i, v;

	if (map != NULL)
		see_alive(alive); /* once: it asks the kernel for each */
	for (i = 0; map != NULL && i < ndefs; i++) {
		const struct metric_def *d = &defs[i];

		if (buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", d->name,
			d->help, d->name, TYPES[d->type])
		    == -1)
			return -1;
		for (v = 0; v < values_of(d); v++)
			if ((d->type == METRIC_HISTOGRAM
				    ? write_histogram(out, d, v)
				    : write_value(out, d, v, alive))
			    == -1)
				return -1;
	}
	return 0;
}
