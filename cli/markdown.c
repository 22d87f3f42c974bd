#include "cli/markdown.h"

#include <string.h>

#include "cli/markdown_priv.h"

enum state {
	AT_START,   /* of a line: which block is it? */
	IN_TEXT,    /* held: an inline mark that is not complete */
	CODE_START, /* of a line in a code block: does it end? */
	IN_CODE,
};

/* What the beginning of a line turned out to be. */
enum block { NOT_YET, TEXT, HEADING, BULLET, QUOTE, RULE, FENCE };

#define HEADING_MAX 6
#define RULE_MIN 3
#define FENCE_MIN 3

static void
put_str(struct markdown *m, int style, const char *s, struct buf *out)
{
	markdown_put(m, style, s, strlen(s), out);
}

static bool
is_blank(const char *s, size_t len)
{
	return strspn(s, " \t\r\n") >= len;
}

/* ${s} begins with '-', '*' or '+': a list's item, a rule, or words? */
static enum block
dash(const char *s, size_t len)
{
	size_t run = markdown_run(s, len, *s);

	if (run == len)
		return NOT_YET;
	if (run == 1 && (s[1] == ' ' || s[1] == '\t'))
		return BULLET;
	if (run >= RULE_MIN && *s != '+' && is_blank(s + run, len - run))
		return s[len - 1] == '\n' ? RULE : NOT_YET;
	return TEXT;
}

static enum block
fence(const char *s, size_t len)
{
	size_t run = markdown_run(s, len, *s);

	if (run < FENCE_MIN)
		return run == len ? NOT_YET : TEXT;
	if (*s == '`' && memchr(s + run, '`', len - run) != NULL)
		return TEXT;
	return s[len - 1] == '\n' ? FENCE : NOT_YET;
}

/* ${s}: a line, as far as it is there, without its indentation. */
static enum block
block_of(const char *s, size_t len)
{
	size_t run;

	if (len == 0)
		return NOT_YET;
	switch (*s) {
	case '#':
		run = markdown_run(s, len, '#');
		if (run == len)
			return run > HEADING_MAX ? TEXT : NOT_YET;
		return run <= HEADING_MAX && s[run] == ' ' ? HEADING : TEXT;
	case '-':
	case '*':
	case '+':
		return dash(s, len);
	case '>':
		return len > 1 ? QUOTE : NOT_YET;
	case '`':
	case '~':
		return fence(s, len);
	default:
		return TEXT;
	}
}

static void
begin_line(struct markdown *m)
{
	m->state = m->fence != '\0' ? CODE_START : AT_START;
	m->base = 0;
	m->prev = '\0';
	buf_reset(&m->held);
}

static void
end_line(struct markdown *m, struct buf *out)
{
	put_str(m, 0, "\n", out); /* no style goes on over its end */
	begin_line(m);
}

/* What is held is text: what can be told of it is shown. */
static void
show_held(struct markdown *m, bool whole, struct buf *out)
{
	size_t n;

	if (m->held.len >= MARKDOWN_HELD_MAX)
		whole = true;
	n = markdown_inline(m, buf_str(&m->held), m->held.len, m->base, whole,
	    out);
	buf_drop(&m->held, n);
}

static void
begin_text(struct markdown *m, size_t used, struct buf *out)
{
	buf_drop(&m->held, used);
	m->state = IN_TEXT;
	if (m->held.len > 0 && m->held.data[m->held.len - 1] == '\n') {
		m->held.data[--m->held.len] = '\0';
		show_held(m, true, out);
		end_line(m, out);
	} else
		show_held(m, false, out);
}

static void
begin_code(struct markdown *m, size_t indent, struct buf *out)
{
	const char *s = buf_str(&m->held);

	m->fence = s[indent];
	m->fence_len = markdown_run(s + indent, m->held.len - indent, m->fence);
	markdown_put(m, STYLE_DIM, s, m->held.len - 1, out);
	end_line(m, out);
}

