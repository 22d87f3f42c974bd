/*
 * table: what the supervisor is to run, as DIR/processes says it.
 *
 * A line each, fields separated by tabs, in the order of starting (stopping is
 * the reverse):
 *
 *   listen  SOCKET  ADDRESS  MODE  USER
 *           a unix socket, held open here for those below that name it;
 *           MODE is octal
 *   run     NAME  COUNT  USER  ENV  [OPTION ...]  COMMAND  ARGUMENT ...
 *   worker  NAME  COUNT  USER  ENV  [OPTION ...]  COMMAND  ARGUMENT ...
 *           its next generation may run beside it (deploy/renew.h).  It is
 *           to say when it serves (deploy/ready.h): $NOTIFY_SOCKET is there
 *           whatever ENV says
 *   wait    PATH
 *           those below start when it is there, or after five seconds
 *   stop    SECONDS
 *           for each group to end; then SIGKILL
 *
 * COUNT is at least 1.  USER is "-", an existing user, or USER:GROUP (that group in place of the
 * user's).  ENV is "-" (all of ours), "none", or names (NAME,NAME*) that are
 * left out.  Paths may be relative to DIR.  OPTIONs:
 *
 *   socket=SOCKET   it gets this one, as systemd gives them (base/inherit.h);
 *                   several are allowed.  Without the option: none
 *   reload=no       SIGHUP is not passed on to it
 */
#ifndef DEPLOY_TABLE_H
#define DEPLOY_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TABLE_PROGRAMS_MAX 64
#define TABLE_SOCKETS_MAX 7 /* descriptors 3 to 9 of a child */
/* Programs that are told to end have so long, if the table does not say
 * otherwise: more than server.drain's 30 s. */
#define TABLE_STOP_MS 40000
#define TABLE_STOP_MAX_S 4000 /* server.drain is at most an hour */

struct table_socket {
	const char *name, *address, *mode, *user;
	int fd; /* deploy/sockets.h */
};

struct table_program {
	const char *name;
	int count;
	bool worker;      /* its next generation may run beside it */
	const char *user; /* "-": ours */
	const char *env;  /* "-": all of ours, "none", or what is left out */
	char **argv;      /* NULL-terminated */
	bool reload;      /* SIGHUP is passed on */
	const struct table_socket *sockets[TABLE_SOCKETS_MAX];
	size_t nsockets;
};

struct table {
	char *text; /* what the others point into */
	struct table_program programs[TABLE_PROGRAMS_MAX];
	size_t nprograms;
	struct table_socket sockets[TABLE_SOCKETS_MAX];
	size_t nsockets;
	const char *wait_for; /* a path; NULL: none waits */
	size_t waiting;       /* the first program that does */
	int64_t stop_ms;
};

/* Read ${path}; its texts live as long as this process.  What is not
 * understood is said, and ends it: exit 1. */
void table_read(struct table *t, const char *path);

#endif
