#include "redis/breaker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "redis/store_priv.h"

#define BREAKER_CACHE_MS 1000

/* The provider's row, made if need be in place of the one that was looked at
 * longest ago; NULL: no row.  Under lock. */
static struct store_breaker *
row(struct store *st, const char *provider)
{
	struct store_breaker *oldest = &st->breakers[0];
	size_t len = strlen(provider);

	if (len >= sizeof(st->breakers[0].provider))
		return NULL;
	for (size_t i = 0; i < STORE_BREAKERS; i++) {
		struct store_breaker *b = &st->breakers[i];

		if (strcmp(b->provider, provider) == 0)
			return b;
		if (b->read_ms < oldest->read_ms)
			oldest = b;
	}
	/* Of one that had a row before it is not known. */
	*oldest = (struct store_breaker){ .failed = oldest->provider[0]
		    != '\0' };
	memcpy(oldest->provider, provider, len + 1);
	return oldest;
}

static void
remember(struct store *st, const char *provider, int64_t open_until_ms,
    bool failed, const char *kind)
{
	struct store_breaker *b;

	pthread_mutex_lock(&st->lock);
	b = row(st, provider);
	if (b != NULL) {
		b->open_until_ms = open_until_ms;
		b->read_ms = clock_boot_ms();
		b->failed = failed;
		snprintf(b->kind, sizeof(b->kind), "%s", kind);
	}
	pthread_mutex_unlock(&st->lock);
}

static void
add_key(struct batch *b, const char *provider)
{
	char key[sizeof(KEY_BREAKER) + STORE_BREAKER_MAX];

	(void)snprintf(key, sizeof(key), KEY_BREAKER "%s", provider);
	batch_key(b, key);
}

enum store_rc
breaker_read(struct store *st, const char *provider, int64_t *open_until_ms,
    char kind[BREAKER_KIND_MAX])
{
	struct batch b;
	redisReply *r = NULL;
	struct store_breaker *known;
	enum store_rc rc = STORE_DOWN;
	bool fresh = false;

	*open_until_ms = 0;
	kind[0] = '\0';
	pthread_mutex_lock(&st->lock);
	known = row(st, provider);
	if (known != NULL && known->read_ms != 0
	    && clock_boot_ms() - known->read_ms < BREAKER_CACHE_MS) {
		*open_until_ms = known->open_until_ms;
		memcpy(kind, known->kind, BREAKER_KIND_MAX);
		fresh = true;
	}
	pthread_mutex_unlock(&st->lock);
	if (!fresh) {
		batch_init(&b, st);
		batch_command(&b, "HMGET", 3);
		add_key(&b, provider);
		batch_str(&b, "until");
		batch_str(&b, "kind");
		if (store_run(st, &b, &r) == 0
		    && !reply_is_error(st, r, "breaker")) {
			const char *until = reply_str(r, 0);
			const char *why = reply_str(r, 1);

			if (until != NULL)
				*open_until_ms = strtoll(until, NULL, 10);
			if (why != NULL)
				snprintf(kind, BREAKER_KIND_MAX, "%s", why);
			remember(st, provider, *open_until_ms, until != NULL,
			    kind);
			rc = STORE_OK;
		}
		freeReplyObject(r);
		batch_fini(&b);
	} else
		rc = STORE_OK;
	if (*open_until_ms <= clock_wall_ms())
		*open_until_ms = 0;
	return rc;
}

enum store_rc
breaker_fail(struct store *st, const char *provider, const char *kind,
    int64_t threshold, int64_t window_ms, int64_t open_ms,
    int64_t *open_until_ms)
{
	struct batch b;
	redisReply *r = NULL;
	enum store_rc rc = STORE_DOWN;

	*open_until_ms = 0;
	batch_init(&b, st);
	batch_script(&b, SCRIPT_BREAKER, 1, 4);
	add_key(&b, provider);
	batch_int(&b, threshold > 0 ? threshold : 1);
	batch_int(&b, window_ms > 0 ? window_ms : 1);
	batch_int(&b, open_ms > 0 ? open_ms : 1);
	batch_str(&b, kind);
	if (store_run(st, &b, &r) == 0)
		rc = reply_code(st, r, "breaker");
	if (rc == STORE_OK) {
		*open_until_ms = reply_int(r, 1);
		remember(st, provider, *open_until_ms, true, kind);
	}
	freeReplyObject(r);
	batch_fini(&b);
	return rc;
}

enum store_rc
breaker_succeed(struct store *st, const char *provider)
{
	struct batch b;
	redisReply *r = NULL;
	struct store_breaker *known;
	enum store_rc rc = STORE_DOWN;
	bool failed;

	pthread_mutex_lock(&st->lock);
	known = row(st, provider);
	failed = known == NULL || known->failed;
	pthread_mutex_unlock(&st->lock);
	if (!failed)
		return STORE_OK;

	batch_init(&b, st);
	batch_command(&b, "DEL", 1);
	add_key(&b, provider);
	if (store_run(st, &b, &r) == 0 && !reply_is_error(st, r, "breaker")) {
		remember(st, provider, 0, false, "");
		rc = STORE_OK;
	}
	freeReplyObject(r);
	batch_fini(&b);
	return rc;
}
