/*
 * process: addresses at which parked requests wait, PROCESS.NUMBER.
 *
 * Each process that parks has one subscription, to channel process:ID.  What
 * is published there is "NUMBER KIND\n" and sealed bytes bound to chat and
 * message id; or "@TOPIC KIND\n", for all that wait on TOPIC there, and sealed
 * bytes bound to it.  An older edge, where nothing waits on a topic, leaves
 * those.  A wake-up may be lost; the truth is always a record.
 */
#ifndef REDIS_PROCESS_H
#define REDIS_PROCESS_H

#include "nouns/chat_name.h"
#include "redis/store.h"

#define PROCESS_ID_MAX 17 /* 8 random bytes as hex */

/*
 * What the listener's thread tells.  ${sealed} is to be opened with
 * process_open_piece or process_open_topic.
 */
struct process_ear {
	void (*on_piece)(void *ctx, int64_t number, const char *kind,
	    const char *sealed, size_t len);
	void (*on_topic)(void *ctx, const char *topic, const char *kind,
	    const char *sealed, size_t len); /* NULL: nobody waits on any */
	/* The subscription stands (look at all records), or is broken. */
	void (*on_hears)(void *ctx, bool hears);
};

/*
 * Listen on this process's name, in a thread of its own, until
 * process_unlisten.  ${ear} is kept.  Returns once subscribed, or after
 * ${wait_ms} (it goes on trying); NULL: no thread to be had.
 */
struct process_listener;
struct process_listener *process_listen(struct store *st,
    const char id[PROCESS_ID_MAX], const struct process_ear *ear, void *ctx,
    int wait_ms) WARN_UNUSED;
bool process_is_listening(const struct process_listener *l);
void process_unlisten(struct process_listener *l);

/* Open a piece that came for ${id} of ${chat}; NULL: not ours, damaged. */
const char *process_open_piece(struct store *st, const struct chat_name *chat,
    const char *id, const char *kind, const char *sealed, size_t len,
    struct arena *mem, size_t *plain_len) WARN_UNUSED;

/* The same for what came for ${topic}. */
const char *process_open_topic(struct store *st, const char *topic,
    const char *kind, const char *sealed, size_t len, struct arena *mem,
    size_t *plain_len) WARN_UNUSED;

/*
 * Publish ${text} (JSON) as ${kind} ("status", "tool", "delta", "restart",
 * "reply", "error") to ${address}.  Sealed here.
 */
enum store_rc process_publish(struct store *st, const struct chat_name *chat,
    const char *id, const char *address, const char *kind, const char *text,
    size_t len) WARN_UNUSED;

/*
 * Publish ${text} to all in ${process} that wait on ${topic}, a word (no
 * blanks, PROCESS_TOPIC_MAX): one message, however many they are.  NONE: not a
 * topic.
 *
 * Nothing but the tests' own edge (tests/e2e/own_edge.c) waits on a topic yet:
 * it is for streams of MCP sessions.
 */
#define PROCESS_TOPIC_MAX 128 /* with its NUL */
bool process_is_topic(const char *s);
enum store_rc process_publish_topic(struct store *st, const char *process,
    const char *topic, const char *kind, const char *text,
    size_t len) WARN_UNUSED;

#endif
