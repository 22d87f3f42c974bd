/*
 * damage: keys in Redis that are not what they should be, for dragoman doctor.
 *
 * Of a chat take finds and sets aside what is damaged (lua/take.lua); of a
 * partition and of the fleet nobody may decide but the operator.  Deleting what
 * is named here heals: the workers make it anew.
 */
#ifndef REDIS_DAMAGE_H
#define REDIS_DAMAGE_H

#include <jansson.h>

#include "redis/store.h"

/*
 * An array of {key, what}, in ${mem}: keys of partitions, the fleet and the
 * models that workers speak of that have another type or hold no numbers; keys
 * of chats that were set aside and are still there ("set aside"); fields that
 * were ("mended": nothing is to be done).
 */
enum store_rc damage_find(struct store *st, struct arena *mem,
    json_t **out) WARN_UNUSED;

#endif
