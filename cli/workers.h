/*
 * workers: the running edges and turn workers of this installation, as /proc
 * of this host shows them.
 *
 * Several installations may run on one host.  In a quickstart's environment
 * (started_state) ours are those that its supervisor started; elsewhere, those
 * that no quickstart's supervisor started.
 */
#ifndef CLI_WORKERS_H
#define CLI_WORKERS_H

#include <stddef.h>

#include "base/base.h"

#define WORKER_NAME_MAX 32
#define WORKER_UNIT_MAX 64

struct arena;

struct worker_process {
	int pid;
	char name[WORKER_NAME_MAX]; /* "dragoman-edge" */
	char unit[WORKER_UNIT_MAX]; /* systemd's, or "" */
};

/* All of them, in ${mem}; their number. */
size_t workers_find(struct arena *mem, struct worker_process **out);

/* /proc/PID/${what}, at most ${max} - 1 bytes; its length, 0: not readable. */
size_t worker_read(int pid, const char *what, char *out, size_t max);

#endif
