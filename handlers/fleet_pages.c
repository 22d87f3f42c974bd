/*
 * fleet_pages: /health and /ready as the last look made them.
 *
 * A request copies a page.  What was last known of the model stays on the page
 * while no worker reports, so that a restart doesn't blank it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "config.h"
#include "handlers/fleet_priv.h"
#include "nouns/settings.h"

void
fleet_pages_init(struct fleet_pages *p)
{
	pthread_mutex_init(&p->mu, NULL);
}

void
fleet_pages_fini(struct fleet_pages *p)
{
	size_t i;

	for (i = 0; i < FLEET_PAGES; i++)
		free(p->pages[i].text);
	pthread_mutex_destroy(&p->mu);
}

/* The youngest worker runs the configuration that is meant. */
static void
keep_backend(struct fleet_pages *p, const struct fleet_view *v)
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
	pthread_mutex_lock(&p->mu);
	snprintf(p->backend, sizeof(p->backend), "%s",
	    json_member_str(youngest, "backend"));
	pthread_mutex_unlock(&p->mu);
	p->tools_loaded = json_member_int(youngest, "tools_loaded", 0);
}

void
fleet_pages_backend(struct fleet_pages *p, const struct settings *s, char *out,
    size_t out_max)
{
	pthread_mutex_lock(&p->mu);
	snprintf(out, out_max, "%s", p->backend);
	pthread_mutex_unlock(&p->mu);
	if (*out == '\0')
		settings_backend(s, out, out_max);
}

static void
set_page(struct fleet_pages *p, enum fleet_page which, int status, json_t *doc)
{
	char *text = doc == NULL ? NULL : json_dumps(doc, JSON_COMPACT);
	json_decref(doc);
	if (text == NULL)
		abort();
	pthread_mutex_lock(&p->mu);
	free(p->pages[which].text);
	p->pages[which].text = text;
	p->pages[which].len = strlen(text);
	p->pages[which].status = status;
	pthread_mutex_unlock(&p->mu);
}

static void
render_health(struct fleet_pages *p, const struct settings *s)
{
	char backend[FLEET_BACKEND_MAX];
	struct text_address memcp; /* login and query are not for everybody */

	fleet_pages_backend(p, s, backend, sizeof(backend));
	text_address(s->chat_memcp_url, &memcp);
	set_page(p, FLEET_HEALTH, 200,
	    json_pack("{s:s, s:s, s:I, s:o, s:I, s:s, s:s}", "status", "ok",
		"backend", backend, "tools_loaded", (json_int_t)p->tools_loaded,
		"memcp_url",
		json_sprintf("%.*s%.*s", memcp.scheme, s->chat_memcp_url,
		    memcp.len, memcp.rest),
		"rate_limit_per_minute",
		(json_int_t)policy_of(s, NULL)->rate_limit, "auth",
		secret_is_set(&s->proxy_secret) ? "enabled"
		    : s->chat_open ? "disabled (chat.open: loopback only)"
				   : "refused (no PROXY_SECRET set)",
		"version", PACKAGE_VERSION));
}

static void
render_ready(struct fleet_pages *p, const struct settings *s,
    const struct fleet_view *v)
{
	const char *why = fleet_why_not_ready(v);
	char backend[FLEET_BACKEND_MAX];
	json_t *ok = v->model_ok == -1 ? json_null()
				       : json_boolean(v->model_ok);

	fleet_pages_backend(p, s, backend, sizeof(backend));
	set_page(p, FLEET_READY, why == NULL ? 200 : 503,
	    json_pack("{s:b, s:s?, s:o, s:{s:b, s:i}, s:I, s:b, "
		      "s:{s:s, s:o, s:s?, s:o}, s:o, s:I}",
		"ready", why == NULL, "why", why, "degraded",
		fleet_degraded_doc(v), "redis", "ok", v->redis, "ms",
		v->redis_ms, "turn_workers", (json_int_t)v->workers, "paused",
		v->paused, "model", "backend", backend, "ok", ok, "error",
		v->model_error, "backends",
		fleet_backends_doc(v, clock_wall_ms()), "sources",
		fleet_sources_doc(v), "max_message_chars",
		(json_int_t)policy_of(s, NULL)->max_input_chars));
}

void
fleet_pages_render(struct fleet_pages *p, const struct settings *s,
    const struct fleet_view *v)
{
	if (v->workers > 0)
		keep_backend(p, v);
	render_health(p, s);
	render_ready(p, s, v);
}

const char *
fleet_pages_copy(struct fleet_pages *p, enum fleet_page page, struct arena *mem,
    size_t *len, int *status)
{
	const char *text;

	pthread_mutex_lock(&p->mu);
	text = arena_memdup(mem, p->pages[page].text, p->pages[page].len);
	*len = p->pages[page].len;
	*status = p->pages[page].status;
	pthread_mutex_unlock(&p->mu);
	return text;
}
