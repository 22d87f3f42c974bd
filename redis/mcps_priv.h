/*
 * mcps_priv: keys of a legacy MCP session, for mcps*.c.
 */
#ifndef REDIS_MCPS_PRIV_H
#define REDIS_MCPS_PRIV_H

#include "redis/mcps.h"
#include "redis/store_priv.h"

#define MCPS_KEY KEY_MCPS_FRONT "%s}"
#define MCPS_EVENTS_KEY KEY_MCPS_FRONT "%s}:events:%s"
#define MCPS_SAID_STREAM "said" /* the session's own, beside those of calls */

/* What a session's values are sealed for: its text in the place of a chat. */
struct chat_name mcps_owner(const char *id);

/* The record's key; with ${stream}, that of its events. */
void mcps_key(struct batch *b, const char *id, const char *stream);

/* "STREAM/NUMBER", as which an event is sealed. */
void mcps_event_item(char out[RECORD_ITEM_MAX], const char *stream, int64_t n);

/* The answer to one command that only has to succeed. */
enum store_rc mcps_run(struct store *st, struct batch *b, const char *what);

#endif
