/*
 * client_modern: 2026-07-28, where each request carries all that it needs.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <config.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "mcp/client_priv.h"
#include "mcp/params.h"

#define FIXED_LINES 5

#define META_VERSION \
	"\"io.modelcontextprotocol/protocolVersion\":\"" MCP_MODERN "\","
#define META_INFO                                                         \
	",\"io.modelcontextprotocol/clientInfo\":{\"name\":\"dragoman\"," \
	"\"version\":\"" PACKAGE_VERSION "\"}"
#define META_LEVEL ",\"io.modelcontextprotocol/logLevel\":\"%s\""
#define META_CAPABILITIES "\"io.modelcontextprotocol/clientCapabilities\":"

static const char *
meta_of(const struct exchange *x)
{
	static const char PLAIN[] = META_VERSION META_CAPABILITIES
	    "{}" META_INFO;
	const char *more = exchange_meta(x);
	const char *level = "";
	const char *can = x->o != NULL && x->o->capabilities != NULL
	    ? x->o->capabilities
	    : x->c->capabilities;

	if (x->o != NULL && x->o->on_log != NULL)
		level = arena_printf(x->mem, META_LEVEL,
		    tool_level_name(x->o->level));
	if (more[0] == '\0' && level[0] == '\0' && strcmp(can, "{}") == 0)
		return PLAIN;
	return arena_printf(x->mem,
	    META_VERSION META_CAPABILITIES "%s" META_INFO "%s%s%s", can, level,
	    more[0] == '\0' ? "" : ",", more);
}

static enum mcp_rc
modern_post(struct exchange *x)
{
	const char *lines[FIXED_LINES + PARAMS_MAX + 1];
	size_t n = 0;

	lines[n++] = "Content-Type: application/json";
	lines[n++] = "Accept: application/json, text/event-stream";
	lines[n++] = "MCP-Protocol-Version: " MCP_MODERN;
	lines[n++] = arena_printf(x->mem, "Mcp-Method: %s", x->method);
	if (x->name != NULL)
		lines[n++] = arena_printf(x->mem, "Mcp-Name: %s",
		    params_header_value(x->mem, x->name));
	n += params_headers(x->mem, x->schema, x->arguments, lines + n);
	lines[n] = NULL;
	return exchange_post(x, lines, meta_of);
}

enum mcp_rc
modern_run(struct exchange *x)
{
	enum mcp_rc rc = modern_post(x);
	const char *kind;

	/* It has another revision now (an upgrade, a roll-back): look anew. */
	if ((rc == MCP_ERROR && x->code == RPC_BAD_VERSION)
	    || (rc != MCP_CANCELLED && exchange_is_refused(x)))
		x->stale = true;
	if (rc != MCP_OK)
		return rc;
	kind = json_member_str(x->result, "resultType");
	if (json_object_get(x->result, "resultType") == NULL
	    || (kind != NULL
		&& (strcmp(kind, "complete") == 0
		    || strcmp(kind, "input_required") == 0)))
		return MCP_OK;
	return exchange_end(x, MCP_PROTOCOL,
	    "a result of a kind that was not asked for");
}

/* Does the array ${versions} name a revision that begins with initialize? */
static bool
has_legacy(const json_t *versions)
{
	const json_t *v;
	size_t i;

	json_array_foreach(versions, i, v)
		if (json_is_string(v)
		    && legacy_version(json_string_value(v)) != NULL)
			return true;
	return false;
}

static bool
has_modern(const json_t *versions)
{
	const json_t *v;
	size_t i;

	json_array_foreach(versions, i, v)
		if (json_is_string(v)
		    && strcmp(json_string_value(v), MCP_MODERN) == 0)
			return true;
	return false;
}

static enum mcp_rc
by_versions(struct exchange *x, struct mcp_view *view, const json_t *versions)
{
	if (has_modern(versions)) {
		view->era = ERA_MODERN;
		view->version = MCP_MODERN;
		return MCP_OK;
	}
	if (has_legacy(versions))
		return MCP_OK; /* ERA_UNKNOWN: initialize */
	return exchange_end(x, MCP_PROTOCOL,
	    "the server speaks no version of MCP that we know");
}

/*
 * What ends the search for an era: nobody was reached, credentials are wanted,
 * or fewer requests.  All else comes from a server that does not know the
 * question: older ones crash at it (500), wait for a session, or answer a page
 * (modelcontextprotocol/go-sdk#1014, modelcontextprotocol/rust-sdk#1088).
 */
static bool
is_no_answer(const struct exchange *x, enum mcp_rc rc)
{
	return rc == MCP_CANCELLED || rc == MCP_DENIED || x->status == 429
	    || x->ended == HTTP_UNREACHED || x->ended == HTTP_BLOCKED;
}

enum mcp_rc
modern_probe(struct exchange *x, struct mcp_view *view)
{
	int64_t until = x->until;
	const json_t *versions;
	enum mcp_rc rc;

	view_begin(view, ERA_MODERN, MCP_MODERN);
	x->view = view;
	/* Who is silent leaves time for the older question. */
	x->until = clock_boot_ms() + exchange_left_ms(x) / 3;
	rc = modern_post(x);
	x->until = until;
	view->era = ERA_UNKNOWN;
	if (rc == MCP_OK) {
		versions = json_object_get(x->result, "supportedVersions");
		return json_is_array(versions)
		    ? by_versions(x, view, versions)
		    : MCP_OK; /* some other protocol's answer */
	}
	if (x->answered && x->code == RPC_BAD_VERSION
	    && json_is_array(json_object_get(x->data, "supported")))
		return by_versions(x, view,
		    json_object_get(x->data, "supported"));
	if (rc == MCP_ERROR && x->status == 400
	    && (x->code == RPC_HEADER_MISMATCH
		|| x->code == RPC_NEEDS_CAPABILITY)) {
		view->era = ERA_MODERN;
		return MCP_OK;
	}
	return is_no_answer(x, rc) ? rc : MCP_OK;
}
