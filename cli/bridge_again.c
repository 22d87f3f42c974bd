/*
 * bridge_again: when a message is sent once more, and how a stream that broke
 * is read to its end.
 */
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/bridge.h"
#include "mcp/rpc.h"

#define TRIES_MAX 4    /* 2 s: nginx or an edge is started again */
#define FIRST_MS 300   /* before the second one; then twice as long */
#define RESUMES_MAX 64 /* of a stream that ends early, in a row */
#define RESUME_MS 1000 /* before it, unless the server says */
#define RESUME_LEAST 100

/* False: it was cancelled meanwhile. */
static bool
pause_ms(struct call *c, int64_t ms)
{
	const struct timespec slice = { .tv_nsec = 20 * 1000000L };
	int64_t until = clock_boot_ms() + ms;

	while (clock_boot_ms() < until && !c->cancel && !c->told)
		nanosleep(&slice, NULL);
	return !c->cancel && !c->told;
}

static int
code_of(struct call *c)
{
	const json_t *doc = c->refusal == NULL
	    ? NULL
	    : json_read_lenient(c->mem, c->refusal, strlen(c->refusal));

	return (int)json_member_int(json_object_get(doc, "error"), "code", 0);
}

bool
call_again(struct call *c)
{
	struct bridge *b = c->bridge;

	if (c->cancel)
		return false;
	if (c->got.rc == HTTP_UNREACHED && atomic_load(&b->reached)
	    && ++c->tries < TRIES_MAX)
		return pause_ms(c, (int64_t)FIRST_MS << (c->tries - 1));
	if (c->got.status == 404 && c->modern == NULL && c->generation > 0
	    && !c->renewed) {
		c->renewed = true;
		return session_renew(b, c->generation);
	}
	if (c->got.status == 400 && c->modern != NULL && !c->learned
	    && call_is(c, "tools/call") && code_of(c) == RPC_HEADER_MISMATCH) {
		struct wire_got got = c->got;

		c->learned = true;
		bridge_fetch(c);
		c->got = got;
		return !c->cancel;
	}
	return false;
}

/* One GET; false: the server has no rest of it. */
static bool
read_rest(struct call *c, void (*on)(void *ctx, const char *json, size_t len))
{
	const char *lines[6] = { "Accept: text/event-stream" };
	const struct wire_ask ask = { .method = "GET",
		.lines = lines,
		.first_ms = BRIDGE_QUICK_MS,
		.idle_ms = BRIDGE_IDLE_MS,
		.total_ms = BRIDGE_TOTAL_MS,
		.cancel = &c->cancel,
		.on = on,
		.ctx = c };
	char event[WIRE_ID_MAX];
	unsigned generation;

	memcpy(event, c->got.last_event, sizeof(event));
	lines[1] = arena_printf(c->mem, "Last-Event-ID: %s", event);
	(void)session_lines(c->bridge, c->mem, lines + 2, &generation);
	if (generation != c->generation)
		return false; /* of a session that was lost */
	wire_send(c->bridge->wire, &ask, &c->got);
	if (c->got.last_event[0] == '\0')
		memcpy(c->got.last_event, event, sizeof(event));
	return c->got.is_stream || c->got.rc == HTTP_UNREACHED
	    || c->got.status >= 500;
}

void
call_resume(struct call *c, void (*on)(void *ctx, const char *json, size_t len))
{
	struct wire_got first = c->got;
	int tries;

	for (tries = 0; c->modern == NULL && !c->answered
	     && c->got.last_event[0] != '\0' && tries < RESUMES_MAX;
	     tries++) {
		int64_t ms = c->got.retry_ms >= 0 ? c->got.retry_ms : RESUME_MS;

		if (!pause_ms(c, ms < RESUME_LEAST ? RESUME_LEAST : ms)
		    || !read_rest(c, on))
			break;
	}
	if (c->answered)
		return;
	/* What a GET was told says nothing of the message. */
	c->got = first;
	c->refusal = NULL;
	if (c->got.rc == HTTP_OK) {
		c->got.rc = HTTP_BROKEN;
		text_format(c->got.why, sizeof(c->got.why),
		    "its stream ended before the answer");
	}
}
