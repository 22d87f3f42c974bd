#include <stdio.h>

#include "base/log.h"
#include "redis/tenant_priv.h"

/* A noun, an id and the digest of a tool's name. */
#define KEY_MAX (API_KEY_TENANT_MAX + 32 + 2 * API_KEY_ID_MAX)

void
tenant_owner(const char *tenant, char out[TENANT_OWNER_MAX])
{
	(void)snprintf(out, TENANT_OWNER_MAX, "tenant:%.*s",
	    API_KEY_TENANT_MAX - 1, tenant);
}

void
tenant_key(struct batch *b, const char *tenant, const char *noun,
    const char *item, const char *more)
{
	char key[KEY_MAX];

	(void)snprintf(key, sizeof(key), "{tenant:%s}:%s%s%s%s%s", tenant, noun,
	    item != NULL ? ":" : "", item != NULL ? item : "",
	    more != NULL ? ":" : "", more != NULL ? more : "");
	batch_key(b, key);
}

int
tenant_key_seal(struct batch *b, const struct store *st, struct arena *mem,
    const struct api_key *key)
{
	struct chat_name owner = { .partition = 0 }; /* its text alone counts */
	const char *text = api_key_write(mem, key);

	if (text == NULL) {
		log_event(LOG_ERROR, "api_key_unwritable",
		    F_STR("key", key->id), F_STR("remedy", LOG_REMEDY_REPORT));
		return -1;
	}
	tenant_owner(key->tenant, owner.text);
	batch_sealed(b, st, "", &owner, TENANT_KEY_NOUN, key->id, text,
	    strlen(text));
	return 0;
}

enum store_rc
tenant_key_open(struct store *st, const char *tenant, const char *id,
    const redisReply *doc, struct arena *mem, struct api_key *out)
{
	char owner[TENANT_OWNER_MAX];
	const char *plain;
	size_t len;
	enum store_rc rc;

	*out = (struct api_key){ .id = id, .tenant = tenant };
	tenant_owner(tenant, owner);
	rc = record_open(st, owner, TENANT_KEY_NOUN, id, doc->str, doc->len,
	    mem, &plain, &len);
	if (rc == STORE_OK && api_key_parse(mem, plain, len, out) == -1) {
		log_event(LOG_ERROR, "api_key_damaged", F_STR("key", id),
		    F_STR("remedy", LOG_REMEDY_DAMAGED));
		rc = STORE_DAMAGED;
	}
	return rc == STORE_NONE ? STORE_DAMAGED : rc;
}
