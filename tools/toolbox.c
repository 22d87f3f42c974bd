/*
 * toolbox: all sources of this process: their start, exchange and end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/cond.h"
#include "base/json.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/text.h"
#include "tools/listing.h"
#include "tools/tools_priv.h"

#define STOP_WAIT_MS 5000 /* for questions that were cancelled */

/* At the start and, of those that are new, at a reload. */
static void
say_unserved(const struct toolbox *b, struct source *const *sources, size_t n)
{
	size_t i, j;

	for (i = 0; i < n; i++) {
		if (!sources[i]->unserved)
			continue;
		for (j = 0; j < b->nsources; j++)
			if (b->sources[j]->unserved
			    && strcmp(b->sources[j]->name, sources[i]->name)
				== 0)
				break;
		if (j == b->nsources)
			log_event(LOG_WARN, "mcp_server_skipped",
			    F_STR("server", sources[i]->name),
			    F_STR("why", sources[i]->why));
	}
}

int
toolbox_open(struct settings *s, struct source *const *sources, size_t n,
    struct toolbox **out, struct buf *errors)
{
	struct toolbox *b = calloc(1, sizeof(*b));

	if (b == NULL)
		abort();
	say_unserved(b, sources, n);
	for (; b->nsources < n; b->nsources++)
		b->sources[b->nsources] = sources[b->nsources];
	b->settings = settings_ref(s);
	pthread_mutex_init(&b->mu, NULL);
	cond_init(&b->changed);
	b->pool = pool_new("sources", SOURCES_MAX);
	b->builtin = builtin_source();
	(void)toolbox_renew(b);
	*out = b;
	if (n > 0) {
		if (thread_start(&b->thread, "toolbox", toolbox_refresh, b)
		    == -1) {
			(void)!buf_add_str(errors,
			    "no thread for the tools' servers\n");
			toolbox_stop(b);
			*out = NULL;
			return -1;
		}
		b->started = true;
	}
	return 0;
}

int
toolbox_start(struct settings *s, struct toolbox **out, struct buf *errors)
{
	struct source *sources[SOURCES_MAX];
	int n = servers_read(s, sources, errors);

	return n == -1 ? -1 : toolbox_open(s, sources, (size_t)n, out, errors);
}

struct toolbox *
toolbox_builtin(struct settings *s)
{
	struct toolbox *b = NULL;

	/* Without sources there is no thread that may be missing. */
	if (toolbox_open(s, NULL, 0, &b, NULL) == -1)
		abort();
	return b;
}

/* ---- reload -------------------------------------------------------------- */

/* The source of the same name that ran until now, NULL: there was none. */
static struct source *
namesake(const struct toolbox *b, const struct source *s)
{
	size_t i;

	for (i = 0; i < b->nsources; i++)
		if (b->sources[i]->kind == s->kind
		    && strcmp(b->sources[i]->name, s->name) == 0)
			return b->sources[i];
	return NULL;
}

/* Nothing changed about the server: its connection and its list are as good as
 * before.  One that failed is asked again at once: perhaps it was mended. */
static bool
keep(const struct source *s, struct source *o, const struct settings *settings)
{
	int64_t soon = clock_boot_ms() + settings->mcp_refresh_ms;

	if (o->kind->keep == NULL || !o->kind->keep(o, s, settings))
		return false;
	if (!o->ok || o->failures > 0)
		o->next_ms = 0;
	else if (o->next_ms > soon)
		o->next_ms = soon;
	return true;
}

/* What was known of a source that is asked anew: its tools are offered until
 * it answers. */
static void
inherit(struct source *s, const struct source *o)
{
	if (s->unserved || strcmp(o->host, s->host) != 0)
		return;
	s->list = json_share(o->list);
	s->offer = offer_ref(o->offer);
	snprintf(s->left_out_seen, sizeof(s->left_out_seen), "%s",
	    o->left_out_seen);
	s->asked = o->asked;
	s->ok = o->ok;
	s->read_ms = o->read_ms;
	s->away_ms = o->away_ms;
	text_format(s->why, sizeof(s->why), "%s", o->why);
	text_format(s->reason, sizeof(s->reason), "%s", o->reason);
}

/*
 * Put ${n} sources in the place of those there are; the lock is held.
 * ${gone}: what nobody asks any more, new or old, to be given back without the
 * lock.  Their number.
 */
static size_t
exchange_sources(struct toolbox *b, struct source **sources, size_t n,
    const struct settings *settings, struct source **gone)
{
	struct source *o;
	size_t ngone = 0, i, j;

	for (i = 0; i < n; i++) {
		o = namesake(b, sources[i]);
		if (o == NULL)
			continue;
		if (keep(sources[i], o, settings)) {
			gone[ngone++] = sources[i];
			sources[i] = o;
		} else {
			inherit(sources[i], o);
		}
	}
	for (j = 0; j < b->nsources; j++) {
		for (i = 0; i < n && sources[i] != b->sources[j]; i++)
			;
		if (i == n)
			gone[ngone++] = b->sources[j];
	}
	for (i = 0; i < n; i++)
		b->sources[i] = sources[i];
	b->nsources = n;
	return ngone;
}

