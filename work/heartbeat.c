#include "work/heartbeat.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include <jansson.h>

#include "base/clock.h"
#include "base/cond.h"
#include "base/http.h"
#include "base/memory.h"
#include "base/pool.h"
#include "base/version.h"
#include "nouns/metric.h"
#include "redis/due.h"
#include "redis/fleet.h"
#include "redis/format.h"
#include "redis/store.h"
#include "work/lease.h"
#include "work/worker.h"

/* What the kinds look at, and whether somebody said /stop.  In a thread that may wait for a
 * Redis that hangs: the one that renews must find the unsure leases. */
#define LOOK_EVERY_MS 1000

/* The end of a look that takes longer is reported so soon. */
#define LOOK_STEP_MS 50

struct heartbeat {
	struct worker *w;
	pthread_t thread;
	pthread_mutex_t mu;
	pthread_cond_t wake;
	bool stopping;
	bool storm;  /* there was one; what it took is still held */
	int threads; /* that there were when memory was last given back */
};

static void
beat(struct worker *w)
{
	struct settings *s = worker_settings(w);
	char host[64] = "";
	json_t *record;
	size_t i;

	gethostname(host, sizeof(host) - 1);
	/* An emptied Redis gets its canary back, and a raised format is read. */
	(void)!store_canary(w->store);
	due_requeue_healed(w->store);
	record = json_pack("{s:s, s:s, s:i, s:s, s:i, s:i, s:i, s:I, s:b}",
	    "id", w->id, "host", host, "pid", (int)getpid(), "version",
	    VERSION_BUILT, "format", FORMAT_NEWEST, "slots",
	    pool_busy(w->turns) + pool_free_slots(w->turns), "running",
	    atomic_load(&w->running[JOB_CHAT]), "started_ms",
	    (json_int_t)w->started_ms, "paused", (int)s->chat_paused);
	for (i = 0; i < NELEM(w->kinds); i++) {
		const struct work_row *row = &w->kinds[i];

		if (row->kind != NULL && row->kind->report != NULL)
			row->kind->report(row->ctx, s, record);
	}
	if (record != NULL)
		(void)!fleet_beat(w->store, FLEET_TURN, w->id, record);
	json_decref(record);
	settings_unref(s);
}

static void
look(struct worker *w)
{
	size_t i;

	for (i = 0; i < NELEM(w->kinds); i++) {
		const struct work_row *row = &w->kinds[i];

		if (row->kind != NULL && row->kind->look != NULL)
			row->kind->look(row->ctx);
	}
}

static bool
is_looking(const struct worker *w)
{
	size_t i;

	for (i = 0; i < NELEM(w->kinds); i++) {
		const struct work_row *row = &w->kinds[i];

		if (row->kind != NULL && row->kind->is_looking != NULL
		    && row->kind->is_looking(row->ctx))
			return true;
	}
	return false;
}

static bool
wait(struct heartbeat *h, int ms)
{
	bool stopping;

	pthread_mutex_lock(&h->mu);
	if (!h->stopping)
		(void)cond_wait_ms(&h->wake, &h->mu, ms);
	stopping = h->stopping;
	pthread_mutex_unlock(&h->mu);
	return !stopping;
}

/* Of all kinds. */
static int
threads(const struct worker *w)
{
	int n = 0;

	for (size_t i = 0; i < NELEM(w->kinds); i++)
		if (w->kinds[i].pool != NULL)
			n += pool_threads(w->kinds[i].pool);
	return n;
}

/*
 * A storm is over when the threads that it took have ended: what else it took
 * goes back, too, and at the next look to the system; then again as the last
 * threads end, because malloc keeps a little for each, all over its pages.
 */
static void
tidy(struct heartbeat *h)
{
	int now = threads(h->w);

	if (now > WORKER_CALM) {
		h->storm = true;
	} else if (h->storm) {
		h->storm = false;
		h->threads = now + 1;
		http_trim();
		store_trim(h->w->store);
		atomic_store(&h->w->trim, true);
	} else if (now < h->threads) {
		h->threads = now;
		memory_trim();
	}
}

/* Until the next second, or the end of a look: what it found is reported. */
static bool
rest(struct heartbeat *h)
{
	bool looking = is_looking(h->w);
	int64_t now = clock_boot_ms(), until = now + LOOK_EVERY_MS;

	for (; is_looking(h->w) && now < until; now = clock_boot_ms())
		if (!wait(h, LOOK_STEP_MS))
			return false;
	return (looking && !is_looking(h->w)) || now >= until
	    || wait(h, (int)(until - now));
}

static void *
run(void *arg)
{
	struct heartbeat *h = arg;
	int64_t next_ms = clock_boot_ms();

	do {
		look(h->w);
		if (atomic_exchange(&h->w->beat_now, false)
		    || clock_boot_ms() >= next_ms) {
			next_ms = clock_boot_ms() + FLEET_EVERY_MS;
			beat(h->w);
			metric_set(METRIC_THREADS, PROGRAM_TURN,
			    threads(h->w) + pool_threads(h->w->calls));
		}
		lease_look_for_stops(h->w->leases);
		/* Who ends a turn sets it, too, but two may do so at once. */
		metric_set(METRIC_RUNNING, 0,
		    atomic_load(&h->w->running[JOB_CHAT]));
		tidy(h);
	} while (rest(h));
	(void)!fleet_leave(h->w->store, FLEET_TURN, h->w->id);
	return NULL;
}

struct heartbeat *
heartbeat_start(struct worker *w)
{
	struct heartbeat *h = calloc(1, sizeof(*h));

	if (h == NULL)
		abort();
	h->w = w;
	pthread_mutex_init(&h->mu, NULL);
	cond_init(&h->wake);
	if (thread_start(&h->thread, "heartbeat", run, h) == -1) {
		free(h);
		return NULL;
	}
	return h;
}

void
heartbeat_stop(struct heartbeat *h)
{
	if (h == NULL)
		return;
	pthread_mutex_lock(&h->mu);
	h->stopping = true;
	pthread_cond_signal(&h->wake);
	pthread_mutex_unlock(&h->mu);
	pthread_join(h->thread, NULL);
	pthread_cond_destroy(&h->wake);
	pthread_mutex_destroy(&h->mu);
	free(h);
}
