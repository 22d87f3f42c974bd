/*
 * units: what systemd knows of this host's workers: the units that do not
 * start, and why.
 */
#ifndef CLI_UNITS_H
#define CLI_UNITS_H

#include <stddef.h>

#include "base/base.h"

struct arena;

struct unit_failed {
	const char *name; /* "dragoman-turn@1.service" */
	int64_t starts;   /* so often since somebody started it */
	const char *why;  /* from its credentials or the journal; or NULL */
};

/* systemd runs here, and has a unit for turn workers. */
bool units_are_here(void);

/*
 * The workers' units that failed, or wait to be tried again, in ${mem}; their
 * number.  None where systemd does not answer within seconds.
 */
size_t units_find_failed(struct arena *mem, struct unit_failed **out);

#endif
