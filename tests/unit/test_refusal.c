/*
 * Refusals in the words and shapes of real servers: what is read from them,
 * what they mean, when to come back, and what of them is logged.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "llm/llm_priv.h"

#define NO (-1) /* hint */

struct row {
	int status;
	const char *body;
	enum llm_rc rc;
	const char *message; /* is part of what was read */
	int64_t hint_ms;
};

/* Where the words stand. */
static const struct row SHAPES[] = {
	/* xAI */
	{ 400,
	    "{\"code\":\"Client specified an invalid "
	    "argument\",\"error\":\"Model m does not take this.\"}",
	    LLM_INVALID, "Model m does not take this.", NO },
	/* n4ze3m/page-assist#406 */
	{ 400,
	    "[{\"error\":{\"code\":400,\"message\":\"Bad "
	    "field.\",\"status\":\"INVALID_ARGUMENT\"}}]",
	    LLM_INVALID, "Bad field.", NO },
	/* vLLM of 2024: no member "error" */
	{ 400,
	    "{\"object\":\"error\",\"message\":\"Not "
	    "so.\",\"type\":\"BadRequestError\",\"param\":null,\"code\":400}",
	    LLM_INVALID, "Not so.", NO },
	{ 422, "{\"detail\":\"Not so.\"}", LLM_INVALID, "Not so.", NO },
	/* FastAPI */
	{ 422,
	    "{\"detail\":[{\"type\":\"extra_forbidden\",\"loc\":[\"body\","
	    "\"stream_options\"],\"msg\":\"Extra inputs are not "
	    "permitted\",\"input\":{\"a\":\"private\"}}]}",
	    LLM_INVALID, "body.stream_options. Extra inputs are not permitted",
	    NO },
	/* Mistral */
	{ 422,
	    "{\"object\":\"error\",\"message\":{\"detail\":[{\"type\":"
	    "\"missing\",\"loc\":[\"body\",\"messages\",0],\"msg\":\"Field "
	    "required\",\"input\":\"private\"}]},\"type\":\"invalid_request_"
	    "error\"}",
	    LLM_INVALID, "body.messages.0. Field required", NO },
	{ 400, "{\"error\":\"Not so.\"}", LLM_INVALID, "Not so.", NO },
	{ 400,
	    "{\"error\":{\"message\":\"Not "
	    "so.\",\"type\":\"invalid_request_error\",\"param\":\"p\",\"code\":"
	    "\"c\"}}",
	    LLM_INVALID, "Not so.", NO },
	{ 400,
	    "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\","
	    "\"message\":\"Not so.\"}}",
	    LLM_INVALID, "Not so.", NO },
	/* Cloudflare */
	{ 400,
	    "{\"success\":false,\"errors\":[{\"code\":5006,\"message\":\"Not "
	    "so.\"}],\"result\":null}",
	    LLM_INVALID, "Not so.", NO },
	{ 400, "{\"errors\":[\"Not so.\"]}", LLM_INVALID, "Not so.", NO },
	/* OpenRouter: the upstream's words */
	{ 400,
	    "{\"error\":{\"message\":\"Provider returned "
	    "error\",\"code\":400,\"metadata\":{\"raw\":\"{\\\"error\\\":{"
	    "\\\"message\\\":\\\"Not "
	    "so.\\\",\\\"code\\\":\\\"c\\\"}}\",\"provider_name\":\"P\"}}}",
	    LLM_INVALID, "Not so.", NO },
	{ 400,
	    "{\"error\":{\"message\":\"Provider returned "
	    "error\",\"code\":400,\"metadata\":{\"raw\":\"Not so.\"}}}",
	    LLM_INVALID, "Not so.", NO },
	/* LiteLLM */
	{ 400,
	    "{\"error\":{\"message\":\"litellm.BadRequestError: XException - "
	    "{\\\"error\\\":{\\\"message\\\":\\\"Not "
	    "so.\\\"}}\",\"type\":null,\"param\":null,\"code\":\"400\"}}",
	    LLM_INVALID, "Not so.", NO },
	/* Bedrock */
	{ 400, "{\"__type\":\"ValidationException\",\"Message\":\"Not so.\"}",
	    LLM_INVALID, "Not so.", NO },
	{ 400, "Not so.\n", LLM_INVALID, "Not so.", NO },
	{ 502,
	    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n</html>",
	    LLM_RETRY, "502 Bad Gateway", NO },
	{ 404, "<!DOCTYPE html><html><body>x</body></html>", LLM_ADDRESS,
	    "an HTML page", NO },
	{ 400, "event: error\ndata: {\"error\":{\"message\":\"Not so.\"}}\n\n",
	    LLM_INVALID, "Not so.", NO },
	{ 400,
	    "data: {\"error\":{\"message\":\"Not so.\"}}\n\ndata: [DONE]\n\n",
	    LLM_INVALID, "Not so.", NO },
	{ 400, "error: {\"code\":400,\"message\":\"Not so.\"}\n\n", LLM_INVALID,
	    "Not so.", NO },
	/* MiniMax */
	{ 400,
	    "{\"base_resp\":{\"status_code\":2013,\"status_msg\":\"Not so.\"}}",
	    LLM_INVALID, "Not so.", NO },
	{ 500, "", LLM_RETRY, "", NO },
	{ 500, "null", LLM_RETRY, "", NO },
	{ 400, "{\"error\":null,\"message\":\"Not so.\"}", LLM_INVALID,
	    "Not so.", NO },
	{ 400,
	    "{\"error\":{\"error\":{\"error\":{\"error\":{\"error\":{"
	    "\"message\":\"deep\"}}}}}}",
	    LLM_INVALID, "", NO },
};

