/*
 * result: a CallToolResult as text for a model.
 *
 * Whatever the server sent, the model is told what is there: texts, and the
 * structure if it says more than they do; else the whole result.
 */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "mcp/client.h"

#define TEXT_MAX (16 * MIB) /* an answer's limit; tools/ cuts further */
#define VALUES_MAX 256      /* of a structure, looked for in the text */

static const char FAILED_SILENTLY[] = "The tool failed and did not say why.";

struct writing {
	struct buf out;
	bool has_text;
	bool is_error; /* a block says so */
};

/* A block of a type that we do not know. */
static int
add_other(struct writing *w, const json_t *block, const char *type)
{
	const char *text = json_member_str(block, "text");
	const char *mime = json_member_str(block, "mimeType");

	/* Some frameworks have a type "error" (QuantGeekDev/mcp-framework#130).
	 */
	if (type != NULL && strcmp(type, "error") == 0)
		w->is_error = true;
	if (text == NULL)
		text = json_member_str(block, "message");
	if (text != NULL) {
		w->has_text = true;
		return buf_add_str(&w->out, text);
	}
	/* Bytes, which a model cannot read. */
	if (json_object_get(block, "data") != NULL
	    || json_object_get(block, "blob") != NULL
	    || json_object_size(block) < 2)
		return buf_printf(&w->out, "[%.40s: %s]",
		    type == NULL ? "?" : type, mime == NULL ? "" : mime);
	w->has_text = true;
	return json_add(&w->out, block);
}

static int
add_resource(struct writing *w, const json_t *res)
{
	const char *text = json_member_str(res, "text");
	const char *uri = json_member_str(res, "uri");
	const char *mime = json_member_str(res, "mimeType");

	w->has_text = w->has_text || text != NULL;
	if (text != NULL)
		return buf_add_str(&w->out, text);
	return buf_printf(&w->out, "[resource: %s %s]", uri == NULL ? "" : uri,
	    mime == NULL ? "" : mime);
}

/* One block; whatever has no text is named, so that the model knows of it. */
static int
add_block(struct writing *w, const json_t *block)
{
	const char *type = json_member_str(block, "type");
	const char *text = json_is_string(block)
	    ? json_string_value(block)
	    : json_member_str(block, "text");
	const char *name, *uri;

	if (text == NULL && (!json_is_object(block) || type == NULL))
		return 0;
	if (w->out.len > 0 && buf_add_char(&w->out, '\n') == -1)
		return -1;
	if (text != NULL && (type == NULL || strcmp(type, "text") == 0)) {
		w->has_text = true;
		return buf_add_str(&w->out, text);
	}
	if (strcmp(type, "text") == 0)
		return 0;
	if (strcmp(type, "resource_link") == 0) {
		name = json_member_str(block, "name");
		uri = json_member_str(block, "uri");
		return buf_printf(&w->out, "[link: %s %s]",
		    name == NULL ? "" : name, uri == NULL ? "" : uri);
	}
	if (strcmp(type, "resource") == 0)
		return add_resource(w, json_object_get(block, "resource"));
	return add_other(w, block, type);
}

/* A list of blocks, one block, or plain text. */
static int
add_content(struct writing *w, const json_t *content)
{
	const json_t *block;
	size_t i;
	int rc = 0;

	if (!json_is_array(content))
		return add_block(w, content);
	json_array_foreach(content, i, block)
		rc |= add_block(w, block);
	return rc;
}

/* What is no CallToolResult, as it came; its form is the protocol's matter. */
static int
add_whole(struct writing *w, const json_t *result)
{
	json_t *rest;
	int rc = 0;

	if (result == NULL || json_is_null(result))
		return 0;
	if (!json_is_object(result))
		return json_is_string(result) || json_array_size(result) > 0
		    ? add_content(w, result)
		    : 0;
	rest = json_copy((json_t *)result);
	(void)json_object_del(rest, "_meta");
	(void)json_object_del(rest, "resultType");
	(void)json_object_del(rest, "isError");
	(void)json_object_del(rest, "content");
	if (json_object_size(rest) > 0)
		rc = json_add(&w->out, rest);
	json_decref(rest);
	return rc;
}

/* Does ${text} hold all values of ${doc}?  ${left} of them are looked at. */
static bool
says_all(const char *text, const json_t *doc, int *left)
{
	char number[32];
	const char *key;
	json_t *value;
	size_t i;

	switch (json_typeof(doc)) {
	case JSON_OBJECT:
		json_object_foreach((json_t *)doc, key, value) {
			if (!says_all(text, value, left))
				return false;
		}
		return true;
	case JSON_ARRAY:
		json_array_foreach(doc, i, value) {
			if (!says_all(text, value, left))
				return false;
		}
		return true;
	case JSON_STRING:
		return (*left)-- <= 0
		    || strstr(text, json_string_value(doc)) != NULL;
	case JSON_INTEGER:
		(void)snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
		    json_integer_value(doc));
		return (*left)-- <= 0 || strstr(text, number) != NULL;
	case JSON_REAL:
		(void)snprintf(number, sizeof(number), "%.15g",
		    json_real_value(doc));
		return (*left)-- <= 0 || strstr(text, number) != NULL;
	default: /* true, false, null: words of their own say so */
		return true;
	}
}

/*
 * A structure is to be there as text, too, and often is; but some servers sum
 * up in the text and put what was asked for in the structure alone
 * (usememos/memos#6226).
 */
static bool
says_more(struct arena *mem, const json_t *structured, const struct buf *text)
{
	int left = VALUES_MAX;
	const json_t *doc;

	if (structured == NULL || json_is_null(structured))
		return false;
	doc = json_read(mem, buf_str((struct buf *)text), text->len, NULL,
	    NULL);
	if (doc != NULL && json_equal(doc, structured))
		return false;
	return !says_all(buf_str((struct buf *)text), structured, &left);
}

char *
mcp_result_text(struct arena *mem, const json_t *result, bool *is_error)
{
	struct writing w = { .out = BUF_INIT(TEXT_MAX) };
	const json_t *wrapped = json_object_get(result, "toolResult");
	const json_t *content, *structured;
	bool full = false, failed;
	const char *text;
	char *copy;

	/* The shape of 2024-10-07 (cloudflare/mcp-server-cloudflare#12). */
	if (json_is_object(wrapped)
	    && json_object_get(result, "content") == NULL)
		result = wrapped;
	content = json_object_get(result, "content");
	structured = json_object_get(result, "structuredContent");
	if (content != NULL)
		full = add_content(&w, content) != 0;
	if (w.has_text ? says_more(mem, structured, &w.out)
		       : structured != NULL && !json_is_null(structured)) {
		if (w.out.len > 0)
			full = buf_add_char(&w.out, '\n') == -1 || full;
		full = json_add(&w.out, structured) == -1 || full;
	} else if (w.out.len == 0) {
		full = add_whole(&w, result) != 0 || full;
	}
	failed = w.is_error || json_member_bool(result, "isError", false)
	    || json_member_bool(result, "is_error", false);
	if (is_error != NULL)
		*is_error = failed;
	text = buf_str(&w.out);
	if (full && w.out.len == 0)
		text = "[the result is too long]";
	else if (failed && text[strspn(text, " \t\r\n")] == '\0')
		text = FAILED_SILENTLY;
	copy = arena_strdup(mem, text);
	buf_fini(&w.out);
	return copy;
}
