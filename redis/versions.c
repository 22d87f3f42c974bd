#include "redis/versions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "redis/fleet.h"
#include "redis/process.h"
#include "redis/tenant_priv.h"

#define TENANT API_KEY_TENANT
#define FIELD "n" /* of a resource's record */

static const char *const NAMES[VERSION_LISTS] = {
	[VERSION_TOOLS] = "tools",
	[VERSION_PROMPTS] = "prompts",
	[VERSION_RESOURCES] = "resources",
	[VERSION_TEMPLATES] = "templates",
};

const char *
version_list_name(enum version_list list)
{
	return NAMES[list];
}

void
versions_tell(struct store *st, const char *kind)
{
	struct arena *mem = arena_new();
	json_t *edges, *edge;
	const char *id;
	size_t i;

	if (fleet_read(st, FLEET_EDGE, mem, &edges) == STORE_OK)
		json_array_foreach(edges, i, edge) {
			id = json_member_str(edge, "id");
			if (id != NULL)
				(void)!process_publish_topic(st, id,
				    VERSIONS_TOPIC, kind, "{}", 2);
		}
	arena_free(mem);
}

/* lua/raise.lua, of the list's field or the resource ${id}. */
static enum store_rc
raise(struct store *st, const char *field, const char *id, const char *digest)
{
	struct batch b;
	redisReply *r = NULL;
	enum store_rc rc = STORE_DOWN;

	batch_init(&b, st);
	batch_script(&b, SCRIPT_RAISE, 1, 3);
	tenant_key(&b, TENANT, id == NULL ? "version" : "resource", id, NULL);
	batch_str(&b, field);
	batch_str(&b, digest == NULL ? "" : digest);
	if (id == NULL)
		batch_str(&b, "");
	else
		batch_int(&b, VERSIONS_RESOURCE_MS);
	if (store_run(st, &b, &r) == 0)
		rc = reply_code(st, r, "raise");
	if (rc == STORE_OK)
		versions_tell(st, VERSIONS_KIND_LISTS);
	freeReplyObject(r);
	batch_fini(&b);
	return rc;
}

enum store_rc
versions_raise(struct store *st, enum version_list list, const char *digest)
{
	return raise(st, NAMES[list], NULL, digest);
}

void
version_id(const char *uri, char out[VERSION_ID_MAX])
{
	seal_digest("resource", uri, strlen(uri), out);
}

enum store_rc
versions_raise_resource(struct store *st, const char *uri, const char *digest)
{
	char id[VERSION_ID_MAX];

	version_id(uri, id);
	return raise(st, FIELD, id, digest);
}

/* What another one wrote there is no version. */
static int64_t
number(const redisReply *r)
{
	return r != NULL && r->type == REDIS_REPLY_STRING
	    ? strtoll(r->str, NULL, 10)
	    : 0;
}

static const redisReply *
element(const redisReply *r, size_t i)
{
	return r->type == REDIS_REPLY_ARRAY && i < r->elements ? r->element[i]
							       : NULL;
}

enum store_rc
versions_read(struct store *st, struct versions *out, const char *const *ids,
    size_t n, int64_t *of)
{
	struct batch b;
	redisReply **r = calloc(n + 1, sizeof(redisReply *));
	enum store_rc rc = STORE_DOWN;
	size_t i;

	if (r == NULL)
		abort(); /* out of memory ends the worker */
	*out = (struct versions){ 0 };
	batch_init(&b, st);
	batch_command(&b, "HMGET", 2 + VERSION_LISTS);
	tenant_key(&b, TENANT, "version", NULL, NULL);
	batch_str(&b, "keys");
	for (i = 0; i < VERSION_LISTS; i++)
		batch_str(&b, NAMES[i]);
	for (i = 0; i < n; i++) {
		batch_command(&b, "HGET", 2);
		tenant_key(&b, TENANT, "resource", ids[i], NULL);
		batch_str(&b, FIELD);
		of[i] = 0;
	}
	if (store_run(st, &b, r) == 0) {
		rc = STORE_OK;
		out->keys = number(element(r[0], 0));
		for (i = 0; i < VERSION_LISTS; i++)
			out->lists[i] = number(element(r[0], 1 + i));
		for (i = 0; i < n; i++)
			of[i] = number(r[i + 1]);
		replies_free(r, n + 1);
	}
	free(r);
	batch_fini(&b);
	return rc;
}
