#include "redis/mcps.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "redis/mcps_priv.h"
#include "redis/versions.h"

#define NOUN "mcps" /* of values that are sealed in a record */

#define SUBSCRIPTION "sub:"
#define FIELD_MAX 128

/* What mcps_batch asks for. */
enum { ENDED, LEVEL, STREAM, AGREED, SAID, FIELDS };
static const char *const FIELD[FIELDS] = {
	[ENDED] = "ended",
	[LEVEL] = "level",
	[STREAM] = "stream",
	[AGREED] = "agreed",
	[SAID] = "said",
};

struct chat_name
mcps_owner(const char *id)
{
	struct chat_name owner = { .partition = 0 }; /* its text alone counts */

	(void)snprintf(owner.text, sizeof(owner.text), "mcps:%.*s",
	    MCPS_ID_MAX - 1, id);
	return owner;
}

void
mcps_key(struct batch *b, const char *id, const char *stream)
{
	char key[2 * MCPS_ID_MAX + 32];

	if (stream == NULL)
		(void)snprintf(key, sizeof(key), MCPS_KEY, id);
	else
		(void)snprintf(key, sizeof(key), MCPS_EVENTS_KEY, id, stream);
	batch_key(b, key);
}

enum store_rc
mcps_run(struct store *st, struct batch *b, const char *what)
{
	size_t n = b->n, i;
	redisReply **r = calloc(n, sizeof(redisReply *));
	enum store_rc rc = STORE_DOWN;

	if (r == NULL)
		abort(); /* out of memory ends the worker */
	if (store_run(st, b, r) == 0) {
		rc = STORE_OK;
		for (i = 0; i < n; i++)
			if (reply_is_wrong_type(r[i]))
				rc = STORE_DAMAGED;
			else if (reply_is_error(st, r[i], what))
				rc = STORE_DOWN;
		replies_free(r, n);
	}
	free(r);
	batch_fini(b);
	return rc;
}

/* ---- in short ------------------------------------------------------------ */

/* GT: the mark of an ended one stays as long as it was to. */
static void
live_on(struct batch *b, const char *id)
{
	batch_command(b, "PEXPIRE", 3);
	mcps_key(b, id, NULL);
	batch_int(b, MCPS_KEEP_MS);
	batch_str(b, "GT");
}

void
mcps_batch(struct batch *b, const char *id)
{
	batch_command(b, "HMGET", 1 + FIELDS);
	mcps_key(b, id, NULL);
	for (size_t i = 0; i < FIELDS; i++)
		batch_str(b, FIELD[i]);
	live_on(b, id);
}

static void
copy(char *to, size_t max, const redisReply *r, size_t i)
{
	const char *text = reply_str(r, i);

	if (text != NULL && strlen(text) < max)
		memcpy(to, text, strlen(text) + 1);
}

void
mcps_read_reply(const redisReply *r, struct mcps *out)
{
	const char *said;

	*out = (struct mcps){ 0 };
	if (r == NULL || r->type != REDIS_REPLY_ARRAY || r->elements != FIELDS)
		return;
	said = reply_str(r, SAID);
	out->ended = reply_str(r, ENDED) != NULL;
	copy(out->level, sizeof(out->level), r, LEVEL);
	copy(out->stream, sizeof(out->stream), r, STREAM);
	copy(out->agreed, sizeof(out->agreed), r, AGREED);
	out->said = said == NULL ? 0 : strtoll(said, NULL, 10);
}

enum store_rc
mcps_read(struct store *st, const char *id, struct mcps *out)
{
	struct batch b;
	redisReply *r[MCPS_COMMANDS] = { NULL };
	enum store_rc rc = STORE_DOWN;

	*out = (struct mcps){ 0 };
	batch_init(&b, st);
	mcps_batch(&b, id);
	if (store_run(st, &b, r) == 0) {
		rc = STORE_OK;
		mcps_read_reply(r[0], out);
		replies_free(r, MCPS_COMMANDS);
	}
	batch_fini(&b);
	return rc;
}

/* ---- its stream and its end ---------------------------------------------- */

enum store_rc
mcps_take_stream(struct store *st, const char *id, const char *address,
    int64_t *said)
{
	struct batch b;
	redisReply *r = NULL;
	enum store_rc rc = STORE_DOWN;

	*said = 0;
	batch_init(&b, st);
	batch_script(&b, SCRIPT_MCPS_OPEN, 1, 2);
	mcps_key(&b, id, NULL);
	batch_str(&b, address);
	batch_int(&b, MCPS_KEEP_MS);
	if (store_run(st, &b, &r) == 0)
		rc = reply_code(st, r, "mcps_open");
	if (rc == STORE_OK)
		*said = reply_int(r, 1);
	freeReplyObject(r);
	batch_fini(&b);
	return rc;
}

