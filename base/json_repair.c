#include "base/json_repair.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"

#define UNIT_LEN 6 /* of \uXXXX */
#define HALF_LEN 4 /* of a half that is kept, in UTF-8 */

/* Nearly the largest double, and no longer than what it stands for. */
static const char HUGE_REAL[] = "1e308", HUGE_NEGATIVE[] = "-1e308";

/* The UTF-16 unit that \uXXXX at ${s} means; -1: it is no such escape. */
static int
unit_at(const char *s)
{
	char hex[5] = "";
	size_t i;

	if (s[0] != '\\' || s[1] != 'u')
		return -1;
	for (i = 0; i < 4; i++) {
		if (!isxdigit((unsigned char)s[2 + i]))
			return -1;
		hex[i] = s[2 + i];
	}
	return (int)strtol(hex, NULL, 16);
}

static bool
is_between(int unit, int first, int last)
{
	return unit >= first && unit <= last;
}

static int
add_half(struct buf *out, unsigned c)
{
	const char bytes[HALF_LEN] = { (char)(0xf0 | c >> 18),
		(char)(0x80 | (c >> 12 & 0x3f)), (char)(0x80 | (c >> 6 & 0x3f)),
		(char)(0x80 | (c & 0x3f)) };

	return buf_add(out, bytes, sizeof(bytes));
}

/* The escape at ${s}, whose length is left in ${len}. */
static int
add_escape(struct buf *out, const char *s, bool keep_halves, size_t *len)
{
	int unit = unit_at(s);

	*len = UNIT_LEN;
	if (unit == -1)
		*len = s[1] == '\0' ? 1 : 2;
	else if (is_between(unit, 0xd800, 0xdbff)
	    && is_between(unit_at(s + UNIT_LEN), 0xdc00, 0xdfff))
		*len = 2 * UNIT_LEN;
	else if (keep_halves && is_between(unit, 0xd800, 0xdfff))
		return add_half(out, JSON_HALF_UNIT + (unsigned)unit);
	else if (unit == 0 || is_between(unit, 0xd800, 0xdfff))
		return buf_add_str(out, "\\ufffd");
	return buf_add(out, s, *len);
}

/* The number of ${len} bytes at ${s}, or what looks like one. */
static int
add_number(struct buf *out, const char *s, size_t len)
{
	char *end;
	double value = strtod(s, &end);

	if (end == s + len && isinf(value))
		return buf_add_str(out, value < 0 ? HUGE_NEGATIVE : HUGE_REAL);
	if (buf_add(out, s, len) == -1)
		return -1;
	errno = 0;
	(void)strtoll(s, &end, 10);
	return end == s + len && errno == ERANGE ? buf_add_str(out, ".0") : 0;
}

/*
 * The length of the word at ${s} that is no number, as others than JSON write
 * it (Python among them), or 0.
 */
static size_t
no_number(const char *s)
{
	static const char *const WORDS[] = { "NaN", "nan", "Infinity", "Inf",
		"inf" };
	size_t sign = *s == '-' ? 1 : 0, i, n;

	for (i = 0; i < NELEM(WORDS); i++) {
		n = sign + strlen(WORDS[i]);
		if (strncmp(s + sign, WORDS[i], n - sign) == 0
		    && !isalnum((unsigned char)s[n]))
			return n;
	}
	return 0;
}

/* ${bytes}, of which those that are no character are kept as halves. */
static char *
mark_bytes(struct arena *mem, const char *bytes, size_t len)
{
	struct buf b = BUF_INIT(SIZE_MAX / 4);
	size_t i, n;
	char *out;
	int rc = 0;

	if (text_is_utf8(bytes, len) && memchr(bytes, '\0', len) == NULL)
		return arena_memdup(mem, bytes, len);
	for (i = 0; i < len && rc == 0; i += n) {
		size_t max = len - i < 4 ? len - i : 4;

		for (n = 1; n <= max && !text_is_utf8(bytes + i, n); n++)
			;
		if (n <= max && bytes[i] != '\0') {
			rc = buf_add(&b, bytes + i, n);
		} else {
			n = 1;
			rc = bytes[i] == '\0'
			    ? buf_add_str(&b, "\xef\xbf\xbd")
			    : add_half(&b,
				JSON_HALF_BYTE + (unsigned char)bytes[i]);
		}
	}
	out = arena_memdup(mem, buf_str(&b), b.len);
	buf_fini(&b);
	return out;
}

