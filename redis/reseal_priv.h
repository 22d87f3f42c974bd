/*
 * reseal_priv: one sealed value anew, for ledger_reseal.c, which looks through
 * all.
 */
#ifndef REDIS_RESEAL_PRIV_H
#define REDIS_RESEAL_PRIV_H

#include "redis/store_priv.h"

struct reseal_walk {
	struct store *st;
	void (*progress)(void *ctx, int64_t seen, int64_t changed);
	void *ctx;
	int64_t seen, changed;
	struct arena *mem;
	char *key;
	size_t key_len;
};

/* ${v}, which stands at ${field} of ${w}->key, of ${type}: ${front} bytes in
 * clear, then sealed. */
enum store_rc reseal_value(struct reseal_walk *w, const char *type,
    const char *field, const char *chat, const char *noun, const char *item,
    const redisReply *v, size_t front) WARN_UNUSED;

#endif
