#include "chat/heartbeat.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/cond.h"
#include "base/http.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/pool.h"
#include "base/version.h"
#include "chat/breaker.h"
#include "chat/known.h"
#include "chat/lease.h"
#include "chat/trouble.h"
#include "chat/worker.h"
#include "llm/llm.h"
#include "nouns/metric.h"
#include "redis/due.h"
#include "redis/fleet.h"
#include "redis/format.h"
#include "redis/store.h"
#include "tools/tool.h"

/* Breakers, and whether somebody said /stop.  In a thread that may wait for a
 * Redis that hangs: the one that renews must find the unsure leases. */
#define LOOK_EVERY_MS 1000

/* The end of a look at the models is reported so soon. */
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

static json_t *
backends(struct worker *w, const struct settings *s, struct arena *mem,
    const char **error, bool *asked)
{
	struct llm_backend *list;
	size_t n = llm_backends(s, mem, &list), i;
	json_t *out = json_array();

	*error = NULL;
	*asked = n == 0; /* direct: nobody needs to be */
	for (i = 0; i < n; i++) {
		char name[LLM_BREAKER_NAME_MAX], label[LLM_BACKEND_NAME_MAX];
		char learned[LLM_BACKEND_NAME_MAX];
		struct worker_breaker *b;
		const char *trouble;
		json_t *record;
		int last;

		llm_breaker_name(&list[i], name);
		llm_backend_label(&list[i], label);
		llm_backend_name(&list[i], learned);
		b = worker_breaker_hold(w, name);
		if (b == NULL)
			continue;
		last = atomic_load(&b->last_rc);
		record = json_pack("{s:s, s:s, s:s, s:I, s:s}", "name", label,
		    "breaker", name, "learned", learned,
		    "breaker_open_until_ms",
		    (json_int_t)atomic_load(&b->open_until_ms), "last",
		    last == -1 ? "not asked yet" : llm_rc_name(last));
		trouble_write(w, b, record);
		trouble = json_member_str(json_object_get(record, "trouble"),
		    "kind");
		if (i == 0)
			*asked = last != -1 || trouble != NULL;
		if (i == 0 && (trouble != NULL || last > LLM_OK))
			*error = trouble != NULL ? arena_strdup(mem, trouble)
						 : llm_rc_name(last);
		json_array_append_new(out, record);
		worker_breaker_drop(w, b);
	}
	return out;
}

static void
beat(struct worker *w)
{
	struct settings *s = worker_settings(w);
	struct arena *mem = arena_new();
	const struct toolset *set = toolset_ref(w->toolbox, NULL);
	const char *error;
	bool asked;
	json_t *list, *record;
	char backend[128], host[64] = "";

	/* Rows that turns begun before a SIGHUP held. */
	worker_breakers_keep(w, s);
	known_keep(w, s);
	list = backends(w, s, mem, &error, &asked);
	gethostname(host, sizeof(host) - 1);
	settings_backend(s, backend, sizeof(backend));
	/* An emptied Redis gets its canary back, and a raised format is read. */
	(void)!store_canary(w->store);
	due_requeue_healed(w->store);
	record = json_pack(
	    "{s:s, s:s, s:i, s:s, s:i, s:s, s:o, s:i, s:o, s:i, s:i, s:I, "
	    "s:b, s:b, s:o, s:s?}",
	    "id", w->id, "host", host, "pid", (int)getpid(), "version",
	    VERSION_BUILT, "format", FORMAT_NEWEST, "backend", backend,
	    "backends", list, "tools_loaded", (int)set->n, "sources",
	    toolbox_state(w->toolbox), "slots",
	    pool_busy(w->turns) + pool_free_slots(w->turns), "running",
	    atomic_load(&w->running), "started_ms", (json_int_t)w->started_ms,
	    "paused", (int)s->chat_paused, "looked",
	    (int)atomic_load(&w->looked), "model_ok",
	    asked ? json_boolean(error == NULL) : json_null(), "model_error",
	    error);
	if (record != NULL)
		(void)!fleet_beat(w->store, FLEET_TURN, w->id, record);
	json_decref(record);
	toolset_unref(set);
	arena_free(mem);
	settings_unref(s);
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

/*
 * A storm is over when the threads that it took have ended: what else it took
 * goes back, too, and at the next look to the system; then again as the last
 * threads end, because malloc keeps a little for each, all over its pages.
 */
static void
tidy(struct heartbeat *h)
{
	int threads = pool_threads(h->w->turns);

	if (threads > WORKER_CALM) {
		h->storm = true;
	} else if (h->storm) {
		h->storm = false;
		h->threads = threads + 1;
		http_trim();
		store_trim(h->w->store);
		atomic_store(&h->w->trim, true);
	} else if (threads < h->threads) {
		h->threads = threads;
		memory_trim();
	}
}

/* Until the next second, or the end of a look: what it found is reported. */
static bool
rest(struct heartbeat *h)
{
	bool looking = atomic_load(&h->w->looking);
	int64_t now = clock_boot_ms(), until = now + LOOK_EVERY_MS;

	for (; atomic_load(&h->w->looking) && now < until;
	     now = clock_boot_ms())
		if (!wait(h, LOOK_STEP_MS))
			return false;
	return (looking && !atomic_load(&h->w->looking)) || now >= until
	    || wait(h, (int)(until - now));
}

static void *
run(void *arg)
{
	struct heartbeat *h = arg;
	int64_t next_ms = clock_boot_ms();

	do {
		trouble_look(h->w);
		if (atomic_exchange(&h->w->beat_now, false)
		    || clock_boot_ms() >= next_ms) {
			next_ms = clock_boot_ms() + FLEET_EVERY_MS;
			beat(h->w);
			metric_set(METRIC_THREADS, PROGRAM_TURN,
			    pool_threads(h->w->turns)
				+ pool_threads(h->w->calls));
		}
		worker_breakers_read(h->w);
		lease_look_for_stops(h->w->leases);
		/* Who ends a turn sets it, too, but two may do so at once. */
		metric_set(METRIC_RUNNING, 0, atomic_load(&h->w->running));
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
