#include "redis/subscription_priv.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "redis/store_priv.h"

#define PING_EVERY_MS 5000 /* a silent link may be a dead one */
#define RETRY_MIN_MS 50
#define RETRY_MAX_MS 1000

struct subscription {
	struct store *st;
	struct subscription_ask ask;
	redisContext *redis; /* NULL: there is no link */
	int roused;          /* eventfd */
	size_t stands;       /* channels that Redis has confirmed */
	bool heard;          /* the ear was told something */
	bool asked;          /* a PING is out */
	bool down;           /* the last try found no Redis */
	bool again;          /* there was a link before */
	int64_t silent_ms;   /* since then, boot clock: as are the next two */
	int64_t made_ms;
	int64_t try_ms; /* the next one; not before */
	int retry_ms;   /* the pause after that */
};

struct subscription *
subscription_new(struct store *st, const struct subscription_ask *ask)
{
	struct subscription *s = calloc(1, sizeof(*s));

	if (s == NULL)
		abort(); /* out of memory ends the worker */
	s->st = st;
	s->ask = *ask;
	s->retry_ms = RETRY_MIN_MS;
	s->roused = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->roused == -1) {
		free(s);
		return NULL;
	}
	return s;
}

void
subscription_free(struct subscription *s)
{
	if (s == NULL)
		return;
	if (s->redis != NULL)
		redisFree(s->redis);
	close(s->roused);
	free(s);
}

void
subscription_rouse(struct subscription *s)
{
	uint64_t one = 1;

	if (write(s->roused, &one, sizeof(one)) == -1 && errno != EAGAIN)
		log_event(LOG_ERROR, "listener_unstopped",
		    F_INT("errno", errno), F_STR("remedy", LOG_REMEDY_REPORT));
}

static void
say_hears(struct subscription *s, bool hears)
{
	s->heard = true;
	s->ask.ear->on_hears(s->ask.ctx, hears);
}

static void
try_later(struct subscription *s)
{
	s->try_ms = clock_boot_ms() + s->retry_ms;
	s->retry_ms = s->retry_ms * 2 < RETRY_MAX_MS ? s->retry_ms * 2
						     : RETRY_MAX_MS;
}

/* The link is of no more use. */
static void
broken(struct subscription *s)
{
	bool stood = s->stands == s->ask.n;

	redisFree(s->redis);
	s->redis = NULL;
	s->stands = 0;
	if (!stood) {
		try_later(s);
		return;
	}
	log_event(LOG_WARN, "redis_connection_lost", F_STR("what", "listen"));
	/* At once, if it is not one after the other that breaks. */
	s->try_ms = s->made_ms + RETRY_MAX_MS;
	s->retry_ms = RETRY_MIN_MS;
	say_hears(s, false);
}

static int
flush(redisContext *c)
{
	int done = 0;

	while (!done)
		if (redisBufferWrite(c, &done) != REDIS_OK)
			return -1;
	return 0;
}

/* Where the channels are, and who hears them.  -1: it is of no use. */
static int
open_with(struct subscription *s, const struct batch *b)
{
	s->redis = link_open(s->st,
	    s->st->finder->find(s->st, b->items[0].slot));
	s->down = s->redis == NULL;
	if (s->down)
		return -1;
	link_note(s->st, s->redis, s->again);
	s->again = true;
	s->asked = false;
	s->made_ms = s->silent_ms = clock_boot_ms();
	if (redisAppendFormattedCommand(s->redis, b->out.data, b->out.len)
		!= REDIS_OK
	    || flush(s->redis) == -1) {
		broken(s);
		return -1;
	}
	return 0;
}

static void
make(struct subscription *s)
{
	struct batch b;

	batch_init(&b, s->st);
	for (size_t i = 0; i < s->ask.n; i++) {
		batch_command(&b, s->ask.command, 1);
		batch_key(&b, s->ask.channels[i]);
	}
	if (open_with(s, &b) == -1 && s->down)
		try_later(s);
	batch_fini(&b);
}

