/*
 * probe_sse: 2024-11-05 as its clients speak it: answers come on a long GET,
 * and requests go to the address that it names.
 */
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "cli/probe.h"

#define PROBE_MS 15000

struct ear {
	struct probe *p;
	struct wire stream, post; /* addresses; the key is p->wire's */
	volatile int done;
	bool named; /* an address was told */
};

static void
on_nothing(void *ctx, const char *json, size_t len)
{
	(void)ctx;
	(void)json;
	(void)len;
}

static void
post(struct ear *e, const char *text)
{
	const char *lines[] = { "Content-Type: application/json", NULL };
	const struct wire_ask ask = { .method = "POST",
		.lines = lines,
		.body = text,
		.len = strlen(text),
		.total_ms = PROBE_MS,
		.on = on_nothing };
	struct wire_got got;

	wire_send(&e->post, &ask, &got);
	if (got.rc == HTTP_OK && got.status < 300)
		return;
	e->p->got = got;
	__atomic_store_n(&e->done, 1, __ATOMIC_RELAXED);
}

/* The address is a path of the same server; another server gets no key. */
static int
on_event(void *ctx, const char *type, const char *data)
{
	struct ear *e = ctx;
	struct probe *p = e->p;
	const char *host = strstr(e->stream.url, "://") + 3;
	size_t origin = (size_t)(host - e->stream.url) + strcspn(host, "/?");

	if (strcmp(type, "endpoint") != 0)
		return 0;
	if (data[0] != '/' && strncmp(data, e->stream.url, origin) != 0)
		return 1;
	e->named = true;
	e->post.url = data[0] == '/'
	    ? arena_printf(p->mem, "%.*s%s", (int)origin, e->stream.url, data)
	    : arena_strdup(p->mem, data);
	post(e, probe_text(p, 1, "initialize", probe_hello(p)));
	return 0;
}

static void
on_message(void *ctx, const char *json, size_t len)
{
	struct ear *e = ctx;
	struct probe *p = e->p;
	const json_t *doc = json_read_lenient(p->mem, json, len);
	const json_t *result = json_object_get(doc, "result");

	p->answer = doc;
	if (json_member_int(doc, "id", 0) == 2) {
		probe_tools(p, result);
		__atomic_store_n(&e->done, 1, __ATOMIC_RELAXED);
	} else if (result != NULL && json_member_int(doc, "id", 0) == 1) {
		post(e, probe_text(p, 0, "notifications/initialized", NULL));
		post(e, probe_text(p, 2, "tools/list", NULL));
	}
}

/* ".../mcp" has it at ".../sse". */
static const char *
beside(struct probe *p)
{
	size_t len = strlen(p->wire->url);

	if (len < 4 || strcmp(p->wire->url + len - 4, "/mcp") != 0)
		return p->wire->url;
	return arena_printf(p->mem, "%.*s/sse", (int)len - 4, p->wire->url);
}

void
probe_sse(struct probe *p)
{
	const char *lines[] = { "Accept: text/event-stream", NULL };
	struct ear e = { .p = p, .stream = *p->wire, .post = *p->wire };
	const struct wire_ask ask = { .method = "GET",
		.lines = lines,
		.total_ms = PROBE_MS,
		.cancel = &e.done,
		.on = on_message,
		.event = on_event,
		.ctx = &e };
	struct wire_got got;

	e.stream.url = beside(p);
	p->tools = -1;
	p->rc = PROBE_FAILED;
	p->why = NULL;
	wire_send(&e.stream, &ask, &got);
	if (p->rc == PROBE_WORKS || p->why != NULL)
		return;
	if (!e.named) /* else what a POST was told */
		p->got = got;
	probe_refused(p);
	if (p->rc == PROBE_FAILED
	    && (p->got.status == 404 || p->got.status == 405
		|| (p->got.status == 200 && !p->got.is_stream)))
		p->rc = PROBE_OTHER;
	if (p->rc == PROBE_OTHER)
		p->why = arena_printf(p->mem, "not served (GET %s: %d)",
		    e.stream.url, p->got.status);
}
