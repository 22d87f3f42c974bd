/*
 * api_keys_list: all keys of a tenant, for who looks at them, and for sealing
 * them anew.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "redis/api_keys.h"
#include "redis/tenant_priv.h"

#define HEAD_MAX 1024 /* of a sealed value: its key's id and its nonce */

/* A key as its name's list has it. */
struct entry {
	const char *name, *id;
	bool newest;
};

/* What is read of each record. */
enum { DOC, ENDS, USED, FIELDS };
static const char *const FIELD[FIELDS] = {
	[DOC] = "doc", [ENDS] = "ends", [USED] = "used"
};

static int
by_name(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order != 0 ? order : (int)y->newest - (int)x->newest;
}

/* The ids of ${name}, the newest first, behind the ${n} entries of ${list}. */
static size_t
add_ids(struct arena *mem, const char *name, const char *ids,
    struct entry *list, size_t n)
{
	bool newest = true;
	size_t len, i;

	for (i = 0; *ids != '\0' && i < API_KEYS_OF_NAME + 1; ids += len) {
		ids += strspn(ids, " ");
		len = strcspn(ids, " ");
		if (len == 0 || len >= API_KEY_ID_MAX)
			break; /* nobody's id */
		list[n++] = (struct entry){ .name = name,
			.id = arena_memdup(mem, ids, len),
			.newest = newest };
		newest = false;
		i++;
	}
	return n;
}

/* All ids of ${tenant}; in ${mem}. */
static enum store_rc
read_entries(struct store *st, const char *tenant, struct arena *mem,
    struct entry **out, size_t *n)
{
	struct batch b;
	redisReply *r = NULL;
	enum store_rc rc = STORE_DOWN;

	*n = 0;
	batch_init(&b, st);
	batch_command(&b, "HGETALL", 1);
	tenant_key(&b, tenant, "keys", NULL, NULL);
	if (store_run(st, &b, &r) == -1)
		goto out;
	if (reply_is_wrong_type(r)) {
		rc = STORE_DAMAGED;
		goto out;
	}
	if (reply_is_error(st, r, "keys"))
		goto out;
	rc = STORE_OK;
	*out = arena_alloc(mem,
	    (r->elements / 2 + 1) * (API_KEYS_OF_NAME + 1) * sizeof(**out));
	for (size_t i = 0; i + 1 < r->elements; i += 2) {
		const char *name = reply_str(r, i), *ids = reply_str(r, i + 1);

		if (name != NULL && ids != NULL && config_is_record_name(name))
			*n = add_ids(mem, arena_strdup(mem, name), ids, *out,
			    *n);
	}
	qsort(*out, *n, sizeof(**out), by_name);
out:
	freeReplyObject(r);
	batch_fini(&b);
	return rc;
}

/* Their records, of one round trip: FIELDS of each. */
static enum store_rc
read_records(struct store *st, const char *tenant, const struct entry *list,
    size_t n, redisReply **replies)
{
	struct batch b;
	enum store_rc rc = STORE_DOWN;

	if (n == 0)
		return STORE_OK;
	batch_init(&b, st);
	for (size_t i = 0; i < n; i++) {
		batch_command(&b, "HMGET", 1 + FIELDS);
		tenant_key(&b, tenant, "key", list[i].id, NULL);
		for (size_t k = 0; k < FIELDS; k++)
			batch_str(&b, FIELD[k]);
	}
	if (store_run(st, &b, replies) == 0)
		rc = STORE_OK;
	batch_fini(&b);
	return rc;
}

/* False: its record is gone, with the time that an ended one is kept. */
static bool
read_one(struct store *st, const char *tenant, const struct entry *e,
    const redisReply *r, struct arena *mem, struct api_key_listed *out)
{
	const redisReply *doc = reply_string(r, DOC);

	*out = (struct api_key_listed){ .replaced = !e->newest,
		.ends_ms = reply_int(r, ENDS),
		.used_ms = reply_int(r, USED) };
	if (r != NULL && r->type == REDIS_REPLY_ARRAY && doc == NULL)
		return false;
	out->damaged = doc == NULL
	    || tenant_key_open(st, tenant, e->id, doc, mem, &out->key)
		!= STORE_OK
	    || strcmp(out->key.name, e->name) != 0;
	if (out->damaged)
		out->key = (struct api_key){ .id = e->id,
			.tenant = tenant,
			.name = e->name };
	out->ended = out->ends_ms > 0 && out->ends_ms <= clock_wall_ms();
	return true;
}

enum store_rc
api_keys_list(struct store *st, const char *tenant, struct arena *mem,
    struct api_key_listed **out, size_t *n)
{
	struct entry *list;
	redisReply **r;
	size_t nlist;
	enum store_rc rc;

	*n = 0;
	rc = read_entries(st, tenant, mem, &list, &nlist);
	if (rc != STORE_OK)
		return rc;
	r = arena_alloc(mem, (nlist + 1) * sizeof(redisReply *));
	*out = arena_alloc(mem, (nlist + 1) * sizeof(**out));
	rc = read_records(st, tenant, list, nlist, r);
	for (size_t i = 0; rc == STORE_OK && i < nlist; i++)
		*n += read_one(st, tenant, &list[i], r[i], mem, *out + *n);
	replies_free(r, nlist);
	return rc;
}

/* ---- sealed anew ---- */

/* ${doc} of the key ${id} with the ring's first key, if it is still that. */
static enum store_rc
reseal_one(struct store *st, const char *tenant, const char *id,
    const redisReply *doc, struct arena *mem, int64_t *changed)
{
	struct api_key key;
	struct batch b;
	enum store_rc rc;

	if (seal_is_current(st->ring, doc->str, doc->len)
	    || tenant_key_open(st, tenant, id, doc, mem, &key) != STORE_OK)
		return STORE_OK; /* logged; the others shall not wait for it */
	batch_init(&b, st);
	batch_script(&b, SCRIPT_RESEAL, 1, 5);
	tenant_key(&b, tenant, "key", id, NULL);
	batch_str(&b, "hash");
	batch_str(&b, FIELD[DOC]);
	batch_int(&b, (int64_t)doc->len);
	batch_mem(&b, doc->str, doc->len < HEAD_MAX ? doc->len : HEAD_MAX);
	rc = tenant_key_seal(&b, st, mem, &key) == -1
	    ? STORE_DOWN
	    : store_run_code(st, &b, "reseal");
	*changed += rc == STORE_OK;
	batch_fini(&b);
	return rc == STORE_NONE ? STORE_OK : rc;
}

enum store_rc
api_keys_reseal(struct store *st, int64_t *seen, int64_t *changed)
{
	struct arena *mem = arena_new();
	struct entry *list;
	redisReply **r = NULL;
	size_t n, i;
	enum store_rc rc;

	rc = read_entries(st, API_KEY_TENANT, mem, &list, &n);
	if (rc != STORE_OK)
		goto out;
	r = arena_alloc(mem, (n + 1) * sizeof(redisReply *));
	rc = read_records(st, API_KEY_TENANT, list, n, r);
	for (i = 0; rc == STORE_OK && i < n; i++)
		if (reply_string(r[i], DOC) != NULL) {
			(*seen)++;
			rc = reseal_one(st, API_KEY_TENANT, list[i].id,
			    reply_string(r[i], DOC), mem, changed);
		}
	replies_free(r, n);
out:
	arena_free(mem);
	/* Doctor tells of it; what else is sealed shall not wait. */
	return rc == STORE_DAMAGED ? STORE_OK : rc;
}
