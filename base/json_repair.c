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

/* The escape at ${s}, whose length is left in ${len}. */
static int
add_escape(struct buf *out, const char *s, size_t *len)
{
	int unit = unit_at(s);

	*len = UNIT_LEN;
	if (unit == -1)
		*len = s[1] == '\0' ? 1 : 2;
	else if (is_between(unit, 0xd800, 0xdbff)
	    && is_between(unit_at(s + UNIT_LEN), 0xdc00, 0xdfff))
		*len = 2 * UNIT_LEN;
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
		return buf_add_str(out,
		    value < 0 ? HUGE_NEGATIVE : HUGE_REAL);
	if (buf_add(out, s, len) == -1)
		return -1;
	errno = 0;
	(void)strtoll(s, &end, 10);
	return end == s + len && errno == ERANGE ? buf_add_str(out, ".0") : 0;
}

int
json_repair(struct buf *out, const char *bytes, size_t len)
{
	struct arena *mem = arena_new();
	const char *at = text_clean(mem, bytes, len);
	bool in_string = false;
	size_t n;
	int rc = 0;

	for (; rc == 0 && *at != '\0'; at += n) {
		n = strcspn(at, in_string ? "\"\\" : "\"-0123456789");
		if (n > 0) {
			rc = buf_add(out, at, n);
		} else if (*at == '"') {
			n = 1;
			in_string = !in_string;
			rc = buf_add_char(out, '"');
		} else if (in_string) {
			rc = add_escape(out, at, &n);
		} else {
			n = strspn(at, "+-.0123456789Ee");
			rc = add_number(out, at, n);
		}
	}
	arena_free(mem);
	return rc;
}
