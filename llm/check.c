/*
 * check: whether a backend would answer, asked by its list of models, which
 * costs no tokens.
 */
#include <stdio.h>
#include <string.h>

#include "base/http.h"
#include "base/json.h"
#include "llm/llm_priv.h"

#define LIST_MAX (4 * MIB) /* OpenRouter's is the longest known: 0.5 MiB */
#define CHECK_MS 10000	   /* somebody waits for it at a terminal */

static bool
is_model(const char *id, const char *model)
{
	size_t len = strlen(model);

	/* Ollama lists "llama3:latest" for what is asked as "llama3". */
	return strncmp(id, model, len) == 0
	    && (id[len] == '\0' || strcmp(id + len, ":latest") == 0);
}

/* False only if there is a list and ${model} is not in it. */
static bool
lists(const json_t *doc, const char *model)
{
	const json_t *all = json_object_get(doc, "data");
	size_t i, known = 0;

	/* It comes in pages, and knows names that it does not list. */
	if (json_object_get(doc, "has_more") != NULL)
		return true;
	for (i = 0; i < json_array_size(all); i++) {
		const char *id = json_member_str(json_array_get(all, i), "id");

		if (id == NULL)
			continue;
		if (is_model(id, model))
			return true;
		known++;
	}
	return known == 0;
}

enum llm_rc
llm_check(const struct llm_backend *b, struct arena *mem, bool *listed,
    struct llm_failure *f)
{
	const struct llm_provider *p = llm_provider_of(b->host);
	struct http_request req = { .method = "GET",
		.url = llm_url(b, p->models, mem),
		.body_max = LIST_MAX,
		.connect_ms = b->connect_ms < CHECK_MS ? b->connect_ms
						       : CHECK_MS,
		.total_ms = CHECK_MS,
		.flags = HTTP_OPERATOR };
	struct http_response resp;
	enum llm_rc rc = LLM_OK;
	size_t n = 1;

	*f = (struct llm_failure){ .retry_after_ms = -1 };
	*listed = true;
	req.headers[0] = "Accept: application/json";
	for (; b->headers != NULL && b->headers[n - 1] != NULL; n++)
		req.headers[n] = b->headers[n - 1];
	p->headers(b, mem, req.headers + n, HTTP_HEADERS_MAX - 1 - n);
	(void)http_send(&req, &resp);
	f->status = resp.status;
	if (resp.rc != HTTP_OK) {
		snprintf(f->why, sizeof(f->why), "%s", resp.why);
		rc = LLM_RETRY;
	} else if (resp.status == 401 || resp.status == 403) {
		snprintf(f->why, sizeof(f->why), "status %d", resp.status);
		rc = LLM_DENIED;
	} else if (resp.status == 429 || resp.status >= 500) {
		snprintf(f->why, sizeof(f->why), "status %d", resp.status);
		rc = LLM_RETRY;
	} else if (resp.status == 200)
		*listed = lists(json_read(mem, buf_str(&resp.body),
				    resp.body.len, NULL, NULL),
		    b->model);
	/* Else it has no list, as many a server of one's own. */
	http_response_fini(&resp);
	return rc;
}
