/*
 * take: jobs from Redis, each to a thread that runs it.
 */
#ifndef WORK_TAKE_H
#define WORK_TAKE_H

#include "base/base.h"

struct worker;

/*
 * Take and run jobs until ${w} is stopped; then wait for the running ones to
 * hand back, at most server.drain.  0: all handed back.
 */
int take_run(struct worker *w) WARN_UNUSED;

#endif
