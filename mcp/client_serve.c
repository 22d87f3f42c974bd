/*
 * client_serve: what a server asks of its client, and tells it.
 */
#include <string.h>

#include "base/buf.h"
#include "mcp/client_priv.h"

static int
write_reply(struct buf *out, const json_t *id, struct mcp_reply *reply)
{
	int rc = reply->result != NULL
	    ? rpc_write_result(out, id, reply->result)
	    : rpc_write_error(out, id, reply->code,
		reply->message == NULL ? "" : reply->message);

	json_decref(reply->result);
	if (rc == 0)
		return 0;
	buf_reset(out);
	return rpc_write_error(out, id, RPC_INTERNAL,
	    "the answer is too large");
}

int
serve_request(const struct mcp_handler *h, const json_t *id, const char *method,
    const json_t *params, struct buf *out)
{
	struct mcp_reply reply = { .code = RPC_INTERNAL };

	if (strcmp(method, "ping") == 0)
		reply.result = json_object();
	else if (h == NULL || h->request == NULL
	    || !h->request(h->arg, method, params, &reply))
		reply = (struct mcp_reply){ .code = RPC_NO_METHOD,
			.message = "Method not found" };
	return write_reply(out, id, &reply);
}

void
serve_notification(const struct mcp_handler *h, const char *method,
    const json_t *params)
{
	if (h != NULL && h->notification != NULL)
		h->notification(h->arg, method, params);
}
