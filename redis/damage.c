#include "redis/damage.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "redis/api_keys.h"
#include "redis/fleet.h"
#include "redis/keys.h"
#include "redis/store_priv.h"

#define KEY_TEXT_MAX (CHAT_NAME_MAX + 64)
#define DAY_MS ((int64_t)86400 * 1000)
#define ASIDE_MAX 100    /* of a partition: common.lua keeps as many */
#define WORKERS_MAX 1000 /* records looked at */
#define TYPE_MAX 16

/* How many keys of ${row} there are whose names are known to all: others are
 * known to those alone that use them. */
static int
known(const struct key_row *row)
{
	return row->scope == SCOPE_PARTITION ? CHAT_PARTITIONS
	    : row->scope == SCOPE_FLEET || row->scope == SCOPE_TENANT ? 1
								      : 0;
}

static void
name_of(const struct key_row *row, int i, char key[KEY_TEXT_MAX])
{
	if (row->scope == SCOPE_PARTITION)
		(void)snprintf(key, KEY_TEXT_MAX, "{p%d}:%s", i, row->noun);
	else if (row->scope == SCOPE_TENANT)
		(void)snprintf(key, KEY_TEXT_MAX, "{tenant:%s}:%s",
		    API_KEY_TENANT, row->noun);
	else
		(void)snprintf(key, KEY_TEXT_MAX, "%s", row->pattern);
}

static void
add_whole(json_t *out, const char *key, const char *what)
{
	json_t *doc = json_pack("{s:s, s:s}", "key", key, "what", what);

	if (doc != NULL) /* a name that is no UTF-8 */
		(void)json_array_append_new(out, doc);
}

static void
add(struct store *st, json_t *out, const char *key, const char *what)
{
	char whole[KEY_TEXT_MAX + STORE_PREFIX_MAX];

	(void)snprintf(whole, sizeof(whole), "%s%s", st->prefix, key);
	add_whole(out, whole, what);
}

/* The type is "none", or ours: true.  Else it is added. */
static bool
is_type(struct store *st, json_t *out, const redisReply *r, const char *key,
    const char *type)
{
	char what[64];

	if (r == NULL || r->type != REDIS_REPLY_STATUS
	    || strcmp(r->str, "none") == 0 || strcmp(r->str, type) == 0)
		return true;
	(void)snprintf(what, sizeof(what), "is a %.*s, and should be a %s",
	    TYPE_MAX, r->str, type);
	add(st, out, key, what);
	return false;
}

static bool
is_number(const redisReply *r)
{
	return r->type == REDIS_REPLY_NIL
	    || (r->type == REDIS_REPLY_STRING && r->len > 0 && r->len <= 15
		&& strspn(r->str, "0123456789") == r->len);
}

static enum store_rc
find_types(struct store *st, json_t *out)
{
	struct batch b;
	redisReply *r[CHAT_PARTITIONS * KEYS_N] = { NULL };
	char key[KEY_TEXT_MAX];
	size_t at = 0;
	enum store_rc rc = STORE_DOWN;

	batch_init(&b, st);
	for (size_t k = 0; k < KEYS_N; k++)
		for (int i = 0; i < known(&KEY_TABLE[k]); i++) {
			name_of(&KEY_TABLE[k], i, key);
			batch_command(&b, "TYPE", 1);
			batch_key(&b, key);
		}
	if (store_run(st, &b, r) == -1)
		goto out;
	for (size_t k = 0; k < KEYS_N; k++)
		for (int i = 0; i < known(&KEY_TABLE[k]); i++) {
			name_of(&KEY_TABLE[k], i, key);
			(void)is_type(st, out, r[at++], key, KEY_TABLE[k].type);
		}
	rc = STORE_OK;
out:
	replies_free(r, NELEM(r));
	batch_fini(&b);
	return rc;
}

