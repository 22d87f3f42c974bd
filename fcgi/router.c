#include "fcgi/router.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <fcgiapp.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "fcgi/end.h"
#include "fcgi/request_priv.h"
#include "nouns/settings.h"

#define BODY_MS 60000 /* for a whole body, which nginx has before it asks us */

/*
 * Does ${pattern} match the raw path?  Captured segments are decoded into the
 * request's parameters; an escaped slash stays inside its segment.
 */
static bool
matches(struct request *req, const char *pattern, const char *raw, size_t len)
{
	const char *end = raw + len;
	size_t n = 0;

	while (*pattern == '/' && raw < end && *raw == '/') {
		size_t plen, rlen = 0;
		char *segment;

		pattern++;
		raw++;
		plen = strcspn(pattern, "/");
		while (raw + rlen < end && raw[rlen] != '/')
			rlen++;
		segment = request_decode(req->mem, raw, rlen, false);
		if (segment == NULL)
			return false;
		if (plen > 2 && pattern[0] == '{') {
			if (rlen == 0 || n == REQUEST_PARAMS_MAX)
				return false;
			req->params[n].name = arena_memdup(req->mem,
			    pattern + 1, plen - 2);
			req->params[n++].value = segment;
		} else if (strlen(segment) != plen
		    || memcmp(segment, pattern, plen) != 0) {
			return false;
		}
		pattern += plen;
		raw += rlen;
	}
	if (n < REQUEST_PARAMS_MAX)
		req->params[n].name = NULL;
	return *pattern == '\0' && raw == end;
}

static int
not_allowed(struct request *req, unsigned methods)
{
	static const enum method ALL[] = { M_GET, M_HEAD, M_POST, M_PUT,
		M_DELETE, M_OPTIONS };
	char *allow = arena_strdup(req->mem, "");
	size_t i;

	for (i = 0; i < NELEM(ALL); i++)
		if (methods & ALL[i])
			allow = arena_printf(req->mem, "%s%s%s", allow,
			    allow[0] == '\0' ? "" : ", ", method_name(ALL[i]));
	response_header(req, "Allow", allow);
	return reply_error(req, 405, "Method Not Allowed");
}

/* The route, or NULL when the request was answered. */
static const struct route *
find(struct request *req, const struct route *routes)
{
	const struct route *r;
	unsigned methods = 0, served;

	for (r = routes; r->pattern != NULL; r++) {
		if (!matches(req, r->pattern, req->raw, req->raw_len))
			continue;
		served = r->methods;
		if (served & M_GET)
			served |= M_HEAD;
		if (served & req->method)
			return r;
		methods |= served;
	}
	if (methods == 0)
		reply_error(req, 404, "Not Found");
	else
		not_allowed(req, methods);
	return NULL;
}

static bool
is_json(const char *type)
{
	size_t len;

	if (type == NULL)
		return false;
	len = strcspn(type, "; \t");
	if (len == 16 && strncasecmp(type, "application/json", len) == 0)
		return true;
	return len > 17 && strncasecmp(type, "application/", 12) == 0
	    && strncasecmp(type + len - 5, "+json", 5) == 0;
}

/* More of a body than was announced?  Plain CGI's input has no end of its own:
 * there the length is all there is. */
static bool
has_more(const struct request *req)
{
	const FCGX_Request *f = req->fcgx;

	return f != NULL && f->isBeginProcessed && FCGX_GetChar(f->in) != EOF;
}

/* The body, whole; 0, or the refusal was sent. */
static int
read_body(struct request *req, size_t len)
{
	FCGX_Request *f = req->fcgx;
	char *body = arena_alloc(req->mem, len + 1);
	int64_t until = clock_boot_ms() + BODY_MS;
	size_t have = 0;
	bool late = false;
	int n, c, error;

	while (have < len && !late) {
		c = FCGX_GetChar(f->in); /* at most one read() */
		if (c == EOF)
			break;
		body[have++] = (char)c;
		n = (int)(f->in->stop - f->in->rdNext);
		if ((size_t)n > len - have)
			n = (int)(len - have);
		have += (size_t)FCGX_GetStr(body + have, n, f->in);
		late = have < len && clock_boot_ms() > until;
	}
	if (late) {
		reply_error(req, 408, "the body came too slowly");
		return -1;
	}
	if (have < len) {
		error = FCGX_GetError(f->in);
		if (error == EAGAIN || error == EWOULDBLOCK)
			reply_error(req, 408, "the body came too slowly");
		else
			reply_error(req, 400,
			    "the body is shorter than Content-Length");
		return -1;
	}
	if (has_more(req)) {
		reply_error(req, 400, "the body is longer than Content-Length");
		return -1;
	}
	req->body = body;
	req->body_len = len;
	return 0;
}

static int
read_json(struct request *req)
{
	const char *why = NULL;
	size_t at = 0;

	if (req->body_len == 0) {
		reply_invalid(req, "missing", NULL, "Field required", NULL);
		return -1;
	}
	if (memchr(req->body, '\0', req->body_len) != NULL
	    && strlen(req->body) < req->body_len)
		why = "a NUL byte";
	else
		req->json = json_read(req->mem, req->body, req->body_len, &why,
		    &at);
	if (req->json != NULL)
		return 0;
	reply_json(req, 422,
	    json_pack("{s:[{s:s, s:[s, I], s:s, s:{}, s:{s:s}}]}", "detail",
		"type", "json_invalid", "loc", "body", (json_int_t)at, "msg",
		"JSON decode error", "input", "ctx", "error",
		why == NULL ? "not JSON" : why));
	return -1;
}

static void
serve(struct request *req, const struct route *routes)
{
	const struct route *r = find(req, routes);
	size_t body_max;
	int64_t len;

	if (r == NULL)
		return;
	req->route = r;
	body_max = r->body_max;
	if ((r->flags & ROUTE_BODY_SET)
	    && (uint64_t)req->settings->server_body_max < body_max)
		body_max = (size_t)req->settings->server_body_max;
	len = request_body_length(req);
	if (len == -1) {
		reply_error(req, 400, "Content-Length is not a number");
		return;
	}
	if (body_max > 0 && (uint64_t)len > body_max) {
		reply_error(req, 413, "the body is too large");
		return;
	}
	if (r->body_max > 0 && len == 0 && has_more(req)) {
		reply_error(req, 411, "Content-Length is needed");
		return;
	}
	if (r->verify != NULL && r->verify(req) != 0)
		return;
	/* No body is none of any type: read_json says what is missing. */
	if ((r->flags & ROUTE_JSON) && len > 0
	    && !is_json(request_env(req, "CONTENT_TYPE"))) {
		reply_error(req, 415, "Content-Type must be application/json");
		return;
	}
	if (r->body_max > 0 && len > 0 && read_body(req, (size_t)len) == -1)
		return;
	if ((r->flags & ROUTE_JSON) && read_json(req) == -1)
		return;
	if (r->handle(req) == 0 && req->status == 0 && !req->parked) {
		log_event(LOG_ERROR, "handler_silent",
		    F_STR("path", r->pattern),
		    F_STR("remedy", LOG_REMEDY_REPORT));
		reply_error(req, 500, "Internal Server Error");
	}
}

void
router_serve(struct request *req, const struct route *routes)
{
	struct end end;

	serve(req, routes);
	if (req->parked)
		return; /* the park thread writes it */
	end_of(&end, req);
	end_write(&end);
}
