#include "mcp/headers.h"

#include <inttypes.h>
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "mcp/params.h"

#define BLANK " \t"
#define NUMBER_MAX 40 /* of a whole number with a fraction of zeros */

/* Without blanks at both ends. */
static const char *
trim(const char *s, size_t *len)
{
	s += strspn(s, BLANK);
	*len = strlen(s);
	while (*len > 0 && strchr(BLANK, s[*len - 1]) != NULL)
		(*len)--;
	return s;
}

/* The text that ${s} carries; NULL: it is no base64. */
static const char *
decode(struct arena *mem, const char *s, size_t *len)
{
	const size_t begin = strlen(PARAMS_B64_BEGIN),
		     end = strlen(PARAMS_B64_END);
	unsigned char *out;
	size_t n;

	if (*len < begin + end || memcmp(s, PARAMS_B64_BEGIN, begin) != 0
	    || memcmp(s + *len - end, PARAMS_B64_END, end) != 0)
		return s;
	n = *len - begin - end;
	out = arena_alloc(mem, n + 1);
	if (sodium_base642bin(out, n + 1, s + begin, n, NULL, len, NULL,
		sodium_base64_VARIANT_ORIGINAL)
	    == -1)
		return NULL;
	return (const char *)out;
}

/* "42" and "42.0" are the number 42. */
static bool
is_number(const char *s, size_t len, int64_t want)
{
	char text[NUMBER_MAX], *end;
	size_t n;

	if (len == 0 || len >= sizeof(text))
		return false;
	memcpy(text, s, len);
	text[len] = '\0';
	n = text[0] == '-';
	if (strspn(text + n, "0123456789") == 0)
		return false;
	n += strspn(text + n, "0123456789");
	if (text[n] == '.' && text[n + 1] != '\0'
	    && strspn(text + n + 1, "0") == len - n - 1)
		text[n] = '\0';
	return strtoimax(text, &end, 10) == want && *end == '\0';
}

bool
mcp_header_says(struct arena *mem, const char *header, const json_t *body)
{
	const char *word;
	size_t len;

	if (header == NULL || body == NULL)
		return false;
	header = trim(header, &len);
	header = decode(mem, header, &len);
	if (header == NULL)
		return false;
	switch (json_typeof(body)) {
	case JSON_STRING:
		return json_string_length(body) == len
		    && memcmp(json_string_value(body), header, len) == 0;
	case JSON_INTEGER:
		return is_number(header, len, json_integer_value(body));
	case JSON_REAL: /* 42.0 of a body */
		return fabs(json_real_value(body)) < 9007199254740992.0
		    && trunc(json_real_value(body)) == json_real_value(body)
		    && is_number(header, len, (int64_t)json_real_value(body));
	case JSON_TRUE:
	case JSON_FALSE:
		word = json_is_true(body) ? "true" : "false";
		return strlen(word) == len && memcmp(word, header, len) == 0;
	default:
		return false;
	}
}

/* Is ${s} ("text/html;q=0.5") the type ${type}, or a pattern that has it? */
static bool
names(const char *s, size_t len, const char *type)
{
	const char *slash = strchr(type, '/');
	size_t family = (size_t)(slash - type) + 1;

	if (len == 3 && memcmp(s, "*/*", 3) == 0)
		return true;
	if (len == family + 1 && s[family] == '*'
	    && strncasecmp(s, type, family) == 0)
		return true;
	return len == strlen(type) && strncasecmp(s, type, len) == 0;
}

/* "q=0" and "q=0.000" refuse what they stand behind. */
static bool
is_refused(const char *params, size_t len)
{
	const char *end = params + len, *q;

	for (q = params; q + 2 < end; q++)
		if ((q[0] == 'q' || q[0] == 'Q') && q[1] == '=' && q[2] == '0')
			return strspn(q + 2, "0.") >= strcspn(q + 2, " \t;,");
	return false;
}

struct mcp_accepts
mcp_accepts(const char *accept)
{
	struct mcp_accepts out = { .json = true, .stream = true };
	size_t len, type;

	if (accept == NULL || accept[strspn(accept, BLANK)] == '\0')
		return out;
	out = (struct mcp_accepts){ .json = false };
	for (; *accept != '\0'; accept += len, accept += *accept == ',') {
		accept += strspn(accept, BLANK);
		len = strcspn(accept, ",");
		type = strcspn(accept, " \t;,");
		if (is_refused(accept + type, len - type))
			continue;
		out.json = out.json || names(accept, type, "application/json");
		out.stream = out.stream
		    || names(accept, type, "text/event-stream");
	}
	return out;
}
