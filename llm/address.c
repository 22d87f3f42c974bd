/*
 * address: what people write too much, or too little, into a base_url.
 */
#include <string.h>

#include "llm/llm_priv.h"
#include "llm/look_priv.h"

/* How long what is added by us is that stands at the end of ${len} bytes. */
static size_t
end_of(const struct llm_backend *b, size_t len)
{
	/* The last one is a part of Chat Completions' addresses. */
	static const char *const ENDS[] = { "/chat/completions", "/messages",
		"/models", "/completions", "/responses", "/v1" };
	size_t n = NELEM(ENDS), i, k;

	if (llm_provider_of(b->host) != &LLM_ANTHROPIC)
		n--;
	for (i = 0; i < n; i++) {
		k = strlen(ENDS[i]);
		if (len > k && strncmp(b->base_url + len - k, ENDS[i], k) == 0)
			return k;
	}
	return 0;
}

size_t
llm_address_stem(const struct llm_backend *b, const char **extra, size_t *len)
{
	size_t all = strcspn(b->base_url, "?"), at, k;

	while (all > 0 && b->base_url[all - 1] == '/')
		all--;
	at = all;
	for (k = end_of(b, at); k > 0; k = end_of(b, at))
		at -= k; /* "/v1/messages" is two of them */
	*extra = b->base_url + at;
	*len = all - at;
	return at;
}

bool
llm_address_has_version(const char *url, size_t len)
{
	const char *host = strstr(url, "://"), *p;

	if (host == NULL)
		return false;
	for (p = host + 3; p + 2 < url + len; p++)
		if (p[0] == '/' && p[1] == 'v' && p[2] >= '0' && p[2] <= '9')
			return true;
	return false;
}
