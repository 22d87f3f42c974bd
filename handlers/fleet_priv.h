/*
 * fleet_priv: what the watch of the turn workers knows, for its siblings.
 *
 * fleet_watch.c looks, fleet_view.c is what it saw, fleet_pages.c and
 * fleet_gauges.c show it; fleet_beat.c is what this edge says of itself.
 */
#ifndef HANDLERS_FLEET_PRIV_H
#define HANDLERS_FLEET_PRIV_H

#include <jansson.h>
#include <pthread.h>

#include "base/arena.h"
#include "fcgi/edge.h"

enum fleet_page { FLEET_HEALTH, FLEET_READY, FLEET_PAGES };

/* fleet_watch.c: for handlers. */

/* A page as last rendered, in ${mem}; ${status} its HTTP status. */
const char *fleet_page(struct edge *e, enum fleet_page page, struct arena *mem,
    size_t *len, int *status);

/* "<host>/<model>" as the workers say it, else as our own settings do. */
void fleet_backend(struct edge *e, char *out, size_t out_max);

/* What keeps a message waiting, as last seen. */
enum fleet_wait { FLEET_SERVES, FLEET_NO_WORKER, FLEET_PAUSED };
enum fleet_wait fleet_waits(struct edge *e);

/* fleet_view.c */
/* What one look found. */
struct fleet_view {
	bool redis;
	int redis_ms;
	bool paused;
	bool looking;    /* some worker has not looked at its models yet */
	json_t *records; /* borrowed array, or NULL */
	size_t workers;
	json_t *backends; /* name -> {name, breaker_open_until_ms} */
	json_t *sources;  /* name -> source */
	json_t *troubles; /* fleet_troubles, or NULL */
	size_t open;      /* backends whose breaker is open */
	int model_ok;     /* -1 nobody knows */
	const char *model_error;
};
/* Look; what it finds is borrowed from ${mem}. */
void fleet_see(struct store *st, const struct settings *s, struct arena *mem,
    struct fleet_view *v);
/* NULL: messages are answered; else why not, a literal. */
const char *fleet_why_not_ready(const struct fleet_view *v);
/* For /ready; the caller's. */
json_t *fleet_backends_doc(const struct fleet_view *v, int64_t now);
json_t *fleet_sources_doc(const struct fleet_view *v);
json_t *fleet_degraded_doc(const struct fleet_view *v);

/* fleet_gauges.c: metrics.  ${unsure}: looks in a row that found messages
 * unaccounted; the caller keeps it. */
void fleet_gauge_breakers(const struct fleet_view *v);
void fleet_gauge_queue(struct store *st, int *unsure);

/* fleet_beat.c: this edge's record in Redis; ${started_ms} by the boot clock.
 * Nobody needs it to serve, so a failure is Redis's own, and logged there. */
void fleet_beat_write(struct edge *e, int64_t started_ms);

/* fleet_pages.c */
#define FLEET_BACKEND_MAX 160

struct fleet_pages {
	pthread_mutex_t mu; /* of pages and backend */
	struct {
		char *text;
		size_t len;
		int status;
	} pages[FLEET_PAGES];
	char backend[FLEET_BACKEND_MAX]; /* "" never heard of */
	int64_t tools_loaded;            /* who renders alone */
};

void fleet_pages_init(struct fleet_pages *p);
void fleet_pages_fini(struct fleet_pages *p);
/* Make all pages anew of what a look found. */
void fleet_pages_render(struct fleet_pages *p, const struct settings *s,
    const struct fleet_view *v);
/* As fleet_page. */
const char *fleet_pages_copy(struct fleet_pages *p, enum fleet_page page,
    struct arena *mem, size_t *len, int *status);
/* As fleet_backend. */
void fleet_pages_backend(struct fleet_pages *p, const struct settings *s,
    char *out, size_t out_max);

#endif
