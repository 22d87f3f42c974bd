/*
 * reply: what Redis answered, looked at.
 */
#include <stdlib.h>

#include "base/log.h"
#include "redis/store_priv.h"

bool
reply_begins(const redisReply *r, const char *word)
{
	return r != NULL && r->type == REDIS_REPLY_ERROR
	    && strncmp(r->str, word, strlen(word)) == 0;
}

void
replies_free(redisReply **replies, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		freeReplyObject(replies[i]);
		replies[i] = NULL;
	}
}

bool
reply_is_oom(const redisReply *r)
{
	return reply_begins(r, "OOM");
}

bool
reply_is_wrong_type(const redisReply *r)
{
	return reply_begins(r, "WRONGTYPE");
}

bool
reply_is_error(struct store *st, const redisReply *r, const char *what)
{
	if (r == NULL)
		return true;
	if (r->type != REDIS_REPLY_ERROR)
		return false;
	store_log_down(st, what, r->str);
	return true;
}

bool
reply_has_failed(struct store *st, const redisReply *r, const char *what)
{
	return !reply_is_wrong_type(r) && reply_is_error(st, r, what);
}

enum store_rc
reply_code(struct store *st, const redisReply *r, const char *what)
{
	if (reply_is_error(st, r, what))
		return STORE_DOWN;
	if (r->type != REDIS_REPLY_ARRAY || r->elements == 0
	    || r->element[0]->type != REDIS_REPLY_INTEGER
	    || r->element[0]->integer < STORE_OK
	    || r->element[0]->integer > STORE_STOPPED) {
		log_event(LOG_ERROR, "redis_refused", F_STR("what", what),
		    F_STR("why", "not an answer of ours"),
		    F_STR("remedy", LOG_REMEDY_REPORT));
		return STORE_DOWN;
	}
	return (enum store_rc)r->element[0]->integer;
}

const redisReply *
reply_at(const redisReply *r, size_t i)
{
	if (r == NULL || r->type != REDIS_REPLY_ARRAY || i >= r->elements
	    || r->element[i]->type == REDIS_REPLY_NIL)
		return NULL;
	return r->element[i];
}

const redisReply *
reply_string(const redisReply *r, size_t i)
{
	const redisReply *e = reply_at(r, i);

	return e != NULL && e->type == REDIS_REPLY_STRING ? e : NULL;
}

int64_t
reply_int(const redisReply *r, size_t i)
{
	const redisReply *e = reply_at(r, i);
	int64_t n = 0;

	if (e != NULL && e->type == REDIS_REPLY_INTEGER)
		n = e->integer;
	else if (e != NULL && e->type == REDIS_REPLY_STRING)
		n = strtoll(e->str, NULL, 10);
	return n < -REPLY_INT_MAX ? -REPLY_INT_MAX
	    : n > REPLY_INT_MAX   ? REPLY_INT_MAX
				  : n;
}

const char *
reply_str(const redisReply *r, size_t i)
{
	const redisReply *e = reply_string(r, i);

	return e != NULL ? e->str : NULL;
}
