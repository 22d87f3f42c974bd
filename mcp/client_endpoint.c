/*
 * client_endpoint: the address for requests that an HTTP+SSE server names.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "mcp/client_priv.h"

/* The length of "https://host:port" in ${url}. */
static size_t
origin_len(const char *url)
{
	const char *p = strstr(url, "://");

	return p == NULL ? 0 : (size_t)(p - url) + 3 + strcspn(p + 3, "/?#");
}

int
endpoint_resolve(const char *base, const char *said, char out[ENDPOINT_MAX])
{
	size_t origin = origin_len(base), path, n;
	const char *p;
	int len;

	for (p = said; *p != '\0'; p++)
		if (*p <= ' ' || *p == 0x7f)
			return -1;
	if (strstr(said, "://") != NULL
	    && strcspn(said, "/?#") > (size_t)(strstr(said, "://") - said)) {
		n = origin_len(said);
		if (n != origin || strncasecmp(said, base, n) != 0)
			return -1;
		len = snprintf(out, ENDPOINT_MAX, "%s", said);
	} else if (said[0] == '/' && said[1] == '/') {
		return -1; /* another host */
	} else if (said[0] == '/') {
		len = snprintf(out, ENDPOINT_MAX, "%.*s%s", (int)origin, base,
		    said);
	} else {
		/* Relative to the directory of the base's path. */
		path = origin + strcspn(base + origin, "?#");
		while (path > origin && base[path - 1] != '/')
			path--;
		len = snprintf(out, ENDPOINT_MAX, "%.*s%s%s", (int)path, base,
		    path == origin ? "/" : "", said);
	}
	return len > 0 && len < ENDPOINT_MAX ? 0 : -1;
}

/*
 * A proxy put a prefix before the server's paths that the server does not know
 * (modelcontextprotocol/python-sdk#412, #2243): the shortest part of
 * ${base}'s path that leads on to ${said}.
 */
void
endpoint_behind(const char *base, const char *said, char out[ENDPOINT_MAX])
{
	size_t origin = origin_len(base), dir, at, rest;
	int len;

	out[0] = '\0';
	dir = origin + strcspn(base + origin, "?#");
	while (dir > origin && base[dir - 1] != '/')
		dir--;
	if (said[0] != '/' || said[1] == '/' || dir < origin + 2)
		return;
	dir--; /* without its last slash */
	for (at = origin + 1; at <= dir; at++) {
		if (at < dir && base[at] != '/')
			continue;
		rest = dir - at;
		if (strncmp(said, base + at, rest) == 0
		    && (rest == 0 || said[rest] == '/'))
			break;
	}
	/* It knows the whole. */
	if (strncmp(said, base + origin, dir - origin) == 0
	    && said[dir - origin] == '/')
		return;
	len = snprintf(out, ENDPOINT_MAX, "%.*s%s", (int)at, base, said);
	if (len < 0 || len >= ENDPOINT_MAX)
		out[0] = '\0';
}
