/*
 * ledger: turns as the operator sees them: list, show, dead letters, replay,
 * and sealing anew with the current key.
 */
#ifndef REDIS_LEDGER_H
#define REDIS_LEDGER_H

#include <jansson.h>

#include "nouns/chat_name.h"
#include "redis/store.h"

/*
 * Waiting and running chats of all partitions, at most ${max}: an array of
 * {chat, waiting, running, attempt, crashes, failures, due_ms}.
 */
enum store_rc ledger_list(struct store *st, size_t max, struct arena *mem,
    json_t **out) WARN_UNUSED;

/* One chat: session without secrets, inbox heads, journal field names. */
enum store_rc ledger_show(struct store *st, const struct chat_name *chat,
    struct arena *mem, json_t **out) WARN_UNUSED;

/* Dead letters, newest first: {id (stream id), partition, chat, message_id,
 * why, time_ms, attempts, text}.  ${with_text}: opens the message. */
enum store_rc ledger_dead(struct store *st, size_t max, bool with_text,
    struct arena *mem, json_t **out) WARN_UNUSED;

/* Put a dead letter back as a new message, whose reply is kept as
 * chat.reply_keep says; its new id in ${id}.  NONE: no such letter. */
enum store_rc ledger_replay(struct store *st, const char *letter,
    int64_t reply_keep_ms, struct arena *mem, const char **id) WARN_UNUSED;

/*
 * Reseal every value that is not sealed with the ring's first key, while
 * workers run (compare and set).  ${progress} is called now and then.
 * ${changed}: values resealed.  Repeat until it is 0.
 */
enum store_rc ledger_reseal(struct store *st,
    void (*progress)(void *ctx, int64_t seen, int64_t changed), void *ctx,
    int64_t *changed) WARN_UNUSED;

#endif
