#include "redis/wake.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "redis/fleet.h"
#include "redis/job_priv.h"
#include "redis/subscription_priv.h"
#include "redis/wake_priv.h"

#define ID_MAX 64
#define CHANNEL_MAX (ID_MAX + 16)
/* A set that was deleted, or was out of order, has everybody again so soon. */
#define ENLIST_EVERY_MS FLEET_EVERY_MS

struct wake {
	struct store *st;
	char id[ID_MAX];
	char names[CHAT_PARTITIONS][CHANNEL_MAX];
	const char *channels[CHAT_PARTITIONS]; /* those */
	struct subscription *sub;
	bool hears;          /* the subscription stands */
	bool swept;          /* what older releases left is gone */
	bool out;            /* of sets that it is to be in */
	unsigned places;     /* to be woken for */
	unsigned heard;      /* of those: woken for */
	int64_t enlisted_ms; /* when it was put into all, boot clock */
};

/* "{p12}:wake:ID" -> 12; -1: none of ours. */
static int
partition_of(const char *channel)
{
	long p;

	if (strncmp(channel, "{p", 2) != 0)
		return -1;
	p = strtol(channel + 2, NULL, 10);
	return p >= 0 && p < CHAT_PARTITIONS ? (int)p : -1;
}

/* What is published: the part of its set's name behind "free:"; "": of chats,
 * as of all kinds that nobody here knows. */
static int
kind_of(const char *bytes, size_t len)
{
	static const char FREE[] = "free:";

	for (int k = 1; k < JOB_KIND_N; k++) {
		const char *name = JOB_ROW[k].free + sizeof(FREE) - 1;

		if (strlen(name) == len && memcmp(name, bytes, len) == 0)
			return k;
	}
	return JOB_CHAT;
}

static void
on_message(void *ctx, const char *channel, const char *bytes, size_t len)
{
	struct wake *w = ctx;
	int p = partition_of(channel);

	if (p != -1)
		w->heard |= 1u << (kind_of(bytes, len) * CHAT_PARTITIONS + p)
		    & w->places;
}

/* What was published while there was no link is lost. */
static void
on_hears(void *ctx, bool hears)
{
	struct wake *w = ctx;

	w->hears = hears;
	w->out = true;
}

static const struct subscription_ear EAR = { on_message, on_hears };

struct wake *
wake_new(struct store *st, const char *id, unsigned places)
{
	struct wake *w = calloc(1, sizeof(*w));

	if (w == NULL)
		abort(); /* out of memory ends the worker */
	w->st = st;
	w->out = true;
	w->places = places;
	(void)snprintf(w->id, sizeof(w->id), "%s", id);
	for (int p = 0; p < CHAT_PARTITIONS; p++) {
		(void)snprintf(w->names[p], CHANNEL_MAX, CHANNEL_WAKE, p,
		    w->id);
		w->channels[p] = w->names[p];
	}
	/* Each is heard at the node that has the partition's slot. */
	w->sub = subscription_new(st,
	    &(struct subscription_ask){ .command = "SSUBSCRIBE",
		.channels = w->channels,
		.n = CHAT_PARTITIONS,
		.ear = &EAR,
		.ctx = w });
	if (w->sub != NULL)
		return w;
	free(w);
	return NULL;
}

void
wake_free(struct wake *w)
{
	if (w == NULL)
		return;
	subscription_free(w->sub);
	free(w);
}

int
wake_wait(struct wake *w, int wait_ms)
{
	return subscription_wait(w->sub, wait_ms) == SUBSCRIPTION_DOWN ? -1 : 0;
}

void
wake_rouse(struct wake *w)
{
	subscription_rouse(w->sub);
}

unsigned
wake_heard(struct wake *w)
{
	unsigned heard = w->heard;

	w->heard = 0;
	return heard;
}

bool
wake_is_out(const struct wake *w)
{
	return w->hears && w->out;
}

static void
pass(struct wake *w, unsigned places)
{
	struct batch b;
	redisReply *r[DUE_PLACES] = { NULL };

	if (places == 0)
		return;
	batch_init(&b, w->st);
	for (int p = 0; p < DUE_PLACES; p++) {
		const struct job_row *row = job_row_of(p);

		if ((places & 1u << p) == 0)
			continue;
		batch_script(&b, SCRIPT_PASS, 2, 1);
		batch_partition_key(&b, p % CHAT_PARTITIONS, row->due);
		batch_partition_key(&b, p % CHAT_PARTITIONS, row->free);
		batch_str(&b, w->id);
	}
	if (store_run(w->st, &b, r) == 0)
		for (size_t i = 0; i < b.n; i++)
			(void)reply_is_error(w->st, r[i], "pass");
	replies_free(r, DUE_PLACES);
	batch_fini(&b);
}

unsigned
wake_pass(struct wake *w, unsigned places)
{
	unsigned heard = w->heard & places;

	w->heard &= ~heard;
	pass(w, heard);
	return heard;
}

void
wake_leave(struct wake *w)
{
	pass(w, w->places);
	w->out = true;
}

unsigned
wake_places(const struct wake *w)
{
	return w == NULL ? DUE_ALL : w->places;
}

const char *
wake_id(const struct wake *w)
{
	return w != NULL && w->hears ? w->id : "";
}

size_t
wake_batch(struct wake *w, struct batch *b)
{
	int64_t now = clock_boot_ms();
	size_t from = b->n;

	if (w == NULL || !w->hears)
		return 0;
	if (now - w->enlisted_ms >= ENLIST_EVERY_MS)
		w->out = true;
	for (int p = 0; w->out && p < DUE_PLACES; p++) {
		if ((w->places & 1u << p) == 0)
			continue;
		batch_command(b, "SADD", 2);
		batch_partition_key(b, p % CHAT_PARTITIONS,
		    job_row_of(p)->free);
		batch_str(b, w->id);
	}
	/* Releases before the sets waited for lists of tokens. */
	for (int p = 0; w->out && !w->swept && p < CHAT_PARTITIONS; p++) {
		batch_command(b, "UNLINK", 1);
		batch_partition_key(b, p, "wake");
	}
	return b->n - from;
}

void
wake_read(struct wake *w, redisReply *const *r, size_t n)
{
	size_t at = 0;

	if (n == 0)
		return;
	for (int p = 0; p < DUE_PLACES; p++) {
		if ((w->places & 1u << p) == 0)
			continue;
		if (reply_is_wrong_type(r[at])) /* the looks serve it */
			store_log_damaged(w->st, p % CHAT_PARTITIONS,
			    job_row_of(p)->free);
		else
			(void)reply_is_error(w->st, r[at], "listen");
		at++;
	}
	w->enlisted_ms = clock_boot_ms();
	w->swept = true;
	w->out = false;
}
