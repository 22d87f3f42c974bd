/*
 * markdown_inline: bold, italics, code and links within a line.
 */
#include <ctype.h>
#include <string.h>

#include "cli/markdown_priv.h"

#define MARKS "*_`~[!\\"

/* A span that may begin at a mark. */
struct span {
	enum { SPAN_LITERAL, SPAN_STYLED, SPAN_CODE, SPAN_LINK, SPAN_OPEN } is;
	size_t used;              /* bytes, marks and all */
	size_t from, len;         /* the text in it */
	size_t url_from, url_len; /* SPAN_LINK */
	int style;                /* added to the text's */
};

static bool
is_word(char c)
{
	return isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

static bool
is_space(char c)
{
	return c == '\0' || isspace((unsigned char)c);
}

/* The end of a code span that begins at ${at} with ${n} marks; 0: none. */
static size_t
code_end(const char *s, size_t len, size_t at, size_t n)
{
	size_t i = at + n, run;

	while (i < len) {
		if (s[i] != '`') {
			i++;
			continue;
		}
		run = markdown_run(s + i, len - i, '`');
		if (run == n)
			return i + n;
		i += run;
	}
	return 0;
}

static struct span
literal(size_t used)
{
	return (struct span){ .is = SPAN_LITERAL, .used = used };
}

static struct span
open_span(void)
{
	return (struct span){ .is = SPAN_OPEN };
}

static struct span
code_span(const char *s, size_t len, bool whole)
{
	size_t n = markdown_run(s, len, '`'), end;
	struct span sp = { .is = SPAN_CODE, .from = n };

	if (n == len && !whole)
		return open_span();
	end = code_end(s, len, 0, n);
	if (end == 0)
		return whole ? literal(n) : open_span();
	/* It may be the beginning of a longer run. */
	if (end == len && !whole)
		return open_span();
	sp.used = end;
	sp.len = end - 2 * n;
	if (sp.len > 2 && s[n] == ' ' && s[end - n - 1] == ' ') {
		sp.from++;
		sp.len -= 2;
	}
	return sp;
}

/* Can a run that begins emphasis stand here?  ${n} marks of ${s}. */
static bool
may_open(const char *s, size_t len, size_t n, char prev)
{
	if (n > 3 || (*s == '~' && n != 2) || n >= len || is_space(s[n]))
		return false;
	if (*s == '_')
		return !is_word(prev);
	/* 2*3*4 is arithmetic more often than emphasis. */
	return *s != '*' || n > 1 || !isalnum((unsigned char)prev);
}

/* Where the run is that ends the emphasis begun with ${n} marks; its length
 * into ${run}.  ${len} when it is not there (yet). */
static size_t
closer(const char *s, size_t len, size_t n, size_t *run, bool whole)
{
	char mark = *s;
	size_t i = n, end;

	while (i < len) {
		if (s[i] == '\\') {
			i += 2;
			continue;
		}
		if (s[i] == '`') {
			*run = markdown_run(s + i, len - i, '`');
			end = code_end(s, len, i, *run);
			i = end != 0 ? end : i + *run;
			continue;
		}
		if (s[i] != mark) {
			i++;
			continue;
		}
		*run = markdown_run(s + i, len - i, mark);
		if (i + *run == len && !whole)
			return len; /* it may grow, or be within a word */
		if (*run >= n && (*run == n || *run == 3) && !is_space(s[i - 1])
		    && (mark != '_' || i + *run == len
			|| !is_word(s[i + *run])))
			return i;
		i += *run;
	}
	return len;
}

static struct span
emphasis(const char *s, size_t len, char prev, bool whole)
{
	static const int styles[] = { 0, STYLE_ITALIC, STYLE_BOLD,
		STYLE_BOLD | STYLE_ITALIC };
	size_t n = markdown_run(s, len, *s), run = 0, at;

	if (n == len)
		return whole ? literal(n) : open_span();
	if (!may_open(s, len, n, prev))
		return literal(n);
	at = closer(s, len, n, &run, whole);
	if (at >= len)
		return whole ? literal(n) : open_span();
	return (struct span){ .is = SPAN_STYLED,
		.used = at + run,
		.from = n,
		.len = at + (run - n) - n,
		.style = *s == '~' ? STYLE_STRUCK : styles[n] };
}

/* The bracket that closes ${s}[0]; ${len}: not there. */
static size_t
closing(const char *s, size_t len, char opens, char closes)
{
	size_t i, depth = 0;

	for (i = 0; i < len; i++) {
		if (s[i] == '\\')
			i++;
		else if (s[i] == opens)
			depth++;
		else if (s[i] == closes && --depth == 0)
			return i;
	}
	return len;
}

/* ${skip}: 1 for an image, whose '!' stands in front. */
static struct span
link_span(const char *s, size_t len, size_t skip, bool whole)
{
	size_t end = skip + closing(s + skip, len - skip, '[', ']');
	size_t url = end + 1, close;
	struct span sp = { .is = SPAN_LINK, .from = skip + 1 };

	if (end >= len || (url >= len && !whole))
		return whole ? literal(skip + 1) : open_span();
	if (url >= len || s[url] != '(')
		return literal(skip + 1);
	close = url + closing(s + url, len - url, '(', ')');
	if (close >= len)
		return whole ? literal(skip + 1) : open_span();
	sp.used = close + 1;
	sp.len = end - sp.from;
	sp.url_from = url + 1;
	/* A title may follow the address. */
	while (sp.url_from + sp.url_len < close
	    && !is_space(s[sp.url_from + sp.url_len]))
		sp.url_len++;
	return sp;
}

static struct span
span_at(const char *s, size_t len, char prev, bool whole)
{
	switch (*s) {
	case '\\':
		if (len < 2)
			return whole ? literal(1) : open_span();
		if (!ispunct((unsigned char)s[1]))
			return literal(1);
		return (struct span){ .is = SPAN_STYLED,
			.used = 2,
			.from = 1,
			.len = 0 };
	case '`':
		return code_span(s, len, whole);
	case '[':
		return link_span(s, len, 0, whole);
	case '!':
		if (len < 2)
			return whole ? literal(1) : open_span();
		return s[1] == '[' ? link_span(s, len, 1, whole) : literal(1);
	default:
		return emphasis(s, len, prev, whole);
	}
}

static void
show_span(struct markdown *m, const char *s, const struct span *sp, int style,
    struct buf *out)
{
	const char *text = s + sp->from;

	switch (sp->is) {
	case SPAN_CODE:
		markdown_put(m, style | STYLE_CODE, text, sp->len, out);
		break;
	case SPAN_STYLED:
		if (*s == '\\') /* what it protects is itself */
			markdown_put(m, style, text, 1, out);
		else {
			m->prev = '\0';
			(void)markdown_inline(m, text, sp->len,
			    style | sp->style, true, out);
		}
		break;
	case SPAN_LINK:
		m->prev = '\0';
		(void)markdown_inline(m, text, sp->len, style, true, out);
		if (sp->url_len == sp->len
		    && memcmp(text, s + sp->url_from, sp->len) == 0)
			break;
		markdown_put(m, style, sp->len > 0 ? " (" : "(",
		    sp->len > 0 ? 2 : 1, out);
		markdown_put(m, style | STYLE_UNDER, s + sp->url_from,
		    sp->url_len, out);
		markdown_put(m, style, ")", 1, out);
		break;
	default:
		markdown_put(m, style, s, sp->used, out);
		break;
	}
}

size_t
markdown_inline(struct markdown *m, const char *s, size_t len, int style,
    bool whole, struct buf *out)
{
	size_t i = 0;

	while (i < len) {
		struct span sp;
		size_t plain = 0;

		while (i + plain < len
		    && (s[i + plain] == '\0'
			|| strchr(MARKS, s[i + plain]) == NULL))
			plain++;
		if (plain > 0) {
			markdown_put(m, style, s + i, plain, out);
			i += plain;
			m->prev = s[i - 1];
			continue;
		}
		sp = span_at(s + i, len - i, m->prev, whole);
		if (sp.is == SPAN_OPEN)
			break;
		show_span(m, s + i, &sp, style, out);
		i += sp.used;
		m->prev = s[i - 1];
	}
	return i;
}
