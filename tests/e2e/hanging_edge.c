/*
 * hanging_edge: dragoman-edge with a route more, GET /hang, whose handler
 * waits until the file $HANG_UNTIL is there, as one that calls a server which
 * does not answer; two minutes at most.
 *
 * This table stands in the place of handlers/routes.c.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "fcgi/edge.h"
#include "fcgi/request.h"
#include "handlers/handlers.h"

#define HANG_MS 120000
#define LOOK_US 20000

static int
handle_hang(struct request *req)
{
	const char *until = getenv("HANG_UNTIL");
	int64_t end = clock_boot_ms() + HANG_MS;

	while (clock_boot_ms() < end && !atomic_load(&req->edge->draining)
	    && (until == NULL || access(until, F_OK) != 0))
		usleep(LOOK_US);
	return reply_json(req, 200, json_pack("{s:b}", "hung", 1));
}

const struct route ROUTES[] = {
	{ .methods = M_GET,
	    .pattern = "/hang",
	    .class = CLASS_CALL,
	    .handle = handle_hang },
	{ .methods = M_POST,
	    .pattern = "/chat",
	    .class = CLASS_ACCEPT,
	    .verify = verify_proxy_secret,
	    .body_max = MIB,
	    .parse = PARSE_JSON,
	    .handle = handle_chat },
	{ .methods = M_GET,
	    .pattern = "/health",
	    .class = CLASS_PROBE,
	    .handle = handle_health },
	{ .methods = M_GET,
	    .pattern = "/ready",
	    .class = CLASS_PROBE,
	    .handle = handle_ready },
	{ .methods = M_GET,
	    .pattern = "/metrics",
	    .class = CLASS_PROBE,
	    .verify = verify_metrics,
	    .handle = handle_metrics },
	{ .pattern = NULL },
};
