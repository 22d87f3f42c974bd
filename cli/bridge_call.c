/*
 * bridge_call: one message of the client's on its way to the server, and what
 * comes back.
 */
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "cli/bridge.h"
#include "mcp/era.h"
#include "mcp/rpc.h"

struct call *
call_new(struct bridge *b, struct arena *mem, char *text, size_t len,
    json_t *doc)
{
	struct call *c = arena_alloc(mem, sizeof(*c));

	*c = (struct call){ .bridge = b,
		.mem = mem,
		.text = text,
		.len = len,
		.doc = doc,
		.method = json_member_str(doc, "method"),
		.modern = json_member_str(
		    json_object_get(json_object_get(doc, "params"), "_meta"),
		    MCP_META_VERSION) };
	c->id = c->method == NULL ? NULL : json_object_get(doc, "id");
	c->is_listen = c->method != NULL
	    && strcmp(c->method, "subscriptions/listen") == 0;
	pthread_mutex_lock(&b->mu);
	c->next = b->calls;
	b->calls = c;
	pthread_mutex_unlock(&b->mu);
	return c;
}

void
call_free(struct call *c)
{
	struct bridge *b = c->bridge;
	struct call **at;

	pthread_mutex_lock(&b->mu);
	for (at = &b->calls; *at != c; at = &(*at)->next)
		;
	*at = c->next;
	pthread_mutex_unlock(&b->mu);
	arena_free(c->mem);
}

/* The client asked for this list, for a session, or for changes: what else is
 * to be done with the answer. */
static void
use_answer(struct call *c, const json_t *result)
{
	struct bridge *b = c->bridge;
	struct buf out = BUF_INIT(4 * KIB);

	if (call_is(c, "tools/list"))
		bridge_learn(b, json_object_get(result, "tools"));
	else if (call_is(c, "initialize") && json_is_object(result))
		session_begin(b, c, result, c->got.session);
	else if (c->modern == NULL && c->method != NULL && result != NULL)
		session_note(b, c);
	/* Over standard input and output it ends so, says one page of the
	 * revision; by the result, says another. */
	else if (c->is_listen
	    && buf_add_str(&out,
		   "{\"jsonrpc\":\"2.0\",\"method\":"
		   "\"notifications/cancelled\",\"params\":{\"requestId\":")
		!= -1
	    && json_add(&out, c->id) != -1 && buf_add_str(&out, "}}") != -1)
		bridge_write(b, buf_str(&out), out.len);
	buf_fini(&out);
}

static void
on_answer(void *ctx, const char *json, size_t len)
{
	struct call *c = ctx;
	struct arena *mem;
	const json_t *doc;

	if (c->cancel)
		return;
	if (c->got.status >= 400) { /* why will be told */
		c->refusal = arena_memdup(c->mem, json, len);
		return;
	}
	mem = arena_new();
	doc = json_read_lenient(mem, json, len);
	if (json_is_array(doc))
		c->answered = true;
	else if (doc != NULL && json_object_get(doc, "method") == NULL
	    && json_object_get(doc, "id") != NULL && c->id != NULL
	    && json_equal(json_object_get(doc, "id"), c->id)) {
		c->answered = true;
		use_answer(c, json_object_get(doc, "result"));
	}
	if (doc != NULL)
		bridge_write(c->bridge, json, len);
	arena_free(mem);
}

/* ---- no answer ----------------------------------------------------------- */

static void
fail(struct call *c, int code, const char *why, const json_t *data)
{
	const json_t *one, *id;
	bool told = false;
	size_t i;

	if (c->id != NULL) {
		bridge_error(c->bridge, c->id, code, why, data);
		return;
	}
	json_array_foreach(c->doc, i, one) {
		id = json_object_get(one, "id");
		if (json_object_get(one, "method") == NULL || id == NULL)
			continue;
		bridge_error(c->bridge, id, code, why, data);
		told = true;
	}
	if (!told)
		bridge_say(c->bridge, why);
}

/* A refusal with HTTP's status as its code tells a person; what to do about it
 * is added. */
static void
fail_refused(struct call *c, const json_t *error)
{
	const char *message = json_member_str(error, "message"), *remedy;
	int code = (int)json_member_int(error, "code", RPC_INTERNAL);

	message = message == NULL ? "refused" : message;
	remedy = code == c->got.status
	    ? wire_remedy(c->bridge->wire, c->got.status)
	    : "";
	if (remedy[0] != '\0')
		message = arena_printf(c->mem, "%s; %s", message, remedy);
	fail(c, code, message, json_object_get(error, "data"));
}

static void
finish(struct call *c)
{
	const json_t *doc = c->refusal == NULL
	    ? NULL
	    : json_read_lenient(c->mem, c->refusal, strlen(c->refusal));
	const json_t *error = json_object_get(doc, "error");
	const char *said = json_member_str(doc, "detail");

	if (c->answered || c->told)
		return;
	if (json_is_object(error))
		fail_refused(c, error);
	else if (c->got.rc != HTTP_OK || c->got.status >= 300 || c->id != NULL
	    || (json_is_array(c->doc) && c->got.status != 202))
		fail(c, RPC_INTERNAL,
		    wire_why(c->bridge->wire, c->mem, &c->got,
			said == NULL ? "" : said),
		    NULL);
}

void
call_run(struct call *c)
{
	do {
		c->answered = false;
		c->refusal = NULL;
		call_send(c, c->text, c->len, on_answer, c);
		if (!c->answered && c->got.is_stream)
			call_resume(c, on_answer);
	} while (!c->answered && !c->told && call_again(c));
	finish(c);
}
