/*
 * mcps: what a legacy MCP client's session has beyond its id.
 *
 * The id says what was agreed (mcp/session_id.h); the record, {mcps:S}, holds
 * what changes: the address of its stream, log level, subscriptions, who the
 * client is.  It is kept MCPS_KEEP_MS after its last use;
 * absent, as after an emptied Redis, means defaults.  S is the random part of
 * the id, MCPS_ID_MAX: whoever reads a record has checked the id itself, or
 * does before using what it says.
 *
 * A session has one stream (a GET) of one process.  mcps_say() puts a message
 * on it from anywhere: the message is kept for a while under a number, and
 * published to the stream's address, which may miss it and then reads it.
 *
 * The stream of one call has its own events, for who resumes it.
 */
#ifndef REDIS_MCPS_H
#define REDIS_MCPS_H

#include "redis/store.h"

struct arena;

#define MCPS_ID_MAX 33 /* 32 hex digits */
#define MCPS_KEEP_MS ((int64_t)24 * 3600 * 1000)
#define MCPS_ADDRESS_MAX 48 /* PROCESS.NUMBER */
#define MCPS_LEVEL_MAX 16   /* "emergency" is the longest */
#define MCPS_AGREED_MAX 24  /* a revision's name and capability bits */
#define MCPS_SUBSCRIPTIONS_MAX 64
#define MCPS_URI_MAX 2048

/* Kinds of what is published to a stream's address. */
#define MCPS_SAY "say"   /* "NUMBER BEFORE " and sealed: mcps_open_said */
#define MCPS_OVER "over" /* another stream may have taken its place: look */

/* In short: what each request of a session needs. */
struct mcps {
	bool ended;                    /* DELETE */
	char level[MCPS_LEVEL_MAX];    /* logging/setLevel; "" none was set */
	char stream[MCPS_ADDRESS_MAX]; /* ""; none is open */
	char agreed[MCPS_AGREED_MAX];  /* by mcps_agree; "" */
	int64_t said;                  /* number of the last message; 0 none */
};

/* The reply to the commands that access_take adds for a session: HMGET of
 * these, in this order, and a longer life. */
struct batch;
#define MCPS_COMMANDS 2
void mcps_batch(struct batch *b, const char *id);
struct redisReply;
void mcps_read_reply(const struct redisReply *r, struct mcps *out);

/* OK also where there is none: defaults. */
enum store_rc mcps_read(struct store *st, const char *id,
    struct mcps *out) WARN_UNUSED;

/*
 * ${address} is its stream from now on, and the one before it is told
 * (MCPS_OVER).  OK: ${said} is the number of its last message; GONE: the session
 * was ended; DAMAGED, DOWN
 */
enum store_rc mcps_take_stream(struct store *st, const char *id,
    const char *address, int64_t *said) WARN_UNUSED;
/* It has no stream any more, if it still is ${address}. */
void mcps_leave_stream(struct store *st, const char *id, const char *address);

/* DELETE: a mark stays for ${keep_ms}, until the id is too old by itself. */
enum store_rc mcps_end(struct store *st, const char *id,
    int64_t keep_ms) WARN_UNUSED;

/* logging/setLevel. */
enum store_rc mcps_set_level(struct store *st, const char *id,
    const char *level) WARN_UNUSED;
/* Of a session without words of its own in its id (2024-11-05): REVISION and
 * capability bits in ${agreed}; ${client}, JSON, is its clientInfo, sealed. */
enum store_rc mcps_agree(struct store *st, const char *id, const char *agreed,
    const char *client, size_t len) WARN_UNUSED;

/* resources/subscribe and unsubscribe.  FULL: MCPS_SUBSCRIPTIONS_MAX. */
enum store_rc mcps_subscribe(struct store *st, const char *id,
    const char *uri) WARN_UNUSED;
enum store_rc mcps_unsubscribe(struct store *st, const char *id,
    const char *uri) WARN_UNUSED;

/* ---- messages of its stream ---------------------------------------------- */

#define MCPS_SAID_MAX 64         /* kept of one session */
#define MCPS_SAID_KEEP_MS 300000 /* after the last of them */

/* NONE: it has no stream; nothing is kept. */
enum store_rc mcps_say(struct store *st, const char *id, const char *text,
    size_t len) WARN_UNUSED;

struct mcps_event {
	int64_t number;
	bool last; /* the call's answer: no more comes */
	const char *text;
	size_t len;
};

/* A piece of kind MCPS_SAY; -1: damaged.  ${before}: the number before it, 0:
 * none is known. */
int mcps_open_said(struct store *st, const char *id, const char *piece,
    size_t len, struct arena *mem, struct mcps_event *out,
    int64_t *before) WARN_UNUSED;

/* ---- all that a stream looks at ------------------------------------------ */

struct mcps_subscription {
	const char *id; /* version_id() of it */
	const char *uri;
	int64_t since; /* its version when it was subscribed */
};

/* One session's, for mcps_look. */
struct mcps_look {
	const char *id, *address; /* whose; the stream's own address */
	/* what is there; in mem */
	bool ended;    /* the session was */
	bool replaced; /* by another stream */
	struct mcps_subscription *subscriptions;
	size_t nsubscriptions;
	struct mcps_event *said; /* all that is kept */
	size_t nsaid;
};

/* Of ${n} sessions, each of which lives on by it. */
enum store_rc mcps_look(struct store *st, struct mcps_look *looks, size_t n,
    struct arena *mem) WARN_UNUSED;

/* ---- events of a call's stream ------------------------------------------- */

#define MCPS_STREAM_MAX 17    /* 16 hex digits */
#define MCPS_EVENTS_MAX 256   /* kept of one call */
#define MCPS_EVENTS_BYTES MIB /* and no more of them, its answer included */
#define MCPS_EVENTS_KEEP_MS 300000 /* after the last, or the break */

/* The stream of a call begins; it is known for ${keep_ms}. */
enum store_rc mcps_call_begin(struct store *st, const char *id,
    const char *stream, int64_t keep_ms) WARN_UNUSED;
/* Its event ${e}, numbers from 1 on.  ${keep}: of those before it. */
enum store_rc mcps_call_add(struct store *st, const char *id,
    const char *stream, const struct mcps_event *e, int keep,
    int64_t keep_ms) WARN_UNUSED;
/* Those after ${after}, in ${mem}.  NONE: nobody knows that stream (any more). */
enum store_rc mcps_call_read(struct store *st, const char *id,
    const char *stream, int64_t after, struct arena *mem,
    struct mcps_event **out, size_t *n) WARN_UNUSED;

#endif