/* "subscribe" is true for "ssubscribe", too. */
static bool
is_kind(const char *what, const char *kind)
{
	return strcmp(what + (what[0] == 's' && what[1] == kind[0]), kind) == 0;
}

/* Whatever comes on the link.  -1: it is not usable any more. */
static int
take_reply(struct subscription *s, const redisReply *r)
{
	const char *what = reply_str(r, 0), *channel;

	if (r->type == REDIS_REPLY_ERROR) {
		log_event(LOG_ERROR, "redis_refused", F_STR("what", "listen"),
		    F_STR("why", r->str),
		    F_STR("remedy",
			"let this user of Redis subscribe to channels (its "
			"ACL)"));
		return -1;
	}
	if (what == NULL)
		return 0;
	if (is_kind(what, "subscribe")) {
		if (++s->stands == s->ask.n)
			say_hears(s, true);
	} else if (is_kind(what, "unsubscribe")) {
		return -1; /* the slot has moved to another node */
	} else if (is_kind(what, "message") && r->elements == 3
	    && reply_str(r, 1) != NULL && reply_str(r, 2) != NULL) {
		channel = store_own_key(s->st, reply_str(r, 1));
		if (channel != NULL) {
			s->heard = true;
			s->ask.ear->on_message(s->ask.ctx, channel,
			    r->element[2]->str, r->element[2]->len);
		}
	}
	return 0;
}

static int
drain(struct subscription *s)
{
	for (;;) {
		void *r = NULL;
		int rc;

		if (redisGetReplyFromReader(s->redis, &r) != REDIS_OK)
			return -1;
		if (r == NULL)
			return 0;
		rc = take_reply(s, r);
		freeReplyObject(r);
		if (rc == -1)
			return -1;
	}
}

/* How long the link may be silent before something is to be done. */
static int64_t
patience_ms(const struct subscription *s)
{
	return s->silent_ms + (s->asked ? s->st->timeout_ms : PING_EVERY_MS);
}

/* It was silent for long: is it dead? */
static void
probe(struct subscription *s)
{
	if (s->asked || redisAppendCommand(s->redis, "PING") != REDIS_OK
	    || flush(s->redis) == -1) {
		broken(s);
		return;
	}
	s->asked = true;
	s->silent_ms = clock_boot_ms();
}

/* true: roused. */
static bool
wait_until(struct subscription *s, int64_t until)
{
	int64_t next = s->redis != NULL ? patience_ms(s) : s->try_ms;
	int64_t left = (next < until ? next : until) - clock_boot_ms();
	struct pollfd p[2] = { { .fd = s->roused, .events = POLLIN },
		{ .fd = s->redis != NULL ? s->redis->fd : -1,
		    .events = POLLIN } };
	uint64_t n;
	int rc = poll(p, 2, left > 0 ? (int)left : 0);

	if (rc <= 0)
		return false;
	if (p[1].revents != 0) {
		s->asked = false;
		s->silent_ms = clock_boot_ms();
		if (redisBufferRead(s->redis) != REDIS_OK || drain(s) == -1)
			broken(s);
	}
	return p[0].revents != 0 && read(s->roused, &n, sizeof(n)) != -1;
}

enum subscription_rc
subscription_wait(struct subscription *s, int wait_ms)
{
	int64_t now = clock_boot_ms(), until = now + wait_ms;
	bool over = false;

	s->heard = false;
	while (!over && !s->heard) {
		if (s->redis == NULL && now >= s->try_ms) {
			make(s);
			if (s->down)
				return SUBSCRIPTION_DOWN;
		}
		over = wait_until(s, until);
		now = clock_boot_ms();
		if (s->redis != NULL && now >= patience_ms(s))
			probe(s);
		over = over || now >= until;
	}
	return s->heard ? SUBSCRIPTION_HEARD
	    : s->down   ? SUBSCRIPTION_DOWN
			: SUBSCRIPTION_NOTHING;
}
