#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <sodium.h>

#include "base/arena.h"

/*
 * Length of the valid UTF-8 sequence at ${s}, 0 if there is none.  The ranges
 * are table 3-7 of the Unicode standard.
 */
static size_t
sequence(const unsigned char *s, size_t len)
{
	unsigned char c = s[0];
	size_t need, i;

	if (c < 0x80)
		return 1;
	need = c >= 0xc2 && c <= 0xdf ? 2
	    : (c & 0xf0) == 0xe0      ? 3
	    : c >= 0xf0 && c <= 0xf4  ? 4
				      : 0;
	if (need == 0 || need > len)
		return 0;
	for (i = 1; i < need; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((c == 0xe0 && s[1] < 0xa0) || (c == 0xed && s[1] > 0x9f)
	    || (c == 0xf0 && s[1] < 0x90) || (c == 0xf4 && s[1] > 0x8f))
		return 0;
	return need;
}

size_t
text_plain(const char *s, size_t len)
{
	const uint64_t ones = UINT64_MAX / 255, high = ones * 0x80;
	uint64_t x, quote, backslash;
	size_t i;

	for (i = 0; i + sizeof(x) <= len; i += sizeof(x)) {
		memcpy(&x, s + i, sizeof(x));
		quote = x ^ ones * '"';
		backslash = x ^ ones * '\\';
		/* A byte below what is subtracted sets its high bit, and may
		 * set that of the next one: which is no harm. */
		if (((x | (x - ones * 0x20) | (quote - ones)
			 | (backslash - ones))
			& high)
		    != 0)
			break;
	}
	return i;
}

bool
text_is_utf8(const char *s, size_t len)
{
	size_t i = 0, n;

	while (i < len) {
		uint64_t eight;

		/* Eight ASCII bytes at a time: most text is that. */
		if (len - i >= 8) {
			memcpy(&eight, s + i, 8);
			if ((eight & 0x8080808080808080u) == 0) {
				i += 8;
				continue;
			}
		}
		n = sequence((const unsigned char *)s + i, len - i);
		if (n == 0)
			return false;
		i += n;
	}
	return true;
}

size_t
text_count(const char *s, size_t len)
{
	size_t n = 0, i;

	for (i = 0; i < len; i++)
		n += (s[i] & 0xc0) != 0x80;
	return n;
}

const char *
text_cut(struct arena *mem, const char *s, size_t max)
{
	size_t len = strlen(s), n = 0, i, keep = 0;
	char *out;

	if (len <= max || text_count(s, len) <= max)
		return s;
	if (max == 0)
		return "";
	for (i = 0; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80 && n++ == max - 1) {
			keep = i;
			break;
		}
	}
	out = arena_memdup(mem, s, keep + 3);
	memcpy(out + keep, "\xe2\x80\xa6", 3);
	return out;
}

size_t
text_whole(const char *s, size_t len)
{
	size_t from = len;

	while (from > 0 && ((unsigned char)s[from - 1] & 0xc0) == 0x80)
		from--;
	if (from > 0 && (unsigned char)s[from - 1] >= 0xc0)
		from--; /* here begins the last character */
	return from < len
		&& sequence((const unsigned char *)s + from, len - from)
		    != len - from
	    ? from
	    : len;
}

void
text_vformat(char *out, size_t max, const char *fmt, va_list ap)
{
	int len = vsnprintf(out, max, fmt, ap);

	if (len >= 0 && max > 0 && (size_t)len >= max)
		out[text_whole(out, max - 1)] = '\0';
}

void
text_format(char *out, size_t max, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	text_vformat(out, max, fmt, ap);
	va_end(ap);
}

char *
text_clean(struct arena *mem, const char *s, size_t len)
{
	char *out;
	size_t i = 0, n = 0, step;

	if (text_is_utf8(s, len) && memchr(s, '\0', len) == NULL)
		return arena_memdup(mem, s, len);
	out = arena_alloc(mem, len * 3 + 1);
	while (i < len) {
		step = sequence((const unsigned char *)s + i, len - i);
		if (step == 0 || s[i] == '\0') {
			memcpy(out + n, "\xef\xbf\xbd", 3);
			n += 3;
			i++;
		} else {
			memcpy(out + n, s + i, step);
			n += step;
			i += step;
		}
	}
	out[n] = '\0';
	return out;
}

/* Length of white space (Unicode's White_Space) at ${s}, 0 if there is none. */
static size_t
space(const char *s)
{
	const unsigned char *u = (const unsigned char *)s;

	if (*s == ' ' || (*s >= '\t' && *s <= '\r'))
		return 1;
	if (u[0] == 0xc2)
		return u[1] == 0x85 || u[1] == 0xa0 ? 2 : 0;
	if (u[0] == 0xe2 && u[1] == 0x80) /* U+2000 to U+200A and three more */
		return (u[2] >= 0x80 && u[2] <= 0x8a) || u[2] == 0xa8
			|| u[2] == 0xa9 || u[2] == 0xaf
		    ? 3
		    : 0;
	return strncmp(s, "\xe1\x9a\x80", 3) == 0
		|| strncmp(s, "\xe2\x81\x9f", 3) == 0
		|| strncmp(s, "\xe3\x80\x80", 3) == 0
	    ? 3
	    : 0;
}

char *
text_strip(struct arena *mem, const char *s)
{
	size_t n, len;

	while ((n = space(s)) > 0)
		s += n;
	len = strlen(s);
	for (n = 1; n <= 3 && n <= len; n++)
		if (space(s + len - n) == n) {
			len -= n;
			n = 0;
		}
	return arena_memdup(mem, s, len);
}

