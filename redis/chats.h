/*
 * chats: all chats there are, those at rest too.
 *
 * Each partition has a list, a sorted set: name -> when it was last written to
 * (ms).  accept writes it; so does take, for what an edge of an older release
 * accepted.  format_raise filled it once with those from before (chats_fill):
 * until then chats_list says that it is not whole.  So nothing here looks
 * through all keys but chats_fill.
 */
#ifndef REDIS_CHATS_H
#define REDIS_CHATS_H

#include <jansson.h>

#include "nouns/chat_name.h"
#include "redis/store.h"

/*
 * The ${max} chats that were written to last, those first: an array of {chat,
 * seen_ms, messages, waiting, turns, tokens_in, tokens_out}.  ${whole}: the
 * list has those from before there was one.
 */
enum store_rc chats_list(struct store *st, size_t max, struct arena *mem,
    json_t **out, bool *whole) WARN_UNUSED;

/*
 * One chat: what chats_list says, and {state, running, token_set, history
 * (exchanges kept)}; with ${contents} also {exchanges: [{user, assistant}],
 * inbox: [text]}, null where one cannot be opened.  NONE: there is no such
 * chat.
 */
enum store_rc chats_show(struct store *st, const struct chat_name *chat,
    bool contents, struct arena *mem, json_t **out) WARN_UNUSED;

/* What was forgotten. */
struct chats_forgotten {
	int64_t keys;    /* and dead letters */
	int64_t waiting; /* messages that wait for an answer no more */
};

/*
 * Every key of ${chat}, its dead letters and its places in the lists, in one
 * script: a turn that runs is LOST, what waited counts as refused, and who waits
 * for it gets ${reply} (reply_write; NULL: finds out by and by).  NONE: there was
 * nothing.  A chat that is written to afterwards begins anew.
 */
enum store_rc chats_forget(struct store *st, const struct chat_name *chat,
    const char *reply, struct chats_forgotten *out) WARN_UNUSED;

/* Chats from before there was a list, into it; their number in ${n}.  Looks
 * through all keys, while workers run.  Safe to repeat. */
enum store_rc chats_fill(struct store *st, int64_t *n) WARN_UNUSED;

#endif
