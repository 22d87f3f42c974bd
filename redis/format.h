/*
 * format: the version that records are written as.
 *
 * A release reads all versions up to FORMAT_NEWEST.  It writes the one that is
 * stored in Redis, so that while two releases run side by side the older one
 * understands all there is; once the last old worker has gone the operator
 * raises it (`dragoman format set`).  Where none is stored the releases before
 * there was one may still run: that is 1.  What is newer than a worker reads
 * is left to others, never changed and never removed (lua/take.lua, job.c).
 *
 *   1  steps of the journal without a version
 *   2  steps say which version they are; so does `v` of the chat's record
 *      while a newer step than 1 is journalled
 *   3  the list of chats is whole (redis/chats.h): to set it fills the list
 *      with those from before, once
 */
#ifndef REDIS_FORMAT_H
#define REDIS_FORMAT_H

#include "redis/store.h"

#define FORMAT_FIRST 1
#define FORMAT_NEWEST 3
#define FORMAT_STEPS 2 /* the newest one of a journal's steps */
#define FORMAT_CHATS 3 /* since then the list of chats is whole */

/* What this process writes now: as store_canary last read it, at most
 * FORMAT_NEWEST.  No round trip. */
int format_now(const struct store *st);

/* The stored one; 0: none is.  NONE: what is stored is no version. */
enum store_rc format_read(struct store *st, int64_t *stored) WARN_UNUSED;

/* Workers learn of it by their next heartbeat. */
enum store_rc format_set(struct store *st, int64_t format) WARN_UNUSED;
/* The same, once what the version promises is so: for FORMAT_CHATS it looks
 * through all keys (chats_fill). */
enum store_rc format_raise(struct store *st, int64_t format) WARN_UNUSED;

#endif
