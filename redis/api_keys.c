#include "redis/api_keys.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "redis/tenant_priv.h"
#include "redis/versions.h"

#define ALLOW_BYTES (API_KEY_ALLOW_MAX * (2 * NET_BYTES + 8))

/* Redis's own clock, as scripts see it; -1: Redis failed. */
static int64_t
now_of(struct store *st)
{
	struct batch b;
	redisReply *r = NULL;
	int64_t ms = -1;

	batch_init(&b, st);
	batch_command(&b, "TIME", 0);
	if (store_run(st, &b, &r) == 0 && !reply_is_error(st, r, "time"))
		ms = reply_int(r, 0) * 1000 + reply_int(r, 1) / 1000;
	freeReplyObject(r);
	batch_fini(&b);
	return ms;
}

/* ${n} as an argument, "" for ${none}. */
static void
batch_number(struct batch *b, int64_t n, int64_t none)
{
	if (n == none)
		batch_str(b, "");
	else
		batch_int(b, n);
}

/* "HEX/BITS HEX/BITS", as lua/access.lua reads it. */
static void
batch_allow(struct batch *b, const struct api_key *key)
{
	struct buf text = BUF_INIT(ALLOW_BYTES);
	char hex[2 * NET_BYTES + 1];

	for (size_t i = 0; i < key->nallow; i++) {
		text_hex(key->allow[i].bytes, NET_BYTES, hex);
		(void)!buf_printf(&text, "%s%s/%d", i > 0 ? " " : "", hex,
		    key->allow[i].bits);
	}
	batch_mem(b, buf_str(&text), text.len);
	buf_fini(&text);
}

/* lua/key_put.lua; ${expected} "": the name is new. */
static enum store_rc
put(struct store *st, struct arena *mem, const struct api_key *key,
    const char *expected, int64_t overlap_ms)
{
	struct batch b;
	redisReply *r = NULL;
	enum store_rc rc = STORE_DOWN;

	batch_init(&b, st);
	batch_script(&b, SCRIPT_KEY_PUT, 3, 11);
	tenant_key(&b, key->tenant, "keys", NULL, NULL);
	tenant_key(&b, key->tenant, "version", NULL, NULL);
	tenant_key(&b, key->tenant, "key", key->id, NULL);
	batch_str(&b, key->name);
	batch_str(&b, key->id);
	if (tenant_key_seal(&b, st, mem, key) == -1)
		goto out;
	batch_number(&b, key->expires_ms, 0);
	batch_allow(&b, key);
	batch_number(&b, key->rate, -1);
	batch_int(&b, API_KEYS_MAX);
	batch_str(&b, expected);
	batch_int(&b, overlap_ms);
	batch_int(&b, API_KEYS_MOURN_MS);
	batch_int(&b, API_KEYS_OF_NAME);
	if (store_run(st, &b, &r) == -1)
		goto out;
	rc = reply_is_oom(r) ? STORE_FULL : reply_code(st, r, "key_put");
	if (rc == STORE_OK)
		versions_tell(st, VERSIONS_KIND_KEYS);
out:
	freeReplyObject(r);
	batch_fini(&b);
	return rc;
}

enum store_rc
api_keys_create(struct store *st, struct api_key *key,
    char text[API_KEY_TEXT_MAX], char id[API_KEY_ID_MAX])
{
	struct arena *mem = arena_new();
	int64_t now = now_of(st);
	enum store_rc rc = STORE_DOWN;

	api_key_make(key->tenant, text, id);
	key->id = id;
	key->created_ms = now;
	if (now >= 0)
		rc = put(st, mem, key, "", 0);
	arena_free(mem);
	return rc;
}

/* The ids of ${name}, as Redis has them. */
static enum store_rc
ids_of(struct store *st, const char *tenant, const char *name,
    struct arena *mem, char **ids)
{
	struct batch b;
	redisReply *r = NULL;
	enum store_rc rc = STORE_DOWN;

