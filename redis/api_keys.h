/*
 * api_keys: the API keys of a tenant, as the operator keeps them.
 *
 * A key itself is never stored: its record is found by its hash.  A name has
 * one key, and after a rotation the older ones until they end.  Each change is
 * felt by the next request (redis/access.h), raises the tenant's version, and
 * is told to all edges (redis/versions.h, VERSIONS_KIND_KEYS): who holds a stream
 * open for a key then asks access_take again, without counting.  So does who
 * sees another version, since a message may be lost.
 */
#ifndef REDIS_API_KEYS_H
#define REDIS_API_KEYS_H

#include "nouns/api_key.h"
#include "redis/store.h"

#define API_KEYS_MAX 1000  /* names of a tenant: listed in one answer */
#define API_KEYS_OF_NAME 8 /* rotated and not yet ended, at once */
/* So long a key that ended is known as such, for the log. */
#define API_KEYS_MOURN_MS ((int64_t)30 * 24 * 3600 * 1000)

/*
 * A new key as ${key} says; its created_ms is set here, and its id, which is
 * ${id}.  ${text} is the key: show it once, then wipe it.
 *
 * OK, EXISTS (the name has a key that has not ended), FULL (API_KEYS_MAX, or
 * Redis), DAMAGED (the list of keys is not ours), DOWN
 */
enum store_rc api_keys_create(struct store *st, struct api_key *key,
    char text[API_KEY_TEXT_MAX], char id[API_KEY_ID_MAX]) WARN_UNUSED;

struct api_key_listed {
	struct api_key key;
	int64_t ends_ms; /* 0: never; of a replaced one its overlap's end */
	int64_t used_ms; /* 0: never */
	bool replaced;   /* by a rotation */
	bool ended;
	bool damaged; /* its name and id alone are known */
};

/* All of ${tenant}, by name, the newest of each first; in ${mem}.  DAMAGED,
 * DOWN. */
struct arena;
enum store_rc api_keys_list(struct store *st, const char *tenant,
    struct arena *mem, struct api_key_listed **out, size_t *n) WARN_UNUSED;

/*
 * Another key for ${name}, which may what its newest one may, and expires as
 * long after now as that one did after it was made.  The older ones work for
 * ${overlap_ms} more, at most.  ${out} is in ${mem}.
 *
 * OK, NONE (no such name), FULL (API_KEYS_OF_NAME), LOST (it was changed
 * meanwhile: again), DAMAGED, DOWN
 */
enum store_rc api_keys_rotate(struct store *st, const char *tenant,
    const char *name, int64_t overlap_ms, struct arena *mem,
    struct api_key *out, char text[API_KEY_TEXT_MAX]) WARN_UNUSED;

/* End all keys of ${name}; ${n} how many.  NONE, DAMAGED, DOWN. */
enum store_rc api_keys_revoke(struct store *st, const char *tenant,
    const char *name, int64_t *n) WARN_UNUSED;

/* Raised by each change of ${tenant}'s keys; 0: there never was one. */
enum store_rc api_keys_version(struct store *st, const char *tenant,
    int64_t *version) WARN_UNUSED;

/* Part of ledger_reseal: what is sealed with an older key, anew. */
enum store_rc api_keys_reseal(struct store *st, int64_t *seen,
    int64_t *changed) WARN_UNUSED;

#endif