/* Numbers of the partitions and the fleet that are none. */
static enum store_rc
find_numbers(struct store *st, json_t *out)
{
	enum { BUDGET = CHAT_PARTITIONS, STOPS, FORMAT, N };
	char budget[40], key[KEY_TEXT_MAX];
	const char *names[N]
	    = { [BUDGET] = budget, [STOPS] = KEY_STOPS, [FORMAT] = KEY_FORMAT };
	struct batch b;
	redisReply *r[N] = { NULL };
	enum store_rc rc = STORE_DOWN;

	(void)snprintf(budget, sizeof(budget), "budget:%lld",
	    (long long)(clock_wall_ms() / DAY_MS));
	batch_init(&b, st);
	for (int p = 0; p < CHAT_PARTITIONS; p++) {
		batch_command(&b, "HGETALL", 1);
		batch_partition_key(&b, p, "counts");
	}
	for (int k = BUDGET; k < N; k++) {
		batch_command(&b, "GET", 1);
		batch_key(&b, names[k]);
	}
	if (store_run(st, &b, r) == -1)
		goto out;
	for (int p = 0; p < CHAT_PARTITIONS; p++)
		for (size_t i = 1;
		     r[p]->type == REDIS_REPLY_ARRAY && i < r[p]->elements;
		     i += 2)
			if (!is_number(r[p]->element[i])) {
				(void)snprintf(key, sizeof(key), "{p%d}:counts",
				    p);
				add(st, out, key, "a field is no number");
				break;
			}
	for (int k = BUDGET; k < N; k++) {
		if (k == BUDGET && reply_is_wrong_type(r[k]))
			add(st, out, budget, "is no string");
		else if (r[k]->type != REDIS_REPLY_ERROR && !is_number(r[k]))
			add(st, out, names[k], "is no number");
	}
	rc = STORE_OK;
out:
	replies_free(r, N);
	batch_fini(&b);
	return rc;
}

/* ${noted} is where a key went, and not a field that was mended. */
static bool
was_moved(const struct store *st, const char *noted)
{
	static const char OLDER[] = ":damaged"; /* behind KEY: other releases */
	const char *own = store_own_key(st, noted), *rest;
	const struct key_row *row = own == NULL ? NULL : keys_find(own, &rest);
	size_t len = strlen(noted);

	return (row != NULL
		   && (row->scope == SCOPE_ASIDE
		       || row->scope == SCOPE_OF_TENANT))
	    || (len >= sizeof(OLDER)
		&& strcmp(noted + len - sizeof(OLDER) + 1, OLDER) == 0);
}

/* What scripts set aside in ${partition}: "{pN}:damaged:KEY" that is still
 * there, "KEY FIELD" that was mended. */
static enum store_rc
find_aside(struct store *st, const redisReply *list, json_t *out)
{
	struct batch b;
	redisReply *r[ASIDE_MAX] = { NULL };
	const char *keys[ASIDE_MAX], *key;
	size_t n = 0;
	enum store_rc rc = STORE_DOWN;

	if (list->type != REDIS_REPLY_ARRAY || list->elements == 0)
		return STORE_OK;
	batch_init(&b, st);
	for (size_t i = 0; i < list->elements && n < ASIDE_MAX; i++) {
		key = reply_str(list, i);
		if (key == NULL)
			continue;
		batch_command(&b, "EXISTS", 1);
		batch_whole_key(&b, key, strlen(key));
		keys[n++] = key;
	}
	if (n == 0)
		rc = STORE_OK;
	else if (store_run(st, &b, r) == 0) {
		for (size_t i = 0; i < n; i++) {
			bool moved = was_moved(st, keys[i]);

			if (moved && r[i]->type == REDIS_REPLY_INTEGER
			    && r[i]->integer == 1)
				add_whole(out, keys[i], "set aside");
			else if (!moved)
				add_whole(out, keys[i], "mended");
		}
		rc = STORE_OK;
	}
	replies_free(r, n);
	batch_fini(&b);
	return rc;
}

static enum store_rc
find_all_aside(struct store *st, json_t *out)
{
	struct batch b;
	redisReply *r[CHAT_PARTITIONS + 1] = { NULL };
	enum store_rc rc = STORE_DOWN;

	batch_init(&b, st);
	for (int p = 0; p <= CHAT_PARTITIONS; p++) {
		batch_command(&b, "ZREVRANGE", 3);
		if (p < CHAT_PARTITIONS)
			batch_partition_key(&b, p, "damaged");
		else
			batch_key(&b, "{tenant:" API_KEY_TENANT "}:damaged");
		batch_int(&b, 0);
		batch_int(&b, ASIDE_MAX - 1);
	}
	if (store_run(st, &b, r) == 0) {
		rc = STORE_OK;
		for (int p = 0; p <= CHAT_PARTITIONS && rc == STORE_OK; p++)
			rc = find_aside(st, r[p], out);
	}
	replies_free(r, CHAT_PARTITIONS + 1);
	batch_fini(&b);
	return rc;
}

/* The records of the processes in ${list}; ${record} is what their names begin
 * with. */
