#include "redis/store_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

/* who starts together with Redis is not alarmed so long */
#define START_MS 5000
#define IDLE_MAX 64        /* kept; a thread each at most is in use */
#define IDLE_TRUST_MS 1000 /* idle for longer: look whether it still stands */

void
store_log_down(struct store *st, const char *what, const char *why)
{
	int64_t now = clock_boot_ms();
	int64_t last = atomic_load(&st->logged_ms);

	if (last != 0 && now - last < 1000)
		return;
	if (atomic_compare_exchange_strong(&st->logged_ms, &last, now))
		log_event(!atomic_load(&st->reached)
			    && now - st->opened_ms < START_MS
			? LOG_INFO
			: LOG_ERROR,
		    "redis_failed", F_STR("what", what), F_STR("why", why),
		    F_STR("remedy",
			"start Redis, or correct redis.url (REDIS_URL)"));
}

static struct timeval
span(int ms)
{
	return (struct timeval){ .tv_sec = ms / 1000,
		.tv_usec = (ms % 1000) * 1000 };
}

static int
expect_ok(struct store *st, redisReply *r, const redisContext *c)
{
	int rc = -1;

	if (r == NULL)
		store_log_down(st, "connect", c->errstr);
	else if (r->type == REDIS_REPLY_ERROR)
		store_log_down(st, "connect", r->str);
	else
		rc = 0;
	freeReplyObject(r);
	return rc;
}

redisContext *
link_open(struct store *st, const struct link_place *p)
{
	const struct store_url *u = &st->url;
	redisContext *c = NULL;

	if (p == NULL)
		goto fail;
	c = p->transport->connect(p, span(st->timeout_ms));
	if (c == NULL || c->err != 0) {
		store_log_down(st, "connect",
		    c == NULL ? "out of memory" : c->errstr);
		goto fail;
	}
	(void)fcntl(c->fd, F_SETFD, FD_CLOEXEC);
	if (p->transport->tune != NULL)
		p->transport->tune(c);
	if (redisSetTimeout(c, span(st->timeout_ms)) != REDIS_OK) {
		store_log_down(st, "connect", c->errstr);
		goto fail;
	}
	if (u->password != NULL) {
		redisReply *r = u->user != NULL
		    ? redisCommand(c, "AUTH %s %s", u->user, u->password)
		    : redisCommand(c, "AUTH %s", u->password);

		if (expect_ok(st, r, c) == -1)
			goto fail;
	}
	if (u->db != 0
	    && expect_ok(st, redisCommand(c, "SELECT %d", u->db), c) == -1)
		goto fail;
	atomic_store(&st->reached, true);
	return c;
fail:
	if (c != NULL)
		redisFree(c);
	pthread_mutex_lock(&st->lock);
	st->broken = true;
	pthread_mutex_unlock(&st->lock);
	return NULL;
}

static void
link_free(struct link *c)
{
	redisFree(c->redis);
	free(c);
}

/* Readable while nothing was asked: it was closed, or is out of step. */
static bool
still_stands(const struct link *c)
{
	struct pollfd p = { .fd = c->redis->fd, .events = POLLIN | POLLRDHUP };

	return poll(&p, 1, 0) == 0;
}

/*
 * Which Redis ${c} leads to: "run_id" of INFO, new with each start and another
 * on each node.  "": it does not say.
 */
static void
read_run_id(redisContext *c, char id[STORE_RUN_ID_MAX])
{
	redisReply *r = redisCommand(c, "INFO server");
	const char *at = r != NULL && r->type == REDIS_REPLY_STRING
	    ? strstr(r->str, "run_id:")
	    : NULL;
	size_t len;

	id[0] = '\0';
	if (at != NULL) {
		at += strlen("run_id:");
		len = strcspn(at, "\r\n");
		if (len < STORE_RUN_ID_MAX)
			snprintf(id, STORE_RUN_ID_MAX, "%.*s", (int)len, at);
	}
	freeReplyObject(r);
}

/* Redis is asked only after a link that was closed or failed, and by the first
 * one. */
