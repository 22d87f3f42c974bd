/*
 * mcp_messages: POST /messages/, where clients of 2024-11-05 post.  Answers go
 * to the session's stream, whichever edge has it.  Without a session the answer
 * is in the body.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "fcgi/response.h"
#include "handlers/handlers.h"
#include "handlers/mcp_later.h"
#include "redis/mcps.h"

/* What initialize agreed with this session, which its id does not say. */
static void
take_agreed(struct request *req, struct mcp_post *p)
{
	char name[MCPS_AGREED_MAX];
	unsigned client = 0;
	const char *blank = strchr(p->mcps.agreed, ' ');

	if (blank == NULL)
		return;
	(void)snprintf(name, sizeof(name), "%.*s",
	    (int)(blank - p->mcps.agreed), p->mcps.agreed);
	client = (unsigned)strtoul(blank + 1, NULL, 10);
	if (mcp_revision_find(name) == NULL)
		return;
	p->head.version = arena_strdup(req->mem, name);
	p->client = client;
}

static int
accepted(struct request *req)
{
	return reply_bytes(req, 202, "text/plain", "Accepted",
	    strlen("Accepted"));
}

static int
refuse(struct request *req, const char *why)
{
	return reply_refusal(req,
	    &(struct refusal){ .status = 404, .detail = why });
}

static int
serve(struct request *req, struct mcp_post *p, const char *id)
{
	struct mcp_session session;

	if (!mcp_session_id_read(p->server.ring, id, p->server.key,
		p->server.now_s, p->server.session_max_s, &session)
	    || p->server.ended || p->mcps.stream[0] == '\0')
		return refuse(req, "Could not find session");
	take_agreed(req, p);
	p->says = true;
	if (!mcp_post_serve(p))
		mcp_hand_to_say(req, p);
	else
		mcp_messages_say(p);
	return accepted(req);
}

int
handle_mcp_messages(struct request *req)
{
	const char *id = request_query(req, "session_id");
	struct refusal why = { 0 };
	struct mcp_post p;
	int rc;

	if (id == NULL)
		id = request_query(req, "sessionId");
	if (id == NULL)
		return handle_mcp(req);
	mcp_post_init(&p, req);
	p.head.session = NULL; /* its session is that of the query */
	mcp_session_name(id, p.sid);
	if (!mcp_access(req, &p, &why))
		rc = reply_refusal(req, &why);
	else
		rc = serve(req, &p, id);
	mcp_post_fini(&p);
	return rc;
}
