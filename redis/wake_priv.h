/*
 * wake_priv: being put among those who want to be woken, by who looks at due.
 */
#ifndef REDIS_WAKE_PRIV_H
#define REDIS_WAKE_PRIV_H

#include "redis/due.h"
#include "redis/store_priv.h"

/* What take puts into the set of a partition where room is left; "": nothing,
 * there is no ear that would hear.  ${w} may be NULL. */
const char *wake_id(const struct wake *w);

/* Those it is woken for; ${w} NULL: all of chats. */
unsigned wake_places(const struct wake *w);

/*
 * In front of a look at all partitions: ${w}, which may be NULL, into the sets
 * that it may not be in.  How many commands were added; wake_read gets their
 * answers.
 */
#define WAKE_COMMANDS_MAX (DUE_PLACES + CHAT_PARTITIONS)
size_t wake_batch(struct wake *w, struct batch *b);
void wake_read(struct wake *w, redisReply *const *r, size_t n);

#endif
