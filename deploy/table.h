/*
 * table: what the supervisor is to run, as DIR/processes says it.
 *
 * A line each, fields separated by tabs, in the order of starting (stopping is
 * the reverse):
 *
 *   listen  ADDRESS  MODE  USER              a unix socket held open here
 *   run     NAME  COUNT  USER  ENV  COMMAND  ARGUMENT ...
 *   worker  NAME  COUNT  USER  ENV  COMMAND  ARGUMENT ...
 *   wait    PATH                              those below start when it is
 *                                             there, or after five seconds
 *   stop    SECONDS                           for each group, then SIGKILL
 *
 * USER is an existing user or "-".  ENV is "-" (all of ours), "none", or names
 * (NAME,NAME*) that are left out.  Paths may be relative to DIR.
 */
#ifndef DEPLOY_TABLE_H
#define DEPLOY_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TABLE_PROGRAMS_MAX 64
/* Programs that are told to end have so long, if the table does not say
 * otherwise: more than server.drain's 30 s. */
#define TABLE_STOP_MS 40000
#define TABLE_STOP_MAX_S 4000 /* server.drain is at most an hour */

struct table_program {
	const char *name;
	int count;
	bool worker;      /* its next generation may run beside it */
	const char *user; /* "-": ours */
	const char *env;  /* "-": all of ours, "none", or what is left out */
	char **argv;      /* NULL-terminated */
};

struct table_socket {
	const char *address, *mode, *user;
};

struct table {
	char *text; /* what the others point into */
	struct table_program programs[TABLE_PROGRAMS_MAX];
	size_t nprograms;
	struct table_socket socket;
	bool has_socket;
	const char *wait_for; /* a path; NULL: none waits */
	size_t waiting;       /* the first program that does */
	int64_t stop_ms;
};

/* Read ${path}; its texts live as long as this process.  What is not
 * understood is said, and ends it: exit 1. */
void table_read(struct table *t, const char *path);

#endif
