/*
 * inbox: messages of one chat that wait for their turn.
 *
 * Putting a message also makes its chat due, in one script (accept.lua): as
 * two commands, a crash between them would leave a message that nobody looks
 * for.
 */
#ifndef REDIS_INBOX_H
#define REDIS_INBOX_H

#include "nouns/command.h"
#include "nouns/message.h"
#include "nouns/reply.h"
#include "nouns/session.h"
#include "redis/store.h"

/* Up to so many a minute the limit is exact: never more in any 60 s, over all
 * workers, and what is refused does not count.  Above it a tenth of them may
 * come at once, then one each 60 s / N.  lua/part_limited.lua has it, too. */
#define INBOX_EXACT_MAX 1000

struct inbox_limits {
	int64_t per_minute; /* chat.rate_limit_per_minute; 0: none */
	int64_t max;        /* messages */
	int64_t bytes;
	int64_t reply_keep_ms; /* chat.reply_keep */
};

struct inbox_answer {
	char id[MESSAGE_ID_MAX];
	int64_t seq;
	int64_t wait_ms;   /* LIMITED: until the next would be let in */
	const char *reply; /* ANSWERED: text of reply_write(), in mem */
	size_t reply_len;
	bool waiting; /* EXISTS: true in the inbox or running */
};

/*
 * Append ${msg} to the inbox of ${chat}, unless its update was accepted
 * before with the same text.
 *
 * OK        accepted durably; ${out}->id is the message's id
 * EXISTS    accepted earlier and not yet answered; ${msg}->address is now
 *           woken too
 * ANSWERED, GONE, CONFLICT   as store.h says
 * CROWDED   accepted earlier and not yet answered, but ${msg}->address is one
 *           too many: it is not woken
 * FULL, LIMITED, DAMAGED, DOWN   nothing was stored
 */
enum store_rc inbox_put(struct store *st, const struct chat_name *chat,
    const struct message *msg, const struct inbox_limits *limits,
    struct arena *mem, struct inbox_answer *out) WARN_UNUSED;

/*
 * A command that is answered at once: takes its part of the rate limit and
 * reads the session.  COMMAND_STOP also marks a running turn as stopped.
 * OK or LIMITED (wait_ms) or DOWN.
 */
enum store_rc inbox_control(struct store *st, const struct chat_name *chat,
    enum command command, const struct inbox_limits *limits, struct arena *mem,
    struct session *session, int64_t *wait_ms) WARN_UNUSED;

/*
 * Where is the message that the client called ${update_id}?
 * ANSWERED, EXISTS (${address}, unless "", is woken when it ends), GONE, NONE.
 */
enum store_rc inbox_find(struct store *st, const struct chat_name *chat,
    const char *update_id, const char *address, struct arena *mem,
    struct inbox_answer *out) WARN_UNUSED;

/* Many such questions in one round trip: what became of message ${id} (the
 * message's own)? */
struct inbox_question {
	struct chat_name chat;
	const char *id;
	enum store_rc rc; /* as inbox_find's */
	struct inbox_answer answer;
};
/* OK, or DOWN: nobody was answered. */
enum store_rc inbox_find_all(struct store *st, struct inbox_question *q,
    size_t n, struct arena *mem) WARN_UNUSED;

#endif
