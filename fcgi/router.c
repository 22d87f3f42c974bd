/*
 * The phases of a request: each asks one thing, and refuses or lets go on.
 */
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

static enum step
refuse(struct request *req, int status, const char *detail)
{
	(void)!reply_refusal(req,
	    &(struct refusal){ .status = status, .detail = detail });
	return STEP_OVER;
}

/* The first row of that path: another phase looks for the method. */
static enum step
find_path(struct request *req, const struct route *routes)
{
	for (req->route = routes; req->route->pattern != NULL; req->route++)
		if (route_matches(req, req->route, req->raw, req->raw_len))
			return STEP_ON;
	req->route = NULL;
	return refuse(req, 404, "Not Found");
}

static enum step
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
	(void)!refuse(req, 405, "Method Not Allowed");
	req->route = NULL; /* its row spoke, and serves others */
	return STEP_OVER;
}

/* From the first row of the path on. */
static enum step
find_method(struct request *req, const struct route *routes)
{
	const struct route *r = req->route;
	unsigned methods = 0, served;

	(void)routes;
	do {
		served = r->methods;
		if (served & M_GET)
			served |= M_HEAD;
		if (served & req->method) {
			req->route = r;
			return STEP_ON;
		}
		methods |= served;
		/* The next one of this path, with its parameters. */
		do
			r++;
		while (r->pattern != NULL
		    && !route_matches(req, r, req->raw, req->raw_len));
	} while (r->pattern != NULL);
	return not_allowed(req, methods);
}

/* What the operator says of it, if anything: bytes. */
static uint64_t
body_setting(const struct request *req)
{
	if (req->route->flags & ROUTE_BODY_SET)
		return (uint64_t)req->settings->server_body_max;
	if (req->route->flags & ROUTE_BODY_MCP)
		return (uint64_t)req->settings->mcp_body_max;
	return UINT64_MAX;
}

static enum step
check_size(struct request *req, const struct route *routes)
{
	const struct route *r = req->route;
	size_t body_max = r->body_max;
	int64_t len = req->announced;

	(void)routes;
	if (body_max > 0 && body_setting(req) < body_max)
		body_max = (size_t)body_setting(req);
	if (len == -1)
		return refuse(req, 400, "Content-Length is not a number");
	if (body_max > 0 && (uint64_t)len > body_max)
		return refuse(req, 413, "the body is too large");
	if (body_max > 0 && len == 0 && has_more(req))
		return refuse(req, 411, "Content-Length is needed");
	return STEP_ON;
}

/* One of the row's own questions; none is none. */
static enum step
ask(struct request *req,
    int (*question)(struct request *req, struct refusal *why))
{
	struct refusal why = { 0 };

	if (question == NULL || question(req, &why) == 0)
		return STEP_ON;
	(void)!reply_refusal(req, &why);
	return STEP_OVER;
}

static enum step
check_headers(struct request *req, const struct route *routes)
{
	(void)routes;
	return ask(req, req->route->verify);
}

static enum step
check_limit(struct request *req, const struct route *routes)
{
	(void)routes;
	return ask(req, req->route->limit);
}

/* No body is none of any type: parse says what is missing. */
static enum step
check_type(struct request *req, const struct route *routes)
{
	(void)routes;
	if (req->route->parse != PARSE_JSON || req->announced == 0
	    || is_json(request_env(req, "CONTENT_TYPE")))
		return STEP_ON;
	return refuse(req, 415, "Content-Type must be application/json");
}

/* The body, whole. */
static enum step
read_body(struct request *req, const struct route *routes)
{
	FCGX_Request *f = req->fcgx;
	size_t len = (size_t)req->announced;
	char *body;
	int64_t until = clock_boot_ms() + BODY_MS;
	size_t have = 0;
	bool late = false;
	int n, c, error;

	(void)routes;
	if (req->route->body_max == 0 || len == 0)
		return STEP_ON;
	body = arena_alloc(req->mem, len + 1);
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
	if (late)
		return refuse(req, 408, "the body came too slowly");
	if (have < len) {
		error = FCGX_GetError(f->in);
		if (error == EAGAIN || error == EWOULDBLOCK)
			return refuse(req, 408, "the body came too slowly");
		return refuse(req, 400,
		    "the body is shorter than Content-Length");
	}
	if (has_more(req))
		return refuse(req, 400,
		    "the body is longer than Content-Length");
	req->body = body;
	req->body_len = len;
	return STEP_ON;
}

