/*
 * POST /mcp: messages of MCP, of any revision, and their answers.
 *
 * The router has checked who asks and that the body is JSON.  A POST needs no
 * earlier one, so any edge may serve it.
 */
#include "handlers/handlers.h"
#include "handlers/mcp_stream.h"

static int
serve(struct request *req, struct mcp_post *p)
{
	if (!mcp_post_serve(p))
		return mcp_hand_over(req, p);
	return p->stream != NULL ? mcp_stream_park(req, p, p->stream)
				 : mcp_answer(req, p);
}

int
handle_mcp(struct request *req)
{
	struct refusal why = { 0 };
	struct mcp_post p;
	int rc;

	mcp_post_init(&p, req);
	if (!mcp_access(req, &p, &why))
		rc = reply_refusal(req, &why);
	else
		rc = serve(req, &p);
	mcp_post_fini(&p);
	return rc;
}
