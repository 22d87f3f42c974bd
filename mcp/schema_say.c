/*
 * schema_say: what does not fit, and where, in one sentence.
 */
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "mcp/schema_priv.h"

#define PATH_MAX_BYTES 300 /* who is told it knows what was sent */
#define NAME_BYTES 64      /* of one member's name in it */
#define VALUES_BYTES 200   /* of the values that are named */

const char *const MCP_SCHEMA_TYPES[TYPES] = { "string", "integer", "number",
	"boolean", "object", "array", "null" };

/* What does not fit in is left out. */
static void
add_place(struct arena *mem, struct buf *out, const struct place *at)
{
	if (at == NULL) {
		(void)!buf_add_str(out, "arguments");
		return;
	}
	add_place(mem, out, at->in);
	if (at->name != NULL)
		(void)!buf_printf(out, ".%s",
		    text_cut(mem, at->name, NAME_BYTES));
	else
		(void)!buf_printf(out, "[%zu]", at->index);
}

const char *
mcp_schema_say(struct arena *mem, const struct place *at, const char *what)
{
	struct buf out = BUF_INIT(PATH_MAX_BYTES);
	const char *text;

	add_place(mem, &out, at);
	text = arena_printf(mem, "%s: %s", buf_str(&out), what);
	buf_fini(&out);
	return text;
}

const char *
mcp_schema_say_types(struct arena *mem, unsigned types)
{
	const char *text = "";
	size_t i;

	if (types & TYPE_NUMBER)
		types &= ~TYPE_INTEGER;
	for (i = 0; i < TYPES; i++)
		if (types & 1u << i)
			text = arena_printf(mem, "%s%s%s", text,
			    text[0] == '\0' ? "" : " or ", MCP_SCHEMA_TYPES[i]);
	return text;
}

const char *
mcp_schema_say_values(struct arena *mem, const json_t *values)
{
	struct buf out = BUF_INIT(VALUES_BYTES);
	const json_t *value;
	const char *text;
	size_t i;

	json_array_foreach(values, i, value) {
		text = json_text(mem, value);
		if (text == NULL
		    || buf_printf(&out, "%s%s", i == 0 ? "" : ", ", text) == -1)
			break;
	}
	text = arena_printf(mem, "%s%s", buf_str(&out),
	    i < json_array_size(values) ? ", …" : "");
	buf_fini(&out);
	return text;
}
