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
#include "mcp/client.h"
#include "tools/tools_priv.h"

#define TICK_MS 500
#define RETRY_FIRST_MS 1000
#define RETRY_MAX_MS 60000
#define REFRESH_MIN_MS 5000 /* whatever a server says of its list's age */

struct question {
	struct toolbox *b;
	struct source *s;
};

/* Why there is no list: with the server's words, and without. */
struct excuse {
	char why[160], reason[64];
	bool away; /* nobody answered: it may be starting */
};

static void
set_reason(struct excuse *e, enum mcp_rc rc)
{
	static const char *const WORDS[] = {
		[MCP_OK] = "",
		[MCP_ERROR] = "the server refused",
		[MCP_UNREACHED] = "the server cannot be reached",
		[MCP_UNKNOWN] = "the answer was lost",
		[MCP_DENIED] = "the server wants other credentials",
		[MCP_PROTOCOL] = "the server gave no MCP answer",
		[MCP_CANCELLED] = "cancelled",
	};
	int status;

	if (sscanf(e->why, "HTTP %3d", &status) == 1)
		text_format(e->reason, sizeof(e->reason), "%s (HTTP %d)",
		    WORDS[rc], status);
	else
		text_format(e->reason, sizeof(e->reason), "%s", WORDS[rc]);
}

static json_t *
ask_source(struct source *s, const volatile int *cancel, int64_t *ttl_ms,
    struct excuse *e)
{
	json_t *list = NULL;
	enum mcp_rc rc;

	*ttl_ms = -1;
	if (s->kind == SOURCE_MEMCP) {
		list = memcp_list(&s->memcp, cancel, e->why);
		text_format(e->reason, sizeof(e->reason), "%s", e->why);
		e->away = list == NULL;
		return list;
	}
	rc = mcp_client_tools(s->client, cancel, &list, ttl_ms, e->why);
	set_reason(e, rc);
	e->away = rc == MCP_UNREACHED || rc == MCP_UNKNOWN;
	return rc == MCP_OK ? list : NULL;
}

struct snapshot *
toolbox_renew(struct toolbox *b)
{
	struct snapshot *old = b->current;

	b->current = snapshot_make(b);
	return old;
}

/* The list of ${s} was asked for in vain at ${now}: when again, and for how
 * long its last one is still offered (0: it is not). */
static int64_t
put_off(struct source *s, int64_t now, const struct excuse *e, int64_t *keep_ms)
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
say_state(const struct source *s, size_t tools, const struct excuse *e)
{
	log_event(s->ok ? LOG_INFO : LOG_WARN,
	    s->ok ? "tools_listed" : "tools_failed", F_STR("source", s->name),
	    F_STR("host", s->host), F_INT("tools", tools),
	    F_STR("why", e->why));
}

/* What the source answered, under the lock; ${tools} are of ${list}, NULL when
 * it is the one that is known.  As toolbox_renew, or NULL. */
static struct snapshot *
take_answer(struct toolbox *b, struct source *s, json_t *list,
    struct catalogue *tools, int64_t ttl_ms, const struct excuse *e)
{
	int64_t now = clock_boot_ms(), delay, keep_ms = 0;
	bool was_ok = s->ok, first = !s->asked, dropped = false;
	struct snapshot *old = NULL;

	s->asked = true;
	s->asking = false;
	s->ok = list != NULL || (was_ok && s->failures == 0);
	if (list != NULL) {
		s->failures = 0;
		s->away_ms = 0;
		s->read_ms = now;
		s->why[0] = s->reason[0] = '\0';
		delay = b->settings->mcp_refresh_ms;
		if (ttl_ms >= 0 && ttl_ms < delay)
			delay = ttl_ms < REFRESH_MIN_MS ? REFRESH_MIN_MS
							: ttl_ms;
	} else {
		text_format(s->why, sizeof(s->why), "%s", e->why);
		text_format(s->reason, sizeof(s->reason), "%s", e->reason);
		delay = put_off(s, now, e, &keep_ms);
	}
	s->next_ms = now + delay;
	if (list != NULL && tools == NULL) {
		json_unshare(list);
	} else if (s->list != list
	    && (list != NULL || (!s->ok && keep_ms == 0))) {
		dropped = list == NULL;
		json_unshare(s->list);
		s->list = list;
		catalogue_unref(s->tools);
		s->tools = tools;
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
	struct excuse e = { 0 };
	int64_t ttl_ms;
	json_t *list = ask_source(q->s, &q->b->cancel, &ttl_ms, &e);
	struct catalogue *tools = NULL;
	struct snapshot *old = NULL;
	size_t i;

	if (list != NULL && !is_known(q->b, q->s, list))
		tools = catalogue_make(list);
	pthread_mutex_lock(&q->b->mu);
	for (i = 0; i < q->b->nsources; i++)
		if (q->b->sources[i] == q->s)
			break;
	if (i < q->b->nsources) {
		old = take_answer(q->b, q->s, list, tools, ttl_ms, &e);
	} else { /* no longer configured */
		json_unshare(list);
		catalogue_unref(tools);
	}
	pthread_mutex_unlock(&q->b->mu);
	snapshot_unref(old);
	source_unref(q->s);
	free(q);
}

/* What a server says of its list is looked at last, as that takes it back; and
 * not sooner than REFRESH_MIN_MS, or one that says it inside each list would
 * be asked without end.  Until then it stays said: the next tick sees it. */
static bool
is_due(const struct source *s, int64_t now)
{
	return now >= s->next_ms
	    || (s->ok && s->client != NULL && now - s->read_ms >= REFRESH_MIN_MS
		&& mcp_client_list_changed(s->client));
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
