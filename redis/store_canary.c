/*
 * store_canary: one sealed text for each key, by which a process with the wrong keys
 * stops before it writes; and keys that are read again.
 */
#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "redis/store_priv.h"

#define CANARY_OWNER "dragoman"
#define CANARY_NOUN "canary"
#define CANARY_TEXT "this key opens"
#define KEY_LOG_MS 60000

bool
canary_opens(const struct seal_ring *ring, const redisReply *r, const char *id)
{
	struct buf plain = BUF_INIT(256);
	bool opens = false;

	for (size_t i = 0; i + 1 < r->elements; i += 2)
		if (reply_str(r, i) != NULL && reply_str(r, i + 1) != NULL
		    && strcmp(reply_str(r, i), id) == 0)
			opens = seal_open(ring, CANARY_OWNER, CANARY_NOUN, id,
				    r->element[i + 1]->str,
				    r->element[i + 1]->len, &plain)
			    == SEAL_OK;
	buf_fini(&plain);
	return opens;
}

/* ${empty}: Redis holds none yet, and so no record either. */
static enum store_rc
canary_write(struct store *st, const struct seal_ring *ring, const char *id,
    bool empty)
{
	struct batch b;
	redisReply *r[3] = { NULL };
	struct buf sealed = BUF_INIT(256);
	enum store_rc rc = STORE_DOWN;
	int64_t ignored;

	batch_init(&b, st);
	if (seal_close(ring, CANARY_OWNER, CANARY_NOUN, id, CANARY_TEXT,
		strlen(CANARY_TEXT), &sealed)
	    == -1)
		goto out;
	batch_command(&b, "HSETNX", 3);
	batch_key(&b, KEY_CANARY);
	batch_str(&b, id);
	batch_mem(&b, sealed.data, sealed.len);
	if (empty) {
		format_begin(st, &b);
		batch_command(&b, "GET", 1);
		batch_key(&b, KEY_FORMAT);
	}
	if (store_run(st, &b, r) == -1 || reply_is_error(st, r[0], "canary"))
		goto out;
	if (empty)
		(void)format_note(st, r[2], &ignored);
	rc = STORE_OK;
out:
	replies_free(r, NELEM(r));
	buf_fini(&sealed);
	batch_fini(&b);
	return rc;
}

/* Each heartbeat looks: once a minute is enough. */
static const char OTHER_KEY[]
    = "this Redis was encrypted with another ENCRYPTION_KEY";
static const char GIVE_IT[]
    = "give that one, first or last in the list, or another database in "
      "REDIS_URL";

void
store_log_other_key(void)
{
	log_event(LOG_ERROR, "key_unknown", F_STR("why", OTHER_KEY),
	    F_STR("remedy", GIVE_IT));
}

static void
log_key_unknown(struct store *st)
{
	int64_t now = clock_boot_ms();
	int64_t last = atomic_load(&st->key_logged_ms);

	if (last != 0 && now - last < KEY_LOG_MS)
		return;
	atomic_store(&st->key_logged_ms, now);
	log_event(LOG_ERROR, "sealing_key_unknown", F_STR("why", OTHER_KEY),
	    F_STR("remedy", GIVE_IT));
}

static enum store_rc
canary(struct store *st, const struct seal_ring *ring)
{
	struct batch b;
	redisReply *r[2] = { NULL };
	enum store_rc rc = STORE_DOWN;
	char id[SEAL_ID_MAX], first[SEAL_ID_MAX] = "";
	bool any = false, first_stands = false;
	int64_t ignored;

	batch_init(&b, st);
	batch_command(&b, "HGETALL", 1);
	batch_key(&b, KEY_CANARY);
	batch_command(&b, "GET", 1);
	batch_key(&b, KEY_FORMAT);
	if (store_run(st, &b, r) == -1 || reply_is_error(st, r[0], "canary")
	    || r[0]->type != REDIS_REPLY_ARRAY)
		goto out;
	for (size_t i = 0; seal_ring_id(ring, i, id); i++) {
		bool opens = canary_opens(ring, r[0], id);

		if (i == 0) {
			memcpy(first, id, sizeof(first));
			first_stands = opens;
		}
		any = any || opens;
	}
	if (r[0]->elements > 0 && !any) {
		log_key_unknown(st);
		rc = STORE_UNKNOWN_KEY;
		goto out;
	}
	if (r[0]->elements > 0) /* else it was emptied: ours is to be kept */
		(void)format_note(st, r[1], &ignored);
	/* Only the first key seals; the others had theirs written then. */
	rc = first_stands ? STORE_OK
			  : canary_write(st, ring, first, r[0]->elements == 0);
out:
	replies_free(r, NELEM(r));
	batch_fini(&b);
	return rc;
}

