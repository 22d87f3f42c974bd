/*
 * catalogue: the tools of one source as it describes them: the originals, in
 * its order.
 *
 * What a model is told of them is another thing (tools/offer.h); who passes
 * tools on to another MCP client takes the originals.
 */
#ifndef TOOLS_CATALOGUE_H
#define TOOLS_CATALOGUE_H

#include <jansson.h>

#include "base/base.h"

struct arena;

#define CATALOGUE_DIGEST_MAX 17 /* with its NUL */

/* What a source claims of a tool (annotations): a hint, no ground to trust
 * it.  Where it says nothing, what the protocol assumes.  Nobody asks for it
 * yet, nor for the digest: both are for approvals, and for a server's list. */
struct tool_hints {
	bool read_only;   /* else: it changes something */
	bool destructive; /* of those that do */
	bool idempotent;  /* again with the same arguments: nothing more */
	bool open_world;  /* it speaks with who knows whom */
};

struct catalogue_tool {
	const char *name;
	const json_t *definition; /* all that its source says of it */
	const json_t *schema;     /* of its arguments, an object */
	struct tool_hints hints;
	/* Of what a person approves when they approve the tool: its name,
	 * title, descriptions, schemas, annotations and _meta. */
	char digest[CATALOGUE_DIGEST_MAX];
};

/* Never changed; an offer has it. */
struct catalogue {
	struct arena *mem;
	struct catalogue_tool *tools;
	size_t n;
};

/* Of ${list}, an array of definitions that no other thread has yet; those
 * without a name are left out. */
struct catalogue *catalogue_make(json_t *list);
void catalogue_free(struct catalogue *c); /* NULL is fine */

#endif
