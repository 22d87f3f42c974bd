/*
 * prefix: what the names of an installation's keys and channels begin with
 * (redis.prefix), seen from outside: where else it lies, and moving it.
 *
 * The same installation is who has the same sealing key: its canary opens.
 */
#ifndef REDIS_PREFIX_H
#define REDIS_PREFIX_H

#include <jansson.h>

#include "redis/store.h"

/*
 * Other prefixes under which this Redis holds something that our keys open,
 * into ${out}, borrowed from ${mem}: [{prefix, workers, edges}], how many
 * live.  Looked at are no prefix, the one of new installations, and those of
 * the channels that edges listen on.
 */
enum store_rc prefix_find(struct store *st, struct arena *mem,
    json_t **out) WARN_UNUSED;

/*
 * Rename all keys of the prefix ${from} to the store's own, while nobody works
 * under either; a repeat goes on where the first one ended.
 *
 * OK           ${moved} keys; ${kept} have their like here, and were left
 * NONE         nothing of any installation is there
 * UNKNOWN_KEY  what is there was sealed with keys that are not ours
 * EXISTS       a worker or an edge lives
 * DOWN         Redis failed
 *
 * With NONE, UNKNOWN_KEY and EXISTS no key was renamed.
 */
enum store_rc prefix_move(struct store *st, const char *from, int64_t *moved,
    int64_t *kept) WARN_UNUSED;

#endif
