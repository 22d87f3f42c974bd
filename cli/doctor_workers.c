/*
 * doctor_workers: turn workers and edges, as their records describe them.
 */
#include "cli/doctor.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/version.h"
#include "cli/started.h"
#include "redis/fleet.h"
#include "redis/format.h"

/* One finding for all of them: what is wrong is the server's. */
static void
find_left_out(struct doctor *d, const char *worker, const char *name,
    const json_t *source)
{
	const json_t *list = json_object_get(source, "left_out_tools");
	int64_t n = json_member_int(source, "left_out", 0);
	struct buf b = BUF_INIT(2 * KIB);
	json_t *one;
	size_t i;

	json_array_foreach((json_t *)list, i, one) {
		const char *tool = json_member_str(one, "tool");
		const char *why = json_member_str(one, "why");

		if (tool != NULL && why != NULL)
			(void)!buf_printf(&b, "%s%s (%s)",
			    b.len > 0 ? ", " : ": ", tool, why);
	}
	if (n > 0)
		doctor_find(d, DOCTOR_WARN, "tools",
		    "name the tools that chats need in chat.tools; a schema "
		    "that is too large must be made smaller on that server",
		    "worker %s does not offer %lld tools of %s to the model%s",
		    worker, (long long)n, name == NULL ? "a server" : name,
		    buf_str(&b));
	buf_fini(&b);
}

static void
find_sources(struct doctor *d, const char *worker, const json_t *sources)
{
	json_t *source;
	size_t i;

	json_array_foreach((json_t *)sources, i, source) {
		const char *name = json_member_str(source, "name");
		const char *error = json_member_str(source, "error");

		find_left_out(d, worker, name, source);
		if (json_member_bool(source, "ok", true))
			continue;
		if (!json_member_bool(source, "served", true)) {
			doctor_find(d, DOCTOR_WARN, "tools",
			    "give it a url, or set \"disabled\": true; the "
			    "other servers work",
			    "%s offers no tools: %s",
			    name == NULL ? "a server" : name,
			    error != NULL ? error : "it is not served");
			continue;
		}
		doctor_find(d, DOCTOR_WARN, "tools",
		    "start that server, or correct its url and headers; it "
		    "is asked again within a minute",
		    "%s does not answer worker %s%s%s%s",
		    name == NULL ? "a server" : name, worker,
		    error != NULL ? ": " : "", error != NULL ? error : "",
		    json_member_int(source, "offered", 0) > 0
			? "; its last tools are still offered, for a minute"
			: "");
	}
}

static void
find_backends(struct doctor *d, const char *worker, const json_t *backends)
{
	int64_t now = clock_wall_ms();
	json_t *backend;
	size_t i;

	json_array_foreach((json_t *)backends, i, backend) {
		const char *name = json_member_str(backend, "name");
		int64_t until = json_member_int(backend,
		    "breaker_open_until_ms", 0);

		if (until > now)
			doctor_find(d, DOCTOR_WARN, "model",
			    "look at the provider's status page; it is asked "
			    "again by itself",
			    "worker %s leaves %s alone for %s after failures",
			    worker, name == NULL ? "it" : name,
			    cli_ago(d->cli, until - now));
	}
}

/* "0123abcd@host" of a record. */
static const char *
name_of(struct doctor *d, const json_t *record)
{
	const char *id = json_member_str(record, "id");
	const char *host = json_member_str(record, "host");

	return arena_printf(d->cli->mem, "%.8s@%s", id == NULL ? "?" : id,
	    host == NULL ? "?" : host);
}

/* The commit counts, too: a worker that nobody renewed still runs the old
 * one's faults. */
static void
find_version(struct doctor *d, const char *area, const char *name,
    const json_t *record)
{
	const char *version = json_member_str(record, "version");

	if (version != NULL && strcmp(version, VERSION_BUILT) != 0)
		doctor_find(d, DOCTOR_WARN, area,
		    started_how(d->cli->mem, HOW_RENEW),
		    "%s is version %s, this is %s", name, version,
		    VERSION_BUILT);
}

