/*
 * park: requests that wait without a thread.
 *
 * A parked request's connection is taken out of libfcgi; one thread per
 * process holds all of them in an epoll set with their deadlines and writes
 * FastCGI records itself.  What wakes them comes by number (redis/process.h).
 *
 * Use: reserve a number before the message is accepted (the reply may come
 * before the handler returns), then park or release.  All functions of a
 * park_ops run in the park thread and must not block, but for one short Redis
 * call.  A waiting request whose client left is dropped at once.
 */
#ifndef FCGI_PARK_H
#define FCGI_PARK_H

#include "fcgi/request.h"

struct park; /* of the process */
struct parked;

#define PARK_OUT_MAX (1 * MIB) /* unsent bytes of a slow reader; then dropped */

struct park_ops {
	/* Something was published for it; bytes as process.h gives them. */
	void (*on_piece)(struct parked *p, void *state, const char *kind,
	    const char *sealed, size_t len);
	/* Its deadline, or the process is draining and its time is up. */
	void (*on_deadline)(struct parked *p, void *state);
	/* Look at the record: after a resync and every PARK_LOOK_MS. */
	void (*on_look)(struct parked *p, void *state);
	/* It ended in any way; free ${state}. Called exactly once. */
	void (*on_end)(void *state);
};
#define PARK_LOOK_MS 5000

struct park *park_new(int64_t max) WARN_UNUSED;
int park_start(struct park *pk) WARN_UNUSED; /* its thread */
void park_free(struct park *pk);

/* A number to be woken by; -1: server.parked reached (answer 503). */
int64_t park_reserve(struct park *pk);
void park_release(struct park *pk, int64_t number);

/*
 * Hand the request over.  Afterwards the handler returns 0 and touches
 * neither ${req} nor ${state}.  ${started}: a stream whose response headers
 * are already written with park_head; else the answer is one park_reply.
 * ${deadline_ms} from now.
 */
int park_request(struct park *pk, int64_t number, struct request *req,
    const struct park_ops *ops, void *state, int64_t deadline_ms) WARN_UNUSED;

/* From the ops only.  park_reply answers whole and ends; headers are lines
 * "Name: value\r\n" or "". */
void park_reply(struct parked *p, int status, const char *type,
    const char *headers, const char *body, size_t len);
void park_head(struct parked *p, int status, const char *type,
    const char *headers); /* begins a stream */
void park_write(struct parked *p, const char *bytes, size_t len);
void park_end(struct parked *p);
struct edge *park_edge(struct parked *p);

/* From the subscription's thread. */
void park_wake(struct park *pk, int64_t number, const char *kind,
    const char *sealed, size_t len);
void park_look_all(struct park *pk);

/* Draining: each is given until ${ms} from now, then on_deadline. */
void park_drain(struct park *pk, int64_t ms);
int64_t park_count(struct park *pk);

#endif