int
toolbox_reload(struct toolbox *b, struct settings *s, struct buf *errors)
{
	struct source *sources[SOURCES_MAX], *gone[2 * SOURCES_MAX];
	struct view *old_view;
	struct settings *old;
	int n = servers_read(s, sources, errors);
	size_t ngone;

	if (n == -1)
		return -1;
	pthread_mutex_lock(&b->mu);
	say_unserved(b, sources, (size_t)n);
	ngone = exchange_sources(b, sources, (size_t)n, s, gone);
	old = b->settings;
	b->settings = settings_ref(s);
	old_view = toolbox_renew(b);
	if (n > 0 && !b->started
	    && thread_start(&b->thread, "toolbox", toolbox_refresh, b) == 0)
		b->started = true;
	pthread_cond_broadcast(&b->changed);
	pthread_mutex_unlock(&b->mu);
	views_unref(old_view);
	sources_unref(gone, ngone);
	settings_unref(old);
	return 0;
}

void
toolbox_stop(struct toolbox *b)
{
	if (b == NULL)
		return;
	pthread_mutex_lock(&b->mu);
	b->stopping = true;
	pthread_cond_broadcast(&b->changed);
	pthread_mutex_unlock(&b->mu);
	/* A server that is silent must not hold up the end. */
	__atomic_store_n(&b->cancel, 1, __ATOMIC_RELAXED);
	if (b->started)
		pthread_join(b->thread, NULL);
	listing_unref(b->listing);
	if (pool_drain(b->pool, STOP_WAIT_MS) == -1)
		return; /* one still uses what would be freed */
	pool_free(b->pool);
	views_unref(b->views);
	source_unref(b->builtin);
	sources_unref(b->sources, b->nsources);
	settings_unref(b->settings);
	pthread_cond_destroy(&b->changed);
	pthread_mutex_destroy(&b->mu);
	free(b);
}

void
toolbox_wait(struct toolbox *b, int wait_ms)
{
	struct timespec until = cond_after(wait_ms);
	size_t i;
	int rc = 0;

	pthread_mutex_lock(&b->mu);
	while (rc == 0) {
		for (i = 0; i < b->nsources && b->sources[i]->asked; i++)
			;
		if (i == b->nsources)
			break;
		rc = pthread_cond_timedwait(&b->changed, &b->mu, &until);
	}
	pthread_mutex_unlock(&b->mu);
}

void
toolbox_rouse(struct toolbox *b)
{
	pthread_mutex_lock(&b->mu);
	b->roused = true;
	pthread_cond_broadcast(&b->changed);
	pthread_mutex_unlock(&b->mu);
}

const struct toolset *
toolset_ref(struct toolbox *b, const struct caller *caller)
{
	const struct policy *policy;
	struct view *view;

	pthread_mutex_lock(&b->mu);
	policy = policy_of(b->settings, caller);
	for (view = b->views; view != NULL && view->policy != policy;)
		view = view->next;
	if (view == NULL) {
		view = view_make(b, policy);
		view->next = b->views->next;
		b->views->next = view;
	}
	atomic_fetch_add(&view->refs, 1);
	pthread_mutex_unlock(&b->mu);
	return &view->set;
}

static json_t *
left_out(const struct offered *o)
{
	json_t *out = json_array();
	size_t i;

	for (i = 0; i < o->left_out && i < LEFT_OUT_SHOWN; i++)
		json_array_append_new(out,
		    json_pack("{s:s, s:s}", "tool", o->shown[i].tool, "why",
			o->shown[i].why));
	return out;
}

json_t *
toolbox_state(struct toolbox *b)
{
	json_t *out = json_array();
	int64_t now = clock_boot_ms();
	size_t i;

	pthread_mutex_lock(&b->mu);
	for (i = 0; i < b->nsources; i++) {
		const struct source *s = b->sources[i];
		const struct offered *o = view_offered(b->views, s);

		json_array_append_new(out,
		    json_pack("{s:s, s:s, s:s, s:b, s:b, s:I, s:s*, s:s*, s:I, "
			      "s:I, s:I, s:I, "
			      "s:I, s:o}",
			"name", s->name, "kind", s->kind->name, "url_host",
			s->host, "ok", (int)s->ok, "served", (int)!s->unserved,
			"tools", (json_int_t)json_array_size(s->list), "error",
			s->ok ? NULL : s->why, "reason",
			s->ok ? NULL : s->reason, "age_ms",
			(json_int_t)(s->list != NULL ? now - s->read_ms : -1),
			"away_ms",
			(json_int_t)(s->ok || s->away_ms == 0
				? 0
				: now - s->away_ms),
			"retry_ms",
			(json_int_t)(s->next_ms > now && !s->unserved
				? s->next_ms - now
				: 0),
			"offered", (json_int_t)o->n, "left_out",
			(json_int_t)o->left_out, "left_out_tools",
			left_out(o)));
	}
	pthread_mutex_unlock(&b->mu);
	return out;
}
