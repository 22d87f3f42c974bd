/*
 * usage: tokens as a server counts them.
 */
#include "base/json.h"
#include "llm/llm_priv.h"

/* More tokens than these for each byte no text has. */
#define OF_A_BYTE 4
/* And these, which nobody here sees: what a gateway or a hosted tool adds to
 * a prompt; thoughts, of which no model writes more. */
#define UNSEEN 250000

bool
llm_usage_is_likely(const struct llm_reading *r)
{
	int64_t limit = r->q == NULL ? 0 : r->q->max_tokens;

	return r->usage.in <= (int64_t)r->sent * OF_A_BYTE + UNSEEN
	    && r->usage.out
	    <= (int64_t)r->received * OF_A_BYTE + limit + UNSEEN;
}

int64_t
llm_usage_int(const json_t *usage, const char *name)
{
	int64_t n = json_member_int(usage, name, 0);

	return n < 0 ? 0 : n > LLM_USAGE_MAX ? LLM_USAGE_MAX : n;
}
