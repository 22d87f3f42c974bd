#include "fcgi/edge.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <fcgiapp.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/notify.h"
#include "base/signals.h"
#include "base/version.h"
#include "fcgi/accept.h"
#include "fcgi/cgi.h"
#include "fcgi/park.h"
#include "fcgi/request_priv.h"
#include "fcgi/router.h"
#include "nouns/metric.h"
#include "redis/store.h"

#define THREADS_TOLD_MS 1000 /* the gauge, so often */
#define DRAIN_LOOK_MS 50
#define DRAIN_LAST_MS 2000 /* on_deadline answers 202; that takes a moment */

struct serving {
	struct edge *edge;
	const struct route *routes;
};

/* Each thread's arena, freed when the thread ends. */
static pthread_key_t arena_key;

static void
arena_end(void *mem)
{
	arena_free(mem);
}

static struct arena *
thread_arena(void)
{
	struct arena *mem = pthread_getspecific(arena_key);

	if (mem == NULL) {
		mem = arena_new();
		pthread_setspecific(arena_key, mem);
	}
	return mem;
}

struct settings *
edge_settings(struct edge *e)
{
	struct settings *s;

	while (atomic_flag_test_and_set_explicit(&e->settings_lock,
	    memory_order_acquire))
		;
	s = settings_ref(e->settings);
	atomic_flag_clear_explicit(&e->settings_lock, memory_order_release);
	return s;
}

void
edge_set_settings(struct edge *e, struct settings *s)
{
	struct settings *old;

	while (atomic_flag_test_and_set_explicit(&e->settings_lock,
	    memory_order_acquire))
		;
	old = e->settings;
	e->settings = s;
	atomic_flag_clear_explicit(&e->settings_lock, memory_order_release);
	settings_unref(old);
}

bool
edge_may_store(struct edge *e)
{
	if (atomic_load(&e->may_store))
		return true;
	switch (store_canary(e->store)) {
	case STORE_OK:
		atomic_store(&e->may_store, true);
		return true;
	case STORE_UNKNOWN_KEY:
		/* Rather no edge than messages that nobody can open. */
		store_log_other_key();
		_exit(2);
	default:
		return false;
	}
}

enum served { SERVED_PARKED, SERVED_WHOLE, SERVED_EARLY };

/* One request that libfcgi has read the parameters of.  EARLY: it may have
 * been answered before all of it was read. */
static enum served
serve_request(const struct serving *sv, FCGX_Request *f)
{
	struct arena *mem = thread_arena();
	struct request req = { .edge = sv->edge,
		.mem = mem,
		.settings = edge_settings(sv->edge),
		.fcgx = f };
	const char *why = "";
	enum served how = SERVED_PARKED;
	int status;

	status = request_begin(&req, f->envp, &why);
	log_set_id(req.id);
	if (status != 0)
		router_refuse(&req,
		    &(struct refusal){ .status = status, .detail = why },
		    "path");
	else
		router_serve(&req, sv->routes);
	log_set_id(NULL);
	if (!req.parked) /* else its parameters are gone */
		how = req.status < 400
			&& request_body_length(&req) == (int64_t)req.body_len
		    ? SERVED_WHOLE
		    : SERVED_EARLY;
	settings_unref(req.settings);
	arena_reset(mem);
	return how;
}

/*
 * libfcgi closes in two steps, with a wait for nginx between them, lest bytes
 * that nobody read reset the connection under the answer.  Where all was read
 * that is for nothing: the connection is kept from it, and closed here.
 */
static void
finish(FCGX_Request *f, enum served how)
{
	f->keepConnection = how == SERVED_WHOLE;
	FCGX_Finish_r(f);
	if (f->ipcFd != -1)
		accept_close(f->ipcFd);
}

/* An accepted connection: libfcgi is told that it has it already. */
static void
serve_connection(void *ctx, int fd)
{
	const struct serving *sv = ctx;
	enum served how;
	FCGX_Request f;

	if (FCGX_InitRequest(&f, -1, 0) != 0) {
		close(fd);
		return;
	}
	f.ipcFd = fd;
	f.keepConnection = 1; /* else FCGX_Accept_r closes it first */
	if (FCGX_Accept_r(&f) != 0)
		return; /* not FastCGI, or gone: libfcgi has closed it */
	f.keepConnection = 0;
	how = serve_request(sv, &f);
	if (how != SERVED_PARKED)
		finish(&f, how);
}

/*
 * Until no thread serves and nothing is parked, or the time is up; a second
 * SIGTERM ends it sooner.  0: all threads have ended.
 */
static int
drain(struct edge *e, struct acceptor *a, int64_t ms)
{
	int64_t until = clock_boot_ms() + ms + DRAIN_LAST_MS;
	int serving;

	park_drain(e->park, ms);
	do {
		serving = accept_stop(a, DRAIN_LOOK_MS);
		if (signals_end_came(serving == 0 ? DRAIN_LOOK_MS : 0)) {
			park_drain(e->park, 0);
			until = clock_boot_ms() + DRAIN_LAST_MS;
		}
	} while ((serving != 0 || park_count(e->park) > 0)
	    && clock_boot_ms() < until);
	return serving;
}

int
edge_run(struct edge *e, const struct route *routes, void (*reload)(void *ctx),
    void *ctx)
{
	struct serving sv = { e, routes };
	struct settings *s = edge_settings(e);
	struct acceptor *a;
	enum signals_came came;
	bool is_public = false;
	int listener, rc = 0;

	if (FCGX_Init() != 0 || pthread_key_create(&arena_key, arena_end) != 0)
		return 1;
	signal(SIGPIPE, SIG_IGN); /* FCGX_Init has replaced it */

	listener = accept_listen(s->server_listen, &is_public);
	atomic_store(&e->is_public, is_public);
	a = listener == -1 ? NULL
			   : accept_start(listener, (int)s->server_threads,
			       serve_connection, &sv);
	settings_unref(s);
	if (a == NULL)
		return 1;
	log_event(LOG_INFO, "worker_started", F_STR("process", e->process_id),
	    F_STR("version", VERSION_BUILT));
	notify_ready();
	while ((came = signals_wait(THREADS_TOLD_MS)) != SIGNALS_END) {
		if (came == SIGNALS_RELOAD)
			reload(ctx);
		metric_set(METRIC_THREADS, PROGRAM_EDGE, accept_threads(a));
	}
	atomic_store(&e->draining, true);
	s = edge_settings(e);
	log_event(LOG_INFO, "worker_stopping", F_STR("process", e->process_id),
	    F_INT("parked", park_count(e->park)));
	rc = drain(e, a, s->server_drain_ms);
	settings_unref(s);
	log_event(LOG_INFO, "worker_stopped", F_STR("process", e->process_id),
	    F_INT("parked", park_count(e->park)));
	if (rc != 0)
		_exit(0); /* a thread hangs in a call; it uses what we have */
	accept_free(a);
	close(listener);
	return 0;
}

bool
edge_is_cgi(void)
{
	/* Without the variable: a service whose standard input is no socket. */
	return getenv("GATEWAY_INTERFACE") != NULL && FCGX_IsCGI() != 0;
}

int
edge_run_cgi(struct edge *e, const struct route *routes)
{
	struct serving sv = { e, routes };
	FCGX_Request f = { 0 };
	struct cgi cgi;
	int rc;

	if (pthread_key_create(&arena_key, arena_end) != 0)
		return 1;
	cgi_begin(&cgi, &f);
	serve_request(&sv, &f);
	rc = cgi_flush(&cgi);
	arena_free(pthread_getspecific(arena_key));
	return rc == 0 ? 0 : 1;
}
