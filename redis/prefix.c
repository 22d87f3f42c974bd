#include "redis/prefix.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "redis/fleet.h"
#include "redis/store_priv.h"

#define PREFIXES_MAX 64 /* of one Redis: more are nobody's */
#define CHANNELS "*" CHANNEL_PROCESS "*"
#define NAME_MAX_BYTES (STORE_PREFIX_MAX + 32)

/* What ours begin with, behind the prefix; all but canary go on.  No prefix may
 * hold one of them (nouns/settings_check.c), or what was renamed looked like
 * what is to be. */
static const char *const FRONTS[] = { "{p",
	"{tenant:", "{fleet}:", "{backend:", KEY_MCPS_FRONT, KEY_BREAKER,
	"budget:", KEY_CANARY };

/* Keys that each start makes anew: one from before takes their place, when all
 * others have moved.  The canary is the last: while something is left, it says
 * whose that is. */
static const char *const REPLACED[] = { KEY_FORMAT, KEY_CANARY };

static bool
is_ours(const char *own)
{
	for (size_t i = 0; i < NELEM(FRONTS); i++)
		if (strncmp(own, FRONTS[i], strlen(FRONTS[i])) == 0)
			return strcmp(FRONTS[i], KEY_CANARY) != 0
			    || own[strlen(KEY_CANARY)] == '\0';
	return false;
}

static bool
is_replaced(const char *own)
{
	for (size_t i = 0; i < NELEM(REPLACED); i++)
		if (strcmp(own, REPLACED[i]) == 0)
			return true;
	return false;
}

/* ---- who lives where ---- */

/* The length of the prefix in front of "process:ID"; -1: no channel of ours. */
static int
channel_prefix(const char *channel)
{
	const char *at = strstr(channel, CHANNEL_PROCESS), *next;

	if (at == NULL)
		return -1;
	while ((next = strstr(at + 1, CHANNEL_PROCESS)) != NULL)
		at = next;
	return at - channel < STORE_PREFIX_MAX ? (int)(at - channel) : -1;
}

static redisReply *
channels(struct store *st)
{
	struct batch b;
	redisReply *r = NULL;

	batch_init(&b, st);
	batch_command(&b, "PUBSUB", 2);
	batch_str(&b, "CHANNELS");
	batch_str(&b, CHANNELS);
	if (store_run(st, &b, &r) == -1 || reply_is_error(st, r, "channels")
	    || r->type != REDIS_REPLY_ARRAY) {
		freeReplyObject(r);
		r = NULL;
	}
	batch_fini(&b);
	return r;
}

static int64_t
edges_of(const redisReply *channels, const char *prefix)
{
	size_t len = strlen(prefix);
	int64_t n = 0;

	for (size_t i = 0; i < channels->elements; i++) {
		const char *name = reply_str(channels, i);

		if (name != NULL && channel_prefix(name) == (int)len
		    && strncmp(name, prefix, len) == 0)
			n++;
	}
	return n;
}

enum owner { NOBODY, OURS, OTHERS };

/* Turn workers of ${prefix} that live, and whose key sealed there.  -1: Redis
 * failed. */
static int
look_at(struct store *st, const char *prefix, int64_t *workers,
    enum owner *owner)
{
	enum { TIME, CANARY, N };
	struct batch b;
	redisReply *r[N] = { NULL }, *live = NULL;
	char key[NAME_MAX_BYTES], id[SEAL_ID_MAX];
	int64_t now;
	int rc = -1;

	*workers = 0;
	*owner = NOBODY;
	batch_init(&b, st);
	batch_command(&b, "TIME", 0);
	batch_command(&b, "HGETALL", 1);
	(void)snprintf(key, sizeof(key), "%s" KEY_CANARY, prefix);
	batch_str(&b, key);
	if (store_run(st, &b, r) == -1 || reply_is_error(st, r[TIME], "time"))
		goto out;
	now = reply_int(r[TIME], 0) * 1000 + reply_int(r[TIME], 1) / 1000;
	if (r[CANARY]->type != REDIS_REPLY_ARRAY || r[CANARY]->elements > 0)
		*owner = OTHERS;
	for (size_t i = 0; *owner == OTHERS && seal_ring_id(st->ring, i, id);
	     i++)
		if (canary_opens(st->ring, r[CANARY], id))
			*owner = OURS;
	batch_fini(&b);
	batch_init(&b, st);
	batch_command(&b, "ZCOUNT", 3);
	(void)snprintf(key, sizeof(key), "%s" KEY_WORKERS, prefix);
	batch_str(&b, key);
	batch_int(&b, now - FLEET_LIVE_MS);
	batch_str(&b, "+inf");
	if (store_run(st, &b, &live) == -1)
		goto out;
	if (live->type == REDIS_REPLY_INTEGER) /* else damaged: none */
		*workers = live->integer;
	rc = 0;
out:
	replies_free(r, N);
	freeReplyObject(live);
	batch_fini(&b);
	return rc;
}

static void
note_prefix(char list[][STORE_PREFIX_MAX], size_t *n, const char *prefix,
    size_t len)
{
	for (size_t i = 0; i < *n; i++)
		if (strlen(list[i]) == len
		    && strncmp(list[i], prefix, len) == 0)
			return;
	if (*n == PREFIXES_MAX)
		return;
	memcpy(list[*n], prefix, len);
	list[(*n)++][len] = '\0';
}

