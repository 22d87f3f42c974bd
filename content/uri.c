#include "content/uri.h"

#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "content/beneath.h"

static bool
stays(char c)
{
	return (c >= '0' && c <= '9')
	    || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '-' || c == '.'
	    || c == '_' || c == '~' || c == '/';
}

char *
content_uri(struct arena *mem, const char *path)
{
	static const char HEX[] = "0123456789ABCDEF";
	const size_t begin = strlen(CONTENT_URI_BEGIN);
	char *out = arena_alloc(mem, begin + 3 * strlen(path) + 1);
	char *to = out + begin;

	memcpy(out, CONTENT_URI_BEGIN, begin);
	for (; *path != '\0'; path++) {
		if (stays(*path)) {
			*to++ = *path;
			continue;
		}
		*to++ = '%';
		*to++ = HEX[(unsigned char)*path >> 4];
		*to++ = HEX[(unsigned char)*path & 0xf];
	}
	return out;
}

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that "%XX" at ${s} means; -1: none, or one that no name has: it
 * would say something else once decoded. */
static int
decoded(const char *s)
{
	int high = hex(s[1]), low = high == -1 ? -1 : hex(s[2]);
	int byte = low == -1 ? -1 : high << 4 | low;

	return byte == '\0' || byte == '/' ? -1 : byte;
}

char *
content_uri_path(struct arena *mem, const char *uri)
{
	const size_t begin = strlen(CONTENT_URI_BEGIN);
	size_t len = strlen(uri), n = 0;
	char *out;
	int byte;

	if (len < begin || len > begin + 3 * BENEATH_PATH_MAX
	    || memcmp(uri, CONTENT_URI_BEGIN, begin) != 0)
		return NULL;
	out = arena_alloc(mem, len - begin + 1);
	for (uri += begin; *uri != '\0'; uri++) {
		if (*uri == '?' || *uri == '#')
			return NULL; /* a file has no such parts */
		byte = (unsigned char)*uri;
		if (*uri == '%') {
			byte = decoded(uri);
			if (byte == -1)
				return NULL;
			uri += 2;
		}
		out[n++] = (char)byte;
	}
	return beneath_is_path(out) && text_is_utf8(out, n) ? out : NULL;
}

char *
content_uri_template(struct arena *mem, const char *folder)
{
	return arena_printf(mem, "%s%s" CONTENT_URI_VARIABLE,
	    content_uri(mem, folder), folder[0] == '\0' ? "" : "/");
}
