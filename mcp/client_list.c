/*
 * client_list: all pages of tools/list, whatever they look like.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "mcp/client_priv.h"
#include "mcp/params.h"

/* Where the reading of a list ends. */
enum cut { CUT_NONE, CUT_TOOLS, CUT_BYTES, CUT_PAGES };

/* What the pages come to. */
struct listing {
	json_t *tools;
	json_t *names;   /* an object: those that are there */
	json_t *cursors; /* an object: those that came */
	size_t bytes;    /* of their text */
	int64_t ttl_ms;
	struct buf params; /* for the next page */
	bool more;
	size_t left_out;
	char first_left_out[MCP_LEFT_OUT_MAX]; /* "NAME\nWHY" */
	enum cut cut;
};

/* ---- tools --------------------------------------------------------------- */

/*
 * The tool's inputSchema, put there if it has none that is an object: tools
 * without arguments leave it out, or write an empty array, as PHP does
 * (cristianuibar/bricks-mcp#45); others call it otherwise.
 */
static const json_t *
schema_of(json_t *tool)
{
	static const char *const NAMES[] = { "inputSchema", "input_schema",
		"parameters" };
	json_t *schema = NULL;
	size_t i;

	for (i = 0; i < NELEM(NAMES); i++) {
		schema = json_object_get(tool, NAMES[i]);
		if (json_is_object(schema))
			break;
	}
	if (i == 0)
		return schema;
	schema = json_is_object(schema) ? json_incref(schema)
					: json_pack("{s:s}", "type", "object");
	(void)json_object_set_new(tool, "inputSchema", schema);
	return schema;
}

static void
leave_out(struct listing *l, const char *name, const char *why)
{
	if (l->left_out++ == 0)
		snprintf(l->first_left_out, sizeof(l->first_left_out),
		    "%.*s\n%s", MCP_LEFT_OUT_MAX / 2, name == NULL ? "" : name,
		    why);
}

/* One line a server and change: a list is read again and again. */
static void
report_left_out(struct mcp_client *c, struct listing *l)
{
	char seen[sizeof(c->left_out_seen)], *why;
	bool same;

	snprintf(seen, sizeof(seen), "%zu\n%s", l->left_out, l->first_left_out);
	pthread_mutex_lock(&c->lock);
	same = strcmp(seen, c->left_out_seen) == 0;
	snprintf(c->left_out_seen, sizeof(c->left_out_seen), "%s", seen);
	pthread_mutex_unlock(&c->lock);
	if (same || l->left_out == 0)
		return;
	why = strrchr(l->first_left_out, '\n');
	*why++ = '\0';
	log_event(LOG_WARN, "mcp_tool_left_out", F_STR("server", c->name),
	    F_STR("tool", l->first_left_out), F_STR("why", why),
	    F_INT("left_out", l->left_out));
}

/* The same for a list that is too long. */
static void
report_cut(struct mcp_client *c, const struct listing *l)
{
	static const struct {
		const char *name;
		int max;
	} CUTS[] = {
		[CUT_TOOLS] = { "max", MCP_TOOLS_MAX },
		[CUT_BYTES] = { "bytes", MCP_LIST_MAX },
		[CUT_PAGES] = { "pages", MCP_PAGES_MAX },
	};
	bool same;

	pthread_mutex_lock(&c->lock);
	same = c->cut_seen == (int)l->cut;
	c->cut_seen = (int)l->cut;
	pthread_mutex_unlock(&c->lock);
	if (same || l->cut == CUT_NONE)
		return;
	log_event(LOG_WARN, "mcp_tools_cut", F_STR("server", c->name),
	    F_INT(CUTS[l->cut].name, CUTS[l->cut].max));
}

/* False: there is no room for it, nor for what follows. */
static bool
add_tool(struct listing *l, json_t *tool, bool is_modern)
{
	const char *name = json_member_str(tool, "name"), *why = NULL;

	if (!json_is_object(tool))
		why = "it is no object";
	else if (name == NULL || name[0] == '\0')
		why = "it has no name";
	else if (json_object_get(l->names, name) != NULL)
		why = "another one has its name";
	else if (is_modern)
		why = params_refuse(schema_of(tool));
	else
		(void)schema_of(tool);
	if (why != NULL) {
		leave_out(l, name, why);
		return true;
	}
	l->bytes += json_dumpb(tool, NULL, 0, JSON_COMPACT);
	if (l->bytes > MCP_LIST_MAX)
		l->cut = CUT_BYTES;
	else if (json_array_size(l->tools) >= MCP_TOOLS_MAX)
		l->cut = CUT_TOOLS;
	if (l->cut != CUT_NONE)
		return false;
	(void)json_array_append(l->tools, tool);
	(void)json_object_set_new(l->names, name, json_true());
	return true;
}