enum store_rc
store_canary(struct store *st)
{
	return canary(st, st->ring);
}

static void
log_keys_kept(const char *why)
{
	log_event(LOG_ERROR, "keys_kept", F_STR("why", why),
	    F_STR("remedy",
		"the keys from before stay in force; mend it "
		"and send SIGHUP again"));
}

void
store_reload_keys(struct store *st, struct seal_ring *ring,
    const struct secret *keys)
{
	struct seal_ring *next = NULL;
	const char *why = "";
	char first[SEAL_ID_MAX] = "";
	size_t n = 0;

	if (!secret_is_set(keys))
		return;
	next = seal_ring_new(keys, NULL, "", &why);
	if (next == NULL) {
		log_keys_kept(why);
		return;
	}
	if (seal_ring_same(ring, next))
		goto out;
	/* With the new ones, before anything is sealed by them. */
	switch (canary(st, next)) {
	case STORE_OK:
		seal_ring_swap(ring, next);
		(void)seal_ring_id(ring, 0, first);
		for (char id[SEAL_ID_MAX]; seal_ring_id(ring, n, id); n++)
			;
		log_event(LOG_INFO, "keys_changed", F_STR("first", first),
		    F_INT("keys", n));
		break;
	case STORE_UNKNOWN_KEY:
		log_keys_kept("none of the new keys opens what lies in Redis");
		break;
	default:
		log_keys_kept("Redis does not answer");
	}
out:
	seal_ring_free(next);
}

enum store_rc
store_has_sealed(struct store *st, const char *id)
{
	struct batch b;
	redisReply *r;
	enum store_rc rc = STORE_DOWN;

	batch_init(&b, st);
	batch_command(&b, "HEXISTS", 2);
	batch_key(&b, KEY_CANARY);
	batch_str(&b, id);
	if (store_run(st, &b, &r) == 0 && !reply_is_error(st, r, "canary"))
		rc = r->integer == 1 ? STORE_OK : STORE_NONE;
	freeReplyObject(r);
	batch_fini(&b);
	return rc;
}

enum store_rc
store_canary_alone(struct store *st)
{
	struct batch b;
	redisReply *r = NULL, *gone = NULL;
	enum store_rc rc = STORE_DOWN;
	char first[SEAL_ID_MAX];
	size_t i;

	if (!seal_ring_id(st->ring, 0, first))
		return STORE_OK;
	batch_init(&b, st);
	batch_command(&b, "HKEYS", 1);
	batch_key(&b, KEY_CANARY);
	if (store_run(st, &b, &r) == -1 || reply_is_error(st, r, "canary"))
		goto out;
	batch_fini(&b);
	batch_init(&b, st);
	batch_command(&b, "HDEL", (int)r->elements + 2);
	batch_key(&b, KEY_CANARY);
	batch_str(&b, "-"); /* one at least must be named */
	for (i = 0; i < r->elements; i++) {
		const char *id = reply_str(r, i);

		batch_str(&b, id == NULL || strcmp(id, first) == 0 ? "-" : id);
	}
	if (store_run(st, &b, &gone) == 0
	    && !reply_is_error(st, gone, "canary"))
		rc = STORE_OK;
out:
	freeReplyObject(r);
	freeReplyObject(gone);
	batch_fini(&b);
	return rc;
}
