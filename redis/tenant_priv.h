/*
 * tenant_priv: keys of a tenant, and the records of its API keys, for those
 * who keep them (api_keys.c) and those who ask for them (access.c).
 */
#ifndef REDIS_TENANT_PRIV_H
#define REDIS_TENANT_PRIV_H

#include "nouns/api_key.h"
#include "redis/store_priv.h"

/* "{tenant:T}:NOUN", and ":ITEM" and ":MORE" behind it unless NULL. */
void tenant_key(struct batch *b, const char *tenant, const char *noun,
    const char *item, const char *more);

/* What an API key may, sealed as an argument.  -1: it cannot be written. */
int tenant_key_seal(struct batch *b, const struct store *st, struct arena *mem,
    const struct api_key *key) WARN_UNUSED;
/*
 * The record of the key ${id} of ${tenant} from its sealed ${doc}.  OK;
 * UNKNOWN_KEY; DAMAGED: it is no record of this key.  Both logged.
 */
enum store_rc tenant_key_open(struct store *st, const char *tenant,
    const char *id, const redisReply *doc, struct arena *mem,
    struct api_key *out) WARN_UNUSED;

/* What a record is sealed for: owner, noun; its id is the item. */
#define TENANT_OWNER_MAX (API_KEY_TENANT_MAX + 8)
void tenant_owner(const char *tenant, char out[TENANT_OWNER_MAX]);
#define TENANT_KEY_NOUN "api_key"

#endif
