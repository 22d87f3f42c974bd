/*
 * kind: what a worker does with one kind of job.
 *
 * What work is, is not known here: main gives a table of kinds, a row for each
 * kind of job that due knows (redis/due.h).  A kind is a folder that has a
 * struct work_kind (chats: chat/chats.h); a row without one: this worker runs
 * none of it, and does not look for it.
 *
 * To add one: a line in enum job_kind (redis/due.h) and its row in
 * redis/job_kinds.c, which names its {pN}:due:KIND and the script that hands it
 * out; its folder; its row in chat/main.c.
 */
#ifndef WORK_KIND_H
#define WORK_KIND_H

#include <jansson.h>

#include "nouns/settings.h"

struct lease;
struct pool;

/* All get the row's ${ctx}; those that may be NULL say so. */
struct work_kind {
	bool goes_on; /* while chats are paused (chat.paused) */
	/* How long one job may take: its lease is not renewed any more then. */
	int64_t (*max_time_ms)(const struct settings *s);
	/*
	 * Run the job of ${l} to its end (a chat's: journal_finish) or hand it back
	 * (journal_release), in a thread of its own.  ${l} and its job are
	 * work's: they go when it returns.  While it runs, ${l} says whether
	 * it may go on, and its cancel flag ends its calls.
	 */
	void (*run)(void *ctx, struct lease *l);
	/* Other settings are in force.  May be NULL. */
	void (*obey)(void *ctx, const struct settings *s);
	/* Once a second, in the heartbeat's thread: it may wait for Redis, but
	 * for nothing else.  May be NULL. */
	void (*look)(void *ctx);
	/* Something runs whose end is to be reported at once.  May be NULL. */
	bool (*is_looking)(void *ctx);
	/* Into the record that others read of this worker (redis/fleet.h).
	 * May be NULL. */
	void (*report)(void *ctx, const struct settings *s, json_t *record);
};

struct work_row {
	const struct work_kind *kind;
	void *ctx;
	struct pool *pool; /* of its own, so that no kind takes the threads of
			      another; a thread a job */
};

#endif
