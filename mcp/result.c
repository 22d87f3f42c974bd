/*
 * result: a CallToolResult as text for a model.
 */
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "mcp/client.h"

#define TEXT_MAX (16 * MIB) /* an answer's limit; tools/ cuts further */

/* One block; whatever has no text is named, so that the model knows of it. */
static int
add_block(struct buf *out, const json_t *block, bool *has_text)
{
	const char *type = json_member_str(block, "type");
	const char *text = json_member_str(block, "text");
	const char *mime = json_member_str(block, "mimeType"), *name, *uri;
	const json_t *res;

	if (type == NULL)
		return 0;
	if (out->len > 0 && buf_add_char(out, '\n') == -1)
		return -1;
	if (strcmp(type, "text") == 0) {
		*has_text = *has_text || text != NULL;
		return buf_add_str(out, text == NULL ? "" : text);
	}
	if (strcmp(type, "resource_link") == 0) {
		name = json_member_str(block, "name");
		uri = json_member_str(block, "uri");
		return buf_printf(out, "[link: %s %s]",
		    name == NULL ? "" : name, uri == NULL ? "" : uri);
	}
	if (strcmp(type, "resource") == 0) {
		res = json_object_get(block, "resource");
		text = json_member_str(res, "text");
		uri = json_member_str(res, "uri");
		mime = json_member_str(res, "mimeType");
		*has_text = *has_text || text != NULL;
		if (text != NULL)
			return buf_add_str(out, text);
		return buf_printf(out, "[resource: %s %s]",
		    uri == NULL ? "" : uri, mime == NULL ? "" : mime);
	}
	return buf_printf(out, "[%.40s: %s]", type, mime == NULL ? "" : mime);
}

char *
mcp_result_text(struct arena *mem, const json_t *result, bool *is_error)
{
	struct buf out = BUF_INIT(TEXT_MAX);
	const json_t *structured;
	bool has_text = false, full = false;
	json_t *block;
	char *text;
	size_t i;

	if (is_error != NULL)
		*is_error = json_member_bool(result, "isError", false);
	json_array_foreach(json_object_get(result, "content"), i, block) full
	    = full || add_block(&out, block, &has_text) == -1;
	structured = json_object_get(result, "structuredContent");
	if (!has_text && structured != NULL && !json_is_null(structured)) {
		if (out.len > 0)
			full = buf_add_char(&out, '\n') == -1 || full;
		full = json_add(&out, structured) == -1 || full;
	}
	text = full && out.len == 0
	    ? arena_strdup(mem, "[the result is too long]")
	    : arena_strdup(mem, buf_str(&out));
	buf_fini(&out);
	return text;
}
