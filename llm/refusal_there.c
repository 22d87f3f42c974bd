/*
 * refusal_there: is what was asked for there at all, the model and the address?
 *
 * The words are those of the servers, from their documentation and from what
 * their users met.  Whoever reads them can do something: so one that is not
 * known stays a plain refusal.
 */
#include <string.h>
#include <strings.h>

#include "llm/llm_priv.h"

/* A model that is not there, or not for this account: by codes and types. */
static const char *const MODEL_CODES[] = {
	/* OpenAI, Groq, DashScope, Cerebras, vLLM behind gateways */
	"model_not_found",
	/* Mistral; Together; Hugging Face; GitHub Models */
	"invalid_model", "model_not_available", "model_not_supported",
	"unknown_model",
	/* Groq */
	"model_decommissioned", "model_deprecated",
	/* Azure */
	"deploymentnotfound",
	/* Alibaba's and others' in one word */
	"modelnotfound", "modelnotexist"
};

/* And by words, whatever the status. */
static const char *const MODEL_WORDS[] = {
	/* Ollama */
	"try pulling it first",
	/* LiteLLM: BerriAI/litellm#8821, and its router (#8326) */
	"invalid model name", "there is no 'model_name' with this string",
	/* OpenRouter, Bedrock, Cloudflare */
	"not a valid model id", "no endpoints found for",
	"model identifier is invalid", "no such model",
	/* Mistral, GitHub Models, MiniMax */
	"invalid model: ", "unknown model",
	/* DeepSeek, SiliconFlow; Zhipu in its own language */
	"model not exist", "model does not exist",
	"\xe6\xa8\xa1\xe5\x9e\x8b\xe4\xb8\x8d\xe5\xad\x98\xe5\x9c\xa8",
	/* LM Studio, with nothing loaded */
	"no models loaded",
	/* Groq, of one that it took away, with a 400 */
	"has been decommissioned",
	/* Kimi, Fireworks */
	"not found the model", "model not found"
};

/* In a 404 that speaks of a model, these say that it is none. */
static const char *const MODEL_404[] = { "not found", "not exist",
	"does not have access", "no access", "not available", "unknown",
	"unable to access", "deprecated", "retired", "no longer" };

/* No 404 of these is about a name: OpenRouter has no provider that does it. */
static const char *const CAN_NOT[] = { "that support", "data policy" };

/* Nothing at that path: what web servers and frameworks say of one. */
static const char *const NOWHERE[] = {
	/* OpenAI; Groq (unknown_url); LM Studio, with a 200 */
	"invalid url", "unknown request url", "unknown_url",
	"unexpected endpoint",
	/* Go; Kong; llama.cpp; Express; Azure; Flask */
	"page not found", "no route matched", "file not found", "cannot post ",
	"cannot get ", "resource not found", "requested url was not found",
	"method not allowed"
};

bool
llm_refusal_names_model(const struct llm_refusal *r)
{
	const char *words = r->message;
	bool gone = r->status == 404 || r->status == 410;

	if (llm_text_says(r->code, MODEL_CODES, NELEM(MODEL_CODES))
	    || llm_text_says(r->type, MODEL_CODES, NELEM(MODEL_CODES)))
		return true;
	if (gone && llm_text_says(words, CAN_NOT, NELEM(CAN_NOT)))
		return false;
	if (llm_text_says(words, MODEL_WORDS, NELEM(MODEL_WORDS)))
		return true;
	if (!gone)
		return false;
	/* Anthropic says no more than "model: NAME". */
	return strncasecmp(words, "model: ", 7) == 0
	    || (strcasestr(words, "model") != NULL
		&& llm_text_says(words, MODEL_404, NELEM(MODEL_404)));
}

bool
llm_refusal_is_nowhere(const struct llm_refusal *r)
{
	const char *words = r->message;

	if (llm_text_says(r->code, NOWHERE, NELEM(NOWHERE))
	    || llm_text_says(words, NOWHERE, NELEM(NOWHERE)))
		return true;
	if (r->status == 405 || r->status == 410
	    || (r->status >= 300 && r->status <= 399))
		return true;
	/* Plain text, a page, nothing; FastAPI and Spring say "Not Found". */
	return r->status == 404
	    && (r->doc == NULL || words[0] == '\0'
		|| strcasecmp(words, "not found") == 0);
}