/* A model that is not there, and nothing at that address. */
static const struct row THERE[] = {
	/* OpenAI; a project without the right to it */
	{ 404,
	    "{\"error\":{\"message\":\"The model `gpt-9` does not exist or you "
	    "do not have access to "
	    "it.\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":"
	    "\"model_not_found\"}}",
	    LLM_MODEL, "gpt-9", NO },
	{ 403,
	    "{\"error\":{\"message\":\"Project `p` does not have access to "
	    "model "
	    "`m`\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":"
	    "\"model_not_found\"}}",
	    LLM_MODEL, "", NO },
	/* Ollama */
	{ 404,
	    "{\"error\":{\"message\":\"model \\\"llama9\\\" not found, try "
	    "pulling it "
	    "first\",\"type\":\"api_error\",\"param\":null,\"code\":null}}",
	    LLM_MODEL, "llama9", NO },
	{ 404,
	    "{\"error\":{\"message\":\"model 'llama9' not "
	    "found\",\"type\":\"not_found_error\",\"param\":null,\"code\":null}"
	    "}",
	    LLM_MODEL, "", NO },
	/* Anthropic */
	{ 404,
	    "{\"type\":\"error\",\"error\":{\"type\":\"not_found_error\","
	    "\"message\":\"model: claude-x\"}}",
	    LLM_MODEL, "", NO },
	/* vLLM */
	{ 404,
	    "{\"object\":\"error\",\"message\":\"The model `m` does not "
	    "exist.\",\"type\":\"NotFoundError\",\"param\":null,\"code\":404}",
	    LLM_MODEL, "", NO },
	/* LiteLLM: BerriAI/litellm#8821 */
	{ 400,
	    "{\"error\":{\"message\":{\"error\":\"/chat/completions: Invalid "
	    "model name passed in model=m. Call `/v1/models` to view available "
	    "models for your "
	    "key.\"},\"type\":\"None\",\"param\":\"None\",\"code\":\"400\"}}",
	    LLM_MODEL, "", NO },
	/* Mistral */
	{ 400,
	    "{\"object\":\"error\",\"message\":\"Invalid model: "
	    "m\",\"type\":\"invalid_model\",\"param\":null,\"code\":\"1500\"}",
	    LLM_MODEL, "", NO },
	/* OpenRouter */
	{ 400,
	    "{\"error\":{\"message\":\"m is not a valid model "
	    "ID\",\"code\":400}}",
	    LLM_MODEL, "", NO },
	{ 404,
	    "{\"error\":{\"message\":\"No endpoints found for "
	    "x/m.\",\"code\":404}}",
	    LLM_MODEL, "", NO },
	{ 404,
	    "{\"error\":{\"message\":\"No endpoints found that support tool "
	    "use.\",\"code\":404}}",
	    LLM_INVALID, "", NO },
	{ 404,
	    "{\"error\":{\"message\":\"No endpoints found matching your data "
	    "policy.\",\"code\":404}}",
	    LLM_INVALID, "", NO },
	{ 404,
	    "{\"error\":{\"message\":\"No endpoints found for x/m that support "
	    "tool use.\",\"code\":404}}",
	    LLM_INVALID, "", NO },
	{ 404,
	    "{\"error\":{\"message\":\"No endpoints found for x/m matching "
	    "your data policy.\",\"code\":404}}",
	    LLM_INVALID, "", NO },
	/* Retired: Anthropic, Google */
	{ 410,
	    "{\"error\":{\"message\":\"The model m has been "
	    "retired.\"}}",
	    LLM_MODEL, "", NO },
	{ 410, "{\"error\":{\"message\":\"Gone.\"}}", LLM_ADDRESS, "", NO },
	{ 400,
	    "{\"error\":{\"message\":\"The model m is no longer "
	    "talkative.\"}}",
	    LLM_INVALID, "", NO },
	/* DeepSeek, Gemini, Kimi, Azure, Hugging Face */
	{ 400,
	    "{\"error\":{\"message\":\"Model Not "
	    "Exist\",\"type\":\"invalid_request_error\"}}",
	    LLM_MODEL, "", NO },
	{ 404,
	    "[{\"error\":{\"code\":404,\"message\":\"models/m is not found for "
	    "API version v1main, or is not supported for "
	    "generateContent.\",\"status\":\"NOT_FOUND\"}}]",
	    LLM_MODEL, "", NO },
	{ 404,
	    "{\"error\":{\"message\":\"Not found the model m or Permission "
	    "denied\",\"type\":\"resource_not_found_error\"}}",
	    LLM_MODEL, "", NO },
	{ 404,
	    "{\"error\":{\"code\":\"DeploymentNotFound\",\"message\":\"The API "
	    "deployment for this resource does not exist.\"}}",
	    LLM_MODEL, "", NO },
	{ 400,
	    "{\"error\":{\"message\":\"The requested model 'm' is not "
	    "supported by any provider you have "
	    "enabled.\",\"type\":\"invalid_request_error\",\"code\":\"model_"
	    "not_supported\"}}",
	    LLM_MODEL, "", NO },
	/* A refusal that speaks of models, and no more */
	{ 400, "{\"error\":{\"message\":\"This model does not take images.\"}}",
	    LLM_INVALID, "", NO },
	{ 404, "{\"error\":{\"message\":\"No such conversation.\"}}",
	    LLM_INVALID, "", NO },
	/* OpenAI, Groq, Go (Ollama), FastAPI, Spring, llama.cpp, Kong, Azure */
	{ 404,
	    "{\"error\":{\"message\":\"Invalid URL (POST "
	    "/chat/"
	    "completions)\",\"type\":\"invalid_request_error\",\"param\":null,"
	    "\"code\":null}}",
	    LLM_ADDRESS, "", NO },
	{ 404,
	    "{\"error\":{\"message\":\"Unknown request URL: POST "
	    "/v1/chat/completions. Please check the URL for "
	    "typos.\",\"type\":\"invalid_request_error\",\"code\":\"unknown_"
	    "url\"}}",
	    LLM_ADDRESS, "", NO },
	{ 404, "404 page not found", LLM_ADDRESS, "", NO },
	{ 404, "{\"detail\":\"Not Found\"}", LLM_ADDRESS, "", NO },
	{ 404,
	    "{\"timestamp\":\"t\",\"status\":404,\"error\":\"Not "
	    "Found\",\"path\":\"/chat/completions\"}",
	    LLM_ADDRESS, "", NO },
	{ 404,
	    "{\"error\":{\"code\":404,\"message\":\"File Not "
	    "Found\",\"type\":\"not_found_error\"}}",
	    LLM_ADDRESS, "", NO },
	{ 404, "{\"message\":\"no Route matched with those values\"}",
	    LLM_ADDRESS, "", NO },
	{ 404,
	    "{\"error\":{\"code\":\"404\",\"message\":\"Resource not found\"}}",
	    LLM_ADDRESS, "", NO },
	{ 404, "", LLM_ADDRESS, "", NO },
	{ 405, "{\"detail\":\"Method Not Allowed\"}", LLM_ADDRESS, "", NO },
	{ 405, "<html><head><title>405 Not Allowed</title></head></html>",
	    LLM_ADDRESS, "405 Not Allowed", NO },
	{ 301, "", LLM_ADDRESS, "", NO },
	/* What is neither stays what it is. */
	{ 401,
	    "{\"error\":{\"message\":\"Incorrect API key "
	    "provided.\",\"code\":\"invalid_api_key\"}}",
	    LLM_DENIED, "", NO },
	{ 429,
	    "{\"error\":{\"message\":\"Rate limit reached for unknown model "
	    "group\",\"code\":\"rate_limit_exceeded\"}}",
	    LLM_RETRY, "", NO },
	{ 503,
	    "{\"error\":{\"message\":\"model not found on any worker yet\"}}",
	    LLM_RETRY, "", NO },
};

