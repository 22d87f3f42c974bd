/*
 * refusal: what a server says in place of an answer, and what it means.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "llm/llm_priv.h"

static bool
says_one_of(const char *text, const char *const *words, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcasestr(text, words[i]) != NULL)
			return true;
	return false;
}

/* Too long for the model, in the words of the servers. */
static bool
says_too_long(const char *text)
{
	static const char *const WORDS[] = { "context_length_exceeded",
		"context length", "context window", "maximum context",
		"prompt is too long", "input is too long", "too many tokens",
		"exceeds the available context", "input length and `max_tokens`",
		"reduce the length", "reduce your message size",
		"request too large", "context size", "exceed_context_size",
		"max_model_len", "maximum model length",
		"`max_new_tokens` must be", "inputs` must have less than",
		"exceeds the maximum number of tokens" };

	return says_one_of(text, WORDS, NELEM(WORDS));
}

bool
llm_refusal_of_tools(const struct llm_refusal *r)
{
	static const char *const WORDS[] = { "does not support tool",
		"not support function call", "support tool use",
		"tool calling is not supported", "tools is not supported",
		"tool use is not supported", "tools are not supported",
		"requires --enable-auto-tool-choice" };

	return says_one_of(r->message, WORDS, NELEM(WORDS));
}

static const char *
str_of(struct arena *mem, const json_t *doc, const char *name)
{
	const json_t *v = json_object_get(doc, name);

	if (json_is_string(v))
		return arena_strdup(mem, json_string_value(v));
	if (json_is_integer(v))
		return arena_printf(mem, "%lld",
		    (long long)json_integer_value(v));
	return "";
}

static void
read_members(struct llm_refusal *out, const json_t *e, struct arena *mem)
{
	const json_t *details = json_object_get(e, "details");

	out->code = str_of(mem, e, "code");
	if (json_is_object(details))
		out->code = str_of(mem, details, "error_code");
	out->type = str_of(mem, e, "type");
	out->param = str_of(mem, e, "param");
	out->message = json_is_string(e)
	    ? arena_strdup(mem, json_string_value(e))
	    : str_of(mem, e, "message");
}

void
llm_refusal_read(struct llm_refusal *out, int status, const char *body,
    size_t len, struct arena *mem)
{
	const json_t *doc = json_read_lenient(mem, body, len);
	const json_t *e = json_object_get(doc, "error");

	*out = (struct llm_refusal){ .status = status };
	/* vLLM and others: the members without "error". */
	read_members(out, e == NULL ? doc : e, mem);
}

/* An error that comes with a 200 says what status it would have had, or only
 * its kind. */
static int
status_in(const struct llm_refusal *r, const json_t *e)
{
	static const struct {
		const char *word;
		int status;
	} KINDS[] = {
		{ "invalid_request_error", 400 },
		{ "tool_use_failed", 400 },
		{ "context_length_exceeded", 400 },
		{ "authentication_error", 401 },
		{ "billing_error", 402 },
		{ "permission_error", 403 },
		{ "not_found_error", 404 },
		{ "request_too_large", 413 },
		{ "rate_limit_exceeded", 429 },
		{ "rate_limit_error", 429 },
		{ "api_error", 500 },
		{ "timeout_error", 504 },
		{ "overloaded_error", 529 },
	};
	int64_t n = json_member_int(e, "code", 0);
	size_t j;

	if (n < 400 || n > 599)
		n = json_member_int(e, "status_code", 0);
	if (n >= 400 && n <= 599)
		return (int)n;
	for (j = 0; j < NELEM(KINDS); j++)
		if (strcmp(r->code, KINDS[j].word) == 0
		    || strcmp(r->type, KINDS[j].word) == 0)
			return KINDS[j].status;
	return 500;
}

int
llm_refusal_in(struct llm_reading *r, const json_t *e)
{
	if (r->ended)
		return 0;
	r->failed = true;
	read_members(&r->error, e, r->mem);
	r->error.status = status_in(&r->error, e);
	return -1;
}

static bool
is_quota(const struct llm_refusal *r)
{
	static const char *const WORDS[] = { "insufficient_quota",
		"credit_balance_exhausted", "organization_usage_limit_exceeded",
		"billing_hard_limit_reached", "billing_not_active",
		"billing_error", "enforced_spend_limit_reached",
		"_spend_limit_exceeded" };

	return r->status == 402 || says_one_of(r->code, WORDS, NELEM(WORDS))
	    || says_one_of(r->type, WORDS, NELEM(WORDS))
	    || strstr(r->message, "credit balance is too low") != NULL;
}

static bool
is_too_long(const struct llm_refusal *r)
{
	return r->status == 413
	    || strcmp(r->code, "context_length_exceeded") == 0
	    || ((r->status == 400 || r->status == 422 || r->status >= 500)
		&& says_too_long(r->message));
}

static enum llm_rc
by_status(int status, int should_retry)
{
	if (should_retry == 1)
		return LLM_RETRY;
	if (status == 401 || status == 403)
		return LLM_DENIED;
	if (should_retry != 0
	    && (status == 408 || status == 409 || status == 429
		|| status == 498 || status >= 500))
		return LLM_RETRY;
	return LLM_INVALID;
}

enum llm_rc
llm_refusal_rc(const struct llm_refusal *r, int should_retry,
    struct llm_failure *f)
{
	const char *kind = r->code[0] != '\0' ? r->code : r->type;

	f->status = r->status;
	f->counts = r->status >= 500 || r->status == 408;
	/* A code or type, not the message: it may quote what people wrote. */
	snprintf(f->why, sizeof(f->why), "status %d%s%.80s", r->status,
	    kind[0] != '\0' ? " " : "", kind);
	if (is_quota(r)) {
		f->counts = true;
		return LLM_QUOTA;
	}
	/* Groq: the model wrote a call that is none; once more. */
	if (strcmp(r->code, "tool_use_failed") == 0) {
		f->once = true;
		return LLM_RETRY;
	}
	if (is_too_long(r))
		return LLM_CONTEXT;
	return by_status(r->status, should_retry);
}
