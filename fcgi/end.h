/*
 * end: THE record of how a request ended: served, refused, parked and answered
 * later, or dropped because its client left.
 *
 * Each request has exactly one, written by end_write: by the thread that served
 * it, or by the park thread if it was parked.  The log's request_done and the
 * metrics of requests are made of it alone.  An audit trail belongs there, too.
 */
#ifndef FCGI_END_H
#define FCGI_END_H

#include "fcgi/request.h"

struct end {
	const char *method, *path, *remote;
	const char *chat, *message; /* what it was about; NULL: none */
	struct caller caller;
	int status;  /* 0: the client left before it was answered */
	size_t sent; /* bytes of body */
	int64_t started_us;
	const char *refused; /* a literal: the phase that did; NULL: handled */
	int refusal; /* what it was refused with, though the client may see
			another status (struct route, refuse); 0: nothing */
	bool full;   /* it was, because there is no room */
	bool quiet;  /* a probe's */
	bool gone;   /* the client left first */
};

/* That of ${req} as it is now; what it points to is the request's. */
void end_of(struct end *out, const struct request *req);

/*
 * For a request that is parked: its strings are copied to ${texts}, which has
 * room for end_texts_size(req) bytes and lives as long as ${out}.  Whoever
 * answers later sets status, sent and gone.
 */
size_t end_texts_size(const struct request *req);
void end_keep(struct end *out, char *texts, const struct request *req);

/* Log it and count it, once. */
void end_write(const struct end *end);

#endif
