/*
 * result: a CallToolResult as items.
 *
 * Whatever the server sent, the caller is told what is there: its blocks, one
 * by one, and the structure; else the whole result.
 */
#include <stdint.h>
#include <string.h>
#include <strings.h>

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

#define BYTES_LEAST 256 /* of base64 without a name: no word is so long */

/* Is ${value} bytes as text, or are some in it?  What other makers' blocks have
 * for a picture; a model can't read them, and they would fill its context. */
static bool
holds_bytes(const json_t *value)
{
	static const char SIGNS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz"
				    "0123456789+/=_-";
	const char *text = json_string_value(value), *key,
		   *type = json_member_str(value, "type");
	json_t *member;
	size_t i;

	if (text != NULL)
		return (strncasecmp(text, "data:", 5) == 0
			   && strstr(text, ";base64,") != NULL)
		    || (strlen(text) >= BYTES_LEAST
			&& strspn(text, SIGNS) == strlen(text));
	if (type != NULL && strcmp(type, "base64") == 0
	    && json_member_str(value, "data") != NULL)
		return true;
	json_object_foreach((json_t *)(uintptr_t)value, key, member) {
		if (holds_bytes(member))
			return true;
	}
	json_array_foreach(value, i, member) {
		if (holds_bytes(member))
			return true;
	}
	return false;
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
		|| json_object_size(block) < 2 || holds_bytes(block))) {
		item.kind = CONTENT_OTHER;
		item.name = type;
		item.mime = json_member_str(block, "mimeType");
		if (item.mime == NULL)
			item.mime = json_member_str(
			    json_object_get(block, "source"), "media_type");
	} else {
		item.text = text != NULL ? text : json_text(r->mem, block);
	}
	add(r, item, block);
}

static void
add_one_resource(struct reading *r, const json_t *block, const json_t *res)
{
	add(r,
	    (struct tool_content){ .kind = CONTENT_RESOURCE,
		.text = json_member_str(res, "text"),
		.base64 = json_member_str(res, "blob"),
		.mime = json_member_str(res, "mimeType"),
		.uri = json_member_str(res, "uri") },
	    block);
}

/* Some write its members into the block (seuros/action_mcp#168), or a list. */
static void
add_resource(struct reading *r, const json_t *block)
{
	const json_t *res = json_object_get(block, "resource"), *one;
	size_t i;

	if (!json_is_array(res))
		add_one_resource(r, block, json_is_object(res) ? res : block);
	json_array_foreach(res, i, one)
		add_one_resource(r, block, one);
}

static void
add_link(struct reading *r, const json_t *block)
{
	const json_t *in = json_object_get(block, "resource");
	const json_t *link = json_is_object(in) ? in : block;

	add(r,
	    (struct tool_content){ .kind = CONTENT_LINK,
		.name = json_member_str(link, "name"),
		.mime = json_member_str(link, "mimeType"),
		.uri = json_member_str(link, "uri") },
	    block);
}

/* What a block of text says, in whatever it was put; NULL: nothing. */
static const char *
text_in(const struct reading *r, const json_t *block)
{
	const json_t *text = json_object_get(block, "text");

	if (json_is_string(block))
		return json_string_value(block);
	if (json_is_string(text))
		return json_string_value(text);
	if (text != NULL && !json_is_null(text))
		return json_text(r->mem, text);
	return json_member_str(block, "content");
}

static void
add_block(struct reading *r, const json_t *block)
{
	const char *type = json_member_str(block, "type");
	const char *bytes = json_member_str(block, "data");
	const char *text = json_member_str(block, "text");
	const json_t *one;
	size_t i;

	if (json_is_array(block)) {
		json_array_foreach(block, i, one)
			add_block(r, one);
	} else if (type == NULL || strcmp(type, "text") == 0) {
		text = text_in(r, block);
		if (text != NULL)
			add(r,
			    (struct tool_content){ .kind = CONTENT_TEXT,
				.text = text },
			    block);
	} else if (strcmp(type, "resource_link") == 0) {
		add_link(r, block);
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

/* How many items ${block} becomes at most. */
static size_t
items_in(const json_t *block)
{
	const json_t *one, *res = json_object_get(block, "resource");
	size_t n = 0, i;

	if (!json_is_array(block))
		return json_is_array(res) ? json_array_size(res) : 1;
	json_array_foreach(block, i, one)
		n += items_in(one);
	return n;
}

/* A list of blocks, one block, or plain text. */
static void
add_content(struct reading *r, const json_t *content)
{
	r->out->content = arena_alloc(r->mem,
	    (items_in(content) + 1) * sizeof(*r->out->content));
	add_block(r, content);
}

/* True, in whatever it was put. */
static bool
is_set(const json_t *value)
{
	const char *text = json_string_value(value);

	return json_is_true(value) || json_integer_value(value) != 0
	    || (text != NULL && strcasecmp(text, "true") == 0);
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
	if (r.is_error || is_set(json_object_get(result, "isError"))
	    || is_set(json_object_get(result, "is_error")))
		out->end = TOOL_FAILED;
}
