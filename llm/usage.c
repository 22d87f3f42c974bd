/*
 * usage: tokens as a server counts them.
 */
#include "base/json.h"
#include "llm/llm_priv.h"

int64_t
llm_usage_int(const json_t *usage, const char *name)
{
	int64_t n = json_member_int(usage, name, 0);

	return n < 0 ? 0 : n > LLM_USAGE_MAX ? LLM_USAGE_MAX : n;
}
