/*
 * mcp_who: who may ask /mcp, by headers alone.
 *
 * A web page may if its origin is listed: whatever it knows, a browser would
 * send it for any page.  A program may if it has a key; without one (mcp.auth:
 * none) only this machine's may, by a name of this machine.
 */
#include <stdatomic.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "handlers/handlers.h"
#include "handlers/mcp_priv.h"
#include "handlers/verify_priv.h"

#define LOG_AGAIN_MS 60000 /* what to set is said once a minute */
#define LOOPBACK "loopback"

/* ---- pages --------------------------------------------------------------- */

static bool
origin_is_loopback(const char *origin)
{
	const char *host = strstr(origin, "://");

	return host != NULL && host[3] != '\0'
	    && strcspn(host + 3, "/") == strlen(host + 3)
	    && verify_host_is_loopback(host + 3);
}

static bool
origin_is_listed(const struct settings *s, const char *origin)
{
	size_t i;

	for (i = 0; i < s->mcp_origins.n; i++)
		if (strcmp(s->mcp_origins.items[i], LOOPBACK) == 0
			? origin_is_loopback(origin)
			: strcasecmp(s->mcp_origins.items[i], origin) == 0)
			return true;
	return false;
}

void
mcp_allow_origin(struct request *req)
{
	const char *origin = request_header(req, "Origin");

	if (origin == NULL || !origin_is_listed(req->settings, origin))
		return;
	response_header(req, "Access-Control-Allow-Origin", origin);
	response_header(req, "Vary", "Origin");
	response_header(req, "Access-Control-Expose-Headers",
	    "Mcp-Session-Id, WWW-Authenticate, Retry-After, X-Request-Id");
}

int
verify_mcp_origin(struct request *req, struct refusal *why)
{
	const char *origin = request_header(req, "Origin");

	if (origin == NULL || origin_is_listed(req->settings, origin))
		return 0;
	*why = (struct refusal){ .status = 403,
		.detail = "this page's origin is not listed in mcp.origins" };
	return -1;
}

/* ---- programs ------------------------------------------------------------ */

static void
say_what_to_set(void)
{
	static _Atomic int64_t said_ms;
	int64_t now = clock_boot_ms(), last = atomic_load(&said_ms);

	if (last != 0 && now - last < LOG_AGAIN_MS)
		return;
	if (atomic_compare_exchange_strong(&said_ms, &last, now))
		log_event(LOG_WARN, "mcp_closed",
		    F_STR("why", "mcp.auth: none serves this machine only"),
		    F_STR("remedy",
			"name this machine in server.hosts, or set mcp.auth: "
			"keys and make one: dragoman key create"));
}

/* Is Host, without its port, one by which this machine is called? */
static bool
host_is_ours(const struct request *req)
{
	const char *host = request_header(req, "Host");
	size_t len, i;

	if (verify_host_is_loopback(host))
		return true;
	len = strcspn(host, ":");
	for (i = 0; i < req->settings->server_hosts.n; i++)
		if (strlen(req->settings->server_hosts.items[i]) == len
		    && strncasecmp(req->settings->server_hosts.items[i], host,
			   len)
			== 0)
			return true;
	return false;
}

/* What it may, and whether it is known, is asked when the body is there
 * (mcp_access.c). */
static int
let_on(struct request *req, const struct api_key_given *given)
{
	req->shown = given;
	req->caller = (struct caller){ .tenant = given->tenant,
		.connection = "mcp" };
	return 0;
}

/* Did anybody pass it on, also one that nginx does not believe? */
static bool
is_forwarded(const struct request *req)
{
	static const char *const HEADERS[] = { "X-Forwarded-For", "Forwarded",
		"X-Real-IP" };
	size_t i;

	for (i = 0; i < NELEM(HEADERS); i++)
		if (request_header(req, HEADERS[i]) != NULL)
			return true;
	return false;
}

/* Is it a program of this machine, where nobody else is let in? */
static bool
is_machine(const struct request *req)
{
	return !is_forwarded(req) && req->settings->server_public_url[0] == '\0'
	    && !atomic_load(&req->edge->is_public) && req->local
	    && host_is_ours(req);
}

static int
let_nobody_on(struct request *req)
{
	struct api_key_given *given = arena_alloc(req->mem, sizeof(*given));

	api_key_nobody(given);
	return let_on(req, given);
}

static int
verify_machine(struct request *req, struct refusal *why)
{
	if (is_machine(req))
		return let_nobody_on(req);
	say_what_to_set();
	*why = (struct refusal){ .status = 403,
		.detail = "without keys (mcp.auth: none) only programs of this "
			  "machine are served" };
	return -1;
}

/* "Bearer KEY" of Authorization, or X-API-Key, without blanks around it; NULL:
 * there is none. */
static const char *
given_key(struct request *req)
{
	const char *text = request_header(req, "Authorization");
	size_t len = strlen("Bearer");

	if (text == NULL)
		text = request_header(req, "X-API-Key");
	else if (strncasecmp(text, "Bearer", len) != 0
	    || strspn(text + len, " ") == 0)
		text = "";
	else
		text += len;
	return text == NULL ? NULL : text_strip(req->mem, text);
}

/* What is wrong with ${text}, which is no key of ours. */
static const char *
why_not(const char *text)
{
	if (text == NULL)
		return "a key is needed: send Authorization: Bearer KEY";
	if (text[0] == '\0' || strncasecmp(text, "Bearer ", 7) == 0)
		return "the header is Authorization: Bearer KEY, with the word "
		       "Bearer once";
	return "this key is not valid";
}

int
verify_mcp(struct request *req, struct refusal *why)
{
	struct api_key_given *given = arena_alloc(req->mem, sizeof(*given));
	const char *text;

	if (verify_mcp_origin(req, why) == -1)
		return -1;
	mcp_allow_origin(req);
	if (req->settings->mcp_auth == MCP_AUTH_NONE)
		return verify_machine(req, why);
	text = given_key(req);
	if (text != NULL
	    && api_key_read(given, text, &req->settings->mcp_api_keys) == 0)
		return let_on(req, given);
	*why = (struct refusal){ .status = 401, .detail = why_not(text) };
	return -1;
}

/* Clients of 2024-11-05 on this machine need no key, unless the operator says
 * so: many of them can send none.  Who sends one is asked for it. */
int
verify_mcp_sse(struct request *req, struct refusal *why)
{
	if (req->settings->mcp_auth == MCP_AUTH_NONE
	    || req->settings->mcp_require_key || given_key(req) != NULL
	    || !is_machine(req))
		return verify_mcp(req, why);
	if (verify_mcp_origin(req, why) == -1)
		return -1;
	mcp_allow_origin(req);
	return let_nobody_on(req);
}
