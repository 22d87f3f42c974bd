#include "redis/reseal_priv.h"

#define HEAD_MAX 1024 /* more than what stands in clear, key id and nonce */

enum store_rc
reseal_value(struct reseal_walk *w, const char *type, const char *field,
    const char *chat, const char *noun, const char *item, const redisReply *v,
    size_t front)
{
	struct batch b;
	struct buf new = BUF_INIT(BATCH_MAX);
	const char *plain;
	size_t len;
	enum store_rc rc;

	w->seen++;
	if (v->type != REDIS_REPLY_STRING)
		return STORE_OK;
	if (v->len <= front
	    || seal_is_current(w->st->ring, v->str + front, v->len - front))
		return STORE_OK;
	rc = record_open(w->st, chat, noun, item, v->str + front,
	    v->len - front, w->mem, &plain, &len);
	if (rc != STORE_OK)
		return STORE_OK; /* logged; the others shall not wait for it */
	batch_init(&b, w->st);
	rc = STORE_DOWN;
	if (buf_add(&new, v->str, front) == -1
	    || seal_close(w->st->ring, chat, noun, item, plain, len, &new)
		== -1)
		goto out;
	batch_script(&b, SCRIPT_RESEAL, 1, 5);
	batch_whole_key(&b, w->key, w->key_len);
	batch_str(&b, type);
	batch_str(&b, field);
	batch_int(&b, (int64_t)v->len);
	batch_mem(&b, v->str, v->len < HEAD_MAX ? v->len : HEAD_MAX);
	batch_mem(&b, new.data, new.len);
	rc = store_run_code(w->st, &b, "reseal");
	if (rc == STORE_OK)
		w->changed++;
	if (rc == STORE_NONE)
		rc = STORE_OK;
out:
	buf_fini(&new);
	batch_fini(&b);
	arena_reset(w->mem);
	return rc;
}
