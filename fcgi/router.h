/*
 * router: from a request to its handler.
 *
 * The table of routes is handlers/routes.c.  Order of checks: path (404),
 * method (405 with Allow), limits (413, 411), who is it (verify: 401),
 * content type (415), body whole (400) and JSON (422 json_invalid), handler.
 * No handler can forget one, for they stand in the table.
 */
#ifndef FCGI_ROUTER_H
#define FCGI_ROUTER_H

#include "fcgi/request.h"
#include "fcgi/response.h"

#define ROUTE_JSON 0x1     /* needs application/json; req->json is set */
#define ROUTE_QUIET 0x2    /* logged at debug: probes */
#define ROUTE_BODY_SET 0x4 /* server.body_max narrows body_max */

struct route {
	unsigned methods;    /* M_GET | M_HEAD ... */
	const char *pattern; /* "/chat/{chat_id}/messages/{message_id}" */
	/* 0 let in; else it has answered (401, 403). NULL: for everyone */
	int (*verify)(struct request *req);
	size_t body_max; /* 0: no body is read */
	int (*handle)(struct request *req);
	unsigned flags;
};

/* Serve one request by ${routes} (ended by a NULL pattern). */
void router_serve(struct request *req, const struct route *routes);

#endif
