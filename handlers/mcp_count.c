/*
 * mcp_count: how many tools a key may call, and of how many sources: what it may
 * not call it does not see.
 */
#include "handlers/mcp_priv.h"

/* The tools of a source stand together. */
void
mcp_count(const void *post, size_t *tools, size_t *sources)
{
	const struct mcp_post *p = post;
	struct listing *l = listing_ref(mcp_edge_tools(p->edge->mcp));
	const struct source *last = NULL;
	size_t i;

	*tools = *sources = 0;
	for (i = 0; i < l->n; i++) {
		if (!mcp_may(p, &l->tools[i]))
			continue;
		++*tools;
		*sources += l->tools[i].source != last;
		last = l->tools[i].source;
	}
	listing_unref(l);
}
