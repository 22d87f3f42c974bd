#include "nouns/session.h"

#include <string.h>

static const char *const NAMES[] = {
	[SESSION_NEEDS_TOKEN] = "needs_token",
	[SESSION_AWAITING_TOKEN] = "awaiting_token",
	[SESSION_ACTIVE] = "active",
};

const char *
session_state_name(enum session_state s)
{
	return NAMES[s];
}

int
session_state_parse(const char *name, enum session_state *out)
{
	size_t i;

	for (i = 0; i < NELEM(NAMES); i++)
		if (strcmp(NAMES[i], name) == 0) {
			*out = (enum session_state)i;
			return 0;
		}
	return -1;
}
