/*
 * mcp_event: a message as an event of a stream.
 */
#include "handlers/mcp_priv.h"

int
mcp_event(struct buf *out, const struct buf *json)
{
	return buf_reserve(out, json->len + KIB) == -1
		|| buf_add_str(out, "event: message\ndata: ") == -1
		|| buf_add(out, buf_str(json), json->len) == -1
	    ? -1
	    : buf_add_str(out, "\n\n");
}
