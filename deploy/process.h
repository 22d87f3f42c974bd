/*
 * process: the life of what the table names: started, started again, told to
 * end.  Nothing here gives up: one that ends is started again within a second,
 * for ever, and what it left in its process group (nginx's workers, when its
 * master was killed) ends with it.
 */
#ifndef DEPLOY_PROCESS_H
#define DEPLOY_PROCESS_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "deploy/table.h"

/* As many as METRICS_PROCESSES_MAX of one kind: the quickstart's table has 34
 * on the largest machine. */
#define PROCESSES_MAX 256

struct process {
	const struct table_program *program;
	int number; /* of those of this program, from 1 */
	pid_t pid;  /* 0: not running */
	int64_t started_ms, again_ms;
	bool ready;      /* ${pid} said that it serves */
	bool reload;     /* SIGHUP came; ${pid} gets it when it serves */
	bool renew;      /* SIGUSR2 came */
	pid_t former;    /* the generation before ${pid}, 0: ended */
	int64_t told_ms; /* when ${former} was told to end, 0: not yet */
	int err;         /* its standard output and error, -1: ours */
};

struct processes {
	struct process list[PROCESSES_MAX];
	size_t n;
	const struct table *table;
	int64_t begun_ms;   /* those that wait do so from then on */
	bool waiting_ended; /* what they wait for may be gone later */
};

/* Said, and exit 1, if they are too many. */
void process_init(struct processes *ps, const struct table *t);

/* Start those that are due. */
void process_start_due(struct processes *ps);
/* Those that ended; ${again}: they are started again. */
void process_reap(struct processes *ps, bool again);
/* ${pid} said that it serves. */
void process_serves(struct processes *ps, pid_t pid);
/* SIGHUP came: it is passed on to all that take it, to a worker when it serves.
 * Before, it would be lost or end it, as a program has no say in what a signal
 * does until it runs. */
void process_reload(struct processes *ps);
/* All are told to end, in the reverse order of starting, those of one name
 * together; killed when their time is over or ${hurry} says so. */
void process_stop_all(struct processes *ps, bool (*hurry)(void));
/* Standard error is for what could not be logged: it is kept small. */
void process_trim_errors(const struct processes *ps);

#endif
