#include "base/json_loose.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"

static const char *value(struct buf *out, const char *s, int depth);

static const char *
skip(const char *s)
{
	return s + strspn(s, " \t\r\n");
}

/* One character of a string, or one escape; how many bytes it takes, 0: no
 * room. */
static size_t
add_char(struct buf *out, const char *s)
{
	char text[8];

	if (*s == '\\' && s[1] != '\0') {
		if (strchr("\"\\/bfnrtu", s[1]) != NULL)
			return buf_add(out, s, 2) == 0 ? 2 : 0;
		if (s[1] == '\'') /* which JSON does not escape */
			return buf_add_char(out, '\'') == 0 ? 2 : 0;
		return buf_add_str(out, "\\\\") == 0 ? 1 : 0;
	}
	if (*s == '"')
		return buf_add_str(out, "\\\"") == 0 ? 1 : 0;
	if ((unsigned char)*s >= 0x20)
		return buf_add_char(out, *s) == 0 ? 1 : 0;
	snprintf(text, sizeof(text), "\\u%04x", (unsigned)*s);
	return buf_add_str(out, text) == 0 ? 1 : 0;
}

static const char *
string(struct buf *out, const char *s)
{
	char quote = *s++;
	size_t n;

	if (buf_add_char(out, '"') == -1)
		return NULL;
	for (; *s != '\0' && *s != quote; s += n) {
		n = add_char(out, s);
		if (n == 0)
			return NULL;
	}
	return *s == quote && buf_add_char(out, '"') == 0 ? s + 1 : NULL;
}

static const char *
word(struct buf *out, const char *s)
{
	static const char *const WORDS[][2] = { { "True", "true" },
		{ "False", "false" }, { "None", "null" }, { "NaN", "null" },
		{ "true", "true" }, { "false", "false" }, { "null", "null" } };
	size_t i, len;

	for (i = 0; i < NELEM(WORDS); i++) {
		len = strlen(WORDS[i][0]);
		if (strncmp(s, WORDS[i][0], len) == 0)
			return buf_add_str(out, WORDS[i][1]) == 0 ? s + len
								  : NULL;
	}
	len = strspn(s, "+-.0123456789eE");
	return len > 0 && buf_add(out, s, len) == 0 ? s + len : NULL;
}

/* The members of an object, or of a list; ${s} is behind its bracket. */
static const char *
members(struct buf *out, const char *s, char close, int depth)
{
	bool first = true;

	for (;;) {
		s = skip(s);
		if (*s == close)
			return buf_add_char(out, close) == 0 ? s + 1 : NULL;
		if (!first && buf_add_char(out, ',') == -1)
			return NULL;
		if (close == '}') {
			s = *s == '"' || *s == '\'' ? string(out, s) : NULL;
			s = s == NULL ? NULL : skip(s);
			if (s == NULL || *s != ':'
			    || buf_add_char(out, ':') == -1)
				return NULL;
			s++;
		}
		s = value(out, s, depth);
		if (s == NULL)
			return NULL;
		s = skip(s);
		if (*s == ',')
			s++;
		else if (*s != close)
			return NULL;
		first = false;
	}
}

static const char *
value(struct buf *out, const char *s, int depth)
{
	s = skip(s);
	if (*s == '"' || *s == '\'')
		return string(out, s);
	if (*s != '{' && *s != '[')
		return word(out, s);
	if (depth == JSON_DEPTH_MAX || buf_add_char(out, *s) == -1)
		return NULL;
	return members(out, s + 1, *s == '{' ? '}' : ']', depth + 1);
}

const char *
json_loose(struct buf *out, const char *s)
{
	return value(out, s, 0);
}
