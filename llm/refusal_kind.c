/*
 * refusal_kind: what a refusal means.
 *
 * The words are those of the servers: where a row names no project, it is the
 * provider's own documentation or a recorded answer.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/text.h"
#include "llm/llm_priv.h"

#define NAME_MAX_BYTES 64 /* of a code or type: the longest known has 40 */

/* Too long for the model. */
static const char *const TOO_LONG[] = {
	/* OpenAI, and who does as it does */
	"context_length_exceeded", "context length", "context window",
	"maximum context", "reduce the length", "string_above_max_length",
	/* Anthropic, Bedrock */
	"prompt is too long", "input is too long", "too many tokens",
	"input length and `max_tokens`",
	/* Groq, GitHub Models */
	"reduce your message size", "request too large",
	/* llama.cpp: ggml-org/llama.cpp#16104 */
	"exceeds the available context", "context size", "exceed_context_size",
	/* vLLM */
	"max_model_len", "maximum model length",
	"tokens in request more than max tokens",
	/* Ollama */
	"prompt too long", "greater than the context",
	/* TGI, Together */
	"`max_new_tokens` must be", "inputs` must have less than",
	/* Gemini: n4ze3m/page-assist#406 */
	"exceeds the maximum number of tokens", "input token count",
	/* xAI, Kimi, GitHub Copilot, DashScope, Mistral: earendil-works/pi#5930
	 * and its list of providers' words */
	"maximum prompt length is", "exceeded model token limit",
	"max_prompt_tokens_exceeded", "prompt token count of",
	"range of input length should be", "maximum allowed input length",
	"too large for model with",
	/* Zhipu, SiliconFlow */
	"exceeds the maximum length", "exceeds max length", "max_seq_len"
};

/* Out of credit, by codes that say nothing else, whatever the status. */
static const char *const QUOTA_CODES[] = {
	/* OpenAI */
	"insufficient_quota", "credit_balance_exhausted",
	"organization_usage_limit_exceeded", "billing_hard_limit_reached",
	"billing_not_active", "enforced_spend_limit_reached",
	"_spend_limit_exceeded",
	/* Anthropic */
	"billing_error", "credit balance is too low"
};

/* And by words, of a status that may mean it. */
static const char *const QUOTA[] = {
	/* OpenAI, Gemini */
	"exceeded your current quota",
	/* Kimi; DeepSeek, Zhipu ("in arrears"), DashScope */
	"exceeded_current_quota", "insufficient balance",
	"insufficient_balance", "欠费", "余额不足", "arrearage", "freetieronly",
	/* Anthropic's limit that the customer set */
	"specified api usage limits",
	/* OpenRouter, xAI, Hugging Face */
	"insufficient credits", "out of credits", "any credits",
	"used all available credits", "monthly included credits", "daily limit",
	"weekly limit", "monthly limit", "per-day",
	/* Groq, Gemini: tokens or requests of a day */
	"per day", "perday",
	/* Azure and others */
	"call volume quota", "quota exhausted", "payment required",
	"monthly usage limit", "monthly spend", "usage limit reached"
};

/* A filter of the provider's declined the message. */
static const char *const FILTERED[] = {
	/* Azure: microsoft/sample-app-aoai-chatGPT#986; Kimi's type */
	"content_filter", "responsibleaipolicyviolation",
	"content management policy",
	/* OpenAI */
	"content_policy_violation", "flagged as potentially violating",
	"rejected as a result of our safety system",
	/* Anthropic */
	"content filtering policy",
	/* Gemini, DashScope, DeepSeek, xAI, OpenRouter */
	"prohibited_content", "data_inspection_failed", "content exists risk",
	"violates usage guidelines", "input was flagged",
	/* Zhipu, in both of its languages */
	"sensitive content", "敏感内容", "blocked by our content"
};
#define FILTERED_ZHIPU "1301" /* its code, with whatever words */

/* A model that comes up: llama.cpp, Hugging Face, LocalAI. */
static const char *const LOADING[] = { "loading model", "is currently loading",
	"model is loading", "being loaded", "is loading", "warming up",
	"still starting", "model_loading" };

