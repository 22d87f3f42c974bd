/*
 * catalogue: the tools of one list as their server describes them, each with
 * what a model is offered of it.
 *
 * Made once per list, by the thread that read it, as making a schema fit may
 * take milliseconds: no question and no lock waits for it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/seal.h"
#include "base/text.h"
#include "llm/schema.h"
#include "tools/tools_priv.h"

/* characters; what OpenAI takes (janwilmake/openapi-mcp-server#23) */
#define DESCRIPTION_MAX 1024
#define DIGEST_CHARS 16

static struct catalogue *
catalogue_new(size_t max)
{
	struct catalogue *c = calloc(1, sizeof(*c));

	if (c == NULL)
		abort();
	atomic_store(&c->refs, 1);
	c->mem = arena_new();
	c->tools = arena_alloc(c->mem, (max + 1) * sizeof(*c->tools));
	return c;
}

struct catalogue *
catalogue_ref(struct catalogue *c)
{
	if (c != NULL)
		atomic_fetch_add(&c->refs, 1);
	return c;
}

void
catalogue_unref(struct catalogue *c)
{
	if (c == NULL || atomic_fetch_sub(&c->refs, 1) != 1)
		return;
	arena_free(c->mem);
	free(c);
}

/* Never empty, which Bedrock refuses (danny-avila/LibreChat#13209). */
static const char *
description_of(struct arena *mem, const char *name, const json_t *tool)
{
	const char *const SAID[] = { json_member_str(tool, "description"),
		json_member_str(tool, "title"),
		json_member_str(json_object_get(tool, "annotations"),
		    "title") };
	const char *text;
	size_t i;

	for (i = 0; i < NELEM(SAID); i++) {
		if (SAID[i] == NULL)
			continue;
		text = text_strip(mem, text_printable(mem, SAID[i]));
		if (text[0] != '\0')
			return text_cut(mem, text, DESCRIPTION_MAX);
	}
	return text_cut(mem,
	    arena_printf(mem,
		"The tool \"%s\" (its server "
		"does not describe it).",
		text_printable(mem, name)),
	    DESCRIPTION_MAX);
}

static void
add(struct catalogue *c, const char *name, const json_t *tool,
    const json_t *schema)
{
	struct catalogue_tool *t = &c->tools[c->n++];
	struct schema_offer offer = { 0 };
	char digest[SEAL_DIGEST_MAX];
	const char *all;

	t->name = name;
	t->description = description_of(c->mem, name, tool);
	t->schema = json_is_object(schema) ? schema
					   : json_keep(c->mem, json_object());
	if (schema_fit(schema, c->mem, &offer, &t->why) == -1)
		return;
	t->text = offer.text;
	t->names = offer.names;
	/* Of what a model API sees: it may refuse either. */
	all = arena_printf(c->mem, "%s\n%s", t->description, t->text);
	seal_digest("tool-offer", all, strlen(all), digest);
	t->digest = arena_memdup(c->mem, digest, DIGEST_CHARS);
}

struct catalogue *
catalogue_make(json_t *list)
{
	struct catalogue *c = catalogue_new(json_array_size(list));
	const json_t *tool;
	const char *name;
	size_t i;

	json_keep(c->mem, json_share(list)); /* strings and schemas are its */
	json_array_foreach(list, i, tool) {
		name = json_member_str(tool, "name");
		if (name != NULL && name[0] != '\0')
			add(c, name, tool,
			    json_object_get(tool, "inputSchema"));
	}
	return c;
}

struct catalogue *
catalogue_builtin(void)
{
	struct catalogue *c = catalogue_new(BUILTINS_N);
	size_t i;

	for (i = 0; i < BUILTINS_N; i++) {
		const json_t *tool = json_keep(c->mem,
		    json_pack("{s:s}", "description", BUILTINS[i].description));

		add(c, BUILTINS[i].name, tool,
		    json_read(c->mem, BUILTINS[i].schema,
			strlen(BUILTINS[i].schema), NULL, NULL));
		c->tools[i].builtin = &BUILTINS[i];
	}
	return c;
}