void
link_note(struct store *st, redisContext *c, bool closed)
{
	char id[STORE_RUN_ID_MAX];
	bool ask;

	pthread_mutex_lock(&st->lock);
	ask = closed || st->broken || !st->run_id_asked;
	st->run_id_asked = true;
	pthread_mutex_unlock(&st->lock);
	if (!ask)
		return;
	read_run_id(c, id);
	pthread_mutex_lock(&st->lock);
	if (st->broken
	    || (closed && (id[0] == '\0' || strcmp(id, st->run_id) != 0)))
		atomic_fetch_add(&st->reconnects, 1);
	st->broken = false;
	memcpy(st->run_id, id, sizeof(id));
	pthread_mutex_unlock(&st->lock);
}

struct link *
link_get(struct store *st, const struct link_place *place)
{
	struct link *c, **at;
	redisContext *redis;
	bool closed = false;
	unsigned era;

	for (;;) {
		pthread_mutex_lock(&st->lock);
		era = st->era;
		for (at = &st->idle; *at != NULL && (*at)->place != place;)
			at = &(*at)->next;
		c = *at;
		if (c != NULL) {
			*at = c->next;
			st->nidle--;
		}
		pthread_mutex_unlock(&st->lock);
		if (c == NULL)
			break;
		if (clock_boot_ms() - c->idle_since_ms < IDLE_TRUST_MS
		    || still_stands(c))
			return c;
		link_free(c);
		closed = true;
	}

	redis = link_open(st, place);
	if (redis == NULL)
		return NULL;
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		abort(); /* out of memory ends the worker: base/arena.h */
	c->redis = redis;
	c->place = place;
	c->timeout_ms = st->timeout_ms;
	c->era = era;
	link_note(st, redis, closed);
	return c;
}

/*
 * A thread that is blocked in read() on a unix socket is woken twice: already
 * when Redis takes the command out, for the room that it leaves.  poll() looks
 * for input alone.
 */
static int
await_input(struct link *c)
{
	struct pollfd p = { .fd = c->redis->fd, .events = POLLIN };
	int64_t until = clock_boot_ms() + c->timeout_ms, left;
	int rc;

	do {
		left = until - clock_boot_ms();
		rc = poll(&p, 1, left > 0 ? (int)left : 0);
	} while (rc == -1 && errno == EINTR);
	if (rc > 0)
		return 0;
	c->redis->err = REDIS_ERR_IO;
	(void)snprintf(c->redis->errstr, sizeof(c->redis->errstr),
	    "no answer within %d ms", c->timeout_ms);
	return -1;
}

int
link_reply(struct link *c, redisReply **out)
{
	void *r = NULL;
	int done = 0;

	if (redisGetReplyFromReader(c->redis, &r) != REDIS_OK)
		return -1;
	while (r == NULL && !done)
		if (redisBufferWrite(c->redis, &done) != REDIS_OK)
			return -1;
	while (r == NULL)
		if (await_input(c) == -1
		    || redisBufferRead(c->redis) != REDIS_OK
		    || redisGetReplyFromReader(c->redis, &r) != REDIS_OK)
			return -1;
	*out = r;
	return 0;
}

void
link_put(struct store *st, struct link *c)
{
	c->idle_since_ms = clock_boot_ms();
	pthread_mutex_lock(&st->lock);
	if (c->era == st->era && st->nidle < IDLE_MAX) {
		c->next = st->idle;
		st->idle = c;
		st->nidle++;
		c = NULL;
	}
	pthread_mutex_unlock(&st->lock);
	if (c != NULL)
		link_free(c);
}

void
link_close_idle(struct store *st)
{
	struct link *all, *c;

	pthread_mutex_lock(&st->lock);
	all = st->idle;
	st->idle = NULL;
	st->nidle = 0;
	pthread_mutex_unlock(&st->lock);
	while (all != NULL) {
		c = all;
		all = c->next;
		link_free(c);
	}
}

void
link_broken(struct store *st, struct link *c, const char *what)
{
	bool first;

	log_event(LOG_WARN, "redis_connection_lost", F_STR("what", what),
	    F_STR("why", c->redis->errstr));
	pthread_mutex_lock(&st->lock);
	st->broken = true;
	first = c->era == st->era;
	if (first)
		st->era++;
	pthread_mutex_unlock(&st->lock);
	link_free(c);
	if (first) /* else those that are idle now are newer than this one */
		link_close_idle(st);
}
