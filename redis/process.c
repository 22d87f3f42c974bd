#include "redis/process.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cond.h"
#include "base/log.h"
#include "base/pool.h"
#include "redis/store_priv.h"

#define PING_EVERY_MS 5000 /* a silent link may be a dead one */
#define RETRY_MIN_MS 50
#define RETRY_MAX_MS 1000
#define KIND_MAX 16
#define FRONT_MAX \
	(PROCESS_TOPIC_MAX + KIND_MAX + 2) /* in front of what is sealed */

struct process_listener {
	struct store *st;
	char id[PROCESS_ID_MAX];
	const struct process_ear *ear;
	void *ctx;
	pthread_t thread;
	int stop; /* eventfd */
	_Atomic bool stopping;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool listening; /* under lock */
};

static void
set_listening(struct process_listener *l, bool listening)
{
	pthread_mutex_lock(&l->lock);
	l->listening = listening;
	pthread_cond_broadcast(&l->changed);
	pthread_mutex_unlock(&l->lock);
}

bool
process_is_listening(const struct process_listener *l)
{
	struct process_listener *own = (struct process_listener *)l;
	bool listening;

	pthread_mutex_lock(&own->lock);
	listening = own->listening;
	pthread_mutex_unlock(&own->lock);
	return listening;
}

/* "NUMBER KIND\n" or "@TOPIC KIND\n", and sealed bytes. */
static void
deliver(struct process_listener *l, const char *text, size_t len)
{
	size_t front = len < FRONT_MAX ? len : FRONT_MAX;
	const char *end = memchr(text, '\n', front);
	const char *blank = end == NULL
	    ? NULL
	    : memchr(text, ' ', (size_t)(end - text));
	char to[PROCESS_TOPIC_MAX], kind[KIND_MAX], *stop;
	int64_t number;
	size_t nto, nkind;

	if (blank == NULL)
		return;
	nto = (size_t)(blank - text);
	nkind = (size_t)(end - blank - 1);
	if (nto >= sizeof(to) || nkind == 0 || nkind >= sizeof(kind))
		return;
	memcpy(to, text, nto);
	to[nto] = '\0';
	memcpy(kind, blank + 1, nkind);
	kind[nkind] = '\0';
	len -= (size_t)(end + 1 - text);
	if (to[0] == '@') {
		if (to[1] != '\0' && l->ear->on_topic != NULL)
			l->ear->on_topic(l->ctx, to + 1, kind, end + 1, len);
		return;
	}
	errno = 0;
	number = strtoll(to, &stop, 10);
	if (errno == 0 && stop != to && *stop == '\0')
		l->ear->on_piece(l->ctx, number, kind, end + 1, len);
}

/* Whatever comes on the link.  -1: it is not usable any more. */
static int
take_reply(struct process_listener *l, const redisReply *r)
{
	const char *what = reply_str(r, 0);

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
	if (strcmp(what, "subscribe") == 0) {
		l->ear->on_hears(l->ctx, true);
		set_listening(l, true);
	} else if (strcmp(what, "message") == 0 && r->elements == 3
	    && reply_str(r, 2) != NULL)
		deliver(l, r->element[2]->str, r->element[2]->len);
	return 0;
}

static int
drain(struct process_listener *l, redisContext *c)
{
	for (;;) {
		void *r = NULL;
		int rc;

		if (redisGetReplyFromReader(c, &r) != REDIS_OK)
			return -1;
		if (r == NULL)
			return 0;
		rc = take_reply(l, r);
		freeReplyObject(r);
		if (rc == -1)
			return -1;
	}
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

/* One link, from SUBSCRIBE until it breaks or we stop. */
static void
listen_once(struct process_listener *l, redisContext *c)
{
	bool asked = false; /* a PING is out */

	if (redisAppendCommand(c, "SUBSCRIBE %s" CHANNEL_PROCESS "%s",
		l->st->prefix, l->id)
		!= REDIS_OK
	    || flush(c) == -1)
		return;
	while (!atomic_load(&l->stopping)) {
		struct pollfd p[2] = { { .fd = c->fd, .events = POLLIN },
			{ .fd = l->stop, .events = POLLIN } };
		int n = poll(p, 2, asked ? l->st->timeout_ms : PING_EVERY_MS);

		if (n == -1 && errno != EINTR)
			return;
		if (n == 0) {
			if (asked)
				return; /* silent for too long */
			if (redisAppendCommand(c, "PING") != REDIS_OK
			    || flush(c) == -1)
				return;
			asked = true;
		}
		if (n > 0 && p[0].revents != 0) {
			if (redisBufferRead(c) != REDIS_OK || drain(l, c) == -1)
				return;
			asked = false;
		}
	}
}

static void *
run(void *arg)
{
	struct process_listener *l = arg;
	int wait_ms = RETRY_MIN_MS;

	while (!atomic_load(&l->stopping)) {
		redisContext *c = link_open(l->st, l->st->timeout_ms);
		struct pollfd p = { .fd = l->stop, .events = POLLIN };
		bool stood;

		if (c != NULL) {
			listen_once(l, c);
			redisFree(c);
		}
		stood = process_is_listening(l);
		set_listening(l, false);
		if (atomic_load(&l->stopping))
			break;
		if (stood) {
			l->ear->on_hears(l->ctx, false);
			log_event(LOG_WARN, "redis_connection_lost",
			    F_STR("what", "listen"));
			wait_ms = RETRY_MIN_MS;
		}
		(void)poll(&p, 1, wait_ms);
		wait_ms = wait_ms * 2 < RETRY_MAX_MS ? wait_ms * 2
						     : RETRY_MAX_MS;
	}
	return NULL;
}

struct process_listener *
process_listen(struct store *st, const char id[PROCESS_ID_MAX],
    const struct process_ear *ear, void *ctx, int wait_ms)
{
	struct process_listener *l = calloc(1, sizeof(*l));
	struct timespec until;

	if (l == NULL)
		abort(); /* out of memory ends the worker */
	l->st = st;
	memcpy(l->id, id, PROCESS_ID_MAX);
	l->id[PROCESS_ID_MAX - 1] = '\0';
	l->ear = ear;
	l->ctx = ctx;
	l->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&l->lock, NULL);
	cond_init(&l->changed);
	if (l->stop == -1 || thread_start(&l->thread, "listen", run, l) == -1) {
		log_event(LOG_ERROR, "listener_unstarted", F_STR("process", id),
		    F_STR("remedy", LOG_REMEDY_LIMITS));
		if (l->stop != -1)
			close(l->stop);
		pthread_cond_destroy(&l->changed);
		pthread_mutex_destroy(&l->lock);
		free(l);
		return NULL;
	}

	until = cond_after(wait_ms);
	pthread_mutex_lock(&l->lock);
	while (!l->listening
	    && pthread_cond_timedwait(&l->changed, &l->lock, &until) == 0)
		continue;
	pthread_mutex_unlock(&l->lock);
	return l;
}

