/*
 * text_address: what may be shown of an address, and a part of one.
 */
#include <ctype.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

#define QUERY_WORD_MAX 32 /* of a query: longer may be a key */

/* The length of "scheme://", or of a slip of it: "redis:name:word@host". */
static size_t
scheme_length(const char *url)
{
	const char *inside;
	size_t len = 0;

	while (isalnum((unsigned char)url[len])
	    || (url[len] != '\0' && strchr("+.-", url[len]) != NULL))
		len++;
	if (len > 0 && url[len] == ':' && !isspace((unsigned char)url[len + 1]))
		return len + 1 + strspn(url + len + 1, "/");
	inside = strstr(url, "://");
	return inside == NULL ? 0 : (size_t)(inside - url) + 3;
}

void
text_address(const char *url, struct text_address *out)
{
	size_t scheme = scheme_length(url);
	const char *at = NULL;

	*out = (struct text_address){ .scheme = (int)scheme,
		.rest = url + scheme };
	if (scheme > 0) /* else a text that is no address: nothing is hidden */
		at = strrchr(out->rest,
		    '@'); /* passwords hold what they like */
	if (at != NULL)
		out->rest = at + 1;
	out->has_login = at != NULL;
	out->len = (int)(scheme > 0 ? strcspn(out->rest, "?")
				    : strlen(out->rest));
	out->has_query = out->rest[out->len] != '\0';
}

/* A name or a version: too short and plain for most keys. */
static bool
is_plain_word(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (!isalnum((unsigned char)s[i])
		    && strchr("._-", s[i]) == NULL)
			return false;
	return len > 0 && len <= QUERY_WORD_MAX;
}

char *
text_address_shown(struct arena *mem, const char *url)
{
	static const char VERSION[] = "api-version", HIDDEN[] = "\u2026";
	struct text_address a;
	const char *part;
	char *out;
	size_t len, name;

	text_address(url, &a);
	out = arena_printf(mem, "%.*s%.*s", a.scheme, url, a.len, a.rest);
	if (!a.has_query)
		return out;
	for (part = a.rest + a.len; *part != '\0'; part += len) {
		char sign = *part++;

		len = strcspn(part, "&");
		name = strcspn(part, "=&");
		if (name == len || !is_plain_word(part, name))
			out = arena_printf(mem, "%s%c%s", out, sign, HIDDEN);
		else if (name == sizeof(VERSION) - 1
		    && memcmp(part, VERSION, name) == 0
		    && is_plain_word(part + name + 1, len - name - 1))
			out = arena_printf(mem, "%s%c%.*s", out, sign, (int)len,
			    part);
		else
			out = arena_printf(mem, "%s%c%.*s=%s", out, sign,
			    (int)name, part, HIDDEN);
	}
	return out;
}

char *
text_percent(struct arena *mem, const char *s)
{
	static const char HEX[] = "0123456789ABCDEF";
	char *out = arena_alloc(mem, 3 * strlen(s) + 1), *p = out;

	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
		    || (c >= '0' && c <= '9') || strchr("-_.~", c) != NULL) {
			*p++ = (char)c;
			continue;
		}
		*p++ = '%';
		*p++ = HEX[c >> 4];
		*p++ = HEX[c & 15];
	}
	*p = '\0';
	return out;
}
