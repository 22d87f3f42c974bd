/*
 * chat_priv: what the files of POST /chat and of its message share.
 *
 * chat.c takes the message, whose shape chat_request.c checks; commands.c
 * answers what needs no turn; chat_park.c waits; chat_message.c answers those
 * who ask again.  chat_answer.c makes bodies, chat_events.c streams of them;
 * chat_reply.c writes them to a request, chat_refusal.c says what is refused.
 */
#ifndef HANDLERS_CHAT_PRIV_H
#define HANDLERS_CHAT_PRIV_H

#include "base/buf.h"
#include "fcgi/edge.h"
#include "fcgi/request.h"
#include "fcgi/response.h"
#include "handlers/fleet_priv.h"
#include "nouns/command.h"
#include "nouns/message.h"
#include "nouns/reply.h"
#include "nouns/session.h"
#include "nouns/settings.h"
#include "redis/inbox.h"

#define CHAT_MESSAGE_ID_MAX 128 /* a client's message_id; a UUID is 36 */

/* One answer: a reply text under its limits, six bytes for each control
 * character, and as much again for the SSE copy. */
#define CHAT_ANSWER_MAX (8 * MIB)

#define CHAT_STREAM_TYPE "text/event-stream"
/* nginx must hand each piece on at once. */
#define CHAT_STREAM_HEADERS "X-Accel-Buffering: no\r\n"

/* Which message: made when it is accepted, kept while its call waits. */
struct chat_ask {
	struct chat_name chat;
	char id[MESSAGE_ID_MAX];                 /* the message's own */
	char update_id[CHAT_MESSAGE_ID_MAX + 1]; /* the client's name of it */
	const char *word; /* the message, of a command that is answered now */
	bool stream;
};

/* chat_request.c: the body, borrowed from its document. */
struct chat_body {
	const char *chat_id, *message;
	const char *message_id; /* NULL: none */
};

/*
 * Read the object ${doc}.  What is wrong with its fields is returned as a list
 * in the shape of a 422's detail, in ${mem}; empty: ${body} is whole.
 */
json_t *chat_body_read(struct arena *mem, const json_t *doc,
    struct chat_body *body) WARN_UNUSED;

/* Names that clients take out of a path, however they are escaped. */
bool chat_is_dots(const char *name);

/*
 * chat_answer.c: bodies.  All append to ${out}, whose limit they keep: -1
 * when it is full.
 */

/* {reply, state, starters} */
int chat_answer_add(struct buf *out, const struct reply *r) WARN_UNUSED;

/* Where the answer to ${ask} will be: a path, escaped; in ${mem}. */
char *chat_url(struct arena *mem, const struct chat_ask *ask);

/* {message_id, url, reply, state, starters}: not answered yet, and ${why} not,
 * for the person who reads it. */
int chat_pending_add(struct buf *out, const struct chat_ask *ask,
    const char *url, const char *state, enum fleet_wait why) WARN_UNUSED;

/* The name of ${session}'s state as clients see it under ${s}. */
const char *chat_state(const struct settings *s, const struct session *session);

/* Those of ${n} chats now, in one round trip; the entry state when Redis does not
 * say. */
void chat_states_now(struct edge *e, const struct settings *s,
    const struct chat_name *const *chats, size_t n, const char **states);

/* chat_refusal.c: why a message, or the question for its answer, is refused. */
enum chat_refusal {
	CHAT_NO_CHAT,
	CHAT_NO_WORDS,
	CHAT_NAME,
	CHAT_DOTS,
	CHAT_UNKNOWN,
	CHAT_CONFLICT,
	CHAT_GONE,
	CHAT_CROWDED,      /* too many wait for one message */
	CHAT_CROWDED_HERE, /* too many of one chat, in this process */
	CHAT_UNREADABLE,
	CHAT_TOO_LONG,
	CHAT_DOWN,
	CHAT_NOT_FOUND_OUT, /* Redis does not say whether it is there */
	CHAT_LOST,
	CHAT_FULL,      /* the chat's inbox, or Redis */
	CHAT_FULL_HERE, /* server.parked */
};
struct refusal;
const struct refusal *chat_refusal(enum chat_refusal why);

/* chat_reply.c: each returns as a handler does. */

int chat_refuse(struct request *req, enum chat_refusal why);
/* The chat's rate is used up for ${wait_ms}. */
int chat_refuse_limited(struct request *req, int64_t wait_ms);

/* Answer ${req} with a reply that is there: JSON, or a whole stream. */
int chat_reply(struct request *req, const struct reply *r, bool stream);
/* The same with one that is kept in Redis. */
int chat_reply_kept(struct request *req, const struct inbox_answer *found,
    bool stream);

/* 202 with where to ask, as JSON. */
int chat_pending(struct request *req, const struct chat_ask *ask);

/*
 * chat_park.c: wait for the reply of ${ask} at ${number}, which its chat has
 * reserved, and answer.  Returns as a handler does.
 */
int chat_park(struct request *req, const struct chat_ask *ask, int64_t number);

/* commands.c: the text that answers an immediate command; in req->mem. */
const char *command_answer(struct request *req, enum command c,
    const struct chat_ask *ask, const struct session *session);

/*
 * chat_events.c: the events of one stream.
 *
 * The client's picture of the text is kept as a length and a hash, so that
 * whatever was lost, doubled or late on the way (pieces are only published,
 * not stored) is made good by the reply.  Attempts are numbered anew here:
 * two workers may both call theirs the second.
 */
struct chat_events {
	int64_t id;            /* of the last event */
	int64_t attempt;       /* as the client sees it */
	int64_t their_attempt; /* as the worker counts; 0 none seen */
	size_t chars, bytes;   /* delivered of this attempt */
	uint64_t hash;         /* of these bytes */
	bool told;             /* a delta was written in this stream */
	bool gap;              /* a piece is missing: no more of this attempt */
};

void chat_events_init(struct chat_events *ev);
/* The first event: accepted, and where to ask should the stream break. */
int chat_events_begin(struct chat_events *ev, const char *message_id,
    const char *url, struct buf *out) WARN_UNUSED;
/* A status of our own: what keeps the message waiting. */
int chat_events_status(struct chat_events *ev, const char *status,
    struct buf *out) WARN_UNUSED;
/* A piece that a worker published: status, tool, delta, restart, error. */
int chat_events_piece(struct chat_events *ev, struct arena *mem,
    const char *kind, const char *text, size_t len,
    struct buf *out) WARN_UNUSED;
/* The end: what is missing of the text, then the reply. */
int chat_events_reply(struct chat_events *ev, const struct reply *r,
    struct buf *out) WARN_UNUSED;
/* {detail} and, when ${url} is not NULL, where to ask. */
int chat_events_error(struct chat_events *ev, const char *detail,
    const char *message_id, const char *url, struct buf *out) WARN_UNUSED;

#endif
