#include "nouns/turn_end.h"

static const char *const ENDS[END_N] = {
	[END_REPLIED] = "replied",
	[END_UNCONFIRMED] = "unconfirmed",
	[END_REFUSED] = "refused",
	[END_EXPIRED] = "expired",
	[END_DEAD] = "dead",
};

const char *
turn_end_name(enum turn_end end)
{
	return ENDS[end];
}