static const struct row TOO_LONG[]
    = {
	      { 400,
		  "{\"error\":{\"message\":\"This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens.\",\"code\":\"context_length_exceeded\"}}",
		  LLM_CONTEXT, "8192", NO },
	      { 400,
		  "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"prompt is too long: 210000 tokens > 200000 maximum\"}}",
		  LLM_CONTEXT, "", NO },
	      { 413,
		  "{\"type\":\"error\",\"error\":{\"type\":\"request_too_large\",\"message\":\"Request exceeds the maximum size\"}}",
		  LLM_CONTEXT, "", NO },
	      /* xAI, Kimi, Copilot, DashScope: earendil-works/pi#5930 */
	      { 400,
		  "{\"error\":\"This model's maximum prompt length is 131072 but the request contains 537812 tokens.\"}",
		  LLM_CONTEXT, "", NO },
	      { 400,
		  "{\"error\":{\"message\":\"Invalid request: Your request exceeded model token limit: 8192 (requested: 9001)\"}}",
		  LLM_CONTEXT, "", NO },
	      { 400,
		  "{\"error\":{\"message\":\"prompt token count of 130000 exceeds the limit of 128000\",\"code\":\"model_max_prompt_tokens_exceeded\"}}",
		  LLM_CONTEXT, "", NO },
	      { 400,
		  "{\"error\":{\"message\":\"Range of input length should be [1, 30720]\",\"code\":\"invalid_parameter_error\"}}",
		  LLM_CONTEXT, "", NO },
	      /* Groq */
	      { 413,
		  "{\"error\":{\"message\":\"Request too large for model `m` in organization `o` service tier `on_demand` on tokens per minute (TPM): Limit 6000, Requested 9000\",\"type\":\"tokens\",\"code\":\"rate_limit_exceeded\"}}",
		  LLM_CONTEXT, "", NO },
	      { 400,
		  "{\"error\":{\"message\":\"Please reduce the length of the messages or completion.\",\"type\":\"invalid_request_error\",\"param\":\"messages\"}}",
		  LLM_CONTEXT, "", NO },
	      /* OpenAI: more than a minute's tokens never gets through */
	      { 429,
		  "{\"error\":{\"message\":\"Request too large for gpt-4o in organization o on tokens per min (TPM): Limit 30000, Requested 42000. The input or output tokens must be reduced in order to run successfully.\",\"type\":\"tokens\",\"code\":\"rate_limit_exceeded\"}}",
		  LLM_CONTEXT, "", NO },
	      /* Gemini */
	      { 400,
		  "[{\"error\":{\"code\":400,\"message\":\"The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).\",\"status\":\"INVALID_ARGUMENT\"}}]",
		  LLM_CONTEXT, "", NO },
	      /* llama.cpp, old and new */
	      { 400,
		  "{\"error\":{\"code\":400,\"message\":\"the request exceeds the available context size. try increasing the context size or enable context shift\",\"type\":\"invalid_request_error\"}}",
		  LLM_CONTEXT, "", NO },
	      { 400,
		  "{\"error\":{\"code\":400,\"message\":\"request (9001 tokens) exceeds the available context size (8192 tokens), try increasing it\",\"type\":\"exceed_context_size_error\",\"n_prompt_tokens\":9001,\"n_ctx\":8192}}",
		  LLM_CONTEXT, "", NO },
	      /* vLLM */
	      { 400,
		  "{\"object\":\"error\",\"message\":\"The decoder prompt (length 9001) is longer than the maximum model length of 8192.\",\"type\":\"BadRequestError\",\"code\":400}",
		  LLM_CONTEXT, "", NO },
	      /* Ollama */
	      { 400,
		  "{\"error\":\"prompt too long; exceeded max context length by 12 tokens\"}",
		  LLM_CONTEXT, "", NO },
	      { 500,
		  "{\"error\":{\"message\":\"the input length exceeds the context length\",\"type\":\"api_error\"}}",
		  LLM_CONTEXT, "", NO },
	      /* LM Studio */
	      { 400,
		  "{\"error\":\"Trying to keep the first 9001 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens, which is not enough.\"}",
		  LLM_CONTEXT, "", NO },
	      { 400,
		  "{\"error\":\"The number of tokens to keep from the initial prompt is greater than the context length.\"}",
		  LLM_CONTEXT, "", NO },
	      /* Cohere */
	      { 400,
		  "{\"message\":\"too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 9001.\"}",
		  LLM_CONTEXT, "", NO },
	      /* Mistral */
	      { 400,
		  "{\"object\":\"error\",\"message\":\"Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length\",\"type\":\"invalid_request_prompt\",\"code\":\"3051\"}",
		  LLM_CONTEXT, "", NO },
	      /* Bedrock */
	      { 400, "{\"message\":\"Input is too long for requested model.\"}",
		  LLM_CONTEXT, "", NO },
	      /* TGI */
	      { 422,
		  "{\"error\":\"Input validation error: `inputs` must have less than 1024 tokens. Given: 1100\",\"error_type\":\"validation\"}",
		  LLM_CONTEXT, "", NO },
	      { 422,
		  "{\"error\":\"Input validation error: `inputs` tokens + `max_new_tokens` must be <= 2048. Given: 2000 `inputs` tokens and 100 `max_new_tokens`\",\"error_type\":\"validation\"}",
		  LLM_CONTEXT, "", NO },
	      /* Together */
	      { 422,
		  "{\"error\":{\"message\":\"Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8193. Given: 9000 `inputs` tokens and 512 `max_new_tokens`\",\"type\":\"invalid_request_error\"}}",
		  LLM_CONTEXT, "", NO },
	      /* OpenRouter */
	      { 400,
		  "{\"error\":{\"message\":\"This endpoint's maximum context length is 131072 tokens. However, you requested about 140000 tokens (140000 of text input). Please reduce the length of either one, or use the \\\"middle-out\\\" transform.\",\"code\":400}}",
		  LLM_CONTEXT, "", NO },
	      /* DeepSeek */
	      { 400,
		  "{\"error\":{\"message\":\"This model's maximum context length is 65536 tokens. However, you requested 70000 tokens\",\"type\":\"invalid_request_error\",\"code\":\"invalid_request_error\"}}",
		  LLM_CONTEXT, "", NO },
	      /* Zhipu */
	      { 400,
		  "{\"error\":{\"code\":\"1261\",\"message\":\"Prompt exceeds max length\"}}",
		  LLM_CONTEXT, "", NO },
	      /* MiniMax */
	      { 400,
		  "{\"type\":\"error\",\"error\":{\"type\":\"bad_request_error\",\"message\":\"invalid params, context window exceeds limit (2013)\"}}",
		  LLM_CONTEXT, "", NO },
	      /* Fireworks */
	      { 400,
		  "{\"error\":{\"object\":\"error\",\"type\":\"invalid_request_error\",\"message\":\"The prompt is too long: 140000, model maximum context length: 131071\"}}",
		  LLM_CONTEXT, "", NO },
	      /* SGLang */
	      { 400,
		  "{\"object\":\"error\",\"message\":\"The input (9001 tokens) is longer than the model's context length (8192 tokens).\",\"type\":\"BadRequest\",\"code\":400}",
		  LLM_CONTEXT, "", NO },
	      /* Cerebras */
	      { 400,
		  "{\"message\":\"Please reduce the length of the messages or completion. Current length is 9001 while limit is 8192\",\"type\":\"invalid_request_error\",\"param\":\"messages\",\"code\":\"context_length_exceeded\"}",
		  LLM_CONTEXT, "", NO },
	      /* SiliconFlow */
	      { 400,
		  "{\"code\":20015,\"message\":\"length of prompt_tokens (40000) must be less than max_seq_len (32768).\",\"data\":null}",
		  LLM_CONTEXT, "", NO },
	      /* Databricks, GitHub Models */
	      { 413,
		  "{\"error\":{\"code\":\"tokens_limit_reached\",\"message\":\"Request body too large for gpt-4o model. Max size: 8000 tokens.\"}}",
		  LLM_CONTEXT, "", NO },
	      /* OpenAI: a single message */
	      { 400,
		  "{\"error\":{\"message\":\"Invalid 'messages[0].content': string too long. Expected a string with maximum length 10485760, but got a string with length 10485761 instead.\",\"type\":\"invalid_request_error\",\"param\":\"messages[0].content\",\"code\":\"string_above_max_length\"}}",
		  LLM_CONTEXT, "", NO },
      };

