/*
 * due: which jobs want a worker, and who holds them (docs/DESIGN.md, the life
 * of a message; work and its kinds).
 */
#ifndef REDIS_DUE_H
#define REDIS_DUE_H

#include "nouns/history_entry.h"
#include "nouns/message.h"
#include "nouns/session.h"
#include "nouns/task.h"
#include "redis/store.h"
#include "redis/wake.h"

#define JOB_TOKEN_MAX 33

/* One field of the journal, opened. */
struct journal_field {
	const char *name; /* "answer:0", "result:0.1", ... see chat/steps.h */
	const char *text;
	size_t len;
	int version; /* to be written: who must be able to read it; 0 is 1 */
};

/* Each but the first has a {pN}:due:KIND of its own, at which only workers look
 * that can do it (redis/README.md, Versions).  What else the queue must know of
 * one is its row in job_kinds.c. */
enum job_kind {
	JOB_CHAT, /* a chat that has messages */
	JOB_TASK, /* a tool's call that goes on by itself (redis/task.h) */
	JOB_KIND_N,
};

/* JOB_CHAT: what its turn is given. */
struct chat_given {
	struct session session;
	int64_t seq;         /* of the message to answer */
	int64_t accepted_ms; /* wall, of the message */
	struct message message;
	struct history_entry *history; /* oldest first */
	size_t nhistory;
	bool expired; /* waited longer than turns.max_age: no step yet */
};

/* JOB_TASK: what its worker is given. */
struct task_given {
	struct task_call call;
	enum task_state state;
	int64_t created_ms;  /* wall */
	const char *address; /* of who waits for it (redis/process.h), or "" */
};

/*
 * A place: the queue of one kind in one partition.  Places are told as bits.
 */
#define DUE_PLACES (JOB_KIND_N * CHAT_PARTITIONS)
#define DUE_ALL ((1u << CHAT_PARTITIONS) - 1) /* of chats */
#define DUE_OF(kind) (DUE_ALL << (kind)*CHAT_PARTITIONS)

/* A job that this worker holds: what its lease, its journal and its end need,
 * whatever its kind.  Everything lives in ${mem}. */
struct job {
	enum job_kind kind;
	struct arena *mem;     /* owned; job_free */
	struct chat_name chat; /* its name in due: of a chat the chat's, of a
				  task KEY/ID (task_name) */
	char token[JOB_TOKEN_MAX];
	char id[MESSAGE_ID_MAX];       /* what its journal is bound to: of a
				  chat the message to answer */
	struct journal_field *journal; /* not empty: it is resumed */
	size_t njournal;
	int64_t started_ms; /* wall, of the first attempt */
	int attempt;        /* 1 for the first */
	int crashes;        /* holders that died */
	int failures;       /* releases that counted */
	bool stop;          /* /stop came before it began */
	/* OK; UNKNOWN_KEY: release it, raise an alarm; NONE: the message or its
	 * journal was damaged (its text may be ""): end it as dead. */
	enum store_rc rc;
	const char *damaged; /* NONE: what take found, or NULL */
	int format;          /* redis/format.h: what its steps are written as */
	int64_t lease_until_ms;   /* boot clock, as it was taken */
	struct chat_given *given; /* JOB_CHAT; else NULL */
	struct task_given *task;  /* JOB_TASK; else NULL */
};

/*
 * Take up to ${n} due jobs of ${places} (bits), in one round trip: their number,
 * -1: Redis is down.  ${places} keeps those where there may be more.  ${w}, unless NULL, is woken again for the others.
 * ${next_ms}, unless NULL, becomes the time at which the first of those that
 * are due later is, if that is earlier or it is 0: wall, on our own clock
 * whatever Redis's says.  Each job is to be given to job_free.
 */
int due_take(struct store *st, const struct wake *w, unsigned *places, int n,
    int64_t lease_ms, int64_t max_age_ms, struct job **jobs,
    int64_t *next_ms) WARN_UNUSED;
void job_free(struct job *j);

/*
 * The ${places} where a job is due, of those that ${w} is woken for (NULL: of
 * chats), and when the first one is in any other (${next_ms}, as above; 0: none
 * waits); -1: Redis is down.  ${w}, unless NULL, is put where it may not be among
 * those who are woken.  Costs Redis a sixth of due_take of all, for a worker with
 * nothing to do.
 */
int due_look(struct store *st, struct wake *w, unsigned *places,
    int64_t *next_ms) WARN_UNUSED;

/*
 * Put the chats of ${partitions} (a bit each) that have messages and stand in
 * no due back there: it was deleted.  Walks all keys; their number in ${n}
 * (logged, if any).
 */
enum store_rc due_requeue(struct store *st, unsigned partitions,
    int64_t *n) WARN_UNUSED;
/* The same for those whose due was seen damaged and is right again. */
void due_requeue_healed(struct store *st);

#endif
