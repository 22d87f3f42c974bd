/*
 * once: what is done at most once, however often it is asked for, and what came
 * of it: a call with an Idempotency-Key, an answer to a tool's question.
 *
 * The first who asks is to do it, and says how it ended.  Others who ask the
 * same get that, or wait for it: their addresses (redis/process.h) stand in the
 * record and are woken with a piece of the kind ONCE_KIND.  A wake-up may be
 * lost: once_look says whether it still runs.
 */
#ifndef REDIS_ONCE_H
#define REDIS_ONCE_H

#include "redis/store.h"

#define ONCE_RESULT_MAX (1 * MIB) /* of what is remembered */
#define ONCE_ID_MAX 33            /* a digest, with its NUL */
#define ONCE_TOKEN_MAX 33
#define ONCE_KIND "once"

struct once {
	const char *tenant;
	const char *id;    /* a digest of whose it is, and which */
	const char *asked; /* a digest of what is asked for */
	const char *token; /* of who does it: once_token() */
	const char
	    *address;    /* of who waits if another one does; NULL: nobody */
	int64_t run_ms;  /* it ends by then, or its process is dead */
	int64_t keep_ms; /* how long it is remembered */
};

enum once_rc {
	ONCE_BEGUN, /* do it, then once_end or once_forget */
	ONCE_RUNS,  /* another one does */
	ONCE_DONE,  /* ${result} came of it */
	ONCE_LARGE, /* it is done; the result was too large to be kept */
	ONCE_OTHER, /* it was asked for something else under this id */
	ONCE_LOST,  /* who did it died: nobody knows how it ended */
	ONCE_DOWN,  /* Redis failed, or what is there cannot be read: logged */
};

void once_token(char out[ONCE_TOKEN_MAX]);

/* ${result}, of ${len} bytes, is in ${mem}. */
struct arena;
enum once_rc once_begin(struct store *st, const struct once *o,
    struct arena *mem, const char **result, size_t *len) WARN_UNUSED;

/* It ended with ${result}; NULL: one that is too large.  Who waits is woken. */
void once_end(struct store *st, const struct once *o, const char *result,
    size_t len);
/* It was not done after all: the next one who asks does it. */
void once_forget(struct store *st, const struct once *o);

/* ${runs}: does each of ${ids} still?  -1: Redis does not answer. */
int once_look(struct store *st, const char *tenant, const char *const *ids,
    size_t n, bool *runs) WARN_UNUSED;

#endif