/* Those of a page: an array, or what languages make of one with holes. */
static bool
add_tools(struct exchange *x, struct listing *l, json_t *page)
{
	bool is_modern = x->view->era == ERA_MODERN, room = true;
	const char *key;
	json_t *tool;
	size_t i;

	json_array_foreach(page, i, tool) {
		if (room)
			room = add_tool(l, tool, is_modern);
	}
	json_object_foreach(page, key, tool) {
		if (room)
			room = add_tool(l, tool, is_modern);
	}
	return room;
}

/* ---- pages --------------------------------------------------------------- */

/*
 * The cursor of the next page; NULL: this is the last one.  An empty one is a
 * cursor, too; one that came before begins the list again
 * (modelcontextprotocol/csharp-sdk#1072).
 */
static const char *
next_cursor(const json_t *page, struct listing *l)
{
	static const char *const NAMES[] = { "nextCursor", "next_cursor" };
	const char *cursor = NULL;
	size_t i;

	for (i = 0; i < NELEM(NAMES) && cursor == NULL; i++)
		cursor = json_member_str(page, NAMES[i]);
	if (cursor == NULL)
		return NULL;
	if (json_object_get(l->cursors, cursor) != NULL)
		return NULL;
	(void)json_object_set_new(l->cursors, cursor, json_true());
	return cursor;
}

static void
take_ttl(struct listing *l, const json_t *ttl)
{
	int64_t ms;

	if (!json_is_integer(ttl))
		return;
	ms = json_integer_value(ttl) < 0 ? 0 : json_integer_value(ttl);
	if (l->ttl_ms == -1 || ms < l->ttl_ms)
		l->ttl_ms = ms;
}

/* One page, of which only the tools stay. */
static enum mcp_rc
list_page(struct exchange *x, struct listing *l)
{
	size_t before = json_array_size(l->tools);
	const char *cursor;
	enum mcp_rc rc;
	json_t *page;

	l->more = false;
	x->method = "tools/list";
	x->params = buf_str(&l->params);
	rc = exchange_run(x);
	x->params = "";
	/* It offers other things than tools (microsoft/vscode#243614). */
	if (rc == MCP_ERROR && x->code == RPC_NO_METHOD && before == 0)
		return MCP_OK;
	if (rc != MCP_OK)
		return rc;
	page = json_object_get(x->result, "tools");
	/* No tools, as Go writes them: null. */
	if (page == NULL
	    || !(json_is_array(page) || json_is_object(page)
		|| json_is_null(page)))
		return exchange_end(x, MCP_PROTOCOL,
		    "the answer to tools/list has no tools");
	if (!add_tools(x, l, page))
		return MCP_OK;
	take_ttl(l, json_object_get(x->result, "ttlMs"));
	cursor = next_cursor(x->result, l);
	/* A page of which each tool came before is no next one, whatever its
	 * cursor. */
	if (json_array_size(page) > 0 && json_array_size(l->tools) == before)
		cursor = NULL;
	l->more = cursor != NULL;
	buf_reset(&l->params);
	if (l->more
	    && (buf_add_str(&l->params, "\"cursor\":") == -1
		|| json_add_str(&l->params, cursor, strlen(cursor)) == -1))
		return exchange_end(x, MCP_PROTOCOL, "a cursor is too long");
	return MCP_OK;
}

json_t *
mcp_list(struct exchange *x, int64_t *ttl_ms, enum mcp_rc *rc)
{
	struct listing l = { .tools = json_array(),
		.names = json_object(),
		.cursors = json_object(),
		.ttl_ms = -1,
		.params = BUF_INIT(MIB) };
	struct arena *mem = x->mem;
	int pages = 0;

	x->mem = arena_new();
	do {
		if (++pages > MCP_PAGES_MAX) {
			l.cut = CUT_PAGES;
			break;
		}
		*rc = list_page(x, &l);
		arena_reset(x->mem);
	} while (*rc == MCP_OK && l.more);
	arena_free(x->mem);
	x->mem = mem;
	x->result = NULL; /* it went with its page */
	buf_fini(&l.params);
	*ttl_ms = l.ttl_ms;
	json_decref(l.names);
	json_decref(l.cursors);
	if (*rc == MCP_OK) {
		report_left_out(x->c, &l);
		report_cut(x->c, &l);
		return l.tools;
	}
	json_decref(l.tools);
	return NULL;
}

enum mcp_rc
mcp_client_tools(struct mcp_client *c, const volatile int *cancel,
    json_t **tools, int64_t *ttl_ms, char why[MCP_WHY_MAX])
{
	struct mcp_call_options o = { .cancel = cancel };
	struct mcp_view view = { .version = "" };
	struct exchange x = { .c = c,
		.scratch = arena_new(),
		.params = "",
		.o = &o,
		.until = clock_boot_ms() + c->timeout_ms,
		.view = &view,
		.why = why };
	enum mcp_rc rc;

	why[0] = '\0';
	*tools = mcp_list(&x, ttl_ms, &rc);
	if (rc == MCP_OK)
		why[0] = '\0';
	arena_free(x.scratch);
	return rc;
}
