/*
 * job_priv: a job as take answers it.
 */
#ifndef REDIS_JOB_PRIV_H
#define REDIS_JOB_PRIV_H

#include "redis/due.h"
#include "redis/store_priv.h"

/* NULL: not a job of ${partition} that can be read (logged): its message was
 * made a dead letter, or its lease passes. */
struct job *job_read(struct store *st, int partition, const redisReply *r,
    int64_t now_ms, int64_t max_age_ms) WARN_UNUSED;

#endif
