/*
 * heartbeat: what this worker says of itself, every FLEET_EVERY_MS; and what
 * it learns of the breakers that all workers share.
 */
#ifndef CHAT_HEARTBEAT_H
#define CHAT_HEARTBEAT_H

#include "base/base.h"

struct heartbeat;
struct worker;

struct heartbeat *heartbeat_start(struct worker *w);
/* Takes the record back. */
void heartbeat_stop(struct heartbeat *h);

#endif
