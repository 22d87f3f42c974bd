/*
 * doctor_edge: do nginx and the edge behind it answer, and could a message be
 * answered?
 */
#include "cli/doctor.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/http.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/started.h"
#include "config.h"

#define EDGE_MS 5000
#define BODY_MAX (256 * KIB)

/* Perhaps somebody wrote a login into it. */
static const char *
shown(struct doctor *d, const char *url)
{
	return text_address_shown(d->cli->mem, url);
}

/* GET ${path}; NULL: found and said. */
static const json_t *
get(struct doctor *d, const char *path, int *status)
{
	const struct http_request req = { .method = "GET",
		.url = arena_printf(d->cli->mem, "%s%s", d->url, path),
		.body_max = BODY_MAX,
		.total_ms = EDGE_MS,
		.flags = HTTP_OPERATOR };
	struct http_response resp;
	const json_t *doc = NULL;
	enum http_rc rc = http_send(&req, &resp);

	*status = resp.status;
	if (rc == HTTP_OK)
		doc = json_read(d->cli->mem, buf_str(&resp.body), resp.body.len,
		    NULL, NULL);
	if (rc != HTTP_OK)
		doctor_find(d, d->url_guessed ? DOCTOR_WARN : DOCTOR_ERROR,
		    "edge",
		    arena_printf(d->cli->mem,
			"%s; if it listens elsewhere: dragoman doctor --url "
			"URL",
			started_how(d->cli->mem, HOW_START_NGINX)),
		    "%s does not answer: %s", shown(d, req.url), resp.why);
	else if (resp.status >= 500 && doc == NULL)
		doctor_find(d, DOCTOR_ERROR, "edge",
		    started_how(d->cli->mem, HOW_START_EDGE),
		    "%s: nginx answers %d, nobody is behind it",
		    shown(d, req.url), resp.status);
	else if (doc == NULL)
		doctor_find(d, DOCTOR_ERROR, "edge",
		    "another program listens there: dragoman doctor --url URL "
		    "names another address",
		    "%s answers %d and no JSON", shown(d, req.url),
		    resp.status);
	http_response_fini(&resp);
	return doc;
}

void
doctor_edge(struct doctor *d)
{
	const char *version, *auth, *detail;
	const json_t *doc;
	int status;

	doc = get(d, "/health", &status);
	if (doc == NULL)
		return;
	version = json_member_str(doc, "version");
	auth = json_member_str(doc, "auth");
	if (version != NULL && strcmp(version, PACKAGE_VERSION) != 0)
		doctor_find(d, DOCTOR_WARN, "edge",
		    started_how(d->cli->mem, HOW_RENEW),
		    "the edge is version %s, this is " PACKAGE_VERSION,
		    version);
	if (status != 200) {
		detail = json_member_str(doc, "detail");
		doctor_find(d, DOCTOR_ERROR, "edge",
		    started_how(d->cli->mem, HOW_START_EDGE),
		    "%s/health answers %d%s%s", shown(d, d->url), status,
		    detail != NULL ? ": " : "", detail != NULL ? detail : "");
		return;
	}
	doctor_find(d, DOCTOR_OK, "edge", NULL, "%s answers; auth: %s",
	    shown(d, d->url), auth == NULL ? "?" : auth);
	doc = get(d, "/ready", &status);
	if (doc != NULL && status != 200)
		doctor_find(d, DOCTOR_ERROR, "edge",
		    "the other findings say why, or curl the address above",
		    "%s/ready answers %d: a message could not be answered",
		    shown(d, d->url), status);
}
