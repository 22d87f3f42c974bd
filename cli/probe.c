#include "cli/probe.h"

#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "config.h"
#include "mcp/era.h"

#define PROBE_MS 15000

const char *
probe_text(struct probe *p, int id, const char *method, json_t *params)
{
	json_t *doc = json_pack("{s:s, s:s, s:o*}", "jsonrpc", "2.0", "method",
	    method, "params", params);
	const char *text;

	if (id > 0)
		json_object_set_new(doc, "id", json_integer(id));
	text = json_text(p->mem, json_keep(p->mem, doc));
	return text == NULL ? "" : text;
}

json_t *
probe_hello(const struct probe *p)
{
	return json_pack("{s:s, s:{}, s:{s:s, s:s}}", "protocolVersion",
	    p->revision, "capabilities", "clientInfo", "name",
	    "dragoman-mcp-test", "version", PACKAGE_VERSION);
}

static void
on_answer(void *ctx, const char *json, size_t len)
{
	struct probe *p = ctx;
	const json_t *doc = json_read_lenient(p->mem, json, len);

	if (json_object_get(doc, "method") == NULL)
		p->answer = doc;
}

/* The result, or NULL: p->answer may be an error. */
static const json_t *
ask(struct probe *p, const char *text, const char *const *more)
{
	const char *lines[8] = { "Content-Type: application/json",
		"Accept: application/json, text/event-stream" };
	const struct wire_ask ask = { .method = "POST",
		.lines = lines,
		.body = text,
		.len = strlen(text),
		.total_ms = PROBE_MS,
		.on = on_answer,
		.ctx = p };
	size_t n;

	for (n = 0; n < 4 && more[n] != NULL; n++)
		lines[n + 2] = more[n];
	p->answer = NULL;
	wire_send(p->wire, &ask, &p->got);
	return p->got.status == 200 ? json_object_get(p->answer, "result")
				    : NULL;
}

/* Its own words. */
static const char *
said(const struct probe *p)
{
	const char *text = json_member_str(json_object_get(p->answer, "error"),
	    "message");

	if (text == NULL)
		text = json_member_str(p->answer, "detail");
	return text == NULL ? "" : text;
}

static void
end(struct probe *p, enum probe_rc rc, const char *why)
{
	p->rc = rc;
	p->why = why;
}

void
probe_refused(struct probe *p)
{
	const int status = p->got.status;
	const char *why = wire_why(p->wire, p->mem, &p->got, said(p));

	if (p->got.rc == HTTP_UNREACHED)
		end(p, PROBE_UNREACHED, why);
	else if (p->got.rc != HTTP_OK || status == 401 || status == 403
	    || status == 429 || status >= 500
	    || (status >= 300 && status < 400))
		end(p, PROBE_FAILED, why);
	/* Who answers JSON-RPC is an MCP server, and has another one. */
	else if (json_object_get(p->answer, "error") != NULL || status == 405)
		end(p, PROBE_OTHER,
		    arena_printf(p->mem, "not served (%d%s%s)", status,
			said(p)[0] != '\0' ? ": " : "", said(p)));
	else
		end(p, PROBE_FAILED, why);
}

void
probe_tools(struct probe *p, const json_t *result)
{
	const json_t *tools = json_object_get(result, "tools");

	if (!json_is_array(tools)) {
		probe_refused(p);
		if (p->rc == PROBE_OTHER) /* the handshake was served */
			end(p, PROBE_FAILED,
			    arena_printf(p->mem, "tools/list: %s", said(p)));
		return;
	}
	p->tools = (int64_t)json_array_size(tools);
	end(p, PROBE_WORKS, NULL);
	if (p->tools == 0)
		p->why = "the key may call none, or no server of tools "
			 "answers: dragoman doctor says which";
	else if (json_object_get(result, "nextCursor") != NULL)
		p->why = "and further pages";
}

static bool
is_in(const json_t *list, const char *name)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item) {
		if (json_is_string(item)
		    && strcmp(json_string_value(item), name) == 0)
			return true;
	}
	return false;
}

static const json_t *
ask_modern(struct probe *p, int id, const char *method)
{
	const char *lines[] = { arena_printf(p->mem, "MCP-Protocol-Version: %s",
				    p->revision),
		arena_printf(p->mem, "Mcp-Method: %s", method), NULL };

	return ask(p,
	    probe_text(p, id, method,
		json_pack("{s:{s:s, s:{}}}", "_meta", MCP_META_VERSION,
		    p->revision, "io.modelcontextprotocol/clientCapabilities")),
	    lines);
}

void
probe_modern(struct probe *p)
{
	const json_t *result = ask_modern(p, 1, "server/discover");

	p->tools = -1;
	if (result == NULL)
		probe_refused(p);
	else if (!is_in(json_object_get(result, "supportedVersions"),
		     p->revision))
		end(p, PROBE_OTHER, "not served: it offers other revisions");
	else
		probe_tools(p, ask_modern(p, 2, "tools/list"));
}

/* ---- before it ----------------------------------------------------------- */

static void
end_session(struct probe *p, const char *const *lines)
{
	const struct wire_ask ask = { .method = "DELETE",
		.lines = lines,
		.total_ms = PROBE_MS,
		.on = on_answer,
		.ctx = p };
	struct wire_got got;

	if (p->session)
		wire_send(p->wire, &ask, &got);
}

void
probe_legacy(struct probe *p)
{
	const char *lines[3] = { NULL }, *version;
	const json_t *result = ask(p,
	    probe_text(p, 1, "initialize", probe_hello(p)), lines);

	p->tools = -1;
	version = json_member_str(result, "protocolVersion");
	if (version == NULL) {
		probe_refused(p);
		return;
	}
	if (strcmp(version, p->revision) != 0) {
		end(p, PROBE_OTHER,
		    arena_printf(p->mem, "not served: it offers %s", version));
		return;
	}
	p->session = p->got.session[0] != '\0';
	lines[0] = arena_printf(p->mem, "MCP-Protocol-Version: %s", version);
	if (p->session)
		lines[1] = arena_printf(p->mem, "Mcp-Session-Id: %s",
		    p->got.session);
	(void)ask(p, probe_text(p, 0, "notifications/initialized", NULL),
	    lines);
	probe_tools(p, ask(p, probe_text(p, 2, "tools/list", NULL), lines));
	end_session(p, lines);
}
