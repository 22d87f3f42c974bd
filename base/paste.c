#include "base/paste.h"

#include <string.h>
#include <strings.h>

#define REST_MIN 8 /* characters of a key: less behind NAME_KEY= is none */

/* The typographic ones come from mails and web pages. */
static const struct {
	const char *open, *close;
} QUOTES[] = {
	{ "\"", "\"" },
	{ "'", "'" },
	{ "`", "`" },
	{ "\xe2\x80\x9c", "\xe2\x80\x9d" },
	{ "\xe2\x80\x98", "\xe2\x80\x99" },
};

static const struct {
	const char *prefix, *words;
} PREFIXES[] = {
	{ "Authorization:", "\"Authorization:\" before it" },
	{ "x-api-key:", "\"x-api-key:\" before it" },
	{ "Bearer ", "\"Bearer\" before it" },
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void
trim_blanks(const char **text, size_t *len)
{
	while (*len > 0 && is_blank((*text)[0])) {
		(*text)++;
		(*len)--;
	}
	while (*len > 0 && is_blank((*text)[*len - 1]))
		(*len)--;
}

/* The row of QUOTES that is around ${text}; NELEM(QUOTES): none. */
static size_t
quote_around(const char *text, size_t len)
{
	size_t i, a, b;

	for (i = 0; i < NELEM(QUOTES); i++) {
		a = strlen(QUOTES[i].open);
		b = strlen(QUOTES[i].close);
		if (len >= a + b && memcmp(text, QUOTES[i].open, a) == 0
		    && memcmp(text + len - b, QUOTES[i].close, b) == 0)
			break;
	}
	return i;
}

bool
paste_is_quoted(const char *text, size_t len)
{
	return len > 0 && quote_around(text, len) < NELEM(QUOTES);
}

/* Bytes of "OPENAI_API_KEY=" or "export OPENAI_API_KEY="; 0: no such. */
static size_t
name_before(const char *text, size_t len)
{
	size_t begin = len > 7 && memcmp(text, "export ", 7) == 0 ? 7 : 0;
	size_t n = begin;

	while (n < len
	    && ((text[n] >= 'A' && text[n] <= 'Z') || text[n] == '_'))
		n++;
	return n - begin > 4 && n + REST_MIN < len && text[n] == '='
		&& memcmp(text + n - 4, "_KEY", 4) == 0
	    ? n + 1
	    : 0;
}

/* One thing that is before or around it; NULL: nothing is left. */
static const char *
take_one(const char **text, size_t *len)
{
	size_t i = quote_around(*text, *len), n;

	if (i < NELEM(QUOTES)) {
		*text += strlen(QUOTES[i].open);
		*len -= strlen(QUOTES[i].open) + strlen(QUOTES[i].close);
		return "quotes around it";
	}
	for (i = 0; i < NELEM(PREFIXES); i++) {
		n = strlen(PREFIXES[i].prefix);
		if (*len > n
		    && strncasecmp(*text, PREFIXES[i].prefix, n) == 0) {
			*text += n;
			*len -= n;
			return PREFIXES[i].words;
		}
	}
	n = name_before(*text, *len);
	*text += n;
	*len -= n;
	return n == 0 ? NULL : "its variable's name before it";
}

const char *
paste_trim(const char **text, size_t *len)
{
	const char *first = NULL, *one;

	for (;;) {
		trim_blanks(text, len);
		one = take_one(text, len);
		if (one == NULL)
			return first;
		if (first == NULL)
			first = one;
	}
}

const char *
paste_flaw(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (text[i] == '\n' || text[i] == '\r')
			return "a line end";
	for (i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == '\x7f')
			return "a control character";
	for (i = 0; i < len; i++)
		if (text[i] == ' ')
			return "a blank";
	return NULL;
}