enum store_rc
prefix_find(struct store *st, struct arena *mem, json_t **out)
{
	char list[PREFIXES_MAX][STORE_PREFIX_MAX];
	redisReply *r = channels(st);
	enum store_rc rc = STORE_DOWN;
	size_t n = 0;

	*out = json_keep(mem, json_array());
	if (r == NULL)
		return STORE_DOWN;
	note_prefix(list, &n, "", 0);
	note_prefix(list, &n, STORE_PREFIX_NEW, strlen(STORE_PREFIX_NEW));
	for (size_t i = 0; i < r->elements; i++) {
		const char *name = reply_str(r, i);
		int len = name == NULL ? -1 : channel_prefix(name);

		if (len >= 0)
			note_prefix(list, &n, name, (size_t)len);
	}
	for (size_t i = 0; i < n; i++) {
		int64_t workers;
		enum owner owner;

		if (strcmp(list[i], st->prefix) == 0)
			continue;
		if (look_at(st, list[i], &workers, &owner) == -1)
			goto out;
		if (owner == OURS)
			(void)json_array_append_new(*out,
			    json_pack("{s:s, s:I, s:I}", "prefix", list[i],
				"workers", (json_int_t)workers, "edges",
				(json_int_t)edges_of(r, list[i])));
	}
	rc = STORE_OK;
out:
	freeReplyObject(r);
	return rc;
}

/* ---- moving ---- */

static enum store_rc
may_move(struct store *st, const char *from)
{
	enum { FROM, TO, N };
	const char *const prefix[N] = { from, st->prefix };
	redisReply *r = channels(st);
	enum store_rc rc = r == NULL ? STORE_DOWN : STORE_OK;

	for (size_t i = 0; i < N && rc == STORE_OK; i++) {
		int64_t workers;
		enum owner owner;

		if (look_at(st, prefix[i], &workers, &owner) == -1)
			rc = STORE_DOWN;
		else if (i == FROM && owner == NOBODY)
			rc = STORE_NONE;
		else if (i == FROM && owner == OTHERS)
			rc = STORE_UNKNOWN_KEY;
		else if (workers > 0 || edges_of(r, prefix[i]) > 0)
			rc = STORE_EXISTS;
	}
	freeReplyObject(r);
	return rc;
}

struct moving {
	const char *from;
	int64_t *moved, *kept;
};

/* Those of one page that are ours; others' lie between them. */
static enum store_rc
move_page(struct store *st, const redisReply *keys, void *ctx)
{
	const struct moving *m = ctx;
	size_t len = strlen(m->from), n = 0;
	struct batch b;
	redisReply **r = calloc(keys->elements + 1, sizeof(redisReply *));
	enum store_rc rc = STORE_DOWN;

	if (r == NULL)
		abort(); /* out of memory ends the program */
	batch_init(&b, st);
	for (size_t i = 0; i < keys->elements; i++) {
		const char *key = reply_str(keys, i);

		if (key == NULL || strncmp(key, m->from, len) != 0
		    || !is_ours(key + len) || is_replaced(key + len))
			continue;
		batch_command(&b, "RENAMENX", 2);
		batch_str(&b, key);
		batch_key(&b, key + len);
		n++;
	}
	if (n > 0 && store_run(st, &b, r) == -1)
		goto out;
	rc = STORE_OK;
	for (size_t i = 0; i < n; i++)
		if (r[i] == NULL || r[i]->type == REDIS_REPLY_ERROR)
			continue; /* it expired meanwhile */
		else if (r[i]->type == REDIS_REPLY_INTEGER
		    && r[i]->integer == 0)
			(*m->kept)++;
		else
			(*m->moved)++;
out:
	replies_free(r, n);
	free(r);
	batch_fini(&b);
	return rc;
}

static enum store_rc
move_last(struct store *st, const char *from, int64_t *moved)
{
	struct batch b;
	redisReply *r[NELEM(REPLACED)] = { NULL };
	char key[NAME_MAX_BYTES];
	enum store_rc rc = STORE_DOWN;

	batch_init(&b, st);
	for (size_t i = 0; i < NELEM(REPLACED); i++) {
		(void)snprintf(key, sizeof(key), "%s%s", from, REPLACED[i]);
		batch_command(&b, "RENAME", 2);
		batch_str(&b, key);
		batch_key(&b, REPLACED[i]);
	}
	if (store_run(st, &b, r) == -1)
		goto out;
	for (size_t i = 0; i < NELEM(REPLACED); i++)
		if (r[i]->type != REDIS_REPLY_ERROR) /* it was there */
			(*moved)++;
	rc = STORE_OK;
out:
	replies_free(r, NELEM(REPLACED));
	batch_fini(&b);
	return rc;
}

enum store_rc
prefix_move(struct store *st, const char *from, int64_t *moved, int64_t *kept)
{
	struct moving m = { from, moved, kept };
	enum store_rc rc;

	*moved = *kept = 0;
	rc = may_move(st, from);
	if (rc != STORE_OK || strcmp(from, st->prefix) == 0)
		return rc;
	rc = walk_keys(st, from, "*", "move", move_page, &m);
	return rc == STORE_OK && *kept == 0 ? move_last(st, from, moved) : rc;
}
