/*
 * snapshot: the tools that chats are offered now, of all catalogues: those
 * that chat.tools names, each by a name that model APIs take, and no more than
 * those APIs take at once.
 */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/log.h"
#include "base/seal.h"
#include "base/text.h"
#include "tools/tools_priv.h"

#define NAME_MAX_BYTES (TOOL_NAME_MAX - 1)
#define HASH_CHARS 8 /* behind a name that had to be changed */
/* Schemas and descriptions of all tools that are offered: more than any
 * model's context, and a question still has room in a request. */
#define TOOLS_BYTES_MAX (4 * MIB)

/* A tool that may be offered, unless there are too many. */
struct candidate {
	const char *name;
	const struct catalogue_tool *tool;
	size_t group; /* 0: built in; else its source + 1 */
};

struct making {
	struct snapshot *snap;
	const struct settings *settings;
	struct candidate *all;
	size_t n;
	json_t *names;                 /* public name -> index in all */
	size_t first[SOURCES_MAX + 1]; /* of a group's candidates */
	size_t has[SOURCES_MAX + 1];   /* how many there are */
	size_t quota[SOURCES_MAX + 1]; /* of them, that are offered */
	size_t *order;                 /* indexes in all of those, as shared */
	size_t noffered;
	bool closed[SOURCES_MAX + 1]; /* the next one is too large */
	size_t bytes;                 /* of all that are offered */
};

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
	return changed ? hashed(mem, out, full) : out;
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
is_wanted(const struct settings *s, const char *name)
{
	const struct policy *p = policy_of(s, NULL);

	return p->tools.n == 0 || in_list(&p->tools, name);
}

static void
leave_out(struct snapshot *snap, size_t group, const char *name,
    const char *why)
{
	struct offered *o = &snap->offered[group];

	if (o->left_out < LEFT_OUT_SHOWN)
		o->shown[o->left_out] = (struct left_out){
			.tool = text_cut(snap->mem,
			    text_printable(snap->mem, name), NAME_MAX_BYTES),
			.why = why
		};
	o->left_out++;
}

/* The candidate that has ${name} already, or NULL. */
static const struct candidate *
taken(const struct making *m, const char *name)
{
	const json_t *at = json_object_get(m->names, name);

	return at == NULL ? NULL : &m->all[json_integer_value(at)];
}

/* "a__b" of "c" and "b__c" of "a" are two tools. */
static char *
name_for(const struct making *m, const struct catalogue_tool *tool,
    size_t group)
{
	struct arena *mem = m->snap->mem;
	const struct source *source = group == 0 ? NULL
						 : m->snap->sources[group - 1];
	const char *server = source != NULL && source->kind == SOURCE_MCP
	    ? source->name
	    : NULL;
	char *name = tool_public_name(mem, server, tool->name);
	const struct candidate *other = taken(m, name);

	if (server != NULL && other != NULL
	    && (other->group != group
		|| strcmp(other->tool->name, tool->name) != 0))
		name = hashed(mem, name,
		    arena_printf(mem, "%s/%s", server, tool->name));
	return name;
}

static void
add_group(struct making *m, size_t group, const struct catalogue *c)
{
	size_t i;

	m->first[group] = m->n;
	for (i = 0; i < c->n; i++) {
		const struct catalogue_tool *tool = &c->tools[i];
		const char *name = name_for(m, tool, group);

		if (!is_wanted(m->settings, name))
			continue;
		if (tool->why != NULL) {
			leave_out(m->snap, group, tool->name, tool->why);
			continue;
		}
		if (taken(m, name) != NULL) {
			leave_out(m->snap, group, tool->name,
			    "another one has the same name");
			continue;
		}
		json_object_set_new(m->names, name,
		    json_integer((json_int_t)m->n));
		m->all[m->n++] = (struct candidate){ name, tool, group };
		m->has[group]++;
	}
}

/* Offer one more of ${group}; false: there is none, or no room for it. */
static bool
take_one(struct making *m, size_t group)
{
	const struct catalogue_tool *t;
	size_t at, bytes;

	if (m->closed[group] || m->quota[group] == m->has[group])
		return false;
	at = m->first[group] + m->quota[group];
	t = m->all[at].tool;
	bytes = strlen(t->text) + strlen(t->description);
	if (bytes > TOOLS_BYTES_MAX - m->bytes) {
		m->closed[group] = true;
		return false;
	}
	m->bytes += bytes;
	m->quota[group]++;
	m->order[m->noffered++] = at;
	return true;
}

/* What is built in first, then one of each source in turn, so that none
 * vanishes behind another. */
static void
share_out(struct making *m, size_t left)
{
	size_t group, groups = m->snap->nsources + 1;
	bool more = true;

	while (left > 0 && take_one(m, 0))
		left--;
	while (left > 0 && more) {
		more = false;
		for (group = 1; group < groups && left > 0; group++)
			if (take_one(m, group)) {
				left--;
				more = true;
			}
	}
}

/* In the order in which they were shared out: a model that takes fewer gets
 * the first of them (llm/shape.c), and some of each source. */