static enum step
check_signature(struct request *req, const struct route *routes)
{
	(void)routes;
	return ask(req, req->route->verify_body);
}

static enum step
parse(struct request *req, const struct route *routes)
{
	const char *why = NULL;
	json_t *invalid;
	size_t at = 0;

	(void)routes;
	if (req->route->parse == PARSE_NONE)
		return STEP_ON;
	if (req->body_len == 0) {
		reply_invalid(req, "missing", NULL, "Field required", NULL);
		return STEP_OVER;
	}
	if (memchr(req->body, '\0', req->body_len) != NULL
	    && strlen(req->body) < req->body_len)
		why = "a NUL byte";
	else
		req->json = json_read(req->mem, req->body, req->body_len, &why,
		    &at);
	if (req->json != NULL)
		return STEP_ON;
	invalid = json_pack("[{s:s, s:[s, I], s:s, s:{}, s:{s:s}}]", "type",
	    "json_invalid", "loc", "body", (json_int_t)at, "msg",
	    "JSON decode error", "input", "ctx", "error",
	    why == NULL ? "not JSON" : why);
	(void)!reply_refusal(req,
	    &(struct refusal){ .status = 422, .invalid = invalid });
	json_decref(invalid);
	return STEP_OVER;
}

static enum step
handle(struct request *req, const struct route *routes)
{
	int rc = req->route->handle(req);

	(void)routes;
	if (req->parked)
		return STEP_PARKED;
	if (rc != 0 || req->status != 0)
		return STEP_OVER;
	log_event(LOG_ERROR, "handler_silent",
	    F_STR("path", req->route->pattern),
	    F_STR("remedy", LOG_REMEDY_REPORT));
	return refuse(req, 500, "Internal Server Error");
}

static const struct phase {
	const char *name; /* in the log: what refused it */
	enum step (*run)(struct request *req, const struct route *routes);
} PHASES[] = {
	{ "path", find_path },
	{ "method", find_method },
	/* Here the route is known: router_find. */
	{ "size", check_size },
	{ "who", check_headers },
	{ "limit", check_limit },
	{ "type", check_type },
	{ "body", read_body },
	{ "signature", check_signature },
	{ "parse", parse },
	{ "handle", handle },
};

#define PHASES_TO_FIND 2
#define PHASE_HANDLE (NELEM(PHASES) - 1)

static void
write_end(const struct request *req, const char *refused)
{
	struct end end;

	end_of(&end, req);
	end.refused = refused;
	end_write(&end);
}

/* Up to the phase ${end}, or to where it ends before. */
static enum step
walk(struct request *req, const struct route *routes, size_t end)
{
	enum step step = STEP_ON;
	size_t at = req->phase;

	while (step == STEP_ON && req->phase < end) {
		at = req->phase++;
		step = PHASES[at].run(req, routes);
	}
	/* That of a parked one is the park thread's to write. */
	if (step == STEP_OVER)
		write_end(req, at == PHASE_HANDLE ? NULL : PHASES[at].name);
	return step;
}

enum step
router_find(struct request *req, const struct route *routes)
{
	return walk(req, routes, PHASES_TO_FIND);
}

enum step
router_serve(struct request *req, const struct route *routes)
{
	return walk(req, routes, NELEM(PHASES));
}

void
router_refuse(struct request *req, const struct refusal *why, const char *what)
{
	(void)!reply_refusal(req, why);
	write_end(req, what);
}

void
router_drop(struct request *req)
{
	req->gone = true;
	write_end(req, NULL);
}
