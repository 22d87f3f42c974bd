#include "nouns/metric.h"

#define C METRIC_COUNTER
#define G METRIC_GAUGE
#define H METRIC_HISTOGRAM
#define L METRIC_LEVEL

const struct metric_def METRICS[METRIC_N] = {
	[METRIC_REQUESTS] = { "dragoman_requests_total",
	    "HTTP requests answered, by class of status; probe: /health, "
	    "/ready, /metrics",
	    C, "class", { "1xx", "2xx", "3xx", "4xx", "5xx", "probe" } },
	[METRIC_REQUEST_SECONDS] = { "dragoman_request_seconds",
	    "Time to answer an HTTP request", H, NULL, { NULL } },
	[METRIC_MESSAGES_ACCEPTED] = { "dragoman_messages_accepted_total",
	    "Messages accepted durably", C, NULL, { NULL } },
	[METRIC_TURNS]
	= { "dragoman_turns_total", "Messages ended, by end state", C, "end",
	    { "replied", "unconfirmed", "refused", "expired", "dead" } },
	[METRIC_UNACCOUNTED] = { "dragoman_messages_unaccounted",
	    "Accepted messages in no end state and no inbox; must be 0", L,
	    NULL, { NULL } },
	[METRIC_DAMAGED] = { "dragoman_damaged_keys",
	    "Keys and values in Redis that others damaged; see dragoman doctor",
	    L, NULL, { NULL } },
	[METRIC_QUEUE_LENGTH] = { "dragoman_queue_length",
	    "Messages that wait or are being answered", L, NULL, { NULL } },
	[METRIC_QUEUE_AGE] = { "dragoman_queue_age_seconds",
	    "How long the first due chat has waited for a worker", L, NULL,
	    { NULL } },
	[METRIC_TURN_SECONDS] = { "dragoman_turn_seconds",
	    "From accepting a message to its end", H, NULL, { NULL } },
	[METRIC_MODEL_SECONDS]
	= { "dragoman_model_seconds", "Time of a model call, by provider", H,
	    "provider", { "direct", "openai", "groq", "ollama", "anthropic" } },
	[METRIC_MODEL_FIRST_BYTE] = { "dragoman_model_first_byte_seconds",
	    "From accepting a message to the model's first byte", H, NULL,
	    { NULL } },
	[METRIC_MODEL_ERRORS] = { "dragoman_model_errors_total",
	    "Model calls that failed, by kind", C, "kind",
	    { "ok", "retry", "broken", "empty", "context", "quota", "denied",
		"invalid", "filtered", "loading", "unreachable", "cancelled",
		"model", "address", "unchosen" } },
	[METRIC_MODEL_REPEATS] = { "dragoman_model_repeats_total",
	    "Questions asked of a model again, by cause", C, "cause",
	    { "failed", "cut", "empty", "limit", "context", "unknown",
		"loading", "words" } },
	[METRIC_ANSWERS_CUT] = { "dragoman_answers_cut_total",
	    "Answers of a model that broke off in the middle", C, NULL,
	    { NULL } },
	[METRIC_ANSWERS_KEPT] = { "dragoman_answers_kept_total",
	    "Replies that are the words of an answer that broke off", C, NULL,
	    { NULL } },
	[METRIC_TOOL_SECONDS]
	= { "dragoman_tool_seconds", "Time of a tool call, by source", H,
	    "source", { "builtin", "memcp", "mcp" } },
	[METRIC_TOOL_CALLS] = { "dragoman_tool_calls_total",
	    "Tool calls, by end", C, "end", { "done", "failed", "asks" } },
	[METRIC_TOKENS]
	= { "dragoman_tokens_total", "Tokens spent on models, by direction", C,
	    "direction", { "in", "out" } },
	[METRIC_BREAKER_OPEN]
	= { "dragoman_breaker_open", "1 while a provider's breaker is open", L,
	    "provider", { "direct", "openai", "groq", "ollama", "anthropic" } },
	[METRIC_REDIS_ROUND_TRIPS] = { "dragoman_redis_round_trips_total",
	    "Round trips to Redis; pipelined commands count once", C, NULL,
	    { NULL } },
	[METRIC_THREADS]
	= { "dragoman_threads", "Threads of the pools, by program", G,
	    "program", { "edge", "turn" } },
	[METRIC_PARKED] = { "dragoman_parked_requests",
	    "Requests that wait without a thread", G, NULL, { NULL } },
	[METRIC_RUNNING]
	= { "dragoman_turns_running", "Turns running", G, NULL, { NULL } },
	[METRIC_REFUSED]
	= { "dragoman_refused_total", "Requests refused, by reason", C,
	    "reason", { "unauthenticated", "limited", "full", "invalid" } },
};