static const struct row OFTEN[] = {
	/* quota */
	{ 429,
	    "{\"error\":{\"message\":\"You exceeded your current quota, please check your plan and billing details.\",\"type\":\"insufficient_quota\",\"code\":\"insufficient_quota\"}}",
	    LLM_QUOTA, "", NO },
	{ 400,
	    "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"Your credit balance is too low to access the Anthropic API.\"}}",
	    LLM_QUOTA, "", NO },
	{ 402,
	    "{\"error\":{\"message\":\"Insufficient Balance\",\"type\":\"unknown_error\"}}",
	    LLM_QUOTA, "", NO },
	{ 402, "", LLM_QUOTA, "", NO },
	/* Kimi */
	{ 429,
	    "{\"error\":{\"message\":\"Your account o is suspended, please check your plan and billing details\",\"type\":\"exceeded_current_quota_error\"}}",
	    LLM_QUOTA, "", NO },
	/* DashScope */
	{ 400,
	    "{\"error\":{\"code\":\"Arrearage\",\"message\":\"Access denied, please make sure your account is in good standing.\"}}",
	    LLM_QUOTA, "", NO },
	/* Zhipu: account in arrears */
	{ 429,
	    "{\"error\":{\"code\":\"1113\",\"message\":\"Insufficient balance or no resource package. Please recharge.\"}}",
	    LLM_QUOTA, "", NO },
	/* OpenRouter's free models */
	{ 429,
	    "{\"error\":{\"message\":\"Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free model requests per day\",\"code\":429,\"metadata\":{\"headers\":{\"X-RateLimit-Limit\":\"50\",\"X-RateLimit-Remaining\":\"0\",\"X-RateLimit-Reset\":\"9999999999000\"}}}}",
	    LLM_QUOTA, "", -2 },
	/* Groq's day, and its minute */
	{ 429,
	    "{\"error\":{\"message\":\"Rate limit reached for model `m` in organization `o` on tokens per day (TPD): Limit 100000, Used 99000, Requested 2000. Please try again in 14m24s.\",\"type\":\"tokens\",\"code\":\"rate_limit_exceeded\"}}",
	    LLM_QUOTA, "", 60000 },
	{ 429,
	    "{\"error\":{\"message\":\"Rate limit reached for model `m` in organization `o` on tokens per minute (TPM): Limit 6000, Used 5000, Requested 2000. Please try again in 7.66s. Need more tokens?\",\"type\":\"tokens\",\"code\":\"rate_limit_exceeded\"}}",
	    LLM_RETRY, "", 7660 },
	/* a day's limit with a short hint: a bucket that fills steadily */
	{ 429,
	    "{\"error\":{\"message\":\"Rate limit reached on tokens per day (TPD). Please try again in 20s.\"}}",
	    LLM_RETRY, "", 20000 },
	/* OpenAI */
	{ 429,
	    "{\"error\":{\"message\":\"Rate limit reached for gpt-4o on requests per min (RPM): Limit 3, Used 3, Requested 1. Please try again in 20s.\",\"code\":\"rate_limit_exceeded\"}}",
	    LLM_RETRY, "", 20000 },
	{ 429, "{\"error\":{\"message\":\"Please try again in 350ms.\"}}",
	    LLM_RETRY, "", 350 },
	{ 429, "{\"error\":{\"message\":\"Please try again in 1m26.4s.\"}}",
	    LLM_QUOTA, "", 60000 },
	{ 429, "{\"error\":{\"message\":\"Please try again in 6m0s.\"}}",
	    LLM_QUOTA, "", 60000 },
	/* Azure */
	{ 429,
	    "{\"error\":{\"code\":\"429\",\"message\":\"Requests have exceeded token rate limit of your current pricing tier. Please retry after 20 seconds.\"}}",
	    LLM_RETRY, "", 20000 },
	/* Gemini */
	{ 429,
	    "[{\"error\":{\"code\":429,\"message\":\"You exceeded your current quota, please check your plan and billing details. Please retry in 34.07s.\",\"status\":\"RESOURCE_EXHAUSTED\",\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.QuotaFailure\"},{\"@type\":\"type.googleapis.com/google.rpc.RetryInfo\",\"retryDelay\":\"34s\"}]}}]",
	    LLM_RETRY, "", 34000 },
	{ 429,
	    "[{\"error\":{\"code\":429,\"message\":\"You exceeded your current quota, please check your plan and billing details.\",\"status\":\"RESOURCE_EXHAUSTED\"}}]",
	    LLM_QUOTA, "", NO },
	{ 429,
	    "{\"error\":{\"code\":429,\"message\":\"Slow down\",\"details\":[{\"retryDelay\":\"3600s\"}]}}",
	    LLM_QUOTA, "", 60000 },
	/* FastAPI-like gateways */
	{ 429, "{\"detail\":\"Rate limit exceeded\",\"retry_after\":12}",
	    LLM_RETRY, "", 12000 },
	{ 429, "{\"error\":{\"message\":\"slow\",\"retry_after_ms\":1500}}",
	    LLM_RETRY, "", 1500 },
	{ 429, "{\"message\":\"Rate limit exceeded, wait 5 seconds\"}",
	    LLM_RETRY, "", 5000 },
	{ 429, "{\"message\":\"Requests rate limit exceeded\"}", LLM_RETRY, "",
	    NO },
	{ 429, "", LLM_RETRY, "", NO },
	{ 529,
	    "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}",
	    LLM_RETRY, "", NO },
	{ 429,
	    "{\"error\":{\"message\":\"The engine is currently overloaded, please try again later\",\"type\":\"engine_overloaded_error\"}}",
	    LLM_RETRY, "", NO },
	/* OpenRouter: limits of a key */
	{ 403,
	    "{\"error\":{\"message\":\"Key limit exceeded (daily limit). Manage it using the settings\",\"code\":403}}",
	    LLM_QUOTA, "", NO },
	/* xAI */
	{ 403,
	    "{\"code\":\"The caller does not have permission to execute the specified operation\",\"error\":\"Your newly created team doesn't have any credits yet. You can purchase credits.\"}",
	    LLM_QUOTA, "", NO },
	/* Anthropic's spend limit */
	{ 400,
	    "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC.\"}}",
	    LLM_QUOTA, "", NO },
	/* Hugging Face */
	{ 402,
	    "{\"error\":\"You have exceeded your monthly included credits for Inference Providers.\"}",
	    LLM_QUOTA, "", NO },
	/* OpenAI: the account */
	{ 429,
	    "{\"error\":{\"message\":\"Your account is not active, please check your billing details on our website.\",\"type\":\"billing_not_active\",\"code\":\"billing_not_active\"}}",
	    LLM_QUOTA, "", NO },
	/* a word of the quota's in a fault of the server's */
	{ 500, "{\"error\":{\"message\":\"cannot read the daily limit\"}}",
	    LLM_RETRY, "", NO },
};

