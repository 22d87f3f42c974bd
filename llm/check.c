/*
 * check: what can be asked without a token: the list of models, and whether
 * anybody takes questions at that address.
 */
#include <stdio.h>
#include <string.h>

#include "base/http.h"
#include "base/json.h"
#include "base/text.h"
#include "llm/llm_priv.h"
#include "llm/look_priv.h"

#define LIST_MAX (4 * MIB) /* OpenRouter's is the longest known: 0.5 MiB */

/* What stands at ${url} is no list: ${what} it is. */
static void
no_list(struct llm_failure *f, const char *url, const char *what,
    struct arena *mem)
{
	text_format(f->why, sizeof(f->why), "%s (status %d) at %s", what,
	    f->status, text_address_shown(mem, url));
}

/* An answer that denies nothing: the list, or what is in its place.  A server
 * of one's own may have none; a page or a redirect is another server's. */
static enum llm_rc
read_list(const struct http_response *resp, const char *url, struct arena *mem,
    const json_t **doc, struct llm_failure *f)
{
	const char *body = buf_str(&resp->body);
	const json_t *got = json_read_lenient(mem, body, resp->body.len);

	if (resp->status >= 300 && resp->status <= 399) {
		no_list(f, url, "a redirect, so a wrong address", mem);
		return LLM_ADDRESS;
	}
	if (resp->status == 200 && !json_is_object(got)
	    && !json_is_array(got)) {
		no_list(f, url, "no JSON, so a wrong address", mem);
		return LLM_ADDRESS;
	}
	/* Ollama without a model writes null. */
	if (resp->status != 200
	    || (!json_is_array(llm_list_in(got))
		&& !json_is_null(llm_list_in(got))))
		no_list(f, url, "no list of models", mem);
	else
		*doc = got;
	return LLM_OK;
}

/* What a question would meet as well is what it is called for one.  A key may
 * be allowed to ask and not to see the list (OpenAI's of a project), and a list
 * that is not there is no fault: LLM_OK then, and why there is none. */
static enum llm_rc
refused(const struct http_response *resp, const char *url, struct arena *mem,
    struct llm_failure *f)
{
	struct llm_refusal refusal;
	enum llm_rc rc;

	llm_refusal_read(&refusal, resp->status, buf_str(&resp->body),
	    resp->body.len, mem);
	rc = llm_refusal_rc(&refusal, -1, f);
	switch (rc) {
	case LLM_UNREACHABLE:
	case LLM_QUOTA:
	case LLM_RETRY:
		return rc;
	case LLM_LOADING:
		return LLM_RETRY;
	case LLM_DENIED:
		if (llm_refusal_denies_key(&refusal))
			return rc;
		no_list(f, url, "this key may not see the list of models", mem);
		return LLM_OK;
	default:
		no_list(f, url, "no list of models", mem);
		return LLM_OK;
	}
}

enum llm_rc
llm_list_ask(const struct llm_backend *b, int wait_ms,
    const volatile int *cancel, struct arena *mem, const json_t **doc,
    struct llm_failure *f)
{
	const struct llm_provider *p = llm_provider_of(b->host);
	struct http_request req = { .method = "GET",
		.url = llm_url(b, p->models, mem),
		.body_max = LIST_MAX,
		.connect_ms = b->connect_ms < wait_ms ? b->connect_ms : wait_ms,
		.total_ms = wait_ms,
		.flags = HTTP_OPERATOR,
		.cancel = cancel };
	struct http_response resp;
	enum llm_rc rc = LLM_OK;

	*f = (struct llm_failure){ .retry_after_ms = -1 };
	*doc = NULL;
	req.headers[0] = "Accept: application/json";
	if (llm_fill(p, b, 1, mem, &req) == -1) {
		text_format(f->why, sizeof(f->why), LLM_TOO_MANY_HEADERS);
		return LLM_INVALID;
	}
	(void)http_send(&req, &resp);
	f->status = resp.status;
	if (resp.rc != HTTP_OK) {
		text_format(f->why, sizeof(f->why), "%s", resp.why);
		f->cause = resp.cause;
		rc = resp.lasting ? LLM_UNREACHABLE : LLM_RETRY;
	} else if (resp.status >= 400) {
		rc = refused(&resp, req.url, mem, f);
	} else
		rc = read_list(&resp, req.url, mem, doc, f);
	http_response_fini(&resp);
	return rc;
}

bool
llm_is_there(const struct llm_backend *b, int wait_ms,
    const volatile int *cancel, struct arena *mem)
{
	const struct llm_provider *p = llm_provider_of(b->host);
	struct http_request req = { .method = "POST",
		.url = llm_url(b, p->path, mem),
		.headers = { "Accept: application/json",
		    "Content-Type: application/json" },
		.body = "{}",
		.body_len = 2,
		.connect_ms = b->connect_ms < wait_ms ? b->connect_ms : wait_ms,
		.total_ms = wait_ms,
		.flags = HTTP_OPERATOR,
		.cancel = cancel };
	struct http_response resp;
	struct llm_refusal refusal;
	bool there = false;

	if (llm_fill(p, b, 2, mem, &req) == -1)
		return false;
	(void)http_send(&req, &resp);
	if (resp.rc == HTTP_OK) {
		llm_refusal_read(&refusal, resp.status, buf_str(&resp.body),
		    resp.body.len, mem);
		there = refusal.doc != NULL && resp.status != 404
		    && !llm_refusal_is_nowhere(&refusal);
	}
	http_response_fini(&resp);
	return there;
}
