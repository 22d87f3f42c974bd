/*
 * own_edge: dragoman-edge with routes of the tests' own, for what the product
 * has no route for yet:
 *
 *   GET /hang               waits until the file $HANG_UNTIL is there, as one
 *                           that calls a server which does not answer;
 *                           two minutes at most
 *   GET /topic/{topic}      waits until something is published to the topic
 *   GET /waiting/{topic}    this process, and how many wait on the topic in it
 *   POST /publish/{topic}   publishes the body to those in the process ?to=ID
 *
 * This table stands in the place of handlers/routes.c.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "fcgi/edge.h"
#include "fcgi/park.h"
#include "fcgi/request.h"
#include "handlers/handlers.h"
#include "redis/process.h"

#define HANG_MS 120000
#define LOOK_US 20000
#define TEXT_MAX 1024

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

/* ---- topics ---- */

static void
on_piece(struct parked *p, void *topic, const char *kind, const char *sealed,
    size_t len)
{
	struct arena *mem = arena_new();
	size_t text_len;
	const char *text = process_open_topic(park_edge(p)->store, topic, kind,
	    sealed, len, mem, &text_len);

	if (text != NULL)
		park_reply(p, 200, "text/plain", "", text, text_len);
	arena_free(mem);
}

static void
on_deadline(struct parked *p, void *topic, const struct park_look *last)
{
	(void)topic;
	(void)last;
	park_reply(p, 504, "text/plain", "", "", 0);
}

static const struct park_kind TOPIC = { .on_piece = on_piece,
	.on_deadline = on_deadline,
	.on_end = free };

static int
handle_topic(struct request *req)
{
	const char *topic = request_param(req, "topic");
	struct park_wait wait = { .kind = &TOPIC,
		.topic = topic,
		.deadline_ms = HANG_MS };
	int64_t number;

	if (!process_is_topic(topic))
		return reply_error(req, 400, "not a topic");
	number = park_reserve(req->edge->park, topic);
	if (number < 0)
		return reply_error(req, 503, "too many wait");
	wait.state = strdup(topic);
	if (wait.state == NULL)
		abort();
	park_request(req->edge->park, number, req, &wait);
	return 0;
}

static int
handle_waiting(struct request *req)
{
	return reply_json(req, 200,
	    json_pack("{s:s, s:I}", "process", req->edge->process_id, "waiting",
		(json_int_t)park_count_of(req->edge->park,
		    request_param(req, "topic"))));
}

static int
handle_publish(struct request *req)
{
	enum store_rc rc = process_publish_topic(req->edge->store,
	    request_query(req, "to"), request_param(req, "topic"), "said",
	    req->body, req->body_len);

	return rc == STORE_OK  ? reply_empty(req, 204)
	    : rc == STORE_NONE ? reply_error(req, 400, "not a topic")
			       : reply_error(req, 503, "Redis is away");
}

const struct route ROUTES[] = {
	{ .methods = M_GET,
	    .pattern = "/hang",
	    .class = CLASS_CALL,
	    .handle = handle_hang },
	{ .methods = M_GET,
	    .pattern = "/topic/{topic}",
	    .class = CLASS_ACCEPT,
	    .handle = handle_topic },
	{ .methods = M_GET,
	    .pattern = "/waiting/{topic}",
	    .class = CLASS_PROBE,
	    .handle = handle_waiting },
	{ .methods = M_POST,
	    .pattern = "/publish/{topic}",
	    .class = CLASS_ACCEPT,
	    .body_max = TEXT_MAX,
	    .handle = handle_publish },
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
