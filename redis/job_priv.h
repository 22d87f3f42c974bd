/*
 * job_priv: a job as take answers it.
 */
#ifndef REDIS_JOB_PRIV_H
#define REDIS_JOB_PRIV_H

#include "redis/due.h"
#include "redis/store_priv.h"

/* NULL: not an answer of ours (logged); its lease passes. */
struct job *job_read(struct store *st, const redisReply *r, int64_t now_ms,
    int64_t max_age_ms) WARN_UNUSED;

#endif