/* One that never will. */
static const char *const NOT_LOADED[] = { "error loading", "failed to load",
	"failed loading", "unable to load" };

/* A wrong key, told as 400 (Gemini, xAI) or by a gateway as 500. */
static const char *const DENIED[] = { "api key not valid", "invalid api key",
	"incorrect api key", "invalid_api_key", "api_key_invalid",
	"missing or invalid authorization" };

/* A key that is right and may not do this: OpenAI's with scopes, Anthropic's of
 * a workspace. */
static const char *const SCOPES[] = { "scope", "permission" };

/* Whoever asks from there gets no answer: OpenAI; Gemini; Anthropic. */
static const char *const COUNTRY[] = { "unsupported_country",
	"country, region, or territory not supported",
	"user location is not supported", "not available in your country",
	"not available in your region" };

/* http:// where TLS is spoken: nginx, Go, Apache and Tomcat. */
static const char *const NEEDS_TLS[] = { "plain http request was sent to https",
	"http request to an https server", "plain http to an ssl-enabled",
	"requires tls" };

static bool
says(const struct llm_refusal *r, const char *const *words, size_t n)
{
	return llm_text_says(r->code, words, n)
	    || llm_text_says(r->type, words, n)
	    || llm_text_says(r->message, words, n);
}

/* Azure puts its filter's word into innererror. */
static bool
is_filtered(const struct llm_refusal *r)
{
	const char *inner = json_member_str(
	    json_object_get(json_object_get(r->doc, "error"), "innererror"),
	    "code");

	return strcmp(r->code, FILTERED_ZHIPU) == 0
	    || says(r, FILTERED, NELEM(FILTERED))
	    || (inner != NULL
		&& llm_text_says(inner, FILTERED, NELEM(FILTERED)));
}

/* A request larger than a minute's tokens never gets through: it is too long,
 * not too often (OpenAI's TPM as 429, Groq's as 413). */
static bool
is_too_long(const struct llm_refusal *r)
{
	static const char *const LARGE[] = { "request too large" };

	if (r->status == 413
	    || llm_text_says(r->code, TOO_LONG, NELEM(TOO_LONG)))
		return true;
	if (r->status == 429)
		return llm_text_says(r->message, LARGE, NELEM(LARGE));
	return (r->status == 400 || r->status == 422 || r->status >= 500)
	    && says(r, TOO_LONG, NELEM(TOO_LONG));
}

bool
llm_refusal_denies_key(const struct llm_refusal *r)
{
	return says(r, DENIED, NELEM(DENIED))
	    || (r->status == 401 && !says(r, SCOPES, NELEM(SCOPES)));
}

/* Where no status came, words may say it. */
int
llm_refusal_status(const struct llm_refusal *r)
{
	static const char *const OFTEN[] = { "rate limit", "rate_limit",
		"ratelimit", "too many requests", "qps request limit" };

	if (says(r, DENIED, NELEM(DENIED)))
		return 401;
	if (says(r, QUOTA, NELEM(QUOTA))
	    || says(r, QUOTA_CODES, NELEM(QUOTA_CODES)))
		return 402;
	if (says(r, OFTEN, NELEM(OFTEN)))
		return 429;
	if (is_filtered(r) || says(r, TOO_LONG, NELEM(TOO_LONG)))
		return 400;
	if (llm_refusal_names_model(r) || llm_refusal_is_nowhere(r))
		return 404;
	return 500;
}

static enum llm_rc
by_status(int status, int should_retry)
{
	if (should_retry == 1)
		return LLM_RETRY;
	if (status == 401 || status == 403)
		return LLM_DENIED;
	if (should_retry != 0
	    && (status == 408 || status == 409 || status == 429 || status == 498
		|| status >= 500))
		return LLM_RETRY;
	return LLM_INVALID;
}

static bool
is_quota(const struct llm_refusal *r, const struct llm_failure *f)
{
	if (r->status == 402)
		return true;
	if (r->status != 429 && r->status != 403 && r->status != 400)
		return says(r, QUOTA_CODES, NELEM(QUOTA_CODES));
	/* Gemini says "quota" of a minute's, too, and when to come back. */
	return (says(r, QUOTA, NELEM(QUOTA))
		   || says(r, QUOTA_CODES, NELEM(QUOTA_CODES)))
	    && (f->retry_after_ms < 0 || f->retry_after_ms > LLM_HINT_MAX_MS);
}

