/*
 * fleet: the watch of the turn workers, and the pages made of what it sees.
 *
 * One thread looks every FLEET_LOOK_MS and renders /health and /ready; a
 * request copies a page.  What was last known of the model stays on the page
 * while no worker reports, so that a restart doesn't blank it.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/cond.h"
#include "base/json.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/text.h"
#include "config.h"
#include "fcgi/park.h"
#include "handlers/fleet_priv.h"
#include "handlers/handlers.h"
#include "nouns/metric.h"
#include "nouns/settings.h"
#include "redis/due.h"
#include "redis/fleet.h"

#define FLEET_LOOK_MS 2000
/* not ready, or the models are being looked at: who starts us waits ... */
#define FLEET_LOOK_SOON_MS 250
#define FLEET_START_MS 10000 /* Redis and turn workers may start, too */
/* ... but not for ever: a look counts what is due, and of a pause there may
 * be much */
#define FLEET_SOON_FOR_MS 60000
#define FLEET_BACKEND_MAX 160
#define FLEET_UNSURE_LOOKS 2 /* unaccounted twice in a row is no accident */

struct page {
	char *text;
	size_t len;
	int status;
};

struct watch {
	struct edge *e;
	pthread_t thread;
	bool has_thread;
	pthread_mutex_t mu; /* of all below but what look() alone uses */
	pthread_cond_t wake;
	bool stopping, poked;
	struct page pages[FLEET_PAGES];
	char backend[FLEET_BACKEND_MAX]; /* "" never heard of */
	_Atomic bool may_store;
	_Atomic int waits; /* enum fleet_wait */

	/* look() alone */
	int64_t tools_loaded;
	bool was_ready, ever_ready, alarmed, looked;
	bool models_looked; /* at, by all workers */
	int64_t started_ms; /* boot clock */
	int64_t changed_ms; /* boot clock: either of these */
	const char *was_why;
	int unsure;
};

/* The youngest worker runs the configuration that is meant. */
static void
keep_backend(struct watch *w, const struct fleet_view *v)
{
	const json_t *record, *youngest = NULL;
	size_t i;

	json_array_foreach(v->records, i, record)
		if (youngest == NULL
		    || json_member_int(record, "started_ms", 0)
			> json_member_int(youngest, "started_ms", 0))
			youngest = record;
	if (youngest == NULL || json_member_str(youngest, "backend") == NULL)
		return;
	pthread_mutex_lock(&w->mu);
	snprintf(w->backend, sizeof(w->backend), "%s",
	    json_member_str(youngest, "backend"));
	pthread_mutex_unlock(&w->mu);
	w->tools_loaded = json_member_int(youngest, "tools_loaded", 0);
}

static void
set_page(struct watch *w, enum fleet_page which, int status, json_t *doc)
{
	char *text = doc == NULL ? NULL : json_dumps(doc, JSON_COMPACT);
	struct page *page = &w->pages[which];

	json_decref(doc);
	if (text == NULL)
		abort();
	pthread_mutex_lock(&w->mu);
	free(page->text);
	*page = (struct page){ text, strlen(text), status };
	pthread_mutex_unlock(&w->mu);
}

static void
render_health(struct watch *w, const struct settings *s)
{
	char backend[FLEET_BACKEND_MAX];
	struct text_address memcp; /* login and query are not for everybody */

	fleet_backend(w->e, backend, sizeof(backend));
	text_address(s->chat_memcp_url, &memcp);
	set_page(w, FLEET_HEALTH, 200,
	    json_pack("{s:s, s:s, s:I, s:o, s:I, s:s, s:s}", "status", "ok",
		"backend", backend, "tools_loaded", (json_int_t)w->tools_loaded,
		"memcp_url",
		json_sprintf("%.*s%.*s", memcp.scheme, s->chat_memcp_url,
		    memcp.len, memcp.rest),
		"rate_limit_per_minute", (json_int_t)s->chat_rate_limit, "auth",
		secret_is_set(&s->proxy_secret) ? "enabled"
		    : s->chat_open ? "disabled (chat.open: loopback only)"
				   : "refused (no PROXY_SECRET set)",
		"version", PACKAGE_VERSION));
}

/*
 * Each change of ${why}, a literal.  Who was never ready starts together with
 * the others, and is alarmed when it takes too long.
 */
