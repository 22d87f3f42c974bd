/*
 * breaker: a provider that fails is left alone for a while, by all workers.
 *
 * What Redis said is believed for BREAKER_CACHE_MS, so that a turn costs no
 * round trip for it; a provider that has not failed costs none at all to
 * succeed.
 */
#ifndef REDIS_BREAKER_H
#define REDIS_BREAKER_H

#include "redis/store.h"

/*
 * A breaker per provider, shared by all: ${open_until_ms} wall time, 0
 * closed.  breaker_fail counts failures within a window and opens it; ${kind}
 * is the caller's word for the last one, a short one, told to who reads it.
 */
#define BREAKER_KIND_MAX 16
enum store_rc breaker_read(struct store *st, const char *provider,
    int64_t *open_until_ms, char kind[BREAKER_KIND_MAX]) WARN_UNUSED;
enum store_rc breaker_fail(struct store *st, const char *provider,
    const char *kind, int64_t threshold, int64_t window_ms, int64_t open_ms,
    int64_t *open_until_ms) WARN_UNUSED;
enum store_rc breaker_succeed(struct store *st,
    const char *provider) WARN_UNUSED;

#endif
