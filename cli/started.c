#include "cli/started.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "cli/units.h"
#include "cli/workers.h"

static const char *
set(const char *name)
{
	const char *value = getenv(name);

	return value == NULL || value[0] == '\0' ? NULL : value;
}

const char *
started_state(void)
{
	return set("DRAGOMAN_STATE");
}

/* How the quickstart is called for this state. */
static const char *
quickstart(struct arena *mem)
{
	const char *line = set("DRAGOMAN_QUICKSTART");

	return line != NULL
	    ? line
	    : arena_printf(mem, "deploy/quickstart --state '%s'",
		started_state());
}

#define ALL_WORKERS "dragoman-turn and dragoman-edge processes"
#define ALL_UNITS "'dragoman-turn@*' 'dragoman-edge@*'"

static const struct {
	const char *by_hand, *systemd;
	const char *quickstart; /* what follows its own line */
	bool logs;              /* its log says why it does not go on */
	bool hup; /* instead: SIGHUP to its supervisor, which passes it on */
} HOW[] = {
	[HOW_START_EDGE] = { "start dragoman-edge; nginx's fastcgi_pass must "
			     "be server.listen",
	    "systemctl start dragoman-edge.socket dragoman-edge@1; nginx's "
	    "fastcgi_pass must be that socket",
	    "--restart", .logs = true },
	[HOW_START_NGINX] = { "start nginx, or look at its error log",
	    "systemctl start nginx; journalctl -u nginx says why it does not "
	    "run",
	    "--restart", .logs = false },
	[HOW_START_REDIS] = { "start redis-server",
	    "systemctl start redis-server", "--restart", .logs = false },
	[HOW_START_TURN] = { "start one: dragoman-turn --config FILE",
	    "systemctl start dragoman-turn@1; journalctl -u dragoman-turn@1 "
	    "says why it ends",
	    "--restart", .logs = true },
	/* Credentials of systemd are copied when a unit starts. */
	[HOW_RELOAD_TURN] = { "send SIGHUP to the dragoman-turn processes",
	    "systemctl restart 'dragoman-turn@*'", "--restart", .logs = false },
	[HOW_RELOAD_KEYS] = { "send SIGHUP to all " ALL_WORKERS,
	    "for u in $(systemctl list-units --plain --no-legend " ALL_UNITS
	    " | cut -d' ' -f1); do systemctl restart $u || break; done",
	    .hup = true },
	[HOW_RESTART_ALL] = { "start all " ALL_WORKERS " again",
	    "systemctl restart " ALL_UNITS, "--restart", .logs = false },
	[HOW_RENEW] = { "start it again, with the new program",
	    "systemctl restart " ALL_UNITS, "--upgrade", .logs = false },
	[HOW_STOP_ALL] = { "stop all " ALL_WORKERS,
	    "systemctl stop dragoman.target",
	    "--stop, and start its Redis alone (OPERATIONS.md, redis.prefix, "
	    "has the lines)",
	    .logs = false },
};

const char *
started_how(struct arena *mem, enum how what)
{
	const char *line;

	if (started_state() == NULL)
		return units_are_here() ? HOW[what].systemd : HOW[what].by_hand;
	if (HOW[what].hup)
		return arena_printf(mem, "kill -HUP $(cat '%s/supervisor.pid')",
		    started_state());
	line = quickstart(mem);
	if (HOW[what].logs)
		return arena_printf(mem, "%s %s; %s --logs says why it ends",
		    line, HOW[what].quickstart, line);
	return arena_printf(mem, "%s %s", line, HOW[what].quickstart);
}

const char *
started_how_reload(struct arena *mem, const struct worker_process *w)
{
	return w->unit[0] != '\0'
	    ? arena_printf(mem, "systemctl reload %s", w->unit)
	    : arena_printf(mem, "kill -HUP %d", w->pid);
}

const char *
started_how_restart(struct arena *mem, const struct worker_process *w)
{
	if (started_state() != NULL)
		return started_how(mem, HOW_RESTART_ALL);
	return w->unit[0] != '\0'
	    ? arena_printf(mem, "systemctl restart %s", w->unit)
	    : arena_printf(mem, "end process %d and start it again", w->pid);
}

const char *
started_page(struct arena *mem, const char *name)
{
	const char *path = arena_printf(mem, DRAGOMAN_DOCDIR "/%s", name);

	return access(path, R_OK) == 0
	    ? path
	    : arena_printf(mem, "docs/%s of the source", name);
}
