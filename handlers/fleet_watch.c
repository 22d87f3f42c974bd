/*
 * fleet_watch: the thread that looks at the turn workers, and says so when
 * messages can no longer be answered.
 *
 * It looks every FLEET_LOOK_MS; pages and gauges are made of what it saw.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/cond.h"
#include "base/log.h"
#include "base/pool.h"
#include "handlers/fleet_priv.h"
#include "handlers/handlers.h"
#include "nouns/settings.h"
#include "redis/fleet.h"
#include "redis/store.h"

#define FLEET_LOOK_MS 2000
/* not ready, or the models are being looked at: who starts us waits ... */
#define FLEET_LOOK_SOON_MS 250
#define FLEET_START_MS 10000 /* Redis and turn workers may start, too */
/* ... but not for ever: a look counts what is due, and of a pause there may
 * be much */
#define FLEET_SOON_FOR_MS 60000

struct watch {
	struct edge *e;
	pthread_t thread;
	bool has_thread;
	pthread_mutex_t mu; /* of the next two */
	pthread_cond_t wake;
	bool stopping, poked;
	struct fleet_pages pages;
	_Atomic int waits; /* enum fleet_wait */

	/* look() alone */
	bool was_ready, ever_ready, alarmed, looked;
	bool models_looked; /* at, by all workers */
	int64_t started_ms; /* boot clock */
	int64_t changed_ms; /* boot clock: either of these */
	const char *was_why;
	int unsure;
	int64_t beat_ms; /* boot clock: the next record of this edge */
};

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
look(struct watch *w)
{
	struct settings *s = edge_settings(w->e);
	struct arena *mem = arena_new();
	struct fleet_view v = { 0 };

	if (edge_may_store(w->e))
		fleet_see(w->e->store, s, mem, &v);
	else
		v.model_ok = -1;
	if (v.redis) {
		/* An emptied Redis gets its canary back. */
		(void)!store_canary(w->e->store);
		fleet_gauge_queue(w->e->store, &w->unsure);
	}
	if (v.redis && w->e->park != NULL && clock_boot_ms() >= w->beat_ms) {
		w->beat_ms = clock_boot_ms() + FLEET_EVERY_MS;
		fleet_beat_write(w->e, w->started_ms);
	}
	atomic_store(&w->waits,
	    v.redis && v.workers == 0 ? FLEET_NO_WORKER
		: v.redis && v.paused ? FLEET_PAUSED
				      : FLEET_SERVES);
	if (w->models_looked == v.looking) {
		w->models_looked = !v.looking;
		w->changed_ms = clock_boot_ms();
	}
	fleet_gauge_breakers(&v);
	fleet_pages_render(&w->pages, s, &v);
	if (w->e->park != NULL) /* else plain CGI: one look */
		tell(w, &v, fleet_why_not_ready(&v));
	arena_free(mem);
	settings_unref(s);
}

enum fleet_wait
fleet_waits(struct edge *e)
{
	return (enum fleet_wait)atomic_load(&e->watch->waits);
}

const char *
fleet_page(struct edge *e, enum fleet_page page, struct arena *mem, size_t *len,
    int *status)
{
	struct watch *w = e->watch;

	if (!w->has_thread && page == FLEET_READY)
		look(w);
	return fleet_pages_copy(&w->pages, page, mem, len, status);
}

void
fleet_backend(struct edge *e, char *out, size_t out_max)
{
	struct settings *s = edge_settings(e);

	fleet_pages_backend(&e->watch->pages, s, out, out_max);
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
	fleet_pages_init(&w->pages);
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

	if (w == NULL)
		return;
	if (w->has_thread) {
		pthread_mutex_lock(&w->mu);
		w->stopping = true;
		pthread_cond_signal(&w->wake);
		pthread_mutex_unlock(&w->mu);
		pthread_join(w->thread, NULL);
		(void)!fleet_leave(w->e->store, FLEET_EDGE, w->e->process_id);
	}
	fleet_pages_fini(&w->pages);
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->mu);
	e->watch = NULL;
	free(w);
}
