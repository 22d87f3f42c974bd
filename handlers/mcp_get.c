/*
 * mcp_get: GET and DELETE of /mcp and /sse: the streams of clients before
 * 2026-07-28, and the end of their sessions.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "fcgi/response.h"
#include "handlers/handlers.h"
#include "handlers/mcp_resume.h"
#include "handlers/mcp_stream.h"

#define ENDPOINT "/messages/?session_id="

static int
refuse(struct request *req, int status, const char *why)
{
	return reply_refusal(req,
	    &(struct refusal){ .status = status, .detail = why });
}

/* Is the session of ${req} its key's, and has not ended?  False: ${rc} is the
 * answer. */
static bool
has_session(struct request *req, const struct mcp_post *p,
    struct mcp_session *session, int *rc)
{
	const struct mcp_server *v = &p->server;

	if (mcp_session_id_read(v->ring, p->head.session, v->key, v->now_s,
		v->session_max_s, session)
	    && !v->ended)
		return true;
	*rc = refuse(req, 404, "this session has ended; initialize again");
	return false;
}

/* What a legacy client is told of: all lists. */
static struct mcp_stream *
stream_of(enum mcp_stream_what what)
{
	struct mcp_stream *s = mcp_stream_new(what);
	size_t i;

	for (i = 0; i < VERSION_LISTS; i++)
		s->wants[i] = true;
	return s;
}

/* "said.NUMBER" */
static int64_t
said_of(const char *last)
{
	size_t len = strlen(MCP_SAID);

	return last != NULL && strncmp(last, MCP_SAID ".", len + 1) == 0
	    ? strtoll(last + len + 1, NULL, 10)
	    : 0;
}

static int
open_stream(struct request *req, struct mcp_post *p)
{
	const char *last = request_header(req, "Last-Event-ID");
	struct mcp_session session;
	struct mcp_stream *s;
	int rc;

	if (p->head.session != NULL && !has_session(req, p, &session, &rc))
		return rc;
	if (last != NULL && said_of(last) == 0)
		return mcp_resume(req, p, last);
	s = stream_of(STREAM_GET);
	memcpy(s->session, p->sid, sizeof(s->session));
	s->said = said_of(last);
	return mcp_stream_park(req, p, s);
}

/* A session of 2024-11-05 begins: it is its stream. */
static int
open_sse(struct request *req, struct mcp_post *p)
{
	struct mcp_stream *s = stream_of(STREAM_SSE);
	char id[MCP_SESSION_ID_MAX];

	mcp_session_id_make(p->server.ring, p->server.key, MCP_2024_11_05, 0,
	    p->server.now_s, id);
	mcp_session_name(id, s->session);
	s->endpoint = strdup(arena_printf(req->mem, ENDPOINT "%s", id));
	if (s->endpoint == NULL)
		abort();
	return mcp_stream_park(req, p, s);
}

static bool
is_modern(const struct mcp_post *p)
{
	const struct mcp_revision *r = p->head.version == NULL
	    ? NULL
	    : mcp_revision_find(p->head.version);

	return r != NULL && r->era == MCP_MODERN;
}

static int
no_stream(struct request *req, const char *why)
{
	response_header(req, "Allow", "POST, OPTIONS");
	return refuse(req, 405, why);
}

int
handle_mcp_get(struct request *req)
{
	struct refusal why = { 0 };
	struct mcp_post p;
	int rc;

	mcp_post_init(&p, req);
	if (!mcp_access(req, &p, &why))
		rc = reply_refusal(req, &why);
	else if (is_modern(&p))
		rc = no_stream(req,
		    "this revision has no GET: call subscriptions/listen");
	else if (req->edge->park == NULL)
		rc = no_stream(req, "streams need FastCGI");
	else if (!mcp_accepts(p.head.accept).stream)
		rc = refuse(req, 406, "Accept must allow text/event-stream");
	else if (strcmp(req->route->pattern, "/sse") == 0
	    && p.head.session == NULL)
		rc = open_sse(req, &p);
	else
		rc = open_stream(req, &p);
	mcp_post_fini(&p);
	return rc;
}

int
handle_mcp_delete(struct request *req)
{
	struct refusal why = { 0 };
	struct mcp_session session;
	struct mcp_post p;
	int64_t left_s;
	int rc = 0;

	mcp_post_init(&p, req);
	if (!mcp_access(req, &p, &why)) {
		rc = reply_refusal(req, &why);
	} else if (p.head.session == NULL) {
		rc = refuse(req, 400, "the header Mcp-Session-Id is missing");
	} else if (has_session(req, &p, &session, &rc)) {
		left_s = session.created_s + p.server.session_max_s
		    - p.server.now_s;
		rc = mcps_end(p.edge->store, p.sid,
			 (left_s > 0 ? left_s : 1) * 1000)
			== STORE_OK
		    ? reply_empty(req, 204)
		    : refuse(req, 503, "sessions cannot be ended now");
	}
	mcp_post_fini(&p);
	return rc;
}
