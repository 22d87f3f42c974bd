#include "redis/store.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "redis/store_priv.h"

#define CANARY_OWNER "dragoman"
#define CANARY_NOUN "canary"
#define CANARY_TEXT "this key opens"
#define DAMAGE_LOG_MS 60000
#define CLOCK_SKEW_MS 2000 /* leases are Redis's own time; logs are not */
#define VERSION_MIN 7      /* the scripts are written for it */

struct store *
store_open(const struct store_options *o, const char **why)
{
	struct store *st = calloc(1, sizeof(*st));

	if (st == NULL)
		abort(); /* out of memory ends the worker */
	if (store_url_parse(o->url, &st->url, why) == -1) {
		free(st);
		return NULL;
	}
	if (o->prefix != NULL) {
		st->prefix_len = strlen(o->prefix);
		assert(st->prefix_len < sizeof(st->prefix));
		memcpy(st->prefix, o->prefix, st->prefix_len);
	}
	st->finder = &LINK_ONE_ADDRESS;
	st->ring = o->ring;
	st->timeout_ms = o->timeout_ms > 0 ? o->timeout_ms : 2000;
	st->echo = o->echo;
	st->replicas = o->replicas;
	st->wait_ms = o->wait_ms > 0 ? o->wait_ms : 100;
	st->opened_ms = clock_boot_ms();
	pthread_mutex_init(&st->lock, NULL);
	return st;
}

void
store_close(struct store *st)
{
	if (st == NULL)
		return;
	link_close_idle(st);
	pthread_mutex_destroy(&st->lock);
	store_url_free(&st->url);
	free(st);
}

const char *
store_own_key(const struct store *st, const char *key)
{
	return strncmp(key, st->prefix, st->prefix_len) == 0
	    ? key + st->prefix_len
	    : NULL;
}

void
store_trim(struct store *st)
{
	link_close_idle(st);
}

int64_t
store_reconnects(const struct store *st)
{
	return atomic_load(&st->reconnects);
}

enum store_rc
store_ping(struct store *st, int *ms)
{
	struct batch b;
	redisReply *r;
	enum store_rc rc = STORE_DOWN;
	int64_t start = clock_boot_us();

	batch_init(&b, st);
	batch_command(&b, "PING", 0);
	if (store_run(st, &b, &r) == 0 && !reply_is_error(st, r, "ping"))
		rc = STORE_OK;
	*ms = (int)((clock_boot_us() - start) / 1000);
	freeReplyObject(r);
	batch_fini(&b);
	return rc;
}

void
store_log_damaged(struct store *st, int partition, const char *key)
{
	int64_t now = clock_boot_ms();
	int64_t last = atomic_load(&st->damage_logged_ms);

	if (last != 0 && now - last < DAMAGE_LOG_MS)
		return;
	if (atomic_compare_exchange_strong(&st->damage_logged_ms, &last, now))
		log_event(LOG_ERROR, "partition_damaged",
		    F_INT("partition", partition), F_STR("key", key),
		    F_STR("remedy",
			"dragoman doctor names the key: delete it"));
}

bool
store_info(const char *info, const char *name, char *out, size_t max)
{
	size_t len = strlen(name);

	for (const char *s = info; s != NULL; s = strchr(s, '\n')) {
		if (*s == '\n')
			s++;
		if (strncmp(s, name, len) == 0 && s[len] == ':') {
			(void)snprintf(out, max, "%.*s",
			    (int)strcspn(s + len + 1, "\r\n"), s + len + 1);
			return true;
		}
	}
	if (max > 0)
		out[0] = '\0';
	return false;
}

bool
store_memory_is_full(const char *info)
{
	char text[32];
	double max, used;

	if (!store_info(info, "maxmemory", text, sizeof(text)))
		return false;
	max = strtod(text, NULL);
	(void)store_info(info, "used_memory", text, sizeof(text));
	used = strtod(text, NULL);
	return max > 0 && used > STORE_MEMORY_FULL * max;
}