size_t
text_control(const char *s, size_t len, unsigned *code)
{
	static const struct {
		unsigned first, last;
	} RANGES[] = {
		{ 0x00, 0x1f }, { 0x7f, 0x9f },
		{ 0x61c, 0x61c },   /* Arabic letter mark */
		{ 0x200e, 0x200f }, /* left-to-right, right-to-left mark */
		{ 0x202a, 0x202e }, /* embeddings and overrides */
		{ 0x2066, 0x2069 }, /* isolates */
	};
	const unsigned char *u = (const unsigned char *)s;
	size_t n = len == 0 ? 0 : sequence(u, len), i;
	unsigned c;

	if (n == 0 || n > 3)
		return 0;
	c = n == 1 ? u[0]
	    : n == 2
	    ? (u[0] & 0x1fu) << 6 | (u[1] & 0x3fu)
	    : (u[0] & 0xfu) << 12 | (u[1] & 0x3fu) << 6 | (u[2] & 0x3fu);
	for (i = 0; i < NELEM(RANGES); i++)
		if (c >= RANGES[i].first && c <= RANGES[i].last) {
			if (code != NULL)
				*code = c;
			return n;
		}
	return 0;
}

size_t
text_unseen(const char *s, size_t len)
{
	/* soft hyphen; zero width: space, joiners; word joiner and invisible
	 * operators; byte order mark */
	static const char *const UNSEEN[] = { "\xc2\xad", "\xe2\x80\x8b",
		"\xe2\x80\x8c", "\xe2\x80\x8d", "\xe2\x81\xa0", "\xe2\x81\xa1",
		"\xe2\x81\xa2", "\xe2\x81\xa3", "\xe2\x81\xa4",
		"\xef\xbb\xbf" };
	size_t at = 0, n, i;

	do {
		n = space(s + at);
		if (n == 0)
			n = text_control(s + at, len - at, NULL);
		for (i = 0; n == 0 && i < NELEM(UNSEEN); i++)
			if (strncmp(s + at, UNSEEN[i], strlen(UNSEEN[i])) == 0)
				n = strlen(UNSEEN[i]);
		if (n > len - at)
			n = 0;
		at += n;
	} while (n > 0 && at < len);
	return at;
}

char *
text_printable(struct arena *mem, const char *s)
{
	char *out = text_clean(mem, s, strlen(s));
	size_t i = 0, n = 0, len = strlen(out), step;

	while (i < len) {
		step = text_control(out + i, len - i, NULL);
		if (step > 0 && out[i] != '\n' && out[i] != '\t')
			i += step;
		else
			out[n++] = out[i++];
	}
	out[n] = '\0';
	return out;
}

size_t
text_distance(const char *a, const char *b, bool fold)
{
	size_t na = strnlen(a, TEXT_DISTANCE_BYTES);
	size_t nb = strnlen(b, TEXT_DISTANCE_BYTES);
	size_t row[TEXT_DISTANCE_BYTES + 1], i, j, corner, up;

	for (j = 0; j <= nb; j++)
		row[j] = j;
	for (i = 1; i <= na; i++) {
		corner = row[0];
		row[0] = i;
		for (j = 1; j <= nb; j++) {
			up = row[j];
			corner += fold
			    ? strncasecmp(&a[i - 1], &b[j - 1], 1) != 0
			    : a[i - 1] != b[j - 1];
			if (up + 1 < corner)
				corner = up + 1;
			if (row[j - 1] + 1 < corner)
				corner = row[j - 1] + 1;
			row[j] = corner;
			corner = up;
		}
	}
	return row[nb];
}

void
text_hex(const void *bytes, size_t len, char *out)
{
	sodium_bin2hex(out, 2 * len + 1, bytes, len);
}

const char *
text_line(const char **at, size_t *len)
{
	const char *line;

	*at += strspn(*at, "\n");
	line = *at;
	*len = strcspn(line, "\n");
	*at += *len;
	return *len == 0 ? NULL : line;
}

void
text_random_hex(size_t n, char *out)
{
	unsigned char bytes[32];

	if (n > sizeof(bytes))
		n = sizeof(bytes);
	randombytes_buf(bytes, n);
	text_hex(bytes, n, out);
}

int
text_int(const char *s, int64_t *out)
{
	const char *digits = *s == '-' || *s == '+' ? s + 1 : s;
	long long v;
	char *end;

	if (*digits < '0' || *digits > '9')
		return -1;
	errno = 0;
	v = strtoll(s, &end, 10);
	if (errno != 0 || *end != '\0')
		return -1;
	*out = v;
	return 0;
}

char *
text_expand(struct arena *mem, const char *s,
    const char *(*lookup)(void *ctx, const char *name), void *ctx,
    const char **unknown)
{
	char *out = arena_strdup(mem, "");
	const char *from = s, *at, *end, *value;
	char *name;

	while ((at = strstr(from, "${")) != NULL) {
		end = strchr(at, '}');
		if (end == NULL)
			break;
		name = arena_memdup(mem, at + 2, (size_t)(end - at - 2));
		value = lookup(ctx, name);
		if (value == NULL) {
			*unknown = name;
			return NULL;
		}
		out = arena_printf(mem, "%s%.*s%s", out, (int)(at - from), from,
		    value);
		from = end + 1;
	}
	return arena_printf(mem, "%s%s", out, from);
}
