/*
 * subscription: a link on which Redis tells what is published to some channels.
 *
 * It has no thread of its own: whoever calls subscription_wait makes the link,
 * reads it, asks whether it still lives, and makes it again when it broke.  What
 * is published meanwhile is lost, so the owner looks at what it is told of when
 * on_hears says true.
 */
#ifndef REDIS_SUBSCRIPTION_PRIV_H
#define REDIS_SUBSCRIPTION_PRIV_H

#include "redis/store.h"

/* Called by the thread that waits. */
struct subscription_ear {
	/* ${channel} stands behind no prefix any more. */
	void (*on_message)(void *ctx, const char *channel, const char *bytes,
	    size_t len);
	/* All channels are subscribed to; or the link broke after that. */
	void (*on_hears)(void *ctx, bool hears);
};

/* What to subscribe to, with ${command}, one for each channel: SUBSCRIBE, or
 * SSUBSCRIBE (of the node that has the channel's slot).  All is borrowed for as
 * long as the subscription lives. */
struct subscription_ask {
	const char *command;
	const char *const *channels; /* without the store's prefix */
	size_t n;
	const struct subscription_ear *ear;
	void *ctx;
};

enum subscription_rc {
	SUBSCRIPTION_DOWN = -1, /* no link is to be had (logged) */
	SUBSCRIPTION_NOTHING,
	SUBSCRIPTION_HEARD, /* the ear was told something */
};

struct subscription;

/* NULL: no descriptor to be had.  The link is made by the first wait. */
struct subscription *subscription_new(struct store *st,
    const struct subscription_ask *ask) WARN_UNUSED;
void subscription_free(struct subscription *s);

/* At most ${wait_ms}, until something comes or subscription_rouse.  DOWN is
 * said at once, when the next try is not due until later, after the wait. */
enum subscription_rc subscription_wait(struct subscription *s, int wait_ms);
/* From any thread: the wait ends, or the next one. */
void subscription_rouse(struct subscription *s);

#endif