static void
tell(struct watch *w, const struct fleet_view *v, const char *why)
{
	int64_t now = clock_boot_ms();
	bool late = now - w->started_ms > FLEET_START_MS;
	bool changed = !w->looked || w->was_why != why;

	if (why == NULL && changed)
		log_event(LOG_INFO, "readiness_gained",
		    F_INT("turn_workers", v->workers));
	else if (why != NULL && (w->ever_ready || late)
	    && (changed || !w->alarmed)) {
		log_event(LOG_WARN, "readiness_lost", F_STR("why", why));
		w->alarmed = true;
	} else if (why != NULL && changed)
		log_event(LOG_INFO, "readiness_awaited", F_STR("why", why));
	if (!changed)
		return;
	w->was_why = why;
	w->was_ready = why == NULL;
	w->ever_ready |= w->was_ready;
	w->alarmed &= why != NULL;
	w->changed_ms = now;
	w->looked = true;
}

static void
render_ready(struct watch *w, const struct settings *s,
    const struct fleet_view *v)
{
	const char *why = fleet_why_not_ready(v);
	char backend[FLEET_BACKEND_MAX];
	json_t *ok = v->model_ok == -1 ? json_null()
				       : json_boolean(v->model_ok);

	fleet_backend(w->e, backend, sizeof(backend));
	set_page(w, FLEET_READY, why == NULL ? 200 : 503,
	    json_pack("{s:b, s:s?, s:o, s:{s:b, s:i}, s:I, s:b, "
		      "s:{s:s, s:o, s:s?, s:o}, s:o, s:I}",
		"ready", why == NULL, "why", why, "degraded",
		fleet_degraded_doc(v), "redis", "ok", v->redis, "ms",
		v->redis_ms, "turn_workers", (json_int_t)v->workers, "paused",
		v->paused, "model", "backend", backend, "ok", ok, "error",
		v->model_error, "backends",
		fleet_backends_doc(v, clock_wall_ms()), "sources",
		fleet_sources_doc(v), "max_message_chars",
		(json_int_t)s->chat_max_input_chars));
	if (w->e->park != NULL) /* else plain CGI: one look */
		tell(w, v, why);
}

/* A provider's breaker is open when all its models' are. */
static void
gauge_breakers(const struct fleet_view *v)
{
	const char *const *values = METRICS[METRIC_BREAKER_OPEN].values;
	int64_t now = clock_wall_ms();
	int i;

	for (i = 0; i < METRIC_VALUES_MAX && values[i] != NULL; i++) {
		size_t len = strlen(values[i]), n = 0, open = 0;
		const char *name;
		json_t *until;

		json_object_foreach(v->backends, name, until) {
			if (strncmp(name, values[i], len) != 0
			    || (name[len] != '/' && name[len] != '\0'))
				continue;
			n++;
			open += json_integer_value(until) > now;
		}
		metric_set(METRIC_BREAKER_OPEN, i, n > 0 && n == open);
	}
}

static void
gauge_queue(struct watch *w)
{
	int64_t requeued;
	struct fleet_counts counts;

	if (fleet_count(w->e->store, &counts) != STORE_OK)
		return;
	metric_set(METRIC_UNACCOUNTED, 0, counts.unaccounted);
	metric_set(METRIC_DAMAGED, 0, counts.aside + counts.damaged);
	metric_set(METRIC_QUEUE_LENGTH, 0, counts.waiting);
	metric_set(METRIC_QUEUE_AGE, 0, counts.oldest_ms / 1000);
	w->unsure = counts.unaccounted == 0 ? 0 : w->unsure + 1;
	if (w->unsure != FLEET_UNSURE_LOOKS)
		return;
	/* They may lie in inboxes that nobody looks at: due was deleted. */
	if (due_requeue(w->e->store, DUE_ALL, &requeued) != STORE_OK
	    || requeued == 0)
		log_event(LOG_ERROR, "messages_unaccounted",
		    F_INT("messages", counts.unaccounted),
		    F_STR("remedy", "dragoman turns list; report this"));
}

