#include "nouns/policy.h"

#include "nouns/settings.h"

const struct policy *
policy_of(const struct settings *s, const struct caller *who)
{
	(void)who; /* one tenant, without settings of its own */
	return &s->policy;
}

const struct policy *
policy_at(const struct settings *s, size_t i)
{
	return i == 0 ? &s->policy : NULL;
}