/* A byte was added to the beginning of a line. */
static void
at_start(struct markdown *m, bool whole, struct buf *out)
{
	const char *s = buf_str(&m->held);
	size_t len = m->held.len, indent = strspn(s, " \t"), n;
	enum block block = block_of(s + indent, len - indent);

	if (block == NOT_YET && (whole || len >= MARKDOWN_HELD_MAX))
		block = TEXT;
	if (block != NOT_YET && block != FENCE) {
		markdown_put(m, m->base, s, indent, out);
		s += indent;
		len -= indent;
	}
	switch (block) {
	case HEADING:
		n = markdown_run(s, len, '#');
		m->base |= n == 1 ? STYLE_BOLD | STYLE_UNDER : STYLE_BOLD;
		begin_text(m, indent + n + 1, out);
		break;
	case BULLET:
		put_str(m, m->base, m->utf8 ? "\xE2\x80\xA2 " : "- ", out);
		begin_text(m, indent + 2, out);
		break;
	case QUOTE:
		m->base |= STYLE_DIM;
		put_str(m, m->base, m->utf8 ? "\xE2\x94\x82 " : "> ", out);
		buf_drop(&m->held, indent + (s[1] == ' ' ? 2 : 1));
		if (m->held.len > 0) /* the byte after it begins again */
			at_start(m, whole, out);
		break;
	case RULE:
		markdown_put(m, STYLE_DIM, s, markdown_run(s, len, *s), out);
		end_line(m, out);
		break;
	case FENCE:
		begin_code(m, indent, out);
		break;
	case TEXT:
		begin_text(m, indent, out);
		break;
	case NOT_YET:
		break;
	}
}

/* Of a line in a code block: may it still be, or is it, the end of it? */
static bool
may_close(const struct markdown *m, bool *closes)
{
	const char *s = buf_str(&m->held);
	size_t indent = strspn(s, " "), len = m->held.len - indent;
	size_t run = markdown_run(s + indent, len, m->fence);

	*closes = run >= m->fence_len && is_blank(s + indent + run, len - run);
	return run == len || *closes;
}

static void
code_start(struct markdown *m, char c, struct buf *out)
{
	bool closes;
	int rc = 0;

	if (c != '\n')
		rc = buf_add_char(&m->held, c);
	if (c != '\n' && may_close(m, &closes) && rc == 0
	    && m->held.len < MARKDOWN_HELD_MAX)
		return;
	(void)may_close(m, &closes);
	if (c == '\n' && closes)
		m->fence = '\0';
	markdown_put(m, closes ? STYLE_DIM : STYLE_CODE, buf_str(&m->held),
	    m->held.len, out);
	buf_reset(&m->held);
	m->state = IN_CODE;
	if (c == '\n')
		end_line(m, out);
}

static void
feed_byte(struct markdown *m, char c, struct buf *out)
{
	switch ((enum state)m->state) {
	case CODE_START:
		code_start(m, c, out);
		return;
	case IN_CODE:
		if (c == '\n')
			end_line(m, out);
		else
			markdown_put(m, STYLE_CODE, &c, 1, out);
		return;
	case AT_START:
		if (buf_add_char(&m->held, c) == 0)
			at_start(m, false, out);
		return;
	case IN_TEXT:
		if (c == '\n') {
			show_held(m, true, out);
			end_line(m, out);
		} else if (buf_add_char(&m->held, c) == 0)
			show_held(m, false, out);
		return;
	}
}

void
markdown_init(struct markdown *m, bool styled, bool utf8)
{
	*m = (struct markdown){ .styled = styled,
		.utf8 = utf8,
		.held = BUF_INIT(2 * MARKDOWN_HELD_MAX) };
}

void
markdown_fini(struct markdown *m)
{
	buf_fini(&m->held);
}

void
markdown_feed(struct markdown *m, const char *text, size_t len, struct buf *out)
{
	size_t i;

	if (!m->styled) {
		markdown_put(m, 0, text, len, out);
		return;
	}
	for (i = 0; i < len; i++)
		feed_byte(m, text[i], out);
}

void
markdown_end(struct markdown *m, struct buf *out)
{
	bool closes = false;

	switch ((enum state)m->state) {
	case CODE_START:
		(void)may_close(m, &closes);
		markdown_put(m, closes ? STYLE_DIM : STYLE_CODE,
		    buf_str(&m->held), m->held.len, out);
		break;
	case AT_START:
		/* "```" without a line's end: no code follows it. */
		if (m->held.len > 0)
			at_start(m, true, out);
		break;
	case IN_TEXT:
		show_held(m, true, out);
		break;
	case IN_CODE:
		break;
	}
	if (m->style != 0 && buf_add_str(out, "\033[0m") == 0)
		m->style = 0;
	m->fence = '\0';
	begin_line(m);
}
