/*
 * request: one HTTP request as a handler sees it.
 *
 * All strings live in ${mem} or in libfcgi's buffers until the request ends.
 */
#ifndef FCGI_REQUEST_H
#define FCGI_REQUEST_H

#include <jansson.h>

#include "base/arena.h"
#include "base/base.h"
#include "nouns/caller.h"

#define REQUEST_ID_MAX 65 /* X-Request-Id: [A-Za-z0-9._-]{1,64}, else made */
#define REQUEST_PARAMS_MAX 4

enum method {
	M_GET = 0x1,
	M_HEAD = 0x2,
	M_POST = 0x4,
	M_PUT = 0x8,
	M_DELETE = 0x10,
	M_OPTIONS = 0x20,
	M_OTHER = 0x40,
};

struct edge; /* what handlers need of the process: fcgi/edge.h */
struct route;
struct settings;

struct request {
	struct edge *edge;
	struct settings *settings; /* of this request; referenced */
	struct arena *mem;
	const struct route *route;
	size_t phase; /* the next one: router.c's */
	enum method method;
	const char *path; /* decoded, without query; starts with '/' */
	const char *raw;  /* the path with its escapes, for the router */
	size_t raw_len;
	const char *query; /* raw, "" when none */
	struct {
		const char *name;
		const char *value; /* decoded, valid UTF-8 */
	} params[REQUEST_PARAMS_MAX];
	const char *body; /* NUL-terminated; "" when none */
	size_t body_len;
	int64_t announced; /* Content-Length; 0: none, -1: not a number */
	json_t *json;      /* parsed body of a JSON route, borrowed */
	char id[REQUEST_ID_MAX];
	char remote[64];      /* the client's address, from nginx */
	bool local;           /* loopback or unix socket peer */
	int64_t started_us;   /* boot clock */
	int status;           /* 0 until answered */
	int refusal;          /* status of its refusal, whatever the route's
				 refuse makes of it; 0: none */
	bool full;            /* it was refused because there is no room */
	size_t sent;          /* bytes of body */
	bool gone;            /* its client left before it was answered */
	bool parked;          /* the answer comes later (park.h) */
	struct caller caller; /* who asks: the route's verify says it */
	const void *shown;    /* what its verify read of it, for its handler */
	const char *chat;     /* what it is about, for the log, in mem; */
	const char *message;  /* NULL: of no chat, of no message */
	const char *headers;  /* of the answer, lines; response.c's */
	char *const *envp;    /* FastCGI parameters, NAME=value */
	void *fcgx;           /* FCGX_Request; this folder only */
};

/* The value of header ${name} ("X-Proxy-Secret"); NULL when absent.
 * Repeated headers come joined by ", " as nginx passes them. */
const char *request_header(const struct request *req, const char *name);
const char *request_param(const struct request *req, const char *name);
/* A query parameter, decoded, in ${mem}; NULL when absent. */
const char *request_query(struct request *req, const char *name);
/* True if Accept names ${type} ("text/event-stream"). */
bool request_accepts(const struct request *req, const char *type);

#endif
