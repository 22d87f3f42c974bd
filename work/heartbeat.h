/*
 * heartbeat: what this worker and its kinds of job say of themselves, every
 * FLEET_EVERY_MS; and what they look at once a second.
 */
#ifndef WORK_HEARTBEAT_H
#define WORK_HEARTBEAT_H

#include "base/base.h"

struct heartbeat;
struct worker;

/* NULL: no thread is to be had. */
struct heartbeat *heartbeat_start(struct worker *w) WARN_UNUSED;
/* Takes the record back. */
void heartbeat_stop(struct heartbeat *h);

#endif
