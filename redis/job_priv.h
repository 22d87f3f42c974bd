/*
 * job_priv: a job as take answers it, and what the queue must know of a kind.
 */
#ifndef REDIS_JOB_PRIV_H
#define REDIS_JOB_PRIV_H

#include "redis/due.h"
#include "redis/store_priv.h"

/*
 * THE table of kinds, a row each (job_kinds.c): all that queue, wakes and journal
 * go by.  What a kind keeps besides is known to its own files alone.
 */
struct job_row {
	const char *due;  /* {pN}:DUE, its queue */
	const char *free; /* {pN}:FREE, who wants to be woken for it */
	const char *record, *journal; /* {pN}:NOUN:NAME; may be the same */
	/* Hands jobs out: KEYS and ARGV as lua/part_take.lua says. */
	enum script take;
	/* One of them.  NULL: it cannot be read (logged): it was set aside, or
	 * its lease passes. */
	struct job *(*read)(struct store *st, int partition,
	    const redisReply *r, int64_t now_ms, int64_t max_age_ms);
};
extern const struct job_row JOB_ROW[JOB_KIND_N];

/* The {pN}:DUE and {pN}:FREE of ${place} (redis/due.h). */
const struct job_row *job_row_of(int place);

/* ---- for the functions that read one: job.c ---- */

/* What all kinds have: token, attempt, ...  NULL: it is no answer of take
 * (logged).  Its name is the caller's to check. */
struct job *job_begin(enum job_kind kind, struct store *st,
    const redisReply *r) WARN_UNUSED;
/* An unknown key outweighs damage: with the key it may be whole. */
void job_note(struct job *j, enum store_rc rc);
/* The steps in ${hash}, NAME value ... */
void job_open_journal(struct store *st, struct job *j, const redisReply *hash);

/* job_chat.c: JOB_CHAT's. */
struct job *job_read_chat(struct store *st, int partition, const redisReply *r,
    int64_t now_ms, int64_t max_age_ms);
/* task_job.c: JOB_TASK's. */
struct job *job_read_task(struct store *st, int partition, const redisReply *r,
    int64_t now_ms, int64_t max_age_ms);

#endif