static const struct row KINDS[] = {
	/* filters: microsoft/sample-app-aoai-chatGPT#986 */
	{ 400,
	    "{\"error\":{\"message\":\"The response was filtered due to the "
	    "prompt triggering the content management "
	    "policy.\",\"type\":null,\"param\":\"prompt\",\"code\":\"content_"
	    "filter\",\"status\":400,\"innererror\":{\"code\":"
	    "\"ResponsibleAIPolicyViolation\"}}}",
	    LLM_FILTERED, "", NO },
	{ 400,
	    "{\"error\":{\"message\":\"The request was "
	    "refused.\",\"code\":\"BadRequest\",\"innererror\":{\"code\":"
	    "\"ResponsibleAIPolicyViolation\"}}}",
	    LLM_FILTERED, "", NO },
	{ 400,
	    "{\"error\":{\"message\":\"Your request was rejected as a result "
	    "of our safety system.\",\"code\":\"content_policy_violation\"}}",
	    LLM_FILTERED, "", NO },
	{ 400,
	    "{\"error\":{\"message\":\"Invalid prompt: your prompt was flagged "
	    "as potentially violating our usage "
	    "policy.\",\"code\":\"invalid_prompt\"}}",
	    LLM_FILTERED, "", NO },
	{ 400,
	    "[{\"error\":{\"code\":400,\"message\":\"blocked: "
	    "PROHIBITED_CONTENT\",\"status\":\"INVALID_ARGUMENT\"}}]",
	    LLM_FILTERED, "", NO },
	{ 400,
	    "{\"error\":{\"message\":\"Input data may contain inappropriate "
	    "content.\",\"code\":\"data_inspection_failed\"}}",
	    LLM_FILTERED, "", NO },
	{ 400,
	    "{\"error\":{\"message\":\"Content Exists "
	    "Risk\",\"type\":\"invalid_request_error\"}}",
	    LLM_FILTERED, "", NO },
	{ 400,
	    "{\"error\":{\"code\":\"1301\",\"message\":\"System detected "
	    "potentially unsafe or sensitive content in input or "
	    "generation.\"}}",
	    LLM_FILTERED, "", NO },
	{ 400,
	    "{\"contentFilter\":[{\"level\":1}],\"error\":{\"code\":\"1301\","
	    "\"message\":\"-\"}}",
	    LLM_FILTERED, "", NO },
	{ 403,
	    "{\"code\":\"The caller does not have "
	    "permission\",\"error\":\"Content violates usage guidelines. Team: "
	    "t\"}",
	    LLM_FILTERED, "", NO },
	{ 400,
	    "{\"error\":{\"message\":\"The request was rejected because it was "
	    "considered high risk\",\"type\":\"content_filter\"}}",
	    LLM_FILTERED, "", NO },
	{ 403,
	    "{\"error\":{\"message\":\"P requires moderation. Your input was "
	    "flagged for \\\"violence\\\". No credits were "
	    "charged.\",\"code\":403,\"metadata\":{\"reasons\":[\"violence\"],"
	    "\"flagged_input\":\"private\"}}}",
	    LLM_FILTERED, "", NO },
	{ 400,
	    "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\","
	    "\"message\":\"Output blocked by content filtering policy\"}}",
	    LLM_FILTERED, "", NO },
	/* loading */
	{ 503,
	    "{\"error\":{\"code\":503,\"message\":\"Loading "
	    "model\",\"type\":\"unavailable_error\"}}",
	    LLM_LOADING, "", NO },
	{ 503,
	    "{\"error\":\"Model m is currently "
	    "loading\",\"estimated_time\":20.5}",
	    LLM_LOADING, "", 20500 },
	{ 503,
	    "{\"error\":\"Model m is currently "
	    "loading\",\"estimated_time\":150}",
	    LLM_LOADING, "", 60000 },
	{ 503, "{\"message\":\"the model is warming up\"}", LLM_LOADING, "",
	    NO },
	{ 503, "{\"error\":{\"message\":\"upstream connect error\"}}",
	    LLM_RETRY, "", NO },
	{ 503, "{\"error\":\"error loading model: no such file\"}", LLM_RETRY,
	    "", NO },
	{ 500,
	    "{\"error\":\"llama runner process has terminated: error loading "
	    "model\"}",
	    LLM_RETRY, "", NO },
	/* keys */
	{ 401,
	    "{\"error\":{\"message\":\"Incorrect API key "
	    "provided\",\"code\":\"invalid_api_key\"}}",
	    LLM_DENIED, "", NO },
	{ 403,
	    "{\"type\":\"error\",\"error\":{\"type\":\"permission_error\","
	    "\"message\":\"-\"}}",
	    LLM_DENIED, "", NO },
	{ 400,
	    "[{\"error\":{\"code\":400,\"message\":\"API key not valid. Please "
	    "pass a valid API key.\",\"status\":\"INVALID_ARGUMENT\"}}]",
	    LLM_DENIED, "", NO },
	{ 400,
	    "[{\"error\":{\"code\":400,\"message\":\"Missing or invalid "
	    "Authorization header.\",\"status\":\"INVALID_ARGUMENT\"}}]",
	    LLM_DENIED, "", NO },
	{ 400,
	    "{\"code\":\"Client specified an invalid "
	    "argument\",\"error\":\"Incorrect API key provided: x\"}",
	    LLM_DENIED, "", NO },
	/* the way there */
	{ 403,
	    "{\"error\":{\"code\":\"unsupported_country_region_territory\","
	    "\"message\":\"Country, region, or territory not supported\","
	    "\"param\":null,\"type\":\"request_forbidden\"}}",
	    LLM_UNREACHABLE, "", NO },
	{ 400,
	    "[{\"error\":{\"code\":400,\"message\":\"User location is not "
	    "supported for the API use.\",\"status\":\"FAILED_PRECONDITION\"}}]",
	    LLM_UNREACHABLE, "", NO },
	{ 407, "", LLM_UNREACHABLE, "", NO },
	/* the model */
	{ 400,
	    "{\"error\":{\"message\":\"The model `m` has been decommissioned and "
	    "is no longer supported.\",\"type\":\"invalid_request_error\","
	    "\"code\":\"model_decommissioned\"}}",
	    LLM_MODEL, "", NO },
	{ 404,
	    "{\"error\":{\"message\":\"The model `m` does not "
	    "exist\",\"code\":\"model_not_found\"}}",
	    LLM_MODEL, "", NO },
	{ 404,
	    "{\"error\":{\"message\":\"model 'm' not found, try pulling it "
	    "first\"}}",
	    LLM_MODEL, "", NO },
	/* the model's own fault: once more */
	{ 400,
	    "{\"error\":{\"message\":\"Failed to call a "
	    "function.\",\"type\":\"invalid_request_error\",\"code\":\"tool_"
	    "use_failed\",\"failed_generation\":\"private\"}}",
	    LLM_RETRY, "", NO },
	/* passing */
	{ 408, "", LLM_RETRY, "", NO },
	{ 500, "{\"error\":{\"message\":\"The server had an error\"}}",
	    LLM_RETRY, "", NO },
	{ 504, "", LLM_RETRY, "", NO },
	/* nobody understands it */
	{ 400, "{\"error\":{\"message\":\"Unexpected flux in the input.\"}}",
	    LLM_INVALID, "flux", NO },
};

