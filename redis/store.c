#include "redis/store.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "redis/store_priv.h"

#define DAMAGE_LOG_MS 60000

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
