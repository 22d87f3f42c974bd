/*
 * route: a row of the table of routes (handlers/routes.c), which says all that
 * must hold before a handler runs.  fcgi/router.c walks it, phase by phase.
 *
 * A webhook is a row, a file in handlers/ and a function for each of verify or
 * verify_body and refuse; so is an MCP endpoint, whose refuse writes JSON-RPC.
 * What a row leaves out is not asked.
 *
 * Our routes need no limit, verify_body and refuse yet; those of
 * tests/unit/test_router.c have them.
 */
#ifndef FCGI_ROUTE_H
#define FCGI_ROUTE_H

#include <jansson.h>

#include "base/base.h"

struct request;

/*
 * Whose threads serve it (class.h).  Choose by what its handler waits for:
 * PROBE memory alone; ACCEPT one or two Redis calls, then it answers or parks;
 * CALL another server, for as long as that takes.
 */
enum route_class { CLASS_PROBE, CLASS_ACCEPT, CLASS_CALL, CLASS_N };

/* What the body is.  A form (Slack's commands) would be a value here, and a
 * member of struct request beside json. */
enum route_parse { PARSE_NONE, PARSE_JSON };

/* Why a request is not served. */
struct refusal {
	int status;
	const char *detail; /* a sentence for who asks; NULL: invalid says it */
	int64_t retry_s;    /* Retry-After; 0: none */
	json_t *invalid;    /* of a 422: what is wrong where; borrowed */
	bool full;          /* there is no room now: how it is counted */
};

#define ROUTE_BODY_SET 0x1 /* server.body_max narrows body_max */
#define ROUTE_BODY_MCP 0x2 /* mcp.body_max does */
#define ROUTE_SLASH 0x4    /* with a slash at its end, it is the same path */

struct route {
	/* M_GET | M_HEAD ...; GET is HEAD, too.  OPTIONS is a method like any
	 * other: a row that browsers of other origins may use names it, and
	 * its handler answers it. */
	unsigned methods;
	/* "/chat/{chat_id}/messages/{message_id}".  A last segment "{name?}"
	 * may be left out, with its slash: request_param gives NULL. */
	const char *pattern;
	enum route_class class;
	/*
	 * Who asks, by headers: before a byte of the body is read.  0: let in,
	 * and req->caller says who; -1: ${why} says why not (401, 403).  NULL:
	 * for everybody.
	 */
	int (*verify)(struct request *req, struct refusal *why);
	/* 0: within the caller's limit; -1: ${why} (429).  NULL: no limit. */
	int (*limit)(struct request *req, struct refusal *why);
	size_t body_max; /* 0: no body is read */
	/* Who asks, by a signature over req->body as it came: as verify.  A
	 * row may have both, for what the headers alone can refuse. */
	int (*verify_body)(struct request *req, struct refusal *why);
	enum route_parse parse; /* JSON: application/json only, to req->json */
	int (*handle)(struct request *req);
	/*
	 * How a refusal looks here, by whatever phase or by the handler
	 * (reply_error): writes one answer with reply_json, reply_bytes or
	 * reply_empty, and returns what that does.  NULL: {"detail": ...}.  A
	 * platform that repeats what isn't 2xx gets an empty 200.
	 */
	int (*refuse)(struct request *req, const struct refusal *why);
	unsigned flags;
};

#endif