static void
check_rows(const struct row *rows, size_t n)
{
	struct arena *mem = arena_new();
	size_t i, bad = 0;

	for (i = 0; i < n; i++) {
		const struct row *row = &rows[i];
		struct llm_refusal r;
		struct llm_failure f = { .retry_after_ms = -1 };
		enum llm_rc rc;

		llm_refusal_read(&r, row->status, row->body, strlen(row->body),
		    mem);
		rc = llm_refusal_rc(&r, -1, &f);
		if (rc == row->rc && f.status == row->status
		    && strstr(r.message, row->message) != NULL
		    && strstr(r.message, "private") == NULL
		    && (row->hint_ms == -2 || f.retry_after_ms == row->hint_ms))
			continue;
		print_error("%d %s\n  is %s, \"%s\", %lld ms; not %s, %lld\n",
		    row->status, row->body, llm_rc_name(rc), r.message,
		    (long long)f.retry_after_ms, llm_rc_name(row->rc),
		    (long long)row->hint_ms);
		bad++;
	}
	arena_free(mem);
	assert_int_equal(bad, 0);
}

static void
any_shape_is_read(void **state)
{
	(void)state;
	check_rows(SHAPES, NELEM(SHAPES));
}

static void
too_long_in_everybodys_words(void **state)
{
	(void)state;
	check_rows(TOO_LONG, NELEM(TOO_LONG));
}

static void
what_is_not_there_is_told_apart(void **state)
{
	(void)state;
	check_rows(THERE, NELEM(THERE));
}

static void
quota_is_told_from_too_often(void **state)
{
	(void)state;
	check_rows(OFTEN, NELEM(OFTEN));
}

static void
kinds_are_told_apart(void **state)
{
	(void)state;
	check_rows(KINDS, NELEM(KINDS));
}

/* A breaker opens for what says that the server is ill, for nothing else. */
static void
counts_for_the_breaker(void **state)
{
	static const struct {
		int status;
		const char *body;
		bool counts, once, unknown;
	} rows[] = {
		{ 500, "", true, false, false },
		{ 529, "", true, false, false },
		{ 408, "", true, false, false },
		{ 429, "", false, false, false },
		{ 400, "{\"error\":\"x\"}", false, false, true },
		{ 422, "{\"error\":\"x\"}", false, false, true },
		{ 404, "{\"error\":\"x\"}", false, false, false },
		{ 503, "{\"error\":\"Loading model\"}", false, false, false },
		{ 400, "{\"error\":{\"code\":\"tool_use_failed\"}}", false,
		    true, false },
		{ 400, "{\"error\":\"prompt is too long\"}", false, false,
		    false },
		{ 400, "{\"error\":\"Content Exists Risk\"}", false, false,
		    false },
	};
	struct arena *mem = arena_new();
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		struct llm_refusal r;
		struct llm_failure f = { .retry_after_ms = -1 };

		llm_refusal_read(&r, rows[i].status, rows[i].body,
		    strlen(rows[i].body), mem);
		(void)llm_refusal_rc(&r, -1, &f);
		if (f.counts != rows[i].counts || f.once != rows[i].once
		    || f.unknown != rows[i].unknown)
			fail_msg("%d %s: counts %d, once %d, unknown %d",
			    rows[i].status, rows[i].body, f.counts, f.once,
			    f.unknown);
	}
	arena_free(mem);
}

