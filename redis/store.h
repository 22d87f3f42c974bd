/*
 * store: this process's way to Redis.
 *
 * A pool of blocking links, one borrowed per call; scripts are sent by
 * their hash and loaded when Redis does not know them.  Values that hold what
 * people, models and tools said are sealed and opened here (the nouns of this
 * folder), so callers see plain text.  Only this folder includes hiredis
 * (store_priv.h).
 *
 * A call that finds a dead link tries once more on a new one when the
 * command is safe to repeat (all scripts are).  After a reconnect
 * store_reconnects() has grown: turn workers then renew first.
 * hiredis writes with write(): the process must ignore SIGPIPE.
 */
#ifndef REDIS_STORE_H
#define REDIS_STORE_H

#include "base/base.h"

struct arena;
struct seal_ring;
struct secret;
struct store;

enum store_rc {
	STORE_OK,
	STORE_NONE,     /* not there */
	STORE_EXISTS,   /* accepted before, still waiting or running */
	STORE_ANSWERED, /* accepted before, and here is its answer */
	STORE_CONFLICT, /* the id was used with another text */
	STORE_GONE,     /* was answered; the answer is no longer kept */
	STORE_FULL,     /* inbox or Redis */
	STORE_LIMITED,  /* too many messages a minute */
	STORE_LOST,     /* another worker holds the job */
	STORE_LATE,     /* the turn passed turns.max_time */
	STORE_HEAD,     /* the inbox does not begin with the journal's ids */
	STORE_DAMAGED,  /* what all of a partition needs is not ours: doctor */
	STORE_CROWDED,  /* too many wait for this message already */
	STORE_STOPPED,  /* /stop came: the turn is to end so */
	STORE_UNKNOWN_KEY, /* sealed with a key we do not have */
	STORE_DOWN,        /* Redis failed; a retry may help.  Logged */
};

#define STORE_PREFIX_MAX 33          /* with its NUL: nouns/settings_check.c */
#define STORE_PREFIX_NEW "dragoman:" /* of new installations: dragoman init */

struct store_options {
	const char *url;              /* settings.redis_url */
	const char *prefix;           /* settings.redis_prefix; NULL: none */
	const struct seal_ring *ring; /* kept, not owned */
	int timeout_ms;
	bool echo;    /* SQL_ECHO: log each command and key, no values */
	int replicas; /* 1: accept waits for one replica */
	int wait_ms;
};

/* NULL only for a URL that cannot be parsed (reason in ${why}). */
struct store *store_open(const struct store_options *o,
    const char **why) WARN_UNUSED;
void store_close(struct store *st);

/* PING; ${ms} gets the time it took. */
enum store_rc store_ping(struct store *st, int *ms) WARN_UNUSED;

/* Close the links that nobody uses now: for a quiet time. */
void store_trim(struct store *st);

/* Counts reconnects of any pooled link since the start: after one that failed
 * in use, and to another Redis or one that was started since; not after an idle
 * one that the same Redis closed. */
int64_t store_reconnects(const struct store *st);

/*
 * What Redis must be for our promises (docs/DESIGN.md, the life of a message):
 * version >= 7, AOF, noeviction, replicas if asked.  One thing that it is not:
 */
struct store_finding {
	bool breaks; /* what we promise is broken now; else it may become so */
	const char *what;   /* and what comes of it */
	const char *remedy; /* what the operator does; or NULL, and */
	const char
	    *config; /* the directive of Redis to set: "appendonly yes" */
};
#define STORE_FINDINGS_MAX 9 /* one of each */

/* How many are in ${out}, whose texts live for ever; -1: Redis is down. */
int store_check(struct store *st,
    struct store_finding out[STORE_FINDINGS_MAX]) WARN_UNUSED;

/*
 * The canaries: one sealed text per key id.  STORE_UNKNOWN_KEY: Redis holds
 * canaries and none opens with our ring: stop before writing anything.
 * Missing canaries of our keys are written.
 */
enum store_rc store_canary(struct store *st) WARN_UNUSED;
/* The last line of who stops for it. */
void store_log_other_key(void);

/*
 * The configuration was read again: ${keys} (encryption_key) take the place of
 * those of ${ring}, which is this store's, unless none of them opens what lies
 * in Redis.  Logs keys_changed or keys_kept; the same keys are no change.  A
 * master_password is for the start only: no other one could open anything.
 */
void store_reload_keys(struct store *st, struct seal_ring *ring,
    const struct secret *keys);

/* Did the key ${id} ever seal here?  Its canary says so: STORE_OK yes,
 * STORE_NONE no. */
enum store_rc store_has_sealed(struct store *st, const char *id) WARN_UNUSED;

/* Forget the canaries of all keys but the first: who has but those is wrong
 * here from now on. */
enum store_rc store_canary_alone(struct store *st) WARN_UNUSED;

#endif
