#include "redis/learned.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "redis/store_priv.h"

static void
add_key(struct batch *b, const char *backend)
{
	char key[384];

	(void)snprintf(key, sizeof(key), KEY_LEARNED, backend);
	batch_key(b, key);
}

static bool
is_text(const char *s, size_t len, size_t max)
{
	size_t i;

	for (i = 0; i < len; i++)
		if ((unsigned char)s[i] < ' ' || s[i] == 127)
			return false;
	return len > 0 && len < max;
}

/* "UNTIL_MS VALUE" */
static bool
read_field(const redisReply *name, const redisReply *value, int64_t now,
    struct learned *out)
{
	const char *space;
	char *end;
	size_t len;

	if (name == NULL || value == NULL || name->type != REDIS_REPLY_STRING
	    || value->type != REDIS_REPLY_STRING
	    || !is_text(name->str, name->len, sizeof(out->name))
	    || !is_text(value->str, value->len, sizeof(out->value) + 20))
		return false;
	out->until_ms = strtoll(value->str, &end, 10);
	space = strchr(value->str, ' ');
	if (space == NULL || end != space || out->until_ms <= now
	    || out->until_ms > now + LEARNED_LIFE_MS + 60000)
		return false; /* over, or of a clock that was wrong */
	len = strlen(space + 1);
	if (len == 0 || len >= sizeof(out->value))
		return false;
	memcpy(out->name, name->str, name->len + 1);
	memcpy(out->value, space + 1, len + 1);
	return true;
}

enum store_rc
learned_read(struct store *st, const char *backend, struct learned *out,
    size_t max, size_t *n)
{
	struct batch b;
	redisReply *r = NULL;
	enum store_rc rc = STORE_DOWN;
	int64_t now = clock_wall_ms();

	*n = 0;
	batch_init(&b, st);
	batch_command(&b, "HGETALL", 1);
	add_key(&b, backend);
	if (store_run(st, &b, &r) == -1)
		goto out;
	if (reply_is_wrong_type(r)) {
		rc = STORE_OK; /* a stranger's: learned over, when there is
				  something to learn */
	} else if (!reply_is_error(st, r, "learned")) {
		rc = STORE_OK;
		for (size_t i = 0; i + 1 < r->elements && *n < max; i += 2)
			if (read_field(r->element[i], r->element[i + 1], now,
				&out[*n]))
				(*n)++;
	}
out:
	freeReplyObject(r);
	batch_fini(&b);
	return rc;
}

enum store_rc
learned_add(struct store *st, const char *backend, const char *name,
    const char *value)
{
	struct batch b;
	redisReply *r[3] = { NULL };
	enum store_rc rc = STORE_DOWN;
	char text[LEARNED_VALUE_MAX + 24];
	size_t n = 0;

	if (!is_text(name, strlen(name), LEARNED_NAME_MAX)
	    || !is_text(value, strlen(value), LEARNED_VALUE_MAX))
		return STORE_OK;
	batch_init(&b, st);
	batch_command(&b, "HLEN", 1);
	add_key(&b, backend);
	if (store_run(st, &b, r) == -1)
		goto out;
	/* Full, or of another type: it is learned anew. */
	if (r[0]->type != REDIS_REPLY_INTEGER
	    || r[0]->integer >= LEARNED_FIELDS_MAX)
		if (learned_forget(st, backend) != STORE_OK)
			goto out;
	freeReplyObject(r[0]);
	r[0] = NULL;
	batch_fini(&b);
	batch_init(&b, st);
	(void)snprintf(text, sizeof(text), "%lld %s",
	    (long long)(clock_wall_ms() + LEARNED_LIFE_MS), value);
	batch_command(&b, "HSET", 3);
	add_key(&b, backend);
	batch_str(&b, name);
	batch_str(&b, text);
	/* A day past the last of its fields. */
	batch_command(&b, "PEXPIRE", 2);
	add_key(&b, backend);
	batch_int(&b, 2 * LEARNED_LIFE_MS);
	n = 2;
	if (store_run(st, &b, r) == 0 && !reply_is_error(st, r[0], "learned"))
		rc = STORE_OK;
out:
	freeReplyObject(r[0]);
	if (n == 2)
		freeReplyObject(r[1]);
	batch_fini(&b);
	return rc;
}

enum store_rc
learned_forget(struct store *st, const char *backend)
{
	struct batch b;
	redisReply *r = NULL;
	enum store_rc rc = STORE_DOWN;

	batch_init(&b, st);
	batch_command(&b, "DEL", 1);
	add_key(&b, backend);
	if (store_run(st, &b, &r) == 0 && !reply_is_error(st, r, "learned"))
		rc = STORE_OK;
	freeReplyObject(r);
	batch_fini(&b);
	return rc;
}