/* An epoch in milliseconds, as OpenRouter's headers within the body say. */
static void
resets_at_a_time(void **state)
{
	static const struct {
		int64_t in_ms;
		enum llm_rc rc;
	} rows[] = { { 20000, LLM_RETRY }, { 7200000, LLM_QUOTA },
		{ -5000, LLM_RETRY } };
	struct arena *mem = arena_new();
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		const char *body = arena_printf(mem,
		    "{\"error\":{\"message\":\"Rate limit exceeded\",\"code\":"
		    "429,\"metadata\":{\"headers\":{\"X-RateLimit-Remaining\":"
		    "\"0\",\"X-RateLimit-Reset\":\"%lld\"}}}}",
		    (long long)(clock_wall_ms() + rows[i].in_ms));
		struct llm_refusal r;
		struct llm_failure f = { .retry_after_ms = -1 };

		llm_refusal_read(&r, 429, body, strlen(body), mem);
		assert_int_equal(llm_refusal_rc(&r, -1, &f), rows[i].rc);
		assert_true(f.retry_after_ms >= 0);
		assert_true(f.retry_after_ms <= LLM_HINT_MAX_MS);
	}
	arena_free(mem);
}

/* An error within a 200 says what status it would have had. */
static void
errors_within_an_answer(void **state)
{
	static const struct {
		const char *error;
		int status;
		const char *message;
	} rows[] = {
		{ "{\"message\":\"m\",\"code\":502}", 502, "m" },
		{ "{\"message\":\"m\",\"code\":\"429\"}", 429, "m" },
		{ "{\"message\":\"m\",\"type\":\"overloaded_error\"}", 529,
		    "m" },
		{ "{\"message\":\"m\",\"code\":\"content_filter\"}", 400, "m" },
		{ "{\"message\":\"m\",\"type\":\"exceed_context_size_error\"}",
		    400, "m" },
		{ "{\"message\":\"m\",\"status_code\":400}", 400, "m" },
		{ "{\"message\":\"m\"}", 500, "m" },
		{ "\"m\"", 500, "m" },
		{ "{}", 500, "" },
	};
	struct arena *mem = arena_new();
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		struct llm_reading r;
		const json_t *e = json_keep(mem,
		    json_loads(rows[i].error, JSON_DECODE_ANY, NULL));

		assert_non_null(e);
		llm_reading_init(&r, NULL, mem, false);
		assert_int_equal(llm_refusal_in(&r, e), -1);
		assert_true(r.failed);
		assert_int_equal(r.error.status, rows[i].status);
		assert_string_equal(r.error.message, rows[i].message);
		/* What comes after a complete answer spoils nothing. */
		r.failed = false;
		r.ended = true;
		assert_int_equal(llm_refusal_in(&r, e), 0);
		assert_false(r.failed);
		llm_reading_fini(&r);
	}
	arena_free(mem);
}

/* A 200 whose body tells an error elsewhere than in "error", on both wires, whole
 * and as an event. */
static void
errors_beside_the_answer(void **state)
{
	static const struct {
		const char *doc;
		enum llm_rc rc; /* LLM_OK: it is no error */
		const char *message;
	} rows[] = {
		/* MiniMax */
		{ "{\"id\":\"0\",\"choices\":null,\"base_resp\":{\"status_code\":1004,\"status_msg\":\"login fail\"}}",
		    LLM_DENIED, "login fail" },
		{ "{\"base_resp\":{\"status_code\":2049,\"status_msg\":\"invalid api key\"}}",
		    LLM_DENIED, "invalid api key" },
		{ "{\"choices\":[],\"base_resp\":{\"status_code\":1002,\"status_msg\":\"rate limit\"}}",
		    LLM_RETRY, "rate limit" },
		{ "{\"choices\":null,\"base_resp\":{\"status_code\":1008,\"status_msg\":\"insufficient balance\"}}",
		    LLM_QUOTA, "insufficient balance" },
		{ "{\"choices\":null,\"base_resp\":{\"status_code\":2013,\"status_msg\":\"invalid params, context window exceeds limit\"}}",
		    LLM_CONTEXT,
		    "invalid params, context window exceeds limit" },
		{ "{\"choices\":null,\"base_resp\":{\"status_code\":2013,\"status_msg\":\"invalid params\"}}",
		    LLM_INVALID, "invalid params" },
		{ "{\"choices\":null,\"input_sensitive\":true,\"base_resp\":{\"status_code\":1026,\"status_msg\":\"input new_sensitive\"}}",
		    LLM_FILTERED, "input new_sensitive" },
		{ "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"}}],\"base_resp\":{\"status_code\":1027,\"status_msg\":\"output new_sensitive\"}}",
		    LLM_FILTERED, "output new_sensitive" },
		{ "{\"base_resp\":{\"status_code\":1013,\"status_msg\":\"unknown error\"}}",
		    LLM_RETRY, "unknown error" },
		{ "{\"base_resp\":{\"status_code\":9999,\"status_msg\":\"of tomorrow\"}}",
		    LLM_RETRY, "of tomorrow" },
		/* A code and words of the document itself. */
		{ "{\"code\":11200,\"message\":\"AppIdNoAuthError\",\"sid\":\"s\"}",
		    LLM_RETRY, "AppIdNoAuthError" },
		{ "{\"code\":401,\"message\":\"no\"}", LLM_DENIED, "no" },
		{ "{\"code\":\"InvalidApiKey\",\"message\":\"Invalid API-key provided. Incorrect API key\",\"request_id\":\"r\"}",
		    LLM_DENIED, "Invalid API-key provided. Incorrect API key" },
		{ "{\"code\":1113,\"msg\":\"您的账户已欠费\",\"success\":false}",
		    LLM_QUOTA, "您的账户已欠费" },
		{ "{\"error_code\":18,\"error_msg\":\"Open api qps request limit reached\"}",
		    LLM_RETRY, "Open api qps request limit reached" },
		{ "{\"success\":false,\"msg\":\"prompt is too long\"}",
		    LLM_CONTEXT, "prompt is too long" },
		{ "{\"code\":null,\"message\":\"bad\"}", LLM_RETRY, "bad" },
		{ "{\"choices\":[],\"code\":7,\"message\":\"bad\"}", LLM_RETRY,
		    "bad" },
		{ "{\"detail\":\"Rate limit exceeded\"}", LLM_RETRY,
		    "Rate limit exceeded" },
		/* All is well. */
		{ "{\"base_resp\":{\"status_code\":0,\"status_msg\":\"\"}}",
		    LLM_OK, "" },
		{ "{\"code\":0,\"message\":\"Success\",\"sid\":\"s\"}", LLM_OK,
		    "" },
		{ "{\"code\":200,\"msg\":\"ok\"}", LLM_OK, "" },
		{ "{\"code\":\"success\",\"message\":\"fine\"}", LLM_OK, "" },
		{ "{\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}",
		    LLM_OK, "" },
		{ "{\"type\":\"ping\"}", LLM_OK, "" },
	};
	struct arena *mem = arena_new();
	size_t i, k;

	(void)state;
	for (i = 0; i < NELEM(rows); i++)
		for (k = 0; k < 4; k++) {
			const struct llm_provider *p = k < 2 ? &LLM_OPENAI
							     : &LLM_ANTHROPIC;
			struct llm_failure f = { .retry_after_ms = -1 };
			const char *doc = rows[i].doc;
			struct llm_reading r;
			enum llm_rc rc = LLM_OK;

			llm_reading_init(&r, NULL, mem, false);
			if (k % 2 == 0)
				(void)p->whole(&r, doc, strlen(doc));
			else
				(void)p->feed(&r, "", doc, strlen(doc));
			if (r.failed)
				rc = llm_refusal_rc(&r.error, -1, &f);
			if (rc != rows[i].rc)
				fail_msg("%s on wire %zu: %s", doc, k,
				    llm_rc_name(rc));
			if (rc != LLM_OK)
				assert_string_equal(r.error.message,
				    rows[i].message);
			llm_reading_fini(&r);
		}
	arena_free(mem);
}

