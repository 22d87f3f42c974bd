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

/* Characters that nobody sees, as web pages and editors put them: the byte
 * order mark, blanks that do not break, those of no width, marks of
 * direction. */
static const char *const UNSEEN[] = { "\xef\xbb\xbf", "\xc2\xa0",
	"\xe2\x80\x8b", "\xe2\x80\x8c", "\xe2\x80\x8d", "\xe2\x80\x8e",
	"\xe2\x80\x8f", "\xe2\x80\xaf", "\xe2\x81\xa0" };

/* Bytes of one at the beginning (or the end) of ${text}. */
static size_t
unseen_at(const char *text, size_t len, bool end)
{
	for (size_t i = 0; i < NELEM(UNSEEN); i++) {
		size_t n = strlen(UNSEEN[i]);

		if (len >= n
		    && memcmp(end ? text + len - n : text, UNSEEN[i], n) == 0)
			return n;
	}
	return 0;
}

static size_t
gap_at(const char *text, size_t len, bool end)
{
	if (len > 0 && is_blank(text[end ? len - 1 : 0]))
		return 1;
	return unseen_at(text, len, end);
}

static void
trim_blanks(const char **text, size_t *len)
{
	size_t n;

	while ((n = gap_at(*text, *len, false)) > 0) {
		*text += n;
		*len -= n;
	}
	while ((n = gap_at(*text, *len, true)) > 0)
		*len -= n;
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

	while (
	    n < len && ((text[n] >= 'A' && text[n] <= 'Z') || text[n] == '_'))
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

bool
paste_is_ascii(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] >= 0x80)
			return false;
	return true;
}
