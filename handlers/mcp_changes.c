/*
 * mcp_changes: what has changed in resources and prompts is told to all edges.
 */
#include "handlers/mcp_content.h"
#include "redis/versions.h"

static const enum version_list LISTS[] = {
	[CONTENT_LIST_RESOURCES] = VERSION_RESOURCES,
	[CONTENT_LIST_TEMPLATES] = VERSION_TEMPLATES,
	[CONTENT_LIST_PROMPTS] = VERSION_PROMPTS,
};

static bool
listed(void *arg, enum content_list list, const char *digest)
{
	return versions_raise(arg, LISTS[list], digest) != STORE_DOWN;
}

static bool
updated(void *arg, const char *uri, const char *digest)
{
	return versions_raise_resource(arg, uri, digest) != STORE_DOWN;
}

void
mcp_content_ears(struct store *st, struct content_ears *out)
{
	*out = (struct content_ears){ .arg = st,
		.listed = listed,
		.updated = updated };
}
