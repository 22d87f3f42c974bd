/*
 * refusal_kind: what a refusal means.
 */
#include <stdio.h>
#include <string.h>

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