/* The half at ${s}: a unit, a byte (below 0x100), or 0. */
static unsigned
half_at(const char *s, size_t len)
{
	const unsigned char *u = (const unsigned char *)s;
	unsigned c;

	if (len < HALF_LEN || u[0] != 0xf4)
		return 0;
	c = (unsigned)(u[0] & 7) << 18 | (unsigned)(u[1] & 0x3f) << 12
	    | (unsigned)(u[2] & 0x3f) << 6 | (u[3] & 0x3fu);
	if (c >= JSON_HALF_UNIT + 0xd800 && c <= JSON_HALF_UNIT + 0xdfff)
		return c - JSON_HALF_UNIT;
	if (c >= JSON_HALF_BYTE + 0x80 && c <= JSON_HALF_BYTE + 0xff)
		return c - JSON_HALF_BYTE;
	return 0;
}

/* The character that the halves at ${s} make, in ${out}; ${taken} bytes.  0:
 * none, -1: not yet. */
static int
join(const char *s, size_t len, char out[4], size_t *taken)
{
	unsigned first = half_at(s, len), next;
	size_t need, n;

	if (first >= 0xdc00)
		return 0;
	if (first >= 0xd800) {
		next = half_at(s + HALF_LEN, len - HALF_LEN);
		if (len == HALF_LEN)
			return -1;
		if (next < 0xdc00)
			return 0;
		first = 0x10000 + ((first - 0xd800) << 10) + (next - 0xdc00);
		out[0] = (char)(0xf0 | first >> 18);
		out[1] = (char)(0x80 | (first >> 12 & 0x3f));
		out[2] = (char)(0x80 | (first >> 6 & 0x3f));
		out[3] = (char)(0x80 | (first & 0x3f));
		*taken = 2 * HALF_LEN;
		return 4;
	}
	need = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
	for (n = 0; n < need; n++) {
		next = half_at(s + n * HALF_LEN, len - n * HALF_LEN);
		if (next == 0 || next > 0xff || (n > 0 && next >= 0xc0))
			break;
		out[n] = (char)next;
	}
	if (need > 0 && n == len / HALF_LEN && n < need && len % HALF_LEN == 0)
		return -1;
	*taken = need * HALF_LEN;
	return need > 0 && n == need && text_is_utf8(out, need) ? (int)need : 0;
}

size_t
json_join_halves(struct buf *b, size_t from, bool last)
{
	char *s = b->data, c[4];
	size_t at, to, taken;
	int n;

	if (s == NULL)
		return 0;
	while (from >= HALF_LEN && half_at(s + from - HALF_LEN, HALF_LEN) != 0)
		from -= HALF_LEN;
	for (at = to = from; at < b->len; at += taken) {
		taken = 1;
		if (half_at(s + at, b->len - at) == 0) {
			s[to++] = s[at];
			continue;
		}
		n = join(s + at, b->len - at, c, &taken);
		if (n == -1 && !last)
			break;
		if (n > 0) {
			memcpy(s + to, c, (size_t)n);
			to += (size_t)n;
		} else {
			memcpy(s + to, "\xef\xbf\xbd", 3);
			to += 3;
			taken = HALF_LEN;
		}
	}
	memmove(s + to, s + at, b->len - at);
	b->len = to + (b->len - at);
	s[b->len] = '\0';
	return b->len - to;
}

int
json_repair(struct buf *out, const char *bytes, size_t len, bool keep_halves)
{
	struct arena *mem = arena_new();
	const char *at = keep_halves ? mark_bytes(mem, bytes, len)
				     : text_clean(mem, bytes, len);
	bool in_string = false;
	size_t n;
	int rc = 0;

	for (; rc == 0 && *at != '\0'; at += n) {
		n = strcspn(at, in_string ? "\"\\" : "\"-0123456789NnIi");
		if (n > 0) {
			rc = buf_add(out, at, n);
		} else if (*at == '"') {
			n = 1;
			in_string = !in_string;
			rc = buf_add_char(out, '"');
		} else if (in_string) {
			rc = add_escape(out, at, keep_halves, &n);
		} else if (no_number(at) > 0) {
			n = no_number(at);
			rc = buf_add_str(out, "null");
		} else if (isalpha((unsigned char)*at)) {
			n = 1;
			rc = buf_add_char(out, *at);
		} else {
			n = strspn(at, "+-.0123456789Ee");
			rc = add_number(out, at, n);
		}
	}
	arena_free(mem);
	return rc;
}
