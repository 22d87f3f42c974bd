/*
 * provider: which API a host speaks, and where.
 */
#include <string.h>

#include "base/http.h"
#include "llm/llm_priv.h"

const struct llm_provider *
llm_provider_of(int host)
{
	return host == HOST_ANTHROPIC ? &LLM_ANTHROPIC : &LLM_OPENAI;
}

int
llm_fill(const struct llm_provider *p, const struct llm_backend *b, size_t n,
    struct arena *mem, struct http_request *req)
{
	size_t i;

	for (i = 0; b->headers != NULL && b->headers[i] != NULL; i++) {
		if (n + LLM_OWN_HEADERS >= HTTP_HEADERS_MAX)
			return -1;
		req->headers[n++] = b->headers[i];
	}
	n += p->headers(b, mem, req->headers + n, LLM_OWN_HEADERS);
	req->headers[n] = NULL;
	return 0;
}

char *
llm_url(const struct llm_backend *b, const char *path, struct arena *mem)
{
	const char *base = b->base_url[0] != '\0'
	    ? b->base_url
	    : llm_provider_of(b->host)->base_url;
	const char *query = strchr(base, '?'); /* Azure's api-version */
	size_t len = query == NULL ? strlen(base) : (size_t)(query - base);

	while (len > 0 && base[len - 1] == '/')
		len--;
	return arena_printf(mem, "%.*s%s%s", (int)len, base, path,
	    query == NULL ? "" : query);
}

char *
llm_chat_url(const struct llm_backend *b, struct arena *mem)
{
	return llm_url(b, llm_provider_of(b->host)->path, mem);
}
