#include "tools/offer.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/seal.h"
#include "base/text.h"
#include "llm/schema.h"
#include "nouns/tool_call.h"

#define NAME_MAX_BYTES (TOOL_NAME_MAX - 1)
#define HASH_CHARS 8 /* behind a name that had to be changed */
/* characters; what OpenAI takes (janwilmake/openapi-mcp-server#23) */
#define DESCRIPTION_MAX 1024
#define DIGEST_CHARS 16

struct offer *
offer_ref(struct offer *o)
{
	if (o != NULL)
		atomic_fetch_add(&o->refs, 1);
	return o;
}

void
offer_unref(struct offer *o)
{
	if (o == NULL || atomic_fetch_sub(&o->refs, 1) != 1)
		return;
	catalogue_free(o->catalogue);
	arena_free(o->mem);
	free(o);
}

/* ---- names --------------------------------------------------------------- */

char *
offer_name_hashed(struct arena *mem, const char *name, const char *of)
{
	char digest[SEAL_DIGEST_MAX];
	size_t len = strlen(name);

	seal_digest("tool", of, strlen(of), digest);
	if (len > NAME_MAX_BYTES - HASH_CHARS - 1)
		len = NAME_MAX_BYTES - HASH_CHARS - 1;
	return arena_printf(mem, "%.*s_%.*s", (int)len, name, HASH_CHARS,
	    digest);
}

char *
offer_name(struct arena *mem, const char *server, const char *tool)
{
	char *full = server == NULL ? arena_strdup(mem, tool)
				    : arena_printf(mem, "%s__%s", server, tool);
	char *out = arena_strdup(mem, full);
	size_t len = strlen(out), i;
	bool changed = len > NAME_MAX_BYTES || len == 0;

	/* Gemini wants a letter or "_" first (cline/cline#7339). */
	if (strchr("0123456789-", out[0]) != NULL && len > 0) {
		out = arena_printf(mem, "_%s", out);
		len++;
		changed = true;
	}
	for (i = 0; i < len; i++)
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			   "abcdefghijklmnopqrstuvwxyz0123456789_-",
			out[i])
		    == NULL) {
			out[i] = '_';
			changed = true;
		}
	return changed ? offer_name_hashed(mem, out, full) : out;
}

/* ---- descriptions and schemas -------------------------------------------- */

/* Never empty, which Bedrock refuses (danny-avila/LibreChat#13209). */
static const char *
description_of(struct arena *mem, const struct catalogue_tool *tool)
{
	const json_t *def = tool->definition;
	const char *const SAID[] = { json_member_str(def, "description"),
		json_member_str(def, "title"),
		json_member_str(json_object_get(def, "annotations"), "title") };
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
		text_printable(mem, tool->name)),
	    DESCRIPTION_MAX);
}

static void
fit(struct arena *mem, const struct catalogue_tool *tool, struct offer_tool *o)
{
	struct schema_offer schema = { 0 };
	char digest[SEAL_DIGEST_MAX];
	const char *all;

	o->original = tool;
	o->description = description_of(mem, tool);
	if (schema_fit(json_object_get(tool->definition, "inputSchema"), mem,
		&schema, &o->why)
	    == -1)
		return;
	o->text = schema.text;
	o->names = schema.names;
	/* Of what a model API sees: it may refuse either. */
	all = arena_printf(mem, "%s\n%s", o->description, o->text);
	seal_digest("tool-offer", all, strlen(all), digest);
	o->digest = arena_memdup(mem, digest, DIGEST_CHARS);
}

struct offer *
offer_make(struct catalogue *c)
{
	struct offer *o = calloc(1, sizeof(*o));
	size_t i;

	if (o == NULL)
		abort();
	atomic_store(&o->refs, 1);
	o->mem = arena_new();
	o->catalogue = c;
	o->tools = arena_alloc(o->mem, (c->n + 1) * sizeof(*o->tools));
	for (i = 0; i < c->n; i++)
		fit(o->mem, &c->tools[i], &o->tools[i]);
	return o;
}
