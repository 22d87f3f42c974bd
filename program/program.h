/*
 * program: the start of a program, once for all of them.
 *
 * A worker's main.c is a table, struct program, and a call of program_main.
 * What is opened, in which order, what each failure says and which exit code it
 * is, stands in program.c.  The operator's command has many commands and says
 * in words what fails: it uses the parts (program_begin, program/open.h).
 *
 * The order: signals, process, options, log, settings, metrics, sealing ring,
 * store, canary; then serve.  Signals wait until serve takes them
 * (base/signals.h): a SIGHUP that comes while a worker starts is a reload when
 * it serves, a SIGTERM ends it then, or while it waits for Redis.
 */
#ifndef PROGRAM_PROGRAM_H
#define PROGRAM_PROGRAM_H

#include "base/base.h"
#include "nouns/settings.h"

#define PROGRAM_WRONG 2 /* exit code: wrong use or configuration */
#define PROGRAM_ID_MAX 17

struct seal_ring;
struct store;

/* What program_main has opened; of the main thread, until serve returns. */
struct program_run {
	const struct program *program;
	void *ctx;               /* the program's own */
	char id[PROGRAM_ID_MAX]; /* of this process: random, in hex */
	struct settings_source source;
	struct settings *settings; /* of the start; a reload leaves them */
	struct seal_ring *ring;    /* of the store */
	struct store *store;       /* may be down, never NULL */
};

struct program {
	const char *name;   /* "dragoman-edge" */
	const char *worker; /* of its log lines: "edge" */
	const char *does;   /* for --help: a line each */
	void *ctx;          /* of the run */
	bool asks_models;   /* struct settings_source */
	bool calls_tools;   /* the same */
	bool reads_servers; /* the same */
	/* Without Redis there is nothing to do: it waits.  Others serve, and
	 * Redis may come. */
	bool awaits_redis;
	/* Started with GATEWAY_INTERFACE it takes no options: its arguments are
	 * the query of whoever asks (RFC 3875, 4.4). */
	bool may_be_cgi;

	/* Takes out of ${s}, which was just read, what this program must not
	 * hold; or NULL. */
	void (*strip)(struct settings *s);
	/* Serves until it is told to end; the exit code.  It takes its own
	 * reference of run->settings. */
	int (*serve)(struct program_run *run);
	/* A reload, first: takes ${s} and gives settings in which what the
	 * configuration leaves open is chosen; or NULL. */
	struct settings *(*choose)(struct program_run *run, struct settings *s);
	/* Then: -1, logged, if ${s} is refused; or NULL. */
	int (*accept)(struct program_run *run, struct settings *s);
	/* Last: takes ${s}, with its reference, into force. */
	void (*apply)(struct program_run *run, struct settings *s);
};

/*
 * What each process needs, ${name} being its own: unreadable for others, malloc,
 * SIGPIPE, randomness.  -1: said on standard error.
 */
int program_begin(const char *name) WARN_UNUSED;

/* All of a worker's life; returns main's exit code. */
int program_main(const struct program *program, int argc, char **argv);

/* SIGHUP: the log file is opened again, the configuration read again, and taken
 * into force if it is right.  Called from one thread at a time. */
void program_reload(struct program_run *run);

/* Takes ${s} and its reference into force, as a reload does; ${by} says why in
 * the log. */
void program_apply(struct program_run *run, struct settings *s, const char *by);

/* Each line of ${lines} as an error of the configuration in the log. */
struct buf;
void program_log_refused(const struct buf *lines);

#endif
