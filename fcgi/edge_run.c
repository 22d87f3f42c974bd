/*
 * The life of an edge: it listens, serves, and drains.
 */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <fcgiapp.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/notify.h"
#include "base/signals.h"
#include "base/version.h"
#include "fcgi/accept.h"
#include "fcgi/class.h"
#include "fcgi/edge.h"
#include "fcgi/listen.h"
#include "fcgi/park.h"
#include "fcgi/serve.h"
#include "nouns/metric.h"

#define THREADS_TOLD_MS 1000 /* the gauge, so often */
#define DRAIN_LOOK_MS 50
#define DRAIN_LAST_MS 2000 /* on_deadline answers 202; that takes a moment */

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
		if (serving == 0)
			serving = classes_drain(e->classes, DRAIN_LOOK_MS);
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
	struct serving sv = { .edge = e, .routes = routes };
	struct settings *s = edge_settings(e);
	struct acceptor *a;
	enum signals_came came;
	bool is_public = false;
	int listener, rc = 0;

	if (FCGX_Init() != 0 || serve_init() == -1)
		return 1;
	signal(SIGPIPE, SIG_IGN); /* FCGX_Init has replaced it */

	listener = listen_open(s->server_listen, &is_public);
	atomic_store(&e->is_public, is_public);
	sv.classes = e->classes = classes_new(routes, (int)s->server_threads);
	a = listener == -1
	    ? NULL
	    : accept_start(listener, classes_accepting(e->classes),
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
		metric_set(METRIC_THREADS, PROGRAM_EDGE,
		    accept_threads(a) + classes_threads(e->classes));
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
	classes_free(e->classes);
	e->classes = NULL;
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
	struct serving sv = { .edge = e, .routes = routes };

	return serve_standard_input(&sv) == 0 ? 0 : 1;
}