static void
look(struct watch *w)
{
	struct settings *s = edge_settings(w->e);
	struct arena *mem = arena_new();
	struct fleet_view v = { 0 };

	if (fleet_may_store(w->e))
		fleet_see(w->e->store, s, mem, &v);
	else
		v.model_ok = -1;
	if (v.workers > 0)
		keep_backend(w, &v);
	if (v.redis) {
		/* An emptied Redis gets its canary back. */
		(void)!store_canary(w->e->store);
		gauge_queue(w);
	}
	atomic_store(&w->waits,
	    v.redis && v.workers == 0 ? FLEET_NO_WORKER
		: v.redis && v.paused ? FLEET_PAUSED
				      : FLEET_SERVES);
	if (w->models_looked == v.looking) {
		w->models_looked = !v.looking;
		w->changed_ms = clock_boot_ms();
	}
	gauge_breakers(&v);
	render_health(w, s);
	render_ready(w, s, &v);
	arena_free(mem);
	settings_unref(s);
}

bool
fleet_may_store(struct edge *e)
{
	struct watch *w = e->watch;

	if (atomic_load(&w->may_store))
		return true;
	switch (store_canary(e->store)) {
	case STORE_OK:
		atomic_store(&w->may_store, true);
		return true;
	case STORE_UNKNOWN_KEY:
		/* Rather no edge than messages that nobody can open. */
		store_log_other_key();
		_exit(2);
	default:
		return false;
	}
}

enum fleet_wait
fleet_waits(struct edge *e)
{
	struct watch *w = e->watch;

	return (enum fleet_wait)atomic_load(&w->waits);
}

const char *
fleet_page(struct edge *e, enum fleet_page page, struct arena *mem, size_t *len,
    int *status)
{
	struct watch *w = e->watch;
	const char *text;

	if (!w->has_thread && page == FLEET_READY)
		look(w);
	pthread_mutex_lock(&w->mu);
	text = arena_memdup(mem, w->pages[page].text, w->pages[page].len);
	*len = w->pages[page].len;
	*status = w->pages[page].status;
	pthread_mutex_unlock(&w->mu);
	return text;
}

void
fleet_backend(struct edge *e, char *out, size_t out_max)
{
	struct watch *w = e->watch;
	struct settings *s;

	pthread_mutex_lock(&w->mu);
	snprintf(out, out_max, "%s", w->backend);
	pthread_mutex_unlock(&w->mu);
	if (*out != '\0')
		return;
	s = edge_settings(e);
	settings_backend(s, out, out_max);
	settings_unref(s);
}

/* Until the next look. */
static int
pause_ms(const struct watch *w)
{
	return (w->was_ready && w->models_looked)
		|| clock_boot_ms() - w->changed_ms > FLEET_SOON_FOR_MS
	    ? FLEET_LOOK_MS
	    : FLEET_LOOK_SOON_MS;
}

static void *
run(void *arg)
{
	struct watch *w = arg;
	struct timespec until;

	pthread_mutex_lock(&w->mu);
	for (;;) {
		until = cond_after(pause_ms(w));
		while (!w->stopping && !w->poked
		    && pthread_cond_timedwait(&w->wake, &w->mu, &until)
			!= ETIMEDOUT)
			;
		if (w->stopping)
			break;
		w->poked = false;
		pthread_mutex_unlock(&w->mu);
		look(w);
		pthread_mutex_lock(&w->mu);
	}
	pthread_mutex_unlock(&w->mu);
	return NULL;
}

int
fleet_watch_start(struct edge *e)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (w == NULL)
		abort();
	w->e = e;
	w->started_ms = clock_boot_ms();
	e->watch = w;
	pthread_mutex_init(&w->mu, NULL);
	cond_init(&w->wake);
	look(w);
	if (e->park == NULL)
		return 0;
	if (thread_start(&w->thread, "fleet", run, w) == -1)
		return -1;
	w->has_thread = true;
	return 0;
}

void
fleet_watch_reload(struct edge *e)
{
	struct watch *w = e->watch;

	pthread_mutex_lock(&w->mu);
	w->poked = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->mu);
}

void
fleet_watch_stop(struct edge *e)
{
	struct watch *w = e->watch;
	size_t i;

	if (w == NULL)
		return;
	if (w->has_thread) {
		pthread_mutex_lock(&w->mu);
		w->stopping = true;
		pthread_cond_signal(&w->wake);
		pthread_mutex_unlock(&w->mu);
		pthread_join(w->thread, NULL);
	}
	for (i = 0; i < FLEET_PAGES; i++)
		free(w->pages[i].text);
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->mu);
	e->watch = NULL;
	free(w);
}
