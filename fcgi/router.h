/*
 * router: from a request to its handler.
 *
 * The table of routes is handlers/routes.c.  The phases, in order: path (404),
 * method (405 with Allow), size (400, 413, 411), who by headers (401), limit
 * (429), type (415), body whole (400, 408), who by a signature over it (401),
 * parse (422 json_invalid), handle.  No handler can forget one, for they stand
 * in a table.  Another phase is a row of PHASES in router.c, and what it asks
 * a member of struct route.
 */
#ifndef FCGI_ROUTER_H
#define FCGI_ROUTER_H

#include "fcgi/request.h"
#include "fcgi/response.h"
#include "fcgi/route.h"

/* What a phase, or a walk through some of them, comes to. */
enum step {
	STEP_ON,     /* the next one asks */
	STEP_OVER,   /* answered: its end record is written */
	STEP_PARKED, /* answered later, by the park thread: the request is its */
};

/* Walk ${req} to its route in ${routes} (ended by a NULL pattern): no further,
 * so that a thread of the route's class can go on.  STEP_OVER: refused. */
enum step router_find(struct request *req,
    const struct route *routes) WARN_UNUSED;

/* Walk ${req} to its end: the whole way, or on from router_find.  Never
 * STEP_ON. */
enum step router_serve(struct request *req, const struct route *routes);

/* End ${req} without serving it: for who has no thread for it, or could not
 * read its head.  ${what} is what refused it, a literal for the log. */
void router_refuse(struct request *req, const struct refusal *why,
    const char *what);

/* End ${req}, whose client left while it waited: nobody would read an answer. */
void router_drop(struct request *req);

#endif
