/*
 * wake: how a turn worker hears that a partition has work for it.
 *
 * {pN}:free is the set of the workers that want to be woken for chats of
 * partition N, {pN}:free:KIND for another kind of job (redis/due.h); what is
 * published is that KIND, or nothing for a chat.
 * A script that makes a job due takes one of them out, at random, and publishes
 * to its channel (wake_one of lua/common.lua): one is woken, not all, and one
 * that hangs is woken no more.  Whoever has looked at a partition and has room
 * left is put back, in the script or batch that looked, so that nothing becomes
 * due between the two.
 *
 * A wake may be lost.  So due_look, which a worker asks each second, says what
 * is due, too.
 */
#ifndef REDIS_WAKE_H
#define REDIS_WAKE_H

#include "nouns/chat_name.h"
#include "redis/store.h"

/* A worker's ear: of the thread that takes, but for wake_rouse. */
struct wake;

/* ${id}, a word, is kept.  ${places}: bits of what it wants to be woken for
 * (redis/due.h).  NULL: no descriptor to be had. */
struct wake *wake_new(struct store *st, const char *id,
    unsigned places) WARN_UNUSED;
void wake_free(struct wake *w);

/* Wait at most ${wait_ms} for a wake, or wake_rouse.  -1: Redis is down. */
int wake_wait(struct wake *w, int wait_ms) WARN_UNUSED;
/* From any thread: the wait ends, or the next one. */
void wake_rouse(struct wake *w);

/* The places that it was woken for since the last call. */
unsigned wake_heard(struct wake *w);
/* It is, or may be, in none of the sets: due_look puts it there. */
bool wake_is_out(const struct wake *w);

/* Who has no room in ${places}: what it was woken for there is another's.  Wakes
 * one for what is due there; those places. */
unsigned wake_pass(struct wake *w, unsigned places);
/* Who ends: the same for all places, and it is out of all sets. */
void wake_leave(struct wake *w);

#endif