void
process_unlisten(struct process_listener *l)
{
	uint64_t one = 1;

	if (l == NULL)
		return;
	atomic_store(&l->stopping, true);
	if (write(l->stop, &one, sizeof(one)) == -1)
		log_event(LOG_ERROR, "listener_unstopped",
		    F_STR("process", l->id),
		    F_STR("remedy", LOG_REMEDY_REPORT));
	pthread_join(l->thread, NULL);
	close(l->stop);
	pthread_cond_destroy(&l->changed);
	pthread_mutex_destroy(&l->lock);
	free(l);
}

/* The final reply is the record's own bytes (journal_finish). */
static void
piece_item(const char *id, const char *kind, const char **noun,
    char item[RECORD_ITEM_MAX])
{
	if (strcmp(kind, "reply") == 0) {
		*noun = "reply";
		(void)snprintf(item, RECORD_ITEM_MAX, "%s", id);
	} else {
		*noun = "piece";
		record_journal_item(item, id, kind);
	}
}

const char *
process_open_piece(struct store *st, const struct chat_name *chat,
    const char *id, const char *kind, const char *sealed, size_t len,
    struct arena *mem, size_t *plain_len)
{
	char item[RECORD_ITEM_MAX];
	const char *noun, *plain;

	piece_item(id, kind, &noun, item);
	if (record_open(st, chat->text, noun, item, sealed, len, mem, &plain,
		plain_len)
	    != STORE_OK)
		return NULL;
	return plain;
}

/* A topic's owner is the topic itself: nobody's chat. */
const char *
process_open_topic(struct store *st, const char *topic, const char *kind,
    const char *sealed, size_t len, struct arena *mem, size_t *plain_len)
{
	const char *plain;

	if (record_open(st, topic, "topic", kind, sealed, len, mem, &plain,
		plain_len)
	    != STORE_OK)
		return NULL;
	return plain;
}

/* PUBLISH to ${process}: ${front}, and ${text} sealed as ${item} of ${owner}. */
static enum store_rc
publish(struct store *st, const char *process, const char *front,
    const struct chat_name *owner, const char *noun, const char *item,
    const char *text, size_t len)
{
	struct batch b;
	redisReply *r = NULL;
	char channel[128];
	enum store_rc rc = STORE_DOWN;

	(void)snprintf(channel, sizeof(channel), CHANNEL_PROCESS "%s", process);
	batch_init(&b, st);
	batch_command(&b, "PUBLISH", 2);
	batch_key(&b, channel);
	batch_sealed(&b, st, front, owner, noun, item, text, len);
	if (store_run(st, &b, &r) == 0 && !reply_is_error(st, r, "publish"))
		rc = STORE_OK;
	freeReplyObject(r);
	batch_fini(&b);
	return rc;
}

enum store_rc
process_publish(struct store *st, const struct chat_name *chat, const char *id,
    const char *address, const char *kind, const char *text, size_t len)
{
	char process[64], front[64], item[RECORD_ITEM_MAX];
	const char *noun, *dot = strchr(address, '.');

	if (dot == NULL || dot == address
	    || dot - address >= (ptrdiff_t)sizeof(process)
	    || strlen(dot + 1) >= 24 || strlen(kind) >= KIND_MAX)
		return STORE_NONE; /* nobody's address */
	(void)snprintf(process, sizeof(process), "%.*s", (int)(dot - address),
	    address);
	(void)snprintf(front, sizeof(front), "%s %s\n", dot + 1, kind);
	piece_item(id, kind, &noun, item);
	return publish(st, process, front, chat, noun, item, text, len);
}

enum store_rc
process_publish_topic(struct store *st, const char *process, const char *topic,
    const char *kind, const char *text, size_t len)
{
	struct chat_name owner = { .partition = 0 }; /* its text alone counts */
	char front[FRONT_MAX + 1];

	if (topic[0] == '\0' || strlen(topic) >= PROCESS_TOPIC_MAX - 1
	    || strpbrk(topic, " \n") != NULL || strlen(kind) >= KIND_MAX
	    || strlen(process) >= 64)
		return STORE_NONE;
	(void)snprintf(owner.text, sizeof(owner.text), "%s", topic);
	(void)snprintf(front, sizeof(front), "@%s %s\n", topic, kind);
	return publish(st, process, front, &owner, "topic", kind, text, len);
}
