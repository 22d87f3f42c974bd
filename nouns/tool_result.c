#include "nouns/tool_result.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"

/* Of the text of one result: the structure is written with escapes. */
#define TEXT_MAX (2 * TOOL_CONTENT_MAX)

#define NOTE_MAX 256 /* that something was left out */

static const char CUT_NOTE[] = "\n[cut: the result was longer]";

static const char *const NAMES[] = {
	[CONTENT_TEXT] = "text",
	[CONTENT_IMAGE] = "image",
	[CONTENT_AUDIO] = "audio",
	[CONTENT_RESOURCE] = "resource",
	[CONTENT_LINK] = "link",
	[CONTENT_OTHER] = "?",
};

static const char *
or_nothing(const char *s)
{
	return s == NULL ? "" : s;
}

void
tool_result_say(struct arena *mem, struct tool_result *r, enum tool_end end,
    const char *text)
{
	r->end = end;
	r->n = 1;
	r->content = arena_alloc(mem, sizeof(*r->content));
	r->content[0] = (struct tool_content){ .kind = CONTENT_TEXT,
		.text = text };
}

/* ---- as text ------------------------------------------------------------- */

/* Its name alone does not tell which of many to choose. */
static int
add_link(struct buf *out, const struct tool_content *c)
{
	const json_t *in = json_object_get(c->item, "resource");
	const json_t *link = json_is_object(in) ? in : c->item;
	const char *title = json_member_str(link, "title");
	const char *about = json_member_str(link, "description");

	if (buf_printf(out, "[link: %s %s]", or_nothing(c->name),
		or_nothing(c->uri))
	    == -1)
		return -1;
	if (title != NULL && buf_printf(out, " %s", title) == -1)
		return -1;
	if (about == NULL)
		return 0;
	return buf_printf(out, "%s %s", title == NULL ? "" : ":", about);
}

static int
add_item(struct buf *out, const struct tool_content *c)
{
	if (out->len > 0 && buf_add_char(out, '\n') == -1)
		return -1;
	if (c->text != NULL)
		return buf_add_str(out, c->text);
	switch (c->kind) {
	case CONTENT_TEXT:
		return 0;
	case CONTENT_RESOURCE:
		return buf_printf(out, "[resource: %s %s]", or_nothing(c->uri),
		    or_nothing(c->mime));
	case CONTENT_LINK:
		return add_link(out, c);
	default:
		return buf_printf(out, "[%.40s: %s]",
		    c->name != NULL ? c->name : NAMES[c->kind],
		    or_nothing(c->mime));
	}
}

/*
 * A structure is to be there as text, too, and often is; but some servers sum
 * up in the text and put what was asked for in the structure alone
 * (usememos/memos#6226).  Words that hold its values need not say what it says
 * ("page 13" is no {"open":3}), so that nothing less than the same JSON counts,
 * or the one thing in a {"result": ...} of FastMCP's.
 */
static bool
says_more(struct arena *mem, const json_t *structured, const char *text)
{
	const json_t *doc, *only;

	if (structured == NULL || json_is_null(structured))
		return false;
	/* Nobody would be told it; and a long text takes long to read. */
	if (strnlen(text, TOLD_MAX + 1) > TOLD_MAX)
		return false;
	only = json_object_size(structured) == 1
	    ? json_object_get(structured, "result")
	    : NULL;
	if (json_is_string(only) && strcmp(json_string_value(only), text) == 0)
		return false;
	doc = json_read(mem, text, strlen(text), NULL, NULL);
	return doc == NULL
	    || (!json_equal(doc, structured)
		&& (only == NULL || !json_equal(doc, only)));
}

const char *
tool_result_text(struct arena *mem, const struct tool_result *r)
{
	struct buf out = BUF_INIT(TEXT_MAX);
	bool has_text = false, full = false;
	const char *text;
	size_t i;

	if (r->n == 1 && r->content[0].text != NULL
	    && !says_more(mem, r->structured, r->content[0].text))
		return r->content[0].text;
	for (i = 0; i < r->n && out.len <= TOLD_MAX; i++) {
		has_text |= r->content[i].text != NULL;
		full |= add_item(&out, &r->content[i]) == -1;
	}
	if (has_text ? says_more(mem, r->structured, buf_str(&out))
		     : r->structured != NULL && !json_is_null(r->structured)) {
		if (out.len > 0)
			full |= buf_add_char(&out, '\n') == -1;
		full |= json_add(&out, r->structured) == -1;
	}
	text = full && out.len == 0 ? "[the result is too long]"
				    : arena_strdup(mem, buf_str(&out));
	buf_fini(&out);
	return text;
}

/* ---- bounds -------------------------------------------------------------- */

static size_t
len_of(const char *s)
{
	return s == NULL ? 0 : strlen(s);
}

static const char *
clean(struct arena *mem, const char *s)
{
	return s == NULL || text_is_utf8(s, strlen(s))
	    ? s
	    : text_clean(mem, s, strlen(s));
}

/* As much of ${text} as fits into ${max}, with a note. */
static const char *
cut_text(struct arena *mem, const char *text, size_t max)
{
	size_t len = strlen(text);

	return arena_printf(mem, "%.*s%s",
	    (int)text_whole(text, max < len ? max : len), text, CUT_NOTE);
}

/* ${c} is too much: of a text what fits stays, of other things their name. */
static void
bound_item(struct arena *mem, struct tool_content *c, size_t room)
{
	const char *kind = c->kind == CONTENT_OTHER && c->name != NULL
	    ? c->name
	    : NAMES[c->kind];

	*c = (struct tool_content){ .kind = CONTENT_TEXT,
		.text = c->text != NULL
		    ? cut_text(mem, c->text, room)
		    : arena_printf(mem,
			"[%.40s: left out, the result is too large]", kind) };
}

/* What begins too late is left out; the structure comes last. */
void
tool_result_bound(struct arena *mem, struct tool_result *r, size_t max)
{
	size_t room = max > NOTE_MAX ? max - NOTE_MAX : 0, size, i;
	struct tool_content *all;
	const char *text;

	for (i = 0; i < r->n && !r->cut; i++) {
		struct tool_content *c = &r->content[i];

		c->text = clean(mem, c->text);
		c->mime = clean(mem, c->mime);
		c->uri = clean(mem, c->uri);
		c->name = clean(mem, c->name);
		size = len_of(c->text) + len_of(c->base64) + len_of(c->mime)
		    + len_of(c->uri) + len_of(c->name);
		r->cut = size > room;
		if (r->cut)
			bound_item(mem, c, room);
		else
			room -= size;
	}
	r->n = i;
	if (r->cut)
		r->structured = NULL;
	if (r->structured == NULL
	    || json_dumpb(r->structured, NULL, 0,
		   JSON_COMPACT | JSON_ENCODE_ANY)
		<= room)
		return;
	/* As a text that ends early. */
	r->cut = true;
	text = json_text(mem, r->structured);
	r->structured = NULL;
	all = arena_alloc(mem, (r->n + 1) * sizeof(*all));
	if (r->n > 0)
		memcpy(all, r->content, r->n * sizeof(*all));
	all[r->n++] = (struct tool_content){ .kind = CONTENT_TEXT,
		.text = cut_text(mem, or_nothing(text), room) };
	r->content = all;
}
