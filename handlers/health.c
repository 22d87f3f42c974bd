/*
 * GET /health: this process serves.  Touches nothing but memory: the page is
 * rendered by the watch (fleet_pages.c) whenever it learns something.
 */
#include "handlers/fleet_priv.h"
#include "handlers/handlers.h"

int
handle_health(struct request *req)
{
	size_t len;
	int status;
	const char *page = fleet_page(req->edge, FLEET_HEALTH, req->mem, &len,
	    &status);

	return reply_bytes(req, status, "application/json", page, len);
}