static void
offer(struct making *m)
{
	struct snapshot *snap = m->snap;
	struct tool_spec *specs = arena_alloc(snap->mem,
	    (m->n + 1) * sizeof(*specs));
	size_t i;

	snap->entries = arena_alloc(snap->mem,
	    (m->n + 1) * sizeof(*snap->entries));
	snap->set.specs = specs;
	for (i = 0; i < m->noffered; i++) {
		const struct candidate *c = &m->all[m->order[i]];
		const struct catalogue_tool *t = c->tool;

		specs[snap->set.n] = (struct tool_spec){ .name = c->name,
			.description = t->description,
			.schema = t->schema,
			.schema_text = t->text,
			.digest = t->digest,
			.repeatable = in_list(
			    &policy_of(m->settings, NULL)->repeatable,
			    c->name) };
		snap->entries[snap->set.n++] = (struct tool_entry){
			.source = c->group == 0 ? NULL
						: snap->sources[c->group - 1],
			.builtin = t->builtin,
			.remote = t->name,
			.names = t->names
		};
	}
}

/* What there was no room for. */
static void
leave_out_rest(struct making *m)
{
	size_t group, i;

	for (group = 0; group <= m->snap->nsources; group++) {
		m->snap->offered[group].n = m->quota[group];
		for (i = m->quota[group]; i < m->has[group]; i++)
			leave_out(m->snap, group,
			    m->all[m->first[group] + i].tool->name,
			    m->closed[group]
				? "the schemas of all tools are too large"
				: "there are more than llm.tools_max");
	}
}

/* One line a source and change: a server must not fill the log. */
static void
report(const struct offered *o, const char *source, char seen[SEAL_DIGEST_MAX])
{
	struct buf b = BUF_INIT(8 * KIB);
	char digest[SEAL_DIGEST_MAX] = "";
	size_t i;

	(void)!buf_printf(&b, "%zu", o->left_out);
	for (i = 0; i < o->left_out && i < LEFT_OUT_SHOWN; i++)
		(void)!buf_printf(&b, "\n%s\n%s", o->shown[i].tool,
		    o->shown[i].why);
	if (o->left_out > 0)
		seal_digest("left-out", buf_str(&b), b.len, digest);
	buf_fini(&b);
	if (strcmp(seen, digest) == 0)
		return;
	snprintf(seen, SEAL_DIGEST_MAX, "%s", digest);
	if (o->left_out > 0)
		log_event(LOG_WARN, "tool_hidden", F_STR("source", source),
		    F_INT("offered", o->n), F_INT("left_out", o->left_out),
		    F_STR("tool", o->shown[0].tool),
		    F_STR("why", o->shown[0].why));
}

static void
take_sources(struct snapshot *snap, struct toolbox *b)
{
	size_t i;

	for (i = 0; i < b->nsources; i++) {
		if (b->sources[i]->tools == NULL)
			continue;
		/* A catalogue outlives a refresh. */
		snap->catalogues[snap->nsources] = catalogue_ref(
		    b->sources[i]->tools);
		snap->sources[snap->nsources++] = source_ref(b->sources[i]);
	}
}

struct snapshot *
snapshot_make(struct toolbox *b)
{
	struct snapshot *snap = calloc(1, sizeof(*snap));
	struct making m = { .snap = snap, .settings = b->settings };
	size_t i, n = b->builtins->n;

	if (snap == NULL)
		abort();
	atomic_store(&snap->refs, 1);
	snap->mem = arena_new();
	snap->builtins = catalogue_ref(b->builtins);
	take_sources(snap, b);
	for (i = 0; i < snap->nsources; i++)
		n += snap->catalogues[i]->n;
	m.all = arena_alloc(snap->mem, (n + 1) * sizeof(*m.all));
	m.order = arena_alloc(snap->mem, (n + 1) * sizeof(*m.order));
	m.names = json_keep(snap->mem, json_object());
	add_group(&m, 0, b->builtins);
	for (i = 0; i < snap->nsources; i++)
		add_group(&m, i + 1, snap->catalogues[i]);
	/* Who types commands is not offered them all at once. */
	share_out(&m,
	    policy_of(b->settings, NULL)->host == HOST_DIRECT
		? TOOLS_MAX
		: (size_t)b->settings->llm_tools_max);
	offer(&m);
	leave_out_rest(&m);
	report(&snap->offered[0], "builtin", b->left_out_seen);
	for (i = 0; i < snap->nsources; i++)
		report(&snap->offered[i + 1], snap->sources[i]->name,
		    snap->sources[i]->left_out_seen);
	return snap;
}

const struct offered *
snapshot_offered(const struct snapshot *s, const struct source *source)
{
	static const struct offered NONE;
	size_t i;

	for (i = 0; i < s->nsources; i++)
		if (s->sources[i] == source)
			return &s->offered[i + 1];
	return &NONE;
}

void
snapshot_unref(struct snapshot *s)
{
	size_t i;

	if (s == NULL || atomic_fetch_sub(&s->refs, 1) != 1)
		return;
	catalogue_unref(s->builtins);
	for (i = 0; i < s->nsources; i++)
		catalogue_unref(s->catalogues[i]);
	sources_unref(s->sources, s->nsources);
	arena_free(s->mem);
	free(s);
}

void
toolset_unref(const struct toolset *set)
{
	snapshot_unref((struct snapshot *)set);
}
