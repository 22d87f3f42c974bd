/*
 * started: how this installation was started, so that a remedy is a line that
 * works here: of the quickstart, of systemd's units, or in words for what
 * somebody started by hand.
 *
 * All that depends on it stands in this module's table: a remedy that names a
 * way of its own starts another installation some day.
 */
#ifndef CLI_STARTED_H
#define CLI_STARTED_H

#include <stddef.h>

#include "base/base.h"

struct arena;
struct worker_process;

/*
 * The folder of the quickstart in whose environment this command runs
 * ($DRAGOMAN_STATE; --exec and chat set it); NULL: in none.
 */
const char *started_state(void);

enum how {
	HOW_START_EDGE,
	HOW_START_NGINX,
	HOW_START_REDIS,
	HOW_START_TURN,
	HOW_RELOAD_TURN, /* turn workers read settings and keys again */
	HOW_RELOAD_KEYS, /* all workers read the file of the sealing key again,
			    while somebody always serves */
	HOW_RESTART_ALL, /* with other settings */
	HOW_RENEW,       /* with another release */
	HOW_STOP_ALL,    /* but Redis */
};

/* The line that does it, in ${mem} or for ever. */
const char *started_how(struct arena *mem, enum how what);

/* The same for one process: it opens its files again; it starts again. */
const char *started_how_reload(struct arena *mem,
    const struct worker_process *w);
const char *started_how_restart(struct arena *mem,
    const struct worker_process *w);

/* Where the page ${name} ("SETTINGS.md") is: as it was installed; where it was
 * not, in the source. */
const char *started_page(struct arena *mem, const char *name);

#endif
