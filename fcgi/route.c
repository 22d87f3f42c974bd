#include "fcgi/route.h"

#include <string.h>

#include "base/arena.h"
#include "fcgi/request_priv.h"

/* Is ${pattern}, what is left of one, a last segment that may be absent? */
static bool
may_be_absent(const char *pattern)
{
	size_t len = strlen(pattern);

	return len > 4 && strncmp(pattern, "/{", 2) == 0
	    && strcmp(pattern + len - 2, "?}") == 0
	    && strchr(pattern + 1, '/') == NULL;
}

static bool
is_slash(const char *raw, const char *end)
{
	return end - raw == 1 && *raw == '/';
}

bool
route_matches(struct request *req, const struct route *route, const char *raw,
    size_t len)
{
	const char *pattern = route->pattern, *end = raw + len;
	size_t n = 0;

	while (*pattern == '/' && raw < end && *raw == '/') {
		size_t plen, name_len, rlen = 0;
		char *segment;

		pattern++;
		raw++;
		plen = strcspn(pattern, "/");
		while (raw + rlen < end && raw[rlen] != '/')
			rlen++;
		segment = request_decode(req->mem, raw, rlen, false);
		if (segment == NULL)
			return false;
		if (plen > 2 && pattern[0] == '{') {
			if (rlen == 0 || n == REQUEST_PARAMS_MAX)
				return false;
			name_len = plen - 2 - (pattern[plen - 2] == '?');
			req->params[n].name = arena_memdup(req->mem,
			    pattern + 1, name_len);
			req->params[n++].value = segment;
		} else if (strlen(segment) != plen
		    || memcmp(segment, pattern, plen) != 0) {
			return false;
		}
		pattern += plen;
		raw += rlen;
	}
	if (n < REQUEST_PARAMS_MAX)
		req->params[n].name = NULL;
	if ((route->flags & ROUTE_SLASH) != 0 && is_slash(raw, end))
		raw = end;
	return raw == end && (*pattern == '\0' || may_be_absent(pattern));
}
