#include "tools/catalogue.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/seal.h"

void
catalogue_free(struct catalogue *c)
{
	if (c == NULL)
		return;
	arena_free(c->mem);
	free(c);
}

static struct tool_hints
hints_of(const json_t *tool)
{
	const json_t *said = json_object_get(tool, "annotations");

	return (struct tool_hints){
		.read_only = json_member_bool(said, "readOnlyHint", false),
		.destructive = json_member_bool(said, "destructiveHint", true),
		.idempotent = json_member_bool(said, "idempotentHint", false),
		.open_world = json_member_bool(said, "openWorldHint", true),
	};
}

/* Canonical, so that another order of members is no other tool. */
static void
digest_of(const json_t *tool, char out[CATALOGUE_DIGEST_MAX])
{
	static const char *const MEMBERS[] = { "name", "title", "description",
		"inputSchema", "outputSchema", "annotations", "_meta" };
	json_t *pinned = json_object();
	char digest[SEAL_DIGEST_MAX], *text;
	size_t i;

	for (i = 0; i < NELEM(MEMBERS); i++)
		(void)json_object_set(pinned, MEMBERS[i],
		    json_object_get(tool, MEMBERS[i]));
	text = json_dumps(pinned, JSON_COMPACT | JSON_SORT_KEYS);
	if (text == NULL)
		abort();
	seal_digest("tool-definition", text, strlen(text), digest);
	(void)snprintf(out, CATALOGUE_DIGEST_MAX, "%.*s",
	    CATALOGUE_DIGEST_MAX - 1, digest);
	free(text);
	json_decref(pinned);
}

static void
add(struct catalogue *c, const char *name, const json_t *tool)
{
	struct catalogue_tool *t = &c->tools[c->n++];
	const json_t *schema = json_object_get(tool, "inputSchema");

	t->name = name;
	t->definition = tool;
	t->schema = json_is_object(schema) ? schema
					   : json_keep(c->mem, json_object());
	t->hints = hints_of(tool);
	digest_of(tool, t->digest);
}

struct catalogue *
catalogue_make(json_t *list)
{
	struct catalogue *c = calloc(1, sizeof(*c));
	const json_t *tool;
	const char *name;
	size_t i;

	if (c == NULL)
		abort();
	c->mem = arena_new();
	c->tools = arena_alloc(c->mem,
	    (json_array_size(list) + 1) * sizeof(*c->tools));
	json_keep(c->mem, json_share(list)); /* strings and schemas are its */
	json_array_foreach(list, i, tool) {
		name = json_member_str(tool, "name");
		if (name != NULL && name[0] != '\0')
			add(c, name, tool);
	}
	return c;
}
