#include "cli/glyph.h"

#include <limits.h>

#define JOINER 0x200D
#define WIDE_VARIANT 0xFE0F
/* Further back than this nothing belongs together. */
#define LOOK_BACK 64

static bool
is_regional(wchar_t c)
{
	return c >= 0x1F1E6 && c <= 0x1F1FF;
}

static bool
is_skin(wchar_t c)
{
	return c >= 0x1F3FB && c <= 0x1F3FF;
}

/* Does ${c} change the character before it, and stands for none itself? */
static bool
extends(wchar_t c)
{
	return c == JOINER || (c >= 0xFE00 && c <= WIDE_VARIANT) || is_skin(c)
	    || (c >= 0xE0020 && c <= 0xE007F)
	    || (c >= 0x300 && wcwidth(c) == 0);
}

int
glyph_width(wchar_t c, bool utf8)
{
	char bytes[MB_LEN_MAX];
	mbstate_t state = { 0 };
	int width;

	if (c < 0x20 || c == 0x7F)
		return 2;
	if (c < 0x7F)
		return 1;
	if (!utf8 && wcrtomb(bytes, c, &state) == (size_t)-1)
		return 1;
	if (c == WIDE_VARIANT)
		return 1; /* makes what stands before it wide */
	if (is_regional(c))
		return 2;
	width = wcwidth(c);
	if (width >= 0)
		return width;
	return c >= 0x1F000 ? 2 : 1; /* newer than our C library */
}

size_t
glyph_next(const wchar_t *s, size_t len, size_t at)
{
	size_t i = at + 1;

	if (at >= len)
		return len;
	if (s[at] < 0x20 || s[at] == 0x7F)
		return i;
	if (is_regional(s[at]) && i < len && is_regional(s[i]))
		i++;
	while (i < len && (extends(s[i]) || s[i - 1] == JOINER)) {
		if (s[i] < 0x20)
			break;
		i++;
	}
	return i;
}

size_t
glyph_before(const wchar_t *s, size_t len, size_t at)
{
	size_t from = at > LOOK_BACK ? at - LOOK_BACK : 0, i, next;

	if (at == 0)
		return 0;
	/* ASCII begins a character, whatever stands before it. */
	for (i = at - 1; i > from && s[i] >= 0x80; i--)
		;
	while ((next = glyph_next(s, len, i)) < at)
		i = next;
	return i;
}

int
glyph_add(struct buf *out, wchar_t c)
{
	char b[4];
	size_t n = 0;

	if (c < 0x80)
		b[n++] = (char)c;
	else if (c < 0x800)
		b[n++] = (char)(0xC0 | c >> 6);
	else if (c < 0x10000)
		b[n++] = (char)(0xE0 | c >> 12);
	else
		b[n++] = (char)(0xF0 | c >> 18);
	if (c >= 0x10000)
		b[n++] = (char)(0x80 | (c >> 12 & 0x3F));
	if (c >= 0x800)
		b[n++] = (char)(0x80 | (c >> 6 & 0x3F));
	if (c >= 0x80)
		b[n++] = (char)(0x80 | (c & 0x3F));
	return buf_add(out, b, n);
}

int
glyph_add_all(struct buf *out, const wchar_t *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (glyph_add(out, s[i]) == -1)
			return -1;
	return 0;
}
