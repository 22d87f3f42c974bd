/*
 * bridge_session: a client of before 2026-07-28 and its session at the server.
 *
 * Its server is a process to it, whose session ends with the process; so a
 * session that the server lost is made again here, with what the client had
 * set in it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/bridge.h"
#include "mcp/rpc.h"

#define RESOURCES_MAX 1000 /* subscribed to */

size_t
session_lines(struct bridge *b, struct arena *mem, const char **lines,
    unsigned *generation)
{
	size_t n = 0;

	pthread_mutex_lock(&b->mu);
	if (b->session.version[0] != '\0')
		lines[n++] = arena_printf(mem, "MCP-Protocol-Version: %s",
		    b->session.version);
	if (b->session.id[0] != '\0')
		lines[n++] = arena_printf(mem, "Mcp-Session-Id: %s",
		    b->session.id);
	*generation = b->session.generation;
	pthread_mutex_unlock(&b->mu);
	return n;
}

/* What goes into a header is one word of visible characters. */
static bool
is_word(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s < 0x21 || *s > 0x7e)
			return false;
	return true;
}

/* The lock is held. */
static void
take(struct bridge_session *s, const json_t *result, const char *id)
{
	const char *version = json_member_str(result, "protocolVersion");

	text_format(s->version, sizeof(s->version), "%s",
	    version != NULL && is_word(version) ? version : "");
	text_format(s->id, sizeof(s->id), "%s", is_word(id) ? id : "");
	s->generation++;
}

static void
keep(char **slot, const char *text)
{
	free(*slot);
	*slot = text == NULL ? NULL : strdup(text);
}

void
session_begin(struct bridge *b, const struct call *c, const json_t *result,
    const char *id)
{
	struct bridge_session *s = &b->session;

	pthread_mutex_lock(&b->mu);
	take(s, result, id);
	keep(&s->hello, c->text);
	keep(&s->level, NULL);
	json_object_clear(s->resources);
	pthread_cond_broadcast(&b->changed);
	pthread_mutex_unlock(&b->mu);
}

void
session_note(struct bridge *b, const struct call *c)
{
	const char *uri = json_member_str(json_object_get(c->doc, "params"),
	    "uri");
	struct bridge_session *s = &b->session;

	pthread_mutex_lock(&b->mu);
	if (strcmp(c->method, "logging/setLevel") == 0)
		keep(&s->level, c->text);
	else if (uri != NULL && strcmp(c->method, "resources/subscribe") == 0
	    && json_object_size(s->resources) < RESOURCES_MAX)
		(void)!json_object_set_new(s->resources, uri,
		    json_stringn(c->text, c->len));
	else if (uri != NULL && strcmp(c->method, "resources/unsubscribe") == 0)
		(void)!json_object_del(s->resources, uri);
	pthread_mutex_unlock(&b->mu);
}

/* ---- once more ----------------------------------------------------------- */

struct hello {
	struct arena *mem;
	const json_t *result;
};

static void
on_hello(void *ctx, const char *json, size_t len)
{
	struct hello *h = ctx;
	const json_t *result = json_object_get(
	    json_read_lenient(h->mem, json, len), "result");

	if (json_is_object(result))
		h->result = result;
}

static void
on_nothing(void *ctx, const char *json, size_t len)
{
	(void)ctx;
	(void)json;
	(void)len;
}

/* ${text}, a request of the client's, with an id of ours; "" if it has gone. */
static const char *
renamed(struct bridge *b, struct arena *mem, const char *text)
{
	json_t *doc = text == NULL
	    ? NULL
	    : json_read(mem, text, strlen(text), NULL, NULL);
	const char *out;

	if (doc == NULL)
		return "";
	(void)!json_object_set_new(doc, "id",
	    json_sprintf("dragoman-%u", atomic_fetch_add(&b->asked, 1)));
	out = json_text(mem, doc);
	return out == NULL ? "" : out;
}

static void
send_one(struct bridge *b, struct arena *mem, const char *text, const char *id,
    const char *version, void (*on)(void *ctx, const char *json, size_t len),
    void *ctx, struct wire_got *got)
{
	const char *lines[5] = { "Content-Type: application/json",
		"Accept: application/json, text/event-stream" };
	const struct wire_ask ask = { .method = "POST",
		.lines = lines,
		.body = text,
		.len = strlen(text),
		.total_ms = BRIDGE_QUICK_MS,
		.cancel = &b->cut,
		.on = on,
		.ctx = ctx };
	size_t n = 2;

	if (version[0] != '\0')
		lines[n++] = arena_printf(mem, "MCP-Protocol-Version: %s",
		    version);
	if (id[0] != '\0')
		lines[n++] = arena_printf(mem, "Mcp-Session-Id: %s", id);
	wire_send(b->wire, &ask, got);
}

/* The lock is held, and given back meanwhile. */
static void
say_again(struct bridge *b, struct arena *mem)
{
	struct bridge_session *s = &b->session;
	const char *id = arena_strdup(mem, s->id),
		   *version = arena_strdup(mem, s->version);
	const char **texts = arena_alloc(mem,
	    (json_object_size(s->resources) + 1) * sizeof(*texts));
	struct wire_got got;
	const char *key;
	json_t *value;
	size_t n = 0, i;

	texts[n++] = renamed(b, mem, s->level);
	json_object_foreach(s->resources, key, value)
		texts[n++] = renamed(b, mem, json_string_value(value));
	pthread_mutex_unlock(&b->mu);
	send_one(b, mem,
	    "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}",
	    id, version, on_nothing, NULL, &got);
	for (i = 0; i < n; i++)
		if (texts[i][0] != '\0')
			send_one(b, mem, texts[i], id, version, on_nothing,
			    NULL, &got);
	pthread_mutex_lock(&b->mu);
}

bool
session_renew(struct bridge *b, unsigned generation)
{
	struct arena *mem = arena_new();
	struct hello h = { .mem = mem };
	struct wire_got got;
	const char *text;
	bool ok;

	pthread_mutex_lock(&b->mu);
	while (b->session.renewing)
		pthread_cond_wait(&b->changed, &b->mu);
	ok = b->session.generation != generation; /* another call did it */
	if (ok || b->session.hello == NULL)
		goto out;
	b->session.renewing = true;
	text = renamed(b, mem, b->session.hello);
	pthread_mutex_unlock(&b->mu);
	send_one(b, mem, text, "", "", on_hello, &h, &got);
	pthread_mutex_lock(&b->mu);
	ok = got.status == 200 && h.result != NULL;
	if (ok) {
		take(&b->session, h.result, got.session);
		say_again(b, mem);
		bridge_say(b, "the session was lost, and begun again");
	}
	b->session.renewing = false;
	pthread_cond_broadcast(&b->changed);
out:
	pthread_mutex_unlock(&b->mu);
	arena_free(mem);
	return ok;
}

void
session_end(struct bridge *b)
{
	struct arena *mem = arena_new();
	const char *lines[4] = { NULL };
	const struct wire_ask ask = { .method = "DELETE",
		.lines = lines,
		.total_ms = 2000,
		.on = on_nothing };
	struct wire_got got;
	unsigned generation;

	(void)session_lines(b, mem, lines, &generation);
	if (b->session.id[0] != '\0')
		wire_send(b->wire, &ask, &got);
	free(b->session.hello);
	free(b->session.level);
	json_decref(b->session.resources);
	arena_free(mem);
}
