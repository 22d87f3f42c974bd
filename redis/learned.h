/*
 * learned: what refusals taught of a backend, for all workers.
 *
 * A hash per backend; each field has its own end, so that what was mended is
 * asked for again (LEARNED_LIFE_MS).  Names and values are llm/quirks.h's; a
 * damaged value, or a key of another type, is as if it were not there.
 */
#ifndef REDIS_LEARNED_H
#define REDIS_LEARNED_H

#include "redis/store.h"

#define LEARNED_LIFE_MS (24 * 60 * 60 * 1000LL)
#define LEARNED_FIELDS_MAX 64 /* of one backend; more: it begins anew */
#define LEARNED_NAME_MAX 81
#define LEARNED_VALUE_MAX 200

struct learned {
	char name[LEARNED_NAME_MAX], value[LEARNED_VALUE_MAX];
	int64_t until_ms; /* wall */
};

/* What is known of ${backend}, at most ${max}; ${n} of them. */
enum store_rc learned_read(struct store *st, const char *backend,
    struct learned *out, size_t max, size_t *n) WARN_UNUSED;
/* STORE_OK too for what is too long to be kept: it is not. */
enum store_rc learned_add(struct store *st, const char *backend,
    const char *name, const char *value) WARN_UNUSED;
enum store_rc learned_forget(struct store *st, const char *backend) WARN_UNUSED;

#endif