static enum store_rc
find_processes(struct store *st, const char *list, const char *record,
    struct arena *mem, json_t *out)
{
	struct batch b;
	redisReply *r = NULL, **types = NULL;
	const char **keys = NULL;
	size_t n = 0;
	enum store_rc rc = STORE_DOWN;

	batch_init(&b, st);
	batch_command(&b, "ZRANGE", 3);
	batch_key(&b, list);
	batch_int(&b, 0);
	batch_int(&b, WORKERS_MAX - 1);
	if (store_run(st, &b, &r) == -1)
		goto out;
	rc = STORE_OK;
	if (r->type != REDIS_REPLY_ARRAY || r->elements == 0)
		goto out;
	rc = STORE_DOWN;
	batch_fini(&b);
	batch_init(&b, st);
	keys = arena_alloc(mem, r->elements * sizeof(*keys));
	types = calloc(r->elements, sizeof(redisReply *));
	if (types == NULL)
		abort(); /* out of memory ends the program */
	for (size_t i = 0; i < r->elements; i++) {
		const char *id = reply_str(r, i);

		if (id == NULL)
			continue;
		keys[n] = arena_printf(mem, "%s%s", record, id);
		batch_command(&b, "TYPE", 1);
		batch_key(&b, keys[n++]);
	}
	if (store_run(st, &b, types) == 0) {
		for (size_t i = 0; i < n; i++)
			(void)is_type(st, out, types[i], keys[i], "string");
		rc = STORE_OK;
	}
out:
	if (types != NULL)
		replies_free(types, n);
	free(types);
	freeReplyObject(r);
	batch_fini(&b);
	return rc;
}

static void
find_backend_key(struct store *st, const char *key, json_t *out)
{
	struct batch b;
	redisReply *r = NULL;

	batch_init(&b, st);
	batch_command(&b, "TYPE", 1);
	batch_key(&b, key);
	if (store_run(st, &b, &r) == 0)
		(void)is_type(st, out, r, key, "hash");
	freeReplyObject(r);
	batch_fini(&b);
}

/* Breakers of the models that the workers speak of, and what was learned of
 * them. */
static enum store_rc
find_backends(struct store *st, struct arena *mem, json_t *out)
{
	json_t *records, *record, *backend;
	size_t i, k;
	enum store_rc rc = fleet_read(st, FLEET_TURN, mem, &records);

	if (rc == STORE_DAMAGED)
		return STORE_OK; /* the list of workers, found above */
	if (rc != STORE_OK)
		return rc;
	json_array_foreach(records, i, record)
		json_array_foreach(json_object_get(record, "backends"), k,
		    backend) {
			const char *breaker = json_member_str(backend,
			    "breaker");
			const char *learned = json_member_str(backend,
			    "learned");

			if (breaker != NULL)
				find_backend_key(st,
				    arena_printf(mem, KEY_BREAKER "%s",
					breaker),
				    out);
			if (learned != NULL)
				find_backend_key(st,
				    arena_printf(mem, KEY_LEARNED, learned),
				    out);
		}
	return STORE_OK;
}

/* Records of API keys that say nothing.  Their list was looked at above. */
static enum store_rc
find_api_keys(struct store *st, struct arena *mem, json_t *out)
{
	struct api_key_listed *list;
	size_t n;
	enum store_rc rc = api_keys_list(st, API_KEY_TENANT, mem, &list, &n);

	for (size_t i = 0; rc == STORE_OK && i < n; i++)
		if (list[i].damaged)
			add(st, out,
			    arena_printf(mem, "{tenant:%s}:key:%s",
				API_KEY_TENANT, list[i].key.id),
			    arena_printf(mem,
				"is not the record of the API key %s: dragoman "
				"key revoke %s, and create another",
				list[i].key.name, list[i].key.name));
	return rc == STORE_DAMAGED ? STORE_OK : rc;
}

enum store_rc
damage_find(struct store *st, struct arena *mem, json_t **out)
{
	enum store_rc rc;

	*out = json_keep(mem, json_array());
	rc = find_types(st, *out);
	if (rc == STORE_OK)
		rc = find_numbers(st, *out);
	if (rc == STORE_OK)
		rc = find_processes(st, KEY_WORKERS, KEY_WORKER, mem, *out);
	if (rc == STORE_OK)
		rc = find_processes(st, KEY_EDGES, KEY_EDGE, mem, *out);
	if (rc == STORE_OK)
		rc = find_backends(st, mem, *out);
	if (rc == STORE_OK)
		rc = find_all_aside(st, *out);
	if (rc == STORE_OK)
		rc = find_api_keys(st, mem, *out);
	return rc;
}
