#include "llm/mould.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* The closing quote of the string whose first byte is ${s}; NULL: none. */
static const char *
string_end(const char *s, const char *end)
{
	for (; s < end && *s != '"'; s++)
		if (*s == '\\')
			s++;
	return s < end ? s : NULL;
}

/* \uXXXX at ${s}, of a character outside the surrogates; 0: it is not. */
static unsigned
hex4(const char *s, const char *end)
{
	unsigned c = 0;
	int i;

	if (end - s < 4)
		return 0;
	for (i = 0; i < 4; i++) {
		const char *digit = memchr("0123456789abcdefABCDEF", s[i], 22);
		unsigned n;

		if (digit == NULL)
			return 0;
		n = (unsigned)(digit - "0123456789abcdefABCDEF");
		c = c << 4 | (n > 15 ? n - 6 : n);
	}
	return c >= 0xd800 && c < 0xe000 ? 0 : c;
}

static int
add_character(struct buf *out, unsigned c)
{
	char bytes[3];

	if (c < 0x80)
		return buf_add_char(out, (char)c);
	if (c < 0x800) {
		bytes[0] = (char)(0xc0 | c >> 6);
		bytes[1] = (char)(0x80 | (c & 0x3f));
		return buf_add(out, bytes, 2);
	}
	bytes[0] = (char)(0xe0 | c >> 12);
	bytes[1] = (char)(0x80 | (c >> 6 & 0x3f));
	bytes[2] = (char)(0x80 | (c & 0x3f));
	return buf_add(out, bytes, 3);
}

/* What the inside of a JSON string means.  -1: not for certain a valid one. */
static int
unescape(const char *s, const char *end, struct buf *out)
{
	static const char CODES[] = "\"\\/bfnrt", MEANT[] = "\"\\/\b\f\n\r\t";
	const char *code, *from = s;
	unsigned c;

	for (; s < end; s++) {
		if ((unsigned char)*s < 0x20 || *s == '"')
			return -1;
		if (*s != '\\')
			continue;
		if (buf_add(out, from, (size_t)(s - from)) == -1
		    || ++s == end)
			return -1;
		code = *s == '\0' ? NULL : strchr(CODES, *s);
		if (code != NULL) {
			c = (unsigned char)MEANT[code - CODES];
		} else {
			c = *s == 'u' ? hex4(s + 1, end) : 0;
			if (c == 0)
				return -1;
			s += 4;
		}
		if (add_character(out, c) == -1)
			return -1;
		from = s + 1;
	}
	return buf_add(out, from, (size_t)(s - from));
}

void
mould_make(struct mould *m, struct arena *mem, const char *data, size_t len,
    const char *key, const char *words)
{
	struct buf found = BUF_INIT(64 * KIB);
	const char *begin, *close, *end = data + len;
	char name[32];
	int n = snprintf(name, sizeof(name), "\"%s\":", key);

	m->head = 0;
	/* Twice: one of them may be another's.  In a string it cannot stand,
	 * for there its quotes are escaped. */
	begin = memmem(data, len, name, (size_t)n);
	if (begin == NULL)
		return;
	begin += n;
	if (memmem(begin, (size_t)(end - begin), name, (size_t)n) != NULL)
		return;
	while (begin < end && *begin == ' ')
		begin++;
	if (begin == end || *begin++ != '"')
		return;
	close = string_end(begin, end);
	if (close != NULL && len - (size_t)(close - begin) <= MOULD_MAX
	    && unescape(begin, close, &found) == 0
	    && strcmp(buf_str(&found), words) == 0) {
		if (m->bytes == NULL)
			m->bytes = arena_alloc(mem, MOULD_MAX);
		m->head = (size_t)(begin - data);
		m->tail = (size_t)(end - close);
		memcpy(m->bytes, data, m->head);
		memcpy(m->bytes + m->head, close, m->tail);
	}
	buf_fini(&found);
}

bool
mould_fits(const struct mould *m, const char *data, size_t len,
    struct buf *words)
{
	const char *begin = data + m->head;

	buf_reset(words);
	return m->head > 0 && len >= m->head + m->tail
	    && memcmp(data, m->bytes, m->head) == 0
	    && memcmp(data + len - m->tail, m->bytes + m->head, m->tail) == 0
	    && text_is_utf8(begin, len - m->head - m->tail)
	    && unescape(begin, data + len - m->tail, words) == 0;
}
