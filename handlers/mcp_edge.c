/*
 * mcp_edge: what a process has for MCP, from its start to its end.
 *
 * Servers of tools are not asked before a client wants tools: most edges serve
 * /chat alone, whose tools are the turn workers' matter.
 */
#include <stdlib.h>
#include <string.h>

#include "base/http.h"
#include "base/log.h"
#include "handlers/handlers.h"
#include "handlers/mcp_content.h"
#include "handlers/mcp_lists.h"
#include "handlers/mcp_stream.h"
#include "program/program.h"

#define REPORT_MAX (64 * KIB)
/* No server takes more than a quarter of the threads, nor do those that wait for
 * tasks. */
#define SHARE 4

void
mcp_edge_start(struct edge *e, const struct seal_ring *ring)
{
	struct mcp_edge *m = calloc(1, sizeof(*m));
	struct content_ears ears;

	if (m == NULL)
		abort();
	m->edge = e;
	m->ring = ring;
	pthread_mutex_init(&m->opening, NULL);
	pthread_mutex_init(&m->mu, NULL);
	m->tools = toolbox_builtin(e->settings);
	m->places = mcp_places_new();
	mcp_content_ears(e->store, &ears);
	m->content = content_start(e->settings, &ears, !edge_is_cgi());
	e->mcp = m;
}

/* What is wrong with them is said; an edge serves on with the tools that it
 * has. */
static void
read_servers(struct mcp_edge *m, struct settings *s)
{
	struct buf errors = BUF_INIT(REPORT_MAX);

	if (toolbox_reload(m->tools, s, &errors) == -1)
		program_log_refused(&errors);
	buf_fini(&errors);
}

static void
open_servers(struct mcp_edge *m)
{
	struct settings *s = edge_settings(m->edge);
	const struct http_options http = settings_http(s);

	m->has_http = http_start(&http) == 0;
	if (m->has_http)
		read_servers(m, s);
	else
		log_event(LOG_ERROR, "http_failed",
		    F_STR("why", "the HTTP client cannot start"),
		    F_STR("remedy", LOG_REMEDY_LIMITS));
	settings_unref(s);
	if (m->edge->park != NULL) /* else plain CGI: one request */
		m->lists = mcp_lists_start(m->edge->store, m->tools);
}

struct toolbox *
mcp_edge_tools(struct mcp_edge *m)
{
	if (!atomic_load_explicit(&m->opened, memory_order_acquire)) {
		pthread_mutex_lock(&m->opening);
		if (!atomic_load(&m->opened))
			open_servers(m);
		atomic_store_explicit(&m->opened, true, memory_order_release);
		pthread_mutex_unlock(&m->opening);
	}
	return m->tools;
}

void
mcp_edge_reload(struct edge *e)
{
	struct mcp_edge *m = e->mcp;
	struct settings *s = edge_settings(e);

	pthread_mutex_lock(&m->opening);
	if (m->has_http)
		read_servers(m, s);
	pthread_mutex_unlock(&m->opening);
	content_reload(m->content, s);
	settings_unref(s);
}

void
mcp_edge_stop(struct edge *e)
{
	struct mcp_edge *m = e->mcp;

	if (m == NULL)
		return;
	mcp_lists_stop(m->lists);
	content_stop(m->content);
	toolbox_stop(m->tools);
	if (m->has_http)
		http_stop();
	pthread_mutex_destroy(&m->opening);
	pthread_mutex_destroy(&m->mu);
	mcp_places_free(m->places);
	e->mcp = NULL;
	free(m);
}

/* ---- the threads of each server ------------------------------------------ */

/* That of ${name}, or a free one for it; the lock is held. */
static struct mcp_lane *
lane_of(struct mcp_edge *m, const char *name)
{
	struct mcp_lane *free_one = NULL;
	size_t i;

	for (i = 0; i < MCP_LANES_MAX; i++) {
		if (m->lanes[i].name == NULL)
			free_one = &m->lanes[i];
		else if (strcmp(m->lanes[i].name, name) == 0)
			return &m->lanes[i];
	}
	if (free_one != NULL) {
		free_one->name = strdup(name);
		if (free_one->name == NULL)
			abort();
		free_one->last = &free_one->first;
	}
	return free_one;
}

static int64_t
share_of(int64_t threads)
{
	return threads < SHARE ? 1 : threads / SHARE;
}

enum mcp_lane_rc
mcp_lane_enter(struct mcp_edge *m, const char *name, struct pool_job *job,
    int64_t threads)
{
	enum mcp_lane_rc rc = MCP_LANE_FULL;
	struct mcp_lane *lane;

	pthread_mutex_lock(&m->mu);
	lane = lane_of(m, name);
	if (lane != NULL && lane->running < share_of(threads)) {
		lane->running++;
		rc = MCP_LANE_RUNS;
	} else if (lane != NULL && lane->waiting < MCP_LANE_WAITING) {
		job->next = NULL;
		*lane->last = job;
		lane->last = &job->next;
		lane->waiting++;
		rc = MCP_LANE_WAITS;
	}
	pthread_mutex_unlock(&m->mu);
	return rc;
}

struct pool_job *
mcp_lane_leave(struct mcp_edge *m, const char *name)
{
	struct pool_job *next;
	struct mcp_lane *lane;

	pthread_mutex_lock(&m->mu);
	lane = lane_of(m, name); /* it is there: it has been entered */
	next = lane->first;
	if (next != NULL) {
		lane->first = next->next;
		if (lane->first == NULL)
			lane->last = &lane->first;
		lane->waiting--;
	} else if (--lane->running == 0) {
		free((char *)(uintptr_t)lane->name);
		lane->name = NULL;
	}
	pthread_mutex_unlock(&m->mu);
	return next;
}

bool
mcp_alone_enter(struct mcp_edge *m, int64_t threads)
{
	if (atomic_fetch_add(&m->alone, 1) < share_of(threads))
		return true;
	mcp_alone_leave(m);
	return false;
}

void
mcp_alone_leave(struct mcp_edge *m)
{
	atomic_fetch_sub(&m->alone, 1);
}
