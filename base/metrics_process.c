/*
 * metrics_process: the part of each process in the map, and which of them
 * live.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/metrics_priv.h"

#define PID_BITS 22   /* Linux's own limit: 4,194,304 */
#define STAT_START 20 /* fields of /proc/PID/stat after ")" */
#define STAT_MAX 1024 /* 52 numbers and a name of 16 bytes */

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

/* The word that says whose part ${i} is; its values follow.  0: free. */
static size_t
owner_at(const struct metrics_layout *l, size_t i)
{
	return l->nwords + i * (1 + l->nown);
}

void
metrics_process_see(const struct metrics_map *map,
    const struct metrics_layout *l, bool alive[METRICS_PROCESSES_MAX])
{
	size_t i;

	for (i = 0; i < METRICS_PROCESSES_MAX; i++)
		alive[i] = is_alive(atomic_load(&map->words[owner_at(l, i)]));
}

_Atomic int64_t *
metrics_process_take(struct metrics_map *map, const struct metrics_layout *l)
{
	int64_t me = owner_of(getpid()), was;
	_Atomic int64_t *owner;
	size_t i, k;

	for (i = 0; i < METRICS_PROCESSES_MAX; i++) {
		owner = &map->words[owner_at(l, i)];
		was = atomic_load(owner);
		if (pid_of(was) != pid_of(me) && is_alive(was))
			continue;
		if (!atomic_compare_exchange_strong(owner, &was, me))
			continue;
		for (k = 1; k <= l->nown; k++)
			atomic_store(&owner[k], 0);
		return owner + 1;
	}
	return NULL;
}

void
metrics_process_leave(_Atomic int64_t *own)
{
	if (own != NULL)
		atomic_store(&own[-1], 0);
}

int64_t
metrics_process_total(const struct metrics_map *map,
    const struct metrics_layout *l, int m, int cell,
    const bool alive[METRICS_PROCESSES_MAX])
{
	size_t at = 1 + l->rows[m].first + (size_t)cell, i;
	int64_t total = 0, v;

	for (i = 0; i < METRICS_PROCESSES_MAX; i++) {
		if (!alive[i])
			continue;
		v = atomic_load(&map->words[owner_at(l, i) + at]);
		if (l->defs[m].type == METRIC_GAUGE)
			total += v;
		else if (v > total)
			total = v;
	}
	return total;
}