static void
find_edge(struct doctor *d, const json_t *record)
{
	const char *name = name_of(d, record);

	doctor_find(d, DOCTOR_OK, "edge", NULL,
	    "%s runs: %lld requests wait in it", name,
	    (long long)json_member_int(record, "parked", 0));
	find_version(d, "edge", name, record);
}

static void
find_worker(struct doctor *d, const json_t *record)
{
	const char *id = name_of(d, record);
	const char *backend = json_member_str(record, "backend");
	int64_t running = json_member_int(record, "running", 0);
	int64_t slots = json_member_int(record, "slots", 0);

	doctor_find(d, DOCTOR_OK, "workers", NULL,
	    "%s runs: model %s, %lld tools, %lld of %lld turns", id,
	    backend == NULL ? "?" : backend,
	    (long long)json_member_int(record, "tools_loaded", 0),
	    (long long)running, (long long)slots);
	find_version(d, "workers", id, record);
	if (slots > 0 && running >= slots)
		doctor_find(d, DOCTOR_WARN, "workers",
		    "start more workers, or raise turns.slots",
		    "%s has no free slot", id);
	if (json_member_bool(record, "paused", false))
		doctor_find(d, DOCTOR_WARN, "workers",
		    "unset chat.paused when you are ready",
		    "%s takes no turns (chat.paused)", id);
	find_backends(d, id, json_object_get(record, "backends"));
	find_sources(d, id, json_object_get(record, "sources"));
}

static int64_t
older(int64_t oldest, const json_t *record)
{
	int64_t reads = json_member_int(record, "format", FORMAT_FIRST);

	return reads < oldest ? reads : oldest;
}

/* Is the newest version written, and does everybody read what is? */
static void
find_format(struct doctor *d, const json_t *workers, const json_t *edges)
{
	int64_t stored, oldest = FORMAT_NEWEST;
	const json_t *record;
	size_t i;
	enum store_rc rc = format_read(d->store, &stored);

	json_array_foreach((json_t *)workers, i, record)
		oldest = older(oldest, record);
	json_array_foreach((json_t *)edges, i, record)
		oldest = older(oldest, record);
	if (rc == STORE_NONE)
		doctor_find(d, DOCTOR_ERROR, "redis",
		    "dragoman format set 1, or the version you had set",
		    "{fleet}:format, the version of records, is damaged");
	else if (rc == STORE_OK && stored > oldest)
		doctor_find(d, DOCTOR_ERROR, "workers",
		    arena_printf(d->cli->mem,
			"take the newer release for all, then: %s",
			started_how(d->cli->mem, HOW_RENEW)),
		    "some worker or this command reads records up to version "
		    "%lld, but %lld is written",
		    (long long)oldest, (long long)stored);
	else if (rc == STORE_OK && format_now(d->store) < oldest)
		doctor_find(d, DOCTOR_WARN, "workers",
		    arena_printf(d->cli->mem,
			"once no older worker can come back: dragoman format "
			"set %lld",
			(long long)oldest),
		    "records are still written as version %d",
		    format_now(d->store));
}

void
doctor_workers(struct doctor *d)
{
	json_t *record, *edges;
	bool paused = false;
	size_t i;

	if (d->store == NULL)
		return;
	if (fleet_read(d->store, FLEET_TURN, d->cli->mem, &d->records)
		!= STORE_OK
	    || fleet_read(d->store, FLEET_EDGE, d->cli->mem, &edges)
		!= STORE_OK) {
		d->records = NULL;
		doctor_find(d, DOCTOR_ERROR, "workers",
		    "fix what is said of Redis above, or look at its log",
		    "their records cannot be read");
		return;
	}
	json_array_foreach(d->records, i, record)
		find_worker(d, record);
	json_array_foreach(edges, i, record)
		find_edge(d, record);
	find_format(d, d->records, edges);
	if (json_array_size(d->records) == 0)
		doctor_find(d, DOCTOR_ERROR, "workers",
		    d->units_failed > 0
			? "repair what is said of its unit above"
			: started_how(d->cli->mem, HOW_START_TURN),
		    "no turn worker runs: messages wait unanswered");
	if (fleet_is_paused(d->store, &paused) == STORE_OK && paused)
		doctor_find(d, DOCTOR_WARN, "workers", "dragoman resume",
		    "turns are paused (dragoman pause)");
}
