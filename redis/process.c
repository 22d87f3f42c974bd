#include "redis/process.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cond.h"
#include "base/log.h"
#include "base/pool.h"
#include "redis/store_priv.h"
#include "redis/subscription_priv.h"

#define LISTEN_MS 60000 /* then it only looks whether it is to end */
#define KIND_MAX 16
#define FRONT_MAX \
	(PROCESS_TOPIC_MAX + KIND_MAX + 2) /* in front of what is sealed */

struct process_listener {
	struct store *st;
	char id[PROCESS_ID_MAX];
	char channel[sizeof(CHANNEL_PROCESS) + PROCESS_ID_MAX];
	const char *channels[1]; /* that one */
	const struct process_ear *ear;
	void *ctx;
	struct subscription *sub;
	pthread_t thread;
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
on_message(void *ctx, const char *channel, const char *text, size_t len)
{
	struct process_listener *l = ctx;
	size_t front = len < FRONT_MAX ? len : FRONT_MAX;
	const char *end = memchr(text, '\n', front);
	const char *blank = end == NULL
	    ? NULL
	    : memchr(text, ' ', (size_t)(end - text));
	char to[1 + PROCESS_TOPIC_MAX], kind[KIND_MAX], *stop;
	int64_t number;
	size_t nto, nkind;

	(void)channel;
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

static void
on_hears(void *ctx, bool hears)
{
	struct process_listener *l = ctx;

	if (hears)
		l->ear->on_hears(l->ctx, true);
	set_listening(l, hears);
	if (!hears)
		l->ear->on_hears(l->ctx, false);
}

static const struct subscription_ear EAR = { on_message, on_hears };

static void *
run(void *arg)
{
	struct process_listener *l = arg;

	while (!atomic_load(&l->stopping))
		(void)subscription_wait(l->sub, LISTEN_MS);
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
	(void)snprintf(l->channel, sizeof(l->channel), CHANNEL_PROCESS "%s",
	    l->id);
	l->channels[0] = l->channel;
	l->sub = subscription_new(st,
	    &(struct subscription_ask){ .command = "SUBSCRIBE",
		.channels = l->channels,
		.n = 1,
		.ear = &EAR,
		.ctx = l });
	pthread_mutex_init(&l->lock, NULL);
	cond_init(&l->changed);
	if (l->sub == NULL
	    || thread_start(&l->thread, "listen", run, l) == -1) {
		log_event(LOG_ERROR, "listener_unstarted", F_STR("process", id),
		    F_STR("remedy", LOG_REMEDY_LIMITS));
		subscription_free(l->sub);
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
	if (l == NULL)
		return;
	atomic_store(&l->stopping, true);
	subscription_rouse(l->sub);
	pthread_join(l->thread, NULL);
	subscription_free(l->sub);
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

bool
process_is_topic(const char *s)
{
	return s[0] != '\0' && strlen(s) < PROCESS_TOPIC_MAX
	    && strpbrk(s, " \n") == NULL;
}

enum store_rc
process_publish_topic(struct store *st, const char *process, const char *topic,
    const char *kind, const char *text, size_t len)
{
	struct chat_name owner = { .partition = 0 }; /* its text alone counts */
	char front[FRONT_MAX + 1];

	if (!process_is_topic(topic) || strlen(kind) >= KIND_MAX
	    || strlen(process) >= 64)
		return STORE_NONE;
	(void)snprintf(owner.text, sizeof(owner.text), "%s", topic);
	(void)snprintf(front, sizeof(front), "@%s %s\n", topic, kind);
	return publish(st, process, front, &owner, "topic", kind, text, len);
}
