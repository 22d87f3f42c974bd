/*
 * POST /mcp: messages of MCP, of any revision, and their answers.
 *
 * The router has checked who asks and that the body is JSON.  A POST needs no
 * earlier one, so any edge may serve it.
 */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "config.h"
#include "handlers/handlers.h"
#include "handlers/mcp_priv.h"
#include "mcp/headers.h"

#define STREAM_TYPE "text/event-stream"

/* A POST: what its messages have in common, and what they are answered. */
struct post {
	struct request *req;
	struct mcp_head head;
	struct mcp_server server;
	struct buf out;
	char session[MCP_SESSION_ID_MAX];
	int status;
};

static const char *
header(const void *req, const char *name)
{
	return request_header(req, name);
}

static void
begin(struct post *p, struct request *req)
{
	*p = (struct post){ .req = req,
		.head = { .version = request_header(req,
			      "MCP-Protocol-Version"),
		    .method = request_header(req, "Mcp-Method"),
		    .name = request_header(req, "Mcp-Name"),
		    .session = request_header(req, "Mcp-Session-Id"),
		    .accept = request_header(req, "Accept"),
		    .header = header,
		    .ctx = req },
		.server = { .version = PACKAGE_VERSION,
		    .offers = MCP_OFFERS,
		    .ring = req->edge->mcp->ring,
		    .key = req->caller.key,
		    .now_s = clock_wall_ms() / 1000,
		    .session_max_s = req->settings->mcp_session_max_ms / 1000 },
		.out = BUF_INIT(MCP_ANSWER_MAX),
		.status = 200 };
}

/* Append the answer to ${doc}, if it wants one; -1: there is no room. */
static int
serve(struct post *p, json_t *doc, bool in_batch)
{
	struct request *req = p->req;
	struct mcp_work w = { .edge = req->edge,
		.settings = req->settings,
		.caller = &req->caller,
		.mem = req->mem,
		.call = { .mem = req->mem,
		    .server = &p->server,
		    .head = &p->head,
		    .in_batch = in_batch } };
	struct mcp_fault fault = { .code = RPC_INTERNAL,
		.status = 500,
		.message = "the answer is too long" };
	size_t from = p->out.len;

	if (mcp_climb(&w.call, doc, &fault)) {
		if (w.call.kind != RPC_REQUEST)
			return 0;
		if (mcp_function(w.call.method)(&w, &p->out, &fault) == 0) {
			memcpy(p->session, w.session, sizeof(p->session));
			return 0;
		}
	}
	/* What was written of an answer that is none. */
	p->out.len = from;
	p->out.full = false;
	p->status = fault.status;
	return mcp_write_fault(&p->out, &w.call, &fault);
}

static int
serve_batch(struct post *p, const json_t *array)
{
	struct mcp_call call = { .mem = p->req->mem };
	struct mcp_fault fault;
	bool first = true;
	size_t i, from;

	if (!mcp_may_batch(&call, array, &fault)) {
		p->status = fault.status;
		return mcp_write_fault(&p->out, &call, &fault);
	}
	for (i = 0; i < json_array_size(array); i++) {
		if (buf_add_char(&p->out, first ? '[' : ',') == -1)
			return -1;
		from = p->out.len;
		if (serve(p, json_array_get(array, i), true) == -1)
			return -1;
		if (p->out.len == from) /* it wants no answer */
			p->out.len--;
		else
			first = false;
	}
	p->status = 200; /* each answer says how its message ended */
	return first ? 0 : buf_add_char(&p->out, ']');
}

/* A client that takes events alone gets one. */
static int
reply_event(struct post *p)
{
	struct buf out = BUF_INIT(MCP_ANSWER_MAX + KIB);
	int rc;

	if (buf_reserve(&out, p->out.len + KIB) == -1
	    || buf_add_str(&out, "event: message\ndata: ") == -1
	    || buf_add(&out, buf_str(&p->out), p->out.len) == -1
	    || buf_add_str(&out, "\n\n") == -1)
		rc = reply_error(p->req, 500, "the answer is too long");
	else
		rc = reply_bytes(p->req, p->status, STREAM_TYPE, buf_str(&out),
		    out.len);
	buf_fini(&out);
	return rc;
}

static int
answer(struct post *p)
{
	struct mcp_accepts accepts = mcp_accepts(p->head.accept);

	if (p->out.len == 0)
		return reply_empty(p->req, 202);
	if (p->session[0] != '\0')
		response_header(p->req, "Mcp-Session-Id", p->session);
	if (p->status == 200 && !accepts.json && accepts.stream)
		return reply_event(p);
	return reply_bytes(p->req, p->status, MCP_JSON, buf_str(&p->out),
	    p->out.len);
}

int
handle_mcp(struct request *req)
{
	struct post p;
	int rc;

	begin(&p, req);
	if (json_is_array(req->json))
		rc = serve_batch(&p, req->json);
	else
		rc = serve(&p, req->json, false);
	if (rc == -1)
		rc = reply_error(req, 500, "the answer is too long");
	else
		rc = answer(&p);
	buf_fini(&p.out);
	return rc;
}
