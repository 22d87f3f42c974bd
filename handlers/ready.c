/*
 * GET /ready: could a message be answered now?  As last seen by the watch, at
 * most FLEET_LOOK_MS ago.
 */
#include "handlers/fleet_priv.h"
#include "handlers/handlers.h"

#define READY_RETRY_S "5" /* a restarted worker has reported by then */

int
handle_ready(struct request *req)
{
	size_t len;
	int status;
	const char *page = fleet_page(req->edge, FLEET_READY, req->mem, &len,
	    &status);

	if (status == 503)
		response_header(req, "Retry-After", READY_RETRY_S);
	return reply_bytes(req, status, "application/json", page, len);
}
