/*
 * write_values: the values of a request, as the backend takes them.
 */
#include <string.h>

#include "llm/llm_priv.h"
#include "llm/quirks.h"

int64_t
llm_max_tokens(const struct llm_backend *b, const struct llm_question *q)
{
	const struct llm_quirks *k = b->quirks;
	int64_t n = q->max_tokens > 0 ? q->max_tokens : b->max_tokens, left;

	if (n <= 0 || k == NULL)
		return n;
	if (k->max_tokens_least > n)
		n = k->max_tokens_least;
	if (k->max_tokens > 0 && n > k->max_tokens)
		n = k->max_tokens;
	if (k->context > 0 && q->nmessages > 0) {
		left = k->context
		    - llm_estimate(q->messages, q->nmessages, q->tools,
			q->ntools);
		if (left < LLM_LEAST_LEFT) /* the server counts better */
			left = LLM_LEAST_LEFT;
		if (n > left)
			n = left;
	}
	return n;
}

/* Models of OpenAI's that think before they speak take other parameters. */
static bool
is_reasoning(const struct llm_backend *b)
{
	const char *m = b->model;

	return b->host == HOST_OPENAI
	    && ((m[0] == 'o' && m[1] >= '1' && m[1] <= '9')
		|| strncmp(m, "gpt-5", 5) == 0 || strncmp(m, "gpt-6", 5) == 0);
}

/* The one that is usual, unless it is lacking; then the other. */
const char *
llm_max_tokens_name(const struct llm_backend *b)
{
	static const char OLD[] = "max_tokens", NEW[] = "max_completion_tokens";
	bool old = !llm_lacks(b->quirks, LLM_CAN_MAX_TOKENS);
	bool new = !llm_lacks(b->quirks, LLM_CAN_MAX_COMPLETION_TOKENS);
	const char *set = b->max_tokens_name;

	if (set == NULL || set[0] == '\0')
		set = is_reasoning(b) ? NEW : OLD;
	if (strcmp(set, OLD) == 0)
		return old ? set : new ? NEW : "";
	if (strcmp(set, NEW) == 0)
		return new ? set : old ? OLD : "";
	return set;
}

double
llm_temperature(const struct llm_backend *b)
{
	return b->quirks != NULL && b->quirks->temperature >= 0
	    ? b->quirks->temperature
	    : b->temperature;
}

bool
llm_sends_temperature(const struct llm_backend *b)
{
	return b->temperature >= 0 && !is_reasoning(b)
	    && b->host != HOST_ANTHROPIC /* takes none any more */
	    && !llm_lacks(b->quirks, LLM_CAN_TEMPERATURE);
}
