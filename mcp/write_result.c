/*
 * write_result: a CallToolResult.
 *
 * An item goes on as its source wrote it, with all its members.  What the
 * client's revision does not know is named in words: its schema would refuse
 * the whole result.
 */
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "mcp/server.h"
#include "mcp/write.h"
#include "nouns/tool_result.h"

static int
add_string(struct buf *out, const char *name, const char *text)
{
	if (text == NULL)
		return 0;
	return mcp_member(out, name) == -1
	    ? -1
	    : json_add_str(out, text, strlen(text));
}

static int
add_text(struct buf *out, const char *text)
{
	return buf_add_str(out, "{\"type\":\"text\",\"text\":") == -1
		|| json_add_str(out, text, strlen(text)) == -1
	    ? -1
	    : buf_add_char(out, '}');
}

/* Bytes and links, that no source wrote as MCP has them. */
static int
add_made(struct buf *out, const struct tool_content *c)
{
	static const char *const TYPES[] = { [CONTENT_IMAGE] = "image",
		[CONTENT_AUDIO] = "audio",
		[CONTENT_LINK] = "resource_link" };
	bool is_resource = c->kind == CONTENT_RESOURCE;

	if (buf_add_str(out, "{\"type\":\"") == -1
	    || buf_add_str(out, is_resource ? "resource" : TYPES[c->kind]) == -1
	    || buf_add_str(out, is_resource ? "\",\"resource\":{" : "\"") == -1
	    || add_string(out, "uri", c->uri) == -1
	    || add_string(out, "name", c->name) == -1
	    || add_string(out, "mimeType", c->mime) == -1
	    || add_string(out, "text", is_resource ? c->text : NULL) == -1
	    || add_string(out, is_resource ? "blob" : "data", c->base64) == -1)
		return -1;
	return buf_add_str(out, is_resource ? "}}" : "}");
}

/* As a model is told it. */
static int
add_named(struct buf *out, const struct mcp_call *call,
    const struct tool_content *c)
{
	struct tool_result one = { .end = TOOL_DONE,
		.content = (struct tool_content *)(uintptr_t)c,
		.n = 1 };

	return add_text(out, tool_result_text(call->mem, &one));
}

static bool
is_known(const struct mcp_call *call, enum content_kind kind)
{
	switch (kind) {
	case CONTENT_AUDIO:
		return call->revision->audio;
	case CONTENT_LINK:
		return call->revision->structured;
	case CONTENT_OTHER:
		return false;
	default:
		return true;
	}
}

static int
add_item(struct buf *out, const struct mcp_call *call,
    const struct tool_content *c)
{
	const char *type = json_member_str(c->item, "type");

	if (!is_known(call, c->kind))
		return add_named(out, call, c);
	/* What lacks a type, or has one of its own, is written anew. */
	if (type != NULL
	    && (c->kind != CONTENT_TEXT || strcmp(type, "text") == 0))
		return json_add(out, c->item);
	return c->kind == CONTENT_TEXT ? add_text(out, c->text)
				       : add_made(out, c);
}

/* All members, of an object that has begun. */
static int
add_members(struct buf *out, const struct mcp_call *call,
    const struct tool_result *result)
{
	size_t i;

	if (mcp_member(out, "content") == -1 || buf_add_char(out, '[') == -1)
		return -1;
	for (i = 0; i < result->n; i++)
		if ((i > 0 && buf_add_char(out, ',') == -1)
		    || add_item(out, call, &result->content[i]) == -1)
			return -1;
	/* Who does not know of structure, or looks for words first. */
	if (result->n == 0 && result->structured != NULL
	    && add_text(out, json_text(call->mem, result->structured)) == -1)
		return -1;
	if (buf_add_char(out, ']') == -1)
		return -1;
	if (result->structured != NULL && call->revision->structured
	    && (mcp_member(out, "structuredContent") == -1
		|| json_add(out, result->structured) == -1))
		return -1;
	return result->end != TOOL_DONE ? buf_add_str(out, ",\"isError\":true")
					: 0;
}

int
mcp_write_tool_result(struct buf *out, const struct mcp_call *call,
    const struct tool_result *result)
{
	return mcp_result_begin(out, call) == -1
		|| add_members(out, call, result) == -1
	    ? -1
	    : mcp_result_end(out, call, NULL);
}

int
mcp_write_tool_whole(struct buf *out, struct arena *mem,
    const struct tool_result *result)
{
	const struct mcp_call call = { .mem = mem,
		.revision = &MCP_REVISION[MCP_NEWEST] };

	return buf_add_char(out, '{') == -1
		|| call.revision->write->begin(out) == -1
		|| add_members(out, &call, result) == -1
	    ? -1
	    : buf_add_char(out, '}');
}
