/*
 * refresh: keeps the lists of all sources fresh.
 *
 * One thread decides which source is to be asked; each question runs on a
 * thread of its own, so a slow server does not hold up the others.  A server
 * that is down is left out and tried again with growing delays.  One failure
 * after a list that was read is a blip, and no more is said of it.  Who does
 * not answer for longer is away, and said to be; its tools stay on offer for
 * SOURCE_AWAY_MAX_MS.  Who answers and refuses loses them at once.
 */
#include <stdio.h>
#include <stdlib.h>

#include <sodium.h>

#include "base/clock.h"
#include "base/cond.h"
#include "base/json.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/text.h"
#include "tools/tools_priv.h"

#define TICK_MS 500
#define RETRY_FIRST_MS 1000
#define RETRY_MAX_MS 60000
#define REFRESH_MIN_MS 5000 /* whatever a server says of its list's age */

struct question {
	struct toolbox *b;
	struct source *s;
};

struct view *
toolbox_renew(struct toolbox *b)
{
	struct view *old = b->views;

	b->views = view_make(b, policy_of(b->settings, NULL));
	return old;
}

/* The list of ${s} was asked for in vain at ${now}: when again, and for how
 * long its last one is still offered (0: it is not). */
static int64_t
put_off(struct source *s, int64_t now, const struct source_answer *e,
    int64_t *keep_ms)
{
	int64_t delay = RETRY_FIRST_MS << (s->failures < 6 ? s->failures : 6);

	if (delay > RETRY_MAX_MS)
		delay = RETRY_MAX_MS;
	delay -= randombytes_uniform((uint32_t)(delay / 4) + 1);
	s->failures++;
	if (s->away_ms == 0)
		s->away_ms = now;
	*keep_ms = !e->away || s->list == NULL
	    ? 0
	    : s->away_ms + SOURCE_AWAY_MAX_MS - now;
	if (*keep_ms < 0)
		*keep_ms = 0;
	/* Not longer than said because the next look is far. */
	return *keep_ms > 0 && delay > *keep_ms ? *keep_ms : delay;
}

static void
say_state(const struct source *s, size_t tools, const struct source_answer *e)
{
	log_event(s->ok ? LOG_INFO : LOG_WARN,
	    s->ok ? "tools_listed" : "tools_failed", F_STR("source", s->name),
	    F_STR("host", s->host), F_INT("tools", tools),
	    F_STR("why", e->why));
}

/* What the source answered, under the lock; ${offer} is of ${list}, NULL when
 * it is the one that is known.  As toolbox_renew, or NULL. */
static struct view *
take_answer(struct toolbox *b, struct source *s, json_t *list,
    struct offer *offer, const struct source_answer *e)
{
	int64_t now = clock_boot_ms(), delay, keep_ms = 0;
	bool was_ok = s->ok, first = !s->asked, dropped = false;
	struct view *old = NULL;

	s->asked = true;
	s->asking = false;
	s->ok = list != NULL || (was_ok && s->failures == 0);
	if (list != NULL) {
		s->failures = 0;
		s->away_ms = 0;
		s->read_ms = now;
		s->why[0] = s->reason[0] = '\0';
		delay = b->settings->mcp_refresh_ms;
		if (e->ttl_ms >= 0 && e->ttl_ms < delay)
			delay = e->ttl_ms < REFRESH_MIN_MS ? REFRESH_MIN_MS
							   : e->ttl_ms;
	} else {
		text_format(s->why, sizeof(s->why), "%s", e->why);
		text_format(s->reason, sizeof(s->reason), "%s", e->reason);
		delay = put_off(s, now, e, &keep_ms);
	}
	s->next_ms = now + delay;
	if (list != NULL && offer == NULL) {
		json_unshare(list);
	} else if (s->list != list
	    && (list != NULL || (!s->ok && keep_ms == 0))) {
		dropped = list == NULL;
		json_unshare(s->list);
		s->list = list;
		offer_unref(s->offer);
		s->offer = offer;
		old = toolbox_renew(b);
	}
	if (first || was_ok != s->ok || dropped)
		say_state(s, json_array_size(s->list), e);
	pthread_cond_broadcast(&b->changed);
	return old;
}

/* Only this question changes the list of ${s}: it is the only one. */
static bool
is_known(struct toolbox *b, struct source *s, const json_t *list)
{
	json_t *known;
	bool same;

	pthread_mutex_lock(&b->mu);
	known = json_share(s->list);
	pthread_mutex_unlock(&b->mu);
	same = known != NULL && json_equal(known, list);
	json_unshare(known);
	return same;
}

static void
ask(void *arg)
{
	struct question *q = arg;
	struct source_answer e = { .ttl_ms = -1 };
	json_t *list = q->s->kind->list(q->s, &q->b->cancel, &e);
	struct offer *offer = NULL;
	struct view *old = NULL;
	size_t i;

	if (list != NULL && !is_known(q->b, q->s, list))
		offer = offer_make(catalogue_make(list));
	pthread_mutex_lock(&q->b->mu);
	for (i = 0; i < q->b->nsources; i++)
		if (q->b->sources[i] == q->s)
			break;
	if (i < q->b->nsources) {
		old = take_answer(q->b, q->s, list, offer, &e);
	} else { /* no longer configured */
		json_unshare(list);
		offer_unref(offer);
	}
	pthread_mutex_unlock(&q->b->mu);
	views_unref(old);
	source_unref(q->s);
	free(q);
}

/* What a server says of its list is looked at last, as that takes it back; and
 * not sooner than REFRESH_MIN_MS, or one that says it inside each list would
 * be asked without end.  Until then it stays said: the next tick sees it. */
static bool
is_due(struct source *s, int64_t now)
{
	return now >= s->next_ms
	    || (s->ok && s->kind->list_changed != NULL
		&& now - s->read_ms >= REFRESH_MIN_MS
		&& s->kind->list_changed(s));
}

/* Ask those whose time has come; the lock is held. */
static void
ask_due(struct toolbox *b)
{
	int64_t now = clock_boot_ms();
	size_t i;

	for (i = 0; i < b->nsources; i++) {
		struct source *s = b->sources[i];
		struct question *q;

		if (s->asking || !is_due(s, now))
			continue;
		q = malloc(sizeof(*q));
		if (q == NULL)
			abort();
		*q = (struct question){ b, source_ref(s) };
		s->asking = true;
		if (pool_run(b->pool, ask, q) == -1) {
			s->asking = false;
			source_unref(s);
			free(q);
		}
	}
}

void *
toolbox_refresh(void *arg)
{
	struct toolbox *b = arg;

	pthread_mutex_lock(&b->mu);
	while (!b->stopping) {
		ask_due(b);
		(void)cond_wait_ms(&b->changed, &b->mu, TICK_MS);
	}
	pthread_mutex_unlock(&b->mu);
	return NULL;
}
