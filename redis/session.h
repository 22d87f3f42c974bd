/*
 * session: where a conversation stands, for who only asks.
 *
 * Commands that are answered at once read more and are limited (redis/inbox.h),
 * a turn gets it with its job (redis/due.h).
 */
#ifndef REDIS_SESSION_H
#define REDIS_SESSION_H

#include "nouns/chat_name.h"
#include "nouns/session.h"
#include "redis/store.h"

/* OK: exists and state of ${out}[i] are those of ${chats}[i], the rest is empty; a
 * record that is damaged is as if there were none.  DOWN: of some nobody knows;
 * they are as if there were none. */
enum store_rc session_read(struct store *st,
    const struct chat_name *const *chats, size_t n,
    struct session *out) WARN_UNUSED;

#endif
