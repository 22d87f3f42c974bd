/*
 * budget_priv: a settlement that goes along with another write.
 */
#ifndef REDIS_BUDGET_PRIV_H
#define REDIS_BUDGET_PRIV_H

#include "redis/budget.h"
#include "redis/store_priv.h"

/*
 * Append ${change} to ${b} (nothing when NULL or nothing changes).  It is
 * never repeated: an answer lost on the way may leave a reservation counted
 * as spent, but never gives back what was.
 */
void budget_batch(struct batch *b, const struct chat_name *chat,
    const struct budget_change *change);

#endif