static enum store_rc
end(struct store *st, const char *id, int64_t keep_ms, const char *address)
{
	struct batch b;
	enum store_rc rc;

	batch_init(&b, st);
	batch_script(&b, SCRIPT_MCPS_END, 1, 2);
	mcps_key(&b, id, NULL);
	batch_int(&b, keep_ms);
	batch_str(&b, address);
	rc = store_run_code(st, &b, "mcps_end");
	batch_fini(&b);
	return rc;
}

void
mcps_leave_stream(struct store *st, const char *id, const char *address)
{
	(void)end(st, id, 0, address);
}

enum store_rc
mcps_end(struct store *st, const char *id, int64_t keep_ms)
{
	return end(st, id, keep_ms, "");
}

/* ---- what it holds ------------------------------------------------------- */

static void
set(struct batch *b, const char *id, const char *field)
{
	batch_command(b, "HSET", 3);
	mcps_key(b, id, NULL);
	batch_str(b, field);
}

/* A record that was not there has no life yet: not GT. */
static enum store_rc
kept(struct store *st, struct batch *b, const char *id)
{
	batch_command(b, "PEXPIRE", 2);
	mcps_key(b, id, NULL);
	batch_int(b, MCPS_KEEP_MS);
	return mcps_run(st, b, "mcps");
}

enum store_rc
mcps_set_level(struct store *st, const char *id, const char *level)
{
	struct batch b;

	if (strlen(level) >= MCPS_LEVEL_MAX)
		return STORE_DAMAGED;
	batch_init(&b, st);
	set(&b, id, FIELD[LEVEL]);
	batch_str(&b, level);
	return kept(st, &b, id);
}

enum store_rc
mcps_agree(struct store *st, const char *id, const char *agreed,
    const char *client, size_t len)
{
	const struct chat_name owner = mcps_owner(id);
	struct batch b;

	if (strlen(agreed) >= MCPS_AGREED_MAX)
		return STORE_DAMAGED;
	batch_init(&b, st);
	if (agreed[0] != '\0') {
		set(&b, id, FIELD[AGREED]);
		batch_str(&b, agreed);
	}
	set(&b, id, "client");
	batch_sealed(&b, st, "", &owner, NOUN, "client", client, len);
	return kept(st, &b, id);
}

/* How many resources it subscribed to; -1: Redis failed, or it is no hash. */
static int64_t
count(struct store *st, const char *id)
{
	struct batch b;
	redisReply *r = NULL;
	int64_t n = -1;

	batch_init(&b, st);
	batch_command(&b, "HKEYS", 1);
	mcps_key(&b, id, NULL);
	if (store_run(st, &b, &r) == 0 && r->type == REDIS_REPLY_ARRAY) {
		n = 0;
		for (size_t i = 0; i < r->elements; i++)
			n += strncmp(r->element[i]->str, SUBSCRIPTION,
				 strlen(SUBSCRIPTION))
			    == 0;
	}
	freeReplyObject(r);
	batch_fini(&b);
	return n;
}

static void
field_name(char out[FIELD_MAX], const char *version)
{
	text_format(out, FIELD_MAX, SUBSCRIPTION "%s", version);
}

enum store_rc
mcps_subscribe(struct store *st, const char *id, const char *uri)
{
	const struct chat_name owner = mcps_owner(id);
	char name[VERSION_ID_MAX], field[FIELD_MAX], text[MCPS_URI_MAX + 32];
	const char *const ids[] = { name };
	int64_t since, n;
	struct versions versions;
	struct batch b;

	if (strlen(uri) >= MCPS_URI_MAX)
		return STORE_FULL;
	version_id(uri, name);
	if (versions_read(st, &versions, ids, 1, &since) != STORE_OK)
		return STORE_DOWN;
	(void)snprintf(text, sizeof(text), "%" PRId64 " %s", since, uri);
	n = count(st, id);
	if (n < 0)
		return STORE_DOWN;
	if (n >= MCPS_SUBSCRIPTIONS_MAX)
		return STORE_FULL;
	field_name(field, name);
	batch_init(&b, st);
	set(&b, id, field);
	batch_sealed(&b, st, "", &owner, NOUN, field, text, strlen(text));
	return kept(st, &b, id);
}

enum store_rc
mcps_unsubscribe(struct store *st, const char *id, const char *uri)
{
	char name[VERSION_ID_MAX], field[FIELD_MAX];
	struct batch b;

	version_id(uri, name);
	field_name(field, name);
	batch_init(&b, st);
	batch_command(&b, "HDEL", 2);
	mcps_key(&b, id, NULL);
	batch_str(&b, field);
	return mcps_run(st, &b, "mcps");
}
