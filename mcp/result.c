/*
 * result: a CallToolResult as items.
 *
 * Whatever the server sent, the caller is told what is there: its blocks, one
 * by one, and the structure; else the whole result.
 */
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "mcp/client.h"
#include "nouns/tool_result.h"

struct reading {
	struct arena *mem;
	struct tool_result *out;
	bool says;     /* an item is more than an empty text */
	bool is_error; /* a block says so */
};

static void
add(struct reading *r, struct tool_content item, const json_t *block)
{
	item.item = block;
	r->says = r->says || item.kind != CONTENT_TEXT || item.text == NULL
	    || item.text[0] != '\0';
	r->out->content[r->out->n++] = item;
}

/* A block of a type that we do not know. */
static void
add_other(struct reading *r, const json_t *block, const char *type)
{
	const char *text = json_member_str(block, "text");
	struct tool_content item = { .kind = CONTENT_TEXT };

	/* Some frameworks have a type "error" (QuantGeekDev/mcp-framework#130).
	 */
	if (strcmp(type, "error") == 0)
		r->is_error = true;
	if (text == NULL)
		text = json_member_str(block, "message");
	/* Bytes, which a model cannot read. */
	if (text == NULL
	    && (json_object_get(block, "data") != NULL
		|| json_object_get(block, "blob") != NULL
		|| json_object_size(block) < 2)) {
		item.kind = CONTENT_OTHER;
		item.name = type;
		item.mime = json_member_str(block, "mimeType");
	} else {
		item.text = text != NULL ? text : json_text(r->mem, block);
	}
	add(r, item, block);
}

static void
add_resource(struct reading *r, const json_t *block)
{
	const json_t *res = json_object_get(block, "resource");

	add(r,
	    (struct tool_content){ .kind = CONTENT_RESOURCE,
		.text = json_member_str(res, "text"),
		.base64 = json_member_str(res, "blob"),
		.mime = json_member_str(res, "mimeType"),
		.uri = json_member_str(res, "uri") },
	    block);
}

static void
add_block(struct reading *r, const json_t *block)
{
	const char *type = json_member_str(block, "type");
	const char *text = json_is_string(block)
	    ? json_string_value(block)
	    : json_member_str(block, "text");
	const char *bytes = json_member_str(block, "data");
	bool is_text = type == NULL || strcmp(type, "text") == 0;

	if (is_text) {
		if (text != NULL)
			add(r,
			    (struct tool_content){ .kind = CONTENT_TEXT,
				.text = text },
			    block);
	} else if (strcmp(type, "resource_link") == 0) {
		add(r,
		    (struct tool_content){ .kind = CONTENT_LINK,
			.name = json_member_str(block, "name"),
			.mime = json_member_str(block, "mimeType"),
			.uri = json_member_str(block, "uri") },
		    block);
	} else if (strcmp(type, "resource") == 0) {
		add_resource(r, block);
	} else if (text == NULL && bytes != NULL
	    && (strcmp(type, "image") == 0 || strcmp(type, "audio") == 0)) {
		add(r,
		    (struct tool_content){
			.kind = type[0] == 'i' ? CONTENT_IMAGE : CONTENT_AUDIO,
			.base64 = bytes,
			.mime = json_member_str(block, "mimeType") },
		    block);
	} else {
		add_other(r, block, type);
	}
}

/* A list of blocks, one block, or plain text. */
static void
add_content(struct reading *r, const json_t *content)
{
	size_t n = json_is_array(content) ? json_array_size(content) : 1, i;
	const json_t *block;

	r->out->content = arena_alloc(r->mem, n * sizeof(*r->out->content));
	if (!json_is_array(content)) {
		add_block(r, content);
		return;
	}
	json_array_foreach(content, i, block)
		add_block(r, block);
}

/* What is no CallToolResult, as it came; its form is the protocol's matter. */
static void
add_whole(struct reading *r, const json_t *result)
{
	static const char *const FORM[] = { "_meta", "resultType", "isError",
		"content" };
	json_t *rest;
	size_t i;

	if (json_is_string(result) || json_array_size(result) > 0) {
		add_content(r, result);
		return;
	}
	if (!json_is_object(result))
		return;
	rest = json_keep(r->mem, json_copy((json_t *)result));
	for (i = 0; i < NELEM(FORM); i++)
		(void)json_object_del(rest, FORM[i]);
	if (json_object_size(rest) > 0)
		tool_result_say(r->mem, r->out, r->out->end,
		    json_text(r->mem, rest));
}

void
mcp_result_read(struct arena *mem, const json_t *result,
    struct tool_result *out)
{
	struct reading r = { .mem = mem, .out = out };
	const json_t *wrapped = json_object_get(result, "toolResult"), *content;

	*out = (struct tool_result){ .end = TOOL_DONE };
	/* The shape of 2024-10-07 (cloudflare/mcp-server-cloudflare#12). */
	if (json_is_object(wrapped)
	    && json_object_get(result, "content") == NULL)
		result = wrapped;
	content = json_object_get(result, "content");
	out->structured = json_object_get(result, "structuredContent");
	if (json_is_null(out->structured))
		out->structured = NULL;
	if (content != NULL)
		add_content(&r, content);
	if (!r.says && out->structured == NULL)
		add_whole(&r, result);
	if (r.is_error || json_member_bool(result, "isError", false)
	    || json_member_bool(result, "is_error", false))
		out->end = TOOL_FAILED;
}