/* What is found of Redis, and what to do about it. */
enum check {
	CHECK_VERSION,
	CHECK_AOF,
	CHECK_AOF_FAILS,
	CHECK_EVICTION,
	CHECK_MEMORY,
	CHECK_PRIMARY,
	CHECK_REPLICA,
	CHECK_MIN_REPLICAS,
	CHECK_CLOCK,
	CHECKS_N,
};
static const struct store_finding FINDINGS[] = {
	[CHECK_VERSION] = { .breaks = true,
	    .what = "Redis is older than version 7, which the scripts need",
	    .remedy = "install Redis 7 or a newer one" },
	[CHECK_AOF] = { .what = "appendonly is off: a crash of Redis loses "
				"messages",
	    .config = "appendonly yes" },
	[CHECK_AOF_FAILS] = { .breaks = true,
	    .what = "Redis cannot write its append-only file: it takes no "
		    "messages",
	    .remedy = "look at Redis's log, and at the space on its disk" },
	[CHECK_EVICTION] = { .breaks = true,
	    .what = "maxmemory-policy is not noeviction: Redis may throw "
		    "chats away",
	    .config = "maxmemory-policy noeviction" },
	[CHECK_MEMORY] = { .what = "Redis uses more than 80 % of maxmemory: "
				   "new messages are refused",
	    .remedy = "raise maxmemory of Redis" },
	[CHECK_PRIMARY] = { .breaks = true,
	    .what = "this Redis is a replica, which takes no messages",
	    .remedy = "set redis.url (REDIS_URL) to the primary" },
	[CHECK_REPLICA] = { .breaks = true,
	    .what = "redis.durability is replica, but no replica is "
		    "connected: every message is refused",
	    .remedy = "start the replica and look at its log, or set "
		      "redis.durability (REDIS_DURABILITY) to aof" },
	[CHECK_MIN_REPLICAS] = { .what = "redis.durability is replica, but "
					 "min-replicas-to-write is not set: "
					 "Redis stores what no replica gets",
	    .config = "min-replicas-to-write 1" },
	[CHECK_CLOCK] = { .what = "the clocks of Redis and of this host "
				  "differ by more than 2 s",
	    .remedy = "run an NTP client on both" },
};
static_assert(NELEM(FINDINGS) == CHECKS_N && CHECKS_N == STORE_FINDINGS_MAX,
    "a finding for each check");

static bool
is_older(const char *info)
{
	char v[64];

	(void)store_info(info, "redis_version", v, sizeof(v));
	return strtol(v, NULL, 10) < VERSION_MIN;
}

/* Is ${name} in ${info} there and ${value}? */
static bool
is_value(const char *info, const char *name, const char *value)
{
	char v[64];

	return store_info(info, name, v, sizeof(v)) && strcmp(v, value) == 0;
}

static bool
is_other(const char *info, const char *name, const char *value)
{
	char v[64];

	return store_info(info, name, v, sizeof(v)) && v[0] != '\0'
	    && strcmp(v, value) != 0;
}

static void
check_info(struct store *st, const char *info, bool found[CHECKS_N])
{
	char v[64];

	found[CHECK_VERSION] = is_older(info);
	found[CHECK_AOF] = !is_value(info, "aof_enabled", "1");
	found[CHECK_AOF_FAILS] = is_other(info, "aof_last_write_status", "ok");
	found[CHECK_EVICTION] = is_other(info, "maxmemory_policy",
	    "noeviction");
	found[CHECK_MEMORY] = store_memory_is_full(info);
	found[CHECK_PRIMARY] = is_value(info, "role", "slave");
	if (st->replicas == 0)
		return;
	(void)store_info(info, "connected_slaves", v, sizeof(v));
	found[CHECK_REPLICA] = strtol(v, NULL, 10) < st->replicas;
	found[CHECK_MIN_REPLICAS] = !store_info(info, "min_slaves_good_slaves",
	    v, sizeof(v));
}

int
store_check(struct store *st, struct store_finding out[STORE_FINDINGS_MAX])
{
	bool found[CHECKS_N] = { false };
	struct batch b;
	redisReply *r[2];
	int n = -1;

	batch_init(&b, st);
	batch_command(&b, "INFO", 0);
	batch_command(&b, "TIME", 0);
	if (store_run(st, &b, r) == 0 && !reply_is_error(st, r[0], "info")
	    && r[0]->type == REDIS_REPLY_STRING
	    && !reply_is_error(st, r[1], "time")) {
		int64_t skew = reply_int(r[1], 0) * 1000
		    + reply_int(r[1], 1) / 1000 - clock_wall_ms();

		check_info(st, r[0]->str, found);
		found[CHECK_CLOCK] = skew > CLOCK_SKEW_MS
		    || skew < -CLOCK_SKEW_MS;
		n = 0;
		for (size_t i = 0; i < CHECKS_N; i++)
			if (found[i])
				out[n++] = FINDINGS[i];
	}
	replies_free(r, 2);
	batch_fini(&b);
	return n;
}

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

	if (last != 0 && now - last < DAMAGE_LOG_MS)
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
