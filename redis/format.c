#include "redis/format.h"

#include <stdlib.h>
#include "redis/store_priv.h"

/* Beyond it the number is nobody's version. */
#define FORMAT_MAX 1000000

int
format_now(const struct store *st)
{
	int64_t stored = atomic_load(&st->format);

	if (stored < FORMAT_FIRST)
		return FORMAT_FIRST;
	return stored < FORMAT_NEWEST ? (int)stored : FORMAT_NEWEST;
}

enum store_rc
format_note(struct store *st, const redisReply *r, int64_t *stored)
{
	int64_t n = 0;

	*stored = 0;
	if (reply_is_error(st, r, "format"))
		return STORE_NONE;
	if (r->type == REDIS_REPLY_STRING)
		n = strtoll(r->str, NULL, 10);
	if (r->type != REDIS_REPLY_NIL && (n < FORMAT_FIRST || n > FORMAT_MAX))
		return STORE_NONE; /* what was known stays in force */
	*stored = n;
	atomic_store(&st->format, n > 0 ? n : FORMAT_FIRST);
	return STORE_OK;
}

enum store_rc
format_read(struct store *st, int64_t *stored)
{
	struct batch b;
	redisReply *r = NULL;
	enum store_rc rc = STORE_DOWN;

	*stored = 0;
	batch_init(&b, st);
	batch_command(&b, "GET", 1);
	batch_key(&b, KEY_FORMAT);
	if (store_run(st, &b, &r) == 0)
		rc = format_note(st, r, stored);
	freeReplyObject(r);
	batch_fini(&b);
	return rc;
}

enum store_rc
format_set(struct store *st, int64_t format)
{
	struct batch b;
	redisReply *r = NULL;
	enum store_rc rc = STORE_DOWN;

	batch_init(&b, st);
	batch_command(&b, "SET", 2);
	batch_key(&b, KEY_FORMAT);
	batch_int(&b, format);
	if (store_run(st, &b, &r) == 0 && !reply_is_error(st, r, "format")) {
		atomic_store(&st->format, format);
		rc = STORE_OK;
	}
	freeReplyObject(r);
	batch_fini(&b);
	return rc;
}

void
format_begin(struct store *st, struct batch *b)
{
	int64_t known = atomic_load(&st->format);

	batch_command(b, "SET", 3);
	batch_key(b, KEY_FORMAT);
	batch_int(b, known > 0 ? known : FORMAT_NEWEST);
	batch_str(b, "NX");
}
