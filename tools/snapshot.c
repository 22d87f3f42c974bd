/*
 * snapshot: the tools that chats may call now, with names that model APIs
 * take.
 */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/seal.h"
#include "base/text.h"
#include "tools/tools_priv.h"

#define NAME_MAX_BYTES (TOOL_NAME_MAX - 1)
#define HASH_CHARS 8 /* behind a name that had to be changed */
#define SCHEMA_MAX (64 * KIB) /* text; it goes into each question of each chat */
#define DESCRIPTION_MAX 1024 /* characters; what OpenAI takes */

/* "NAME_HASH": of ${name} as much as fits, and a hash of ${of}. */
static char *
hashed(struct arena *mem, const char *name, const char *of)
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
tool_public_name(struct arena *mem, const char *server, const char *tool)
{
	char *full = server == NULL ? arena_strdup(mem, tool)
				    : arena_printf(mem, "%s__%s", server,
					tool);
	char *out = arena_strdup(mem, full);
	size_t len = strlen(out), i;
	bool changed = len > NAME_MAX_BYTES || len == 0;

	for (i = 0; i < len; i++)
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			   "abcdefghijklmnopqrstuvwxyz0123456789_-",
			out[i])
		    == NULL) {
			out[i] = '_';
			changed = true;
		}
	return changed ? hashed(mem, out, full) : out;
}

/* The tool that has ${name} already, or NULL. */
static const struct tool_entry *
taken(const struct snapshot *snap, const char *name)
{
	size_t i;

	for (i = 0; i < snap->set.n; i++)
		if (strcmp(snap->set.specs[i].name, name) == 0)
			return &snap->entries[i];
	return NULL;
}

static bool
in_list(const struct config_list *list, const char *name)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (fnmatch(list->items[i], name, 0) == 0)
			return true;
	return false;
}

/* chat.tools: empty means what is built in and configured; "none", nothing. */
static bool
is_offered(const struct settings *s, const char *name)
{
	return s->chat_tools.n == 0 || in_list(&s->chat_tools, name);
}

static void
add(struct snapshot *snap, const struct settings *s, struct tool_spec *specs,
    const char *name, const char *description, const json_t *schema,
    struct tool_entry entry)
{
	if (snap->set.n == TOOLS_MAX || !is_offered(s, name))
		return;
	if (taken(snap, name) != NULL) {
		log_event(LOG_WARN, "tool_hidden", F_STR("tool", name),
		    F_STR("why", "another one has the same name"));
		return;
	}
	if (json_dumpb(schema, NULL, 0, JSON_COMPACT) > SCHEMA_MAX) {
		log_event(LOG_WARN, "tool_hidden", F_STR("tool", name),
		    F_STR("why", "its inputSchema is too large"));
		return;
	}
	specs[snap->set.n] = (struct tool_spec){ .name = name,
		.description = text_cut(snap->mem,
		    text_clean(snap->mem, description, strlen(description)),
		    DESCRIPTION_MAX),
		.schema = schema,
		.schema_text = json_text(snap->mem, schema),
		.repeatable = in_list(&s->chat_repeatable, name) };
	snap->entries[snap->set.n++] = entry;
}

/*
 * A schema that the model APIs take: they refuse the whole question when one
 * tool's is not an object with properties, or has a choice at its top.  What
 * is left out here the tool's server still checks.
 */
static const json_t *
acceptable(struct arena *mem, json_t *schema)
{
	static const char *const REFUSED[] = { "oneOf", "anyOf", "allOf", "not",
		"enum", "if", "then", "else" };
	json_t *out;
	const char *type;
	bool right;
	size_t i;

	if (!json_is_object(schema))
		return json_keep(mem, json_pack("{s:s, s:{}}", "type",
					  "object", "properties"));
	type = json_member_str(schema, "type");
	right = type != NULL && strcmp(type, "object") == 0
	    && json_is_object(json_object_get(schema, "properties"));
	for (i = 0; i < NELEM(REFUSED); i++)
		right &= json_object_get(schema, REFUSED[i]) == NULL;
	if (right)
		return schema;
	out = json_keep(mem, json_copy(schema));
	json_object_set_new(out, "type", json_string("object"));
	if (!json_is_object(json_object_get(out, "properties")))
		json_object_set_new(out, "properties", json_object());
	for (i = 0; i < NELEM(REFUSED); i++)
		json_object_del(out, REFUSED[i]);
	return out;
}

static void
add_source(struct snapshot *snap, const struct settings *s,
    struct tool_spec *specs, struct source *source)
{
	const json_t *t;
	size_t i;

	if (source->list == NULL)
		return;
	snap->sources[snap->nsources++] = source_ref(source);
	/* The list outlives a refresh: the snapshot holds it too. */
	json_keep(snap->mem, json_share(source->list));
	json_array_foreach(source->list, i, t) {
		const char *name = json_member_str(t, "name");
		const char *description = json_member_str(t, "description");
		const char *server = source->kind == SOURCE_MCP ? source->name
								: NULL;
		const struct tool_entry *other;
		char *public;

		if (name == NULL || name[0] == '\0')
			continue;
		public = tool_public_name(snap->mem, server, name);
		/* "a__b" of "c" and "b__c" of "a" are two tools. */
		other = taken(snap, public);
		if (server != NULL && other != NULL
		    && (other->source != source
			|| strcmp(other->remote, name) != 0))
			public = hashed(snap->mem, public,
			    arena_printf(snap->mem, "%s/%s", server, name));
		add(snap, s, specs, public,
		    description == NULL ? "" : description,
		    acceptable(snap->mem, json_object_get(t, "inputSchema")),
		    (struct tool_entry){ .source = source, .remote = name });
	}
}

struct snapshot *
snapshot_make(struct toolbox *b)
{
	struct snapshot *snap = calloc(1, sizeof(*snap));
	struct tool_spec *specs;
	size_t i;

	if (snap == NULL)
		abort();
	atomic_store(&snap->refs, 1);
	snap->mem = arena_new();
	specs = arena_alloc(snap->mem, TOOLS_MAX * sizeof(*specs));
	snap->entries = arena_alloc(snap->mem,
	    TOOLS_MAX * sizeof(*snap->entries));
	snap->set.specs = specs;
	for (i = 0; i < BUILTINS_N; i++)
		add(snap, b->settings, specs, BUILTINS[i].name,
		    BUILTINS[i].description,
		    json_read(snap->mem, BUILTINS[i].schema,
			strlen(BUILTINS[i].schema), NULL, NULL),
		    (struct tool_entry){ .builtin = &BUILTINS[i] });
	for (i = 0; i < b->nsources; i++)
		add_source(snap, b->settings, specs, b->sources[i]);
	return snap;
}

void
snapshot_unref(struct snapshot *s)
{
	if (s == NULL || atomic_fetch_sub(&s->refs, 1) != 1)
		return;
	sources_unref(s->sources, s->nsources);
	arena_free(s->mem);
	free(s);
}

void
toolset_unref(const struct toolset *set)
{
	snapshot_unref((struct snapshot *)set);
}