/* A list of places of any length costs what is kept of it, not its square. */
static void
places_without_end(void **state)
{
	struct arena *mem = arena_new();
	struct buf body = BUF_INIT(SIZE_MAX);
	struct llm_refusal r;
	int i;

	(void)state;
	(void)!buf_add_str(&body, "{\"detail\":[{\"loc\":[");
	for (i = 0; i < 60000; i++)
		(void)!buf_printf(&body, "%d,", i % 10);
	(void)!buf_add_str(&body, "0],\"msg\":\"too deep\"}]}");
	llm_refusal_read(&r, 422, body.data, body.len, mem);
	assert_int_equal(strncmp(r.message, "0.1.2.", 6), 0);
	assert_true(strlen(r.message) <= 4100);
	assert_true(arena_used(mem) < 64 * body.len);
	buf_fini(&body);
	arena_free(mem);
}

/* Nothing of the chat and of keys stands in what is logged. */
static void
the_questions_words_are_left_out(void **state)
{
	static const struct tool_call call = { "id", "echo",
		"{\"text\":\"the safe's number is 4711\"}" };
	static const struct llm_message messages[] = {
		{ .role = LLM_USER, .text = "my cat is called Möhrchen XIV" },
		{ .role = LLM_ASSISTANT,
		    .text = "",
		    .calls = &call,
		    .ncalls = 1 },
		{ .role = LLM_TOOL, .text = "opened by grandmother" },
		{ .role = LLM_USER,
		    .text = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
	};
	static const struct llm_question q = { .messages = messages,
		.nmessages = NELEM(messages) };
	static const struct {
		const char *message, *logged;
	} rows[] = {
		{ "bad: my cat is called Möhrchen XIV!", "bad: …!" },
		{ "bad: is called Möhrchen", "bad:…" },
		{ "number is 5711, no", "number is 5711, no" },
		{ "safe's number is 4711", "…" },
		{ "x opened by grandmother y opened by grandmother",
		    "x … y …" },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", "…b" },
		/* as OpenAI quotes a key, and of a header's value */
		{ "wrong key: test-key*****9876.", "wrong key: …*****…." },
		{ "no such tenant: blue-horse", "no such tenant:…" },
		{ "plain words", "plain words" },
		{ "my cat is c", "my cat is c" },
		{ "", "" },
	};
	static const char *const headers[] = { "X-Tenant: blue-horse", NULL };
	char longest[2000];
	struct secret key = { 0 };
	const struct llm_backend b = { .key = &key, .headers = headers };
	struct llm_refusal r = { .code = "opened by grandmother",
		.type = "",
		.param = "my cat is called",
		.message = longest };
	struct llm_failure f = { 0 };
	size_t i;

	(void)state;
	secret_set(&key, "test-key-0123459876", 19);
	for (i = 0; i < NELEM(rows); i++) {
		r.message = rows[i].message;
		llm_redact(&r, &b, &q, &f);
		assert_string_equal(f.message, rows[i].logged);
		assert_string_equal(f.code, "…");
		assert_string_equal(f.param, "…");
	}
	/* Cut at a character, wherever the end falls. */
	for (i = 0; i < 4; i++) {
		size_t n = i;

		memset(longest, 'x', i);
		while (n + 3 < sizeof(longest)) {
			memcpy(longest + n, "€", 3);
			n += 3;
		}
		longest[n] = '\0';
		r.message = longest;
		llm_redact(&r, &b, &q, &f);
		assert_true(text_is_utf8(f.message, strlen(f.message)));
		assert_in_range(strlen(f.message), sizeof(f.message) - 4,
		    sizeof(f.message) - 1);
	}
	secret_clear(&key);
}

/* ${why} stands in the log and in the turn's record: a name of a server's is
 * all that it has of the server, and no key looks like one. */
static void
why_has_names_alone(void **state)
{
	static const struct {
		const char *code, *type, *why;
	} rows[] = {
		{ "rate_limit_exceeded", "tokens",
		    "status 500 rate_limit_exceeded" },
		{ "", "overloaded_error", "status 500 overloaded_error" },
		{ "1301", "", "status 500 1301" },
		{ "quoted my cat", "x.y-z", "status 500 x.y-z" },
		{ "quoted my cat", "my cat", "status 500" },
		{ "test-key-0123459876", "", "status 500 …" },
		{ "", "bad_test-key-0123459876_x", "status 500 bad_…_x" },
		{ "Bearer test-key-0123459876", "", "status 500" },
		{ "m\xc3\xb6hre", "", "status 500" },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		  "aaaaaaa",
		    "", "status 500" },
		{ "", "", "status 500" },
	};
	struct secret key = { 0 };
	const struct llm_backend b = { .key = &key };
	size_t i;

	(void)state;
	secret_set(&key, "test-key-0123459876", 19);
	for (i = 0; i < NELEM(rows); i++) {
		struct llm_refusal r = { .status = 500,
			.code = rows[i].code,
			.type = rows[i].type,
			.param = "",
			.message = "" };
		struct llm_failure f = { .retry_after_ms = -1 };

		(void)llm_refusal_rc(&r, -1, &f);
		llm_redact(&r, &b, NULL, &f);
		assert_string_equal(f.why, rows[i].why);
	}
	secret_clear(&key);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_shape_is_read),
		cmocka_unit_test(too_long_in_everybodys_words),
		cmocka_unit_test(what_is_not_there_is_told_apart),
		cmocka_unit_test(quota_is_told_from_too_often),
		cmocka_unit_test(kinds_are_told_apart),
		cmocka_unit_test(counts_for_the_breaker),
		cmocka_unit_test(resets_at_a_time),
		cmocka_unit_test(errors_within_an_answer),
		cmocka_unit_test(errors_beside_the_answer),
		cmocka_unit_test(places_without_end),
		cmocka_unit_test(the_questions_words_are_left_out),
		cmocka_unit_test(why_has_names_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