	batch_init(&b, st);
	batch_command(&b, "HGET", 2);
	tenant_key(&b, tenant, "keys", NULL, NULL);
	batch_str(&b, name);
	if (store_run(st, &b, &r) == -1)
		goto out;
	if (reply_is_wrong_type(r))
		rc = STORE_DAMAGED;
	else if (!reply_is_error(st, r, "key_ids"))
		rc = r->type == REDIS_REPLY_STRING ? STORE_OK : STORE_NONE;
	if (rc == STORE_OK)
		*ids = arena_memdup(mem, r->str, r->len);
out:
	freeReplyObject(r);
	batch_fini(&b);
	return rc;
}

/* What the first of ${ids} may. */
static enum store_rc
newest_of(struct store *st, const char *tenant, const char *ids,
    struct arena *mem, struct api_key *out)
{
	struct batch b;
	redisReply *r = NULL;
	const char *id = arena_memdup(mem, ids, strcspn(ids, " "));
	enum store_rc rc = STORE_DOWN;

	batch_init(&b, st);
	batch_command(&b, "HGET", 2);
	tenant_key(&b, tenant, "key", id, NULL);
	batch_str(&b, "doc");
	if (strlen(id) >= API_KEY_ID_MAX)
		rc = STORE_DAMAGED;
	else if (store_run(st, &b, &r) == 0
	    && !reply_has_failed(st, r, "key_newest"))
		rc = reply_is_wrong_type(r)      ? STORE_DAMAGED
		    : r->type == REDIS_REPLY_NIL ? STORE_NONE
						 : STORE_OK;
	if (rc == STORE_OK)
		rc = tenant_key_open(st, tenant, id, r, mem, out);
	freeReplyObject(r);
	batch_fini(&b);
	return rc;
}

enum store_rc
api_keys_rotate(struct store *st, const char *tenant, const char *name,
    int64_t overlap_ms, struct arena *mem, struct api_key *out,
    char text[API_KEY_TEXT_MAX])
{
	char *ids, *id = arena_alloc(mem, API_KEY_ID_MAX);
	int64_t now = now_of(st);
	enum store_rc rc;

	if (now < 0)
		return STORE_DOWN;
	rc = ids_of(st, tenant, name, mem, &ids);
	if (rc == STORE_OK)
		rc = newest_of(st, tenant, ids, mem, out);
	if (rc != STORE_OK)
		return rc;
	if (strcmp(out->name, name) != 0)
		return STORE_DAMAGED;
	api_key_make(tenant, text, id);
	out->id = id;
	if (out->expires_ms > 0)
		out->expires_ms += now - out->created_ms;
	out->created_ms = now;
	return put(st, mem, out, ids, overlap_ms);
}

enum store_rc
api_keys_revoke(struct store *st, const char *tenant, const char *name,
    int64_t *n)
{
	struct batch b;
	redisReply *r = NULL;
	enum store_rc rc = STORE_DOWN;

	*n = 0;
	batch_init(&b, st);
	batch_script(&b, SCRIPT_KEY_END, 2, 2);
	tenant_key(&b, tenant, "keys", NULL, NULL);
	tenant_key(&b, tenant, "version", NULL, NULL);
	batch_str(&b, name);
	batch_int(&b, API_KEYS_MOURN_MS);
	if (store_run(st, &b, &r) == 0)
		rc = reply_code(st, r, "key_end");
	if (rc == STORE_OK) {
		*n = reply_int(r, 2);
		versions_tell(st, VERSIONS_KIND_KEYS);
	}
	freeReplyObject(r);
	batch_fini(&b);
	return rc;
}

enum store_rc
api_keys_version(struct store *st, const char *tenant, int64_t *version)
{
	struct batch b;
	redisReply *r = NULL;
	enum store_rc rc = STORE_DOWN;

	*version = 0;
	batch_init(&b, st);
	batch_command(&b, "HGET", 2);
	tenant_key(&b, tenant, "version", NULL, NULL);
	batch_str(&b, "keys");
	if (store_run(st, &b, &r) == 0
	    && (reply_is_wrong_type(r)
		|| !reply_is_error(st, r, "key_version"))) {
		rc = STORE_OK;
		if (r->type == REDIS_REPLY_STRING)
			*version = strtoll(r->str, NULL, 10);
	}
	freeReplyObject(r);
	batch_fini(&b);
	return rc;
}
