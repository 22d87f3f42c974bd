/*
 * mcp_answer: what came of a POST, to a request that was not parked.
 */
#include "handlers/mcp_priv.h"

/* A client that takes events alone gets one. */
static int
answer_event(struct request *req, struct mcp_post *p)
{
	struct buf out = BUF_INIT(MCP_ANSWER_MAX + KIB);
	int rc;

	if (mcp_event(&out, &p->out) == -1)
		rc = reply_error(req, 500, "the answer is too long");
	else
		rc = reply_bytes(req, p->status, MCP_STREAM, buf_str(&out),
		    out.len);
	buf_fini(&out);
	return rc;
}

int
mcp_answer(struct request *req, struct mcp_post *p)
{
	struct mcp_accepts accepts = mcp_accepts(p->head.accept);

	if (p->out.len == 0)
		return reply_empty(req, 202);
	if (p->session[0] != '\0')
		response_header(req, "Mcp-Session-Id", p->session);
	if (p->retry_s > 0)
		response_header(req, "Retry-After",
		    arena_printf(req->mem, "%d", (int)p->retry_s));
	if (p->status == 200 && !accepts.json && accepts.stream)
		return answer_event(req, p);
	return reply_bytes(req, p->status, MCP_JSON, buf_str(&p->out),
	    p->out.len);
}
