/*
 * mcp_post: the messages of a POST, served one after the other.
 */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "config.h"
#include "handlers/mcp_priv.h"

static const char *
header(const void *req, const char *name)
{
	return request_header(req, name);
}

/* Some send an empty one before they have one. */
static const char *
session_of(const struct request *req)
{
	const char *id = request_header(req, "Mcp-Session-Id");

	return id == NULL || id[0] == '\0' ? NULL : id;
}

void
mcp_post_init(struct mcp_post *p, struct request *req)
{
	*p = (struct mcp_post){ .edge = req->edge,
		.settings = req->settings,
		.caller = req->caller,
		.mem = req->mem,
		.head = { .version = request_header(req,
			      "MCP-Protocol-Version"),
		    .method = request_header(req, "Mcp-Method"),
		    .name = request_header(req, "Mcp-Name"),
		    .session = session_of(req),
		    .accept = request_header(req, "Accept"),
		    .once = request_header(req, "Idempotency-Key"),
		    .header = header,
		    .ctx = req },
		.server = { .version = PACKAGE_VERSION,
		    .offers = MCP_OFFERS,
		    .ring = req->edge->mcp->ring,
		    .key = req->caller.key,
		    .now_s = clock_wall_ms() / 1000,
		    .session_max_s = req->settings->mcp_session_max_ms / 1000 },
		.doc = req->json,
		.may_wait = req->edge->park == NULL, /* plain CGI */
		.out = BUF_INIT(MCP_ANSWER_MAX),
		.status = 200 };
	if (p->head.session != NULL)
		mcp_session_name(p->head.session, p->sid);
}

_Static_assert(MCP_SESSION_NAME_MAX == MCPS_ID_MAX, "a session's name");

void
mcp_post_fini(struct mcp_post *p)
{
	buf_fini(&p->out);
}

void
mcp_post_fail(struct mcp_post *p, int status, const char *why)
{
	/* Of a POST the status says it; on a stream, which request it is. */
	const struct mcp_call nobody = { .mem = p->mem,
		.id = p->says ? json_object_get(p->doc, "id") : NULL };

	buf_reset(&p->out);
	p->status = status;
	(void)!mcp_write_fault(&p->out, &nobody,
	    &(struct mcp_fault){ .code = status, .message = why });
}

/* What ends the serving of a POST. */
enum served { SERVED, WAITS, TOO_LONG };

/* Append the answer to ${doc}, if it wants one. */
static enum served
serve(struct mcp_post *p, json_t *doc, bool in_batch)
{
	struct mcp_work w = { .post = p,
		.mem = p->mem,
		.call = { .mem = p->mem,
		    .server = &p->server,
		    .head = &p->head,
		    .client = p->client,
		    .in_batch = in_batch } };
	struct mcp_fault fault = { .code = RPC_INTERNAL,
		.status = 500,
		.message = "the answer is too long" };
	size_t from = p->out.len;
	int rc;

	if (mcp_climb(&w.call, doc, &fault)) {
		if (w.call.revision->era == MCP_LEGACY
		    && p->mcps.level[0] != '\0')
			w.call.level = tool_level_find(p->mcps.level);
		if (w.call.kind == RPC_RESULT || w.call.kind == RPC_ERROR)
			mcp_question_heard(&w, doc);
		if (w.call.kind != RPC_REQUEST)
			return SERVED;
		rc = mcp_is_limited(&w, &fault)
		    ? MCP_FAILED
		    : mcp_function(w.call.method)(&w, &p->out, &fault);
		if (rc == MCP_DONE)
			return SERVED;
		/* Once it is parked, the park thread reads what it is. */
		if (rc == MCP_WAITS && !p->may_wait) {
			p->closes = w.call.revision->era == MCP_MODERN;
			p->resumes = w.call.has_session
			    && w.call.revision->resumes;
			p->primes = w.call.revision->primes;
			p->token = w.call.token;
		}
		if (rc == MCP_WAITS)
			return WAITS;
	}
	/* What was written of an answer that is none. */
	p->out.len = from;
	p->out.full = false;
	p->status = fault.status;
	return mcp_write_fault(&p->out, &w.call, &fault) == -1 ? TOO_LONG
							       : SERVED;
}

static enum served
serve_batch(struct mcp_post *p)
{
	struct mcp_call call = { .mem = p->mem };
	struct mcp_fault fault;
	enum served served;
	size_t from;

	if (!mcp_may_batch(&call, p->doc, &fault)) {
		p->status = fault.status;
		return mcp_write_fault(&p->out, &call, &fault) == -1 ? TOO_LONG
								     : SERVED;
	}
	for (; p->next < json_array_size(p->doc); p->next++) {
		from = p->out.len;
		if (buf_add_char(&p->out, from == 0 ? '[' : ',') == -1)
			return TOO_LONG;
		served = serve(p, json_array_get(p->doc, p->next), true);
		if (p->out.len == from + 1 || served == WAITS)
			p->out.len = from; /* it wants no answer, or not yet */
		if (served != SERVED)
			return served;
	}
	p->status = 200; /* each answer says how its message ended */
	return p->out.len > 0 && buf_add_char(&p->out, ']') == -1 ? TOO_LONG
								  : SERVED;
}

bool
mcp_post_serve(struct mcp_post *p)
{
	enum served served = json_is_array(p->doc) ? serve_batch(p)
						   : serve(p, p->doc, false);

	if (served == TOO_LONG)
		mcp_post_fail(p, 500, "the answers are too long");
	return served != WAITS;
}
