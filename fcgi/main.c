/*
 * dragoman-edge: answers HTTP behind nginx.
 *
 * Everything is opened before the first request: the subscription above all,
 * for a reply may come faster than its handler returns.  Exit codes: 0 ended
 * by SIGTERM, 1 could not serve, 2 wrong use or configuration.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/config.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/signals.h"
#include "fcgi/edge.h"
#include "fcgi/park.h"
#include "handlers/handlers.h"
#include "program/program.h"
#include "redis/process.h"

#define LISTEN_WAIT_MS 2000 /* for the subscription; it goes on trying */

/*
 * Turn workers speak to models; this process is the one that strangers reach.
 * settings_load keeps none of their keys (CONFIG_ASKER) for a program that asks
 * no models; what the environment holds goes here.  Keys of tools' servers stay
 * (CONFIG_CALLER): clients of /mcp call those from here.
 */
static void
drop_keys(struct settings *s)
{
	(void)s;
	config_drop_environ(SETTINGS, SETTINGS_N, CONFIG_ASKER, environ);
}

static void
warn(const struct settings *s)
{
	if (secret_is_set(&s->proxy_secret))
		return;
	if (s->chat_open)
		log_event(LOG_WARN, "chat_open",
		    F_STR("what",
			"chat.open is true and no PROXY_SECRET is set: every "
			"program on this machine may use /chat"));
	else
		log_event(LOG_WARN, "chat_closed",
		    F_STR("what",
			"no PROXY_SECRET is set: /chat refuses "
			"everybody"),
		    F_STR("remedy",
			"set PROXY_SECRET or PROXY_SECRET_FILE; or chat.open: "
			"true to serve this machine only"));
}

static void
apply(struct program_run *run, struct settings *s)
{
	struct edge *e = run->ctx;

	warn(s);
	edge_set_settings(e, s);
	fleet_watch_reload(e);
	mcp_edge_reload(e);
}

static void
reload(void *run)
{
	program_reload(run);
}

static int
serve_fastcgi(struct edge *e, struct program_run *run)
{
	struct settings *s = edge_settings(e);
	struct process_listener *listener = NULL;
	int code = 1;

	warn(s);
	e->park = park_new(s->server_parked, s->server_parked_per_owner);
	if (e->park == NULL) /* logged */
		goto out;
	if (park_start(e->park) == -1) {
		log_event(LOG_ERROR, "thread_failed",
		    F_STR("remedy", LOG_REMEDY_LIMITS));
		goto out;
	}
	listener = process_listen(e->store, e->process_id, &PARK_EAR, e->park,
	    LISTEN_WAIT_MS);
	if (listener == NULL || fleet_watch_start(e) == -1) {
		log_event(LOG_ERROR, "thread_failed",
		    F_STR("remedy", "more processes are needed"));
		goto out;
	}
	code = edge_run(e, ROUTES, reload, run);
out:
	settings_unref(s);
	process_unlisten(listener);
	park_stop(e->park); /* what waits asks the watch, and that counts it */
	fleet_watch_stop(e);
	park_free(e->park);
	return code;
}

static int
serve_cgi(struct edge *e)
{
	int code = 1;

	signals_unblock(); /* a web server ends what takes too long */
	if (fleet_watch_start(e) == 0)
		code = edge_run_cgi(e, ROUTES);
	fleet_watch_stop(e);
	return code;
}

static int
serve(struct program_run *run)
{
	struct edge *e = run->ctx;
	int code;

	edge_set_settings(e, settings_ref(run->settings));
	memcpy(e->process_id, run->id, sizeof(e->process_id));
	e->store = run->store;
	mcp_edge_start(e, run->ring);
	code = edge_is_cgi() ? serve_cgi(e) : serve_fastcgi(e, run);
	mcp_edge_stop(e);
	edge_set_settings(e, NULL);
	return code;
}

int
main(int argc, char **argv)
{
	static struct edge edge;
	const struct program EDGE = { .name = "dragoman-edge",
		.worker = "edge",
		.does
		= "Serves HTTP behind nginx: FastCGI on server.listen, or "
		  "one request as\nplain CGI when started so, "
		  "GATEWAY_INTERFACE set: then without options.\n",
		.ctx = &edge,
		.may_be_cgi = true,
		.calls_tools = true,
		.strip = drop_keys,
		.serve = serve,
		.apply = apply };

	return program_main(&EDGE, argc, argv);
}