static enum llm_rc
kind_of(const struct llm_refusal *r, int should_retry, struct llm_failure *f)
{
	if (r->status == 400 && says(r, NEEDS_TLS, NELEM(NEEDS_TLS))) {
		text_format(f->why, sizeof(f->why),
		    "status 400: the server speaks TLS on this port: the "
		    "address must begin with https://");
		f->cause = HTTP_CAUSE_NEEDS_HTTPS;
		return LLM_UNREACHABLE;
	}
	if (r->status == 407) {
		text_format(f->why, sizeof(f->why),
		    "status 407: the proxy wants a user and a password");
		f->cause = HTTP_CAUSE_PROXY_LOGIN;
		return LLM_UNREACHABLE;
	}
	if ((r->status == 403 || r->status == 400)
	    && says(r, COUNTRY, NELEM(COUNTRY))) {
		text_format(f->why, sizeof(f->why),
		    "status %d: the provider does not serve this country or "
		    "network",
		    r->status);
		f->country = true;
		return LLM_UNREACHABLE;
	}
	if (is_filtered(r) && r->status < 500)
		return LLM_FILTERED;
	if (is_too_long(r))
		return LLM_CONTEXT;
	if (is_quota(r, f)
	    || (r->status == 429 && f->retry_after_ms > LLM_HINT_MAX_MS)) {
		f->counts = true;
		f->credit = r->status == 402
		    || says(r, QUOTA_CODES, NELEM(QUOTA_CODES));
		f->told_ms = !f->credit && f->retry_after_ms > LLM_HINT_MAX_MS
		    ? f->retry_after_ms
		    : 0;
		return LLM_QUOTA;
	}
	/* Groq: the model wrote a call that is none; once more. */
	if (strcmp(r->code, "tool_use_failed") == 0) {
		f->once = true;
		return LLM_RETRY;
	}
	if ((r->status == 503 || r->status == 500 || r->status == 502)
	    && says(r, LOADING, NELEM(LOADING))
	    && !says(r, NOT_LOADED, NELEM(NOT_LOADED))) {
		f->counts = false;
		return LLM_LOADING;
	}
	if (r->status == 400 && says(r, DENIED, NELEM(DENIED)))
		return LLM_DENIED;
	if (r->status >= 300 && r->status <= 499 && r->status != 401
	    && r->status != 429) {
		if (llm_refusal_names_model(r))
			return LLM_MODEL;
		if (r->status != 403 && llm_refusal_is_nowhere(r))
			return LLM_ADDRESS;
	}
	f->unknown = r->status == 400 || r->status == 422;
	return by_status(r->status, should_retry);
}

/* A server's name for what is wrong; words are none, and may be anybody's. */
static bool
is_name(const char *s)
{
	size_t len = strspn(s,
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789_.-");

	return len > 0 && len <= NAME_MAX_BYTES && s[len] == '\0';
}

enum llm_rc
llm_refusal_rc(const struct llm_refusal *r, int should_retry,
    struct llm_failure *f)
{
	const char *kind = is_name(r->code) ? r->code
	    : is_name(r->type)              ? r->type
					    : "";
	char status[16];
	enum llm_rc rc;

	f->status = r->status;
	f->counts = r->status >= 500 || r->status == 408;
	/* Not the message, which may quote what people wrote. */
	text_format(status, sizeof(status), "%d", r->status);
	if (strcmp(kind, status) == 0) /* Azure, Gemini: it is said already */
		kind = "";
	text_format(f->why, sizeof(f->why), "status %d%s%s", r->status,
	    kind[0] != '\0' ? " " : "", kind);
	llm_hints_body(r, f);
	rc = kind_of(r, should_retry, f);
	if (f->retry_after_ms > LLM_HINT_MAX_MS)
		f->retry_after_ms = LLM_HINT_MAX_MS;
	return rc;
}
