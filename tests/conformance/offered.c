#include "tests/conformance/offered.h"

#include <stddef.h>

static void
list(void *own, enum content_list which, content_add *add, void *arg)
{
	(void)own;
	if (which == CONTENT_LIST_PROMPTS)
		fixture_list_prompts(add, arg);
	else
		fixture_list_resources(which, add, arg);
}

static const struct content_source OFFERED = { .name = "conformance",
	.list = list,
	.read = fixture_read,
	.get = fixture_get,
	.complete = fixture_complete };

const struct content_source *const CONTENT_SOURCES[] = { &OFFERED, NULL };
