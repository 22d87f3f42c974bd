/*
 * stops: THE table of stop reasons: why a model stopped, and what that makes
 * of its answer.  Those that are not here end an answer as "stop" does.
 */
#include <strings.h>

#include "llm/llm_priv.h"

enum meaning {
	STOP_LIMIT,    /* the limit of tokens: the words are the answer */
	STOP_CONTEXT,  /* the context is full */
	STOP_DECLINED, /* the model or its filter declined */
	STOP_PAUSED,   /* to be gone on with */
	STOP_BROKE,    /* the server failed: it is half an answer */
};

static const struct {
	const char *why;
	enum meaning meaning;
} STOPS[] = {
	{ "length", STOP_LIMIT },
	{ "max_tokens", STOP_LIMIT },   /* Messages', Gemini's, Cohere's */
	{ "model_length", STOP_LIMIT }, /* Mistral */
	{ "model_context_window_exceeded", STOP_CONTEXT }, /* Messages' */
	{ "content_filter", STOP_DECLINED },
	{ "refusal", STOP_DECLINED }, /* Messages' */
	{ "safety", STOP_DECLINED },  /* Gemini through relays */
	{ "prohibited_content", STOP_DECLINED }, { "blocklist", STOP_DECLINED },
	{ "recitation", STOP_DECLINED }, { "spii", STOP_DECLINED },
	{ "sensitive", STOP_DECLINED },  /* Zhipu */
	{ "pause_turn", STOP_PAUSED },   /* Messages' */
	{ "error", STOP_BROKE },         /* OpenRouter: its upstream */
	{ "network_error", STOP_BROKE }, /* Zhipu */
	{ "insufficient_system_resource", STOP_BROKE }, /* DeepSeek */
	{ "abort", STOP_BROKE },                        /* vLLM */
};

static size_t
find(const char *why)
{
	size_t i = 0;

	while (i < NELEM(STOPS) && strcasecmp(STOPS[i].why, why) != 0)
		i++;
	return i;
}

bool
llm_stop_is_broken(const char *why)
{
	size_t i = why == NULL ? NELEM(STOPS) : find(why);

	return i < NELEM(STOPS) && STOPS[i].meaning == STOP_BROKE;
}

int
llm_stop_read(struct llm_reading *r, const char *why)
{
	size_t i = find(why);

	if (llm_stop_is_broken(why))
		return llm_reading_fail(r,
		    arena_printf(r->mem, "the server stopped: %s",
			STOPS[i].why));
	if (i < NELEM(STOPS)) {
		r->cut |= STOPS[i].meaning == STOP_LIMIT
		    || STOPS[i].meaning == STOP_CONTEXT;
		r->context |= STOPS[i].meaning == STOP_CONTEXT;
		r->refused |= STOPS[i].meaning == STOP_DECLINED;
		r->paused |= STOPS[i].meaning == STOP_PAUSED;
	}
	r->ended = true;
	return 0;
}
