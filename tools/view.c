/*
 * view: the tools that callers of one policy are offered now, of all
 * catalogues: those that chat.tools names, each by a name that model APIs
 * take, and no more than those APIs take at once.
 */
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/seal.h"
#include "base/text.h"
#include "tools/tools_priv.h"

#define LEFT_OUT_NAME_MAX 64 /* characters of a name that is left out */
/* Schemas and descriptions of all tools that are offered: more than any
 * model's context, and a question still has room in a request. */
#define TOOLS_BYTES_MAX (4 * MIB)

/* A tool that may be offered, unless there are too many. */
struct candidate {
	const char *name;
	const struct offer_tool *tool;
	size_t group; /* its source's place in the view; 0: built in */
};

struct making {
	struct view *view;
	const struct policy *policy;
	struct candidate *all;
	size_t n;
	json_t *names;                  /* public name -> index in all */
	size_t first[VIEW_SOURCES_MAX]; /* of a group's candidates */
	size_t has[VIEW_SOURCES_MAX];   /* how many there are */
	size_t quota[VIEW_SOURCES_MAX]; /* of them, that are offered */
	size_t *order;                  /* indexes in all of those, as shared */
	size_t noffered;
	bool closed[VIEW_SOURCES_MAX]; /* the next one is too large */
	size_t bytes;                  /* of all that are offered */
};

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
is_wanted(const struct policy *p, const char *name)
{
	return p->tools.n == 0 || in_list(&p->tools, name);
}

static void
leave_out(struct view *view, size_t group, const char *name, const char *why)
{
	struct offered *o = &view->offered[group];

	if (o->left_out < LEFT_OUT_SHOWN)
		o->shown[o->left_out] = (struct left_out){
			.tool = text_cut(view->mem,
			    text_printable(view->mem, name), LEFT_OUT_NAME_MAX),
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
name_for(const struct making *m, const char *tool, size_t group)
{
	struct arena *mem = m->view->mem;
	const struct source *source = m->view->sources[group];
	const char *server = source->kind->prefixed ? source->name : NULL;
	char *name = offer_name(mem, server, tool);
	const struct candidate *other = taken(m, name);

	if (server != NULL && other != NULL
	    && (other->group != group
		|| strcmp(other->tool->original->name, tool) != 0))
		name = offer_name_hashed(mem, name,
		    arena_printf(mem, "%s/%s", server, tool));
	return name;
}

static void
add_group(struct making *m, size_t group)
{
	const struct offer *o = m->view->offers[group];
	size_t i;

	m->first[group] = m->n;
	for (i = 0; i < o->catalogue->n; i++) {
		const struct offer_tool *tool = &o->tools[i];
		const char *own = tool->original->name;
		const char *name = name_for(m, own, group);

		if (!is_wanted(m->policy, name))
			continue;
		if (tool->why != NULL) {
			leave_out(m->view, group, own, tool->why);
			continue;
		}
		if (taken(m, name) != NULL) {
			leave_out(m->view, group, own,
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
	const struct offer_tool *t;
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
	size_t group, groups = m->view->nsources;
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
	struct view *view = m->view;
	struct tool_spec *specs = arena_alloc(view->mem,
	    (m->n + 1) * sizeof(*specs));
	size_t i;

	view->entries = arena_alloc(view->mem,
	    (m->n + 1) * sizeof(*view->entries));
	view->set.specs = specs;
	for (i = 0; i < m->noffered; i++) {
		const struct candidate *c = &m->all[m->order[i]];
		const struct offer_tool *t = c->tool;

		specs[view->set.n] = (struct tool_spec){ .name = c->name,
			.description = t->description,
			.schema = t->original->schema,
			.schema_text = t->text,
			.digest = t->digest,
			.repeatable = in_list(&m->policy->repeatable,
			    c->name) };
		view->entries[view->set.n++] = (struct tool_entry){
			.source = view->sources[c->group],
			.original = t->original,
			.names = t->names
		};
	}
}

/* What there was no room for. */
static void
leave_out_rest(struct making *m)
{
	size_t group, i;

	for (group = 0; group < m->view->nsources; group++) {
		m->view->offered[group].n = m->quota[group];
		for (i = m->quota[group]; i < m->has[group]; i++)
			leave_out(m->view, group,
			    m->all[m->first[group] + i].tool->original->name,
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
take_source(struct view *view, struct source *s)
{
	if (s->offer == NULL)
		return;
	/* It outlives a refresh. */
	view->offers[view->nsources] = offer_ref(s->offer);
	view->sources[view->nsources++] = source_ref(s);
}

struct view *
view_make(struct toolbox *b, const struct policy *policy)
{
	struct view *view = calloc(1, sizeof(*view));
	struct making m = { .view = view, .policy = policy };
	bool is_default = policy == policy_of(b->settings, NULL);
	size_t i, n = 0;

	if (view == NULL)
		abort();
	atomic_store(&view->refs, 1);
	view->policy = policy;
	view->pool = b->pool;
	view->mem = arena_new();
	take_source(view, b->builtin);
	for (i = 0; i < b->nsources; i++)
		take_source(view, b->sources[i]);
	for (i = 0; i < view->nsources; i++)
		n += view->offers[i]->catalogue->n;
	m.all = arena_alloc(view->mem, (n + 1) * sizeof(*m.all));
	m.order = arena_alloc(view->mem, (n + 1) * sizeof(*m.order));
	m.names = json_keep(view->mem, json_object());
	for (i = 0; i < view->nsources; i++)
		add_group(&m, i);
	/* Who types commands is not offered them all at once. */
	share_out(&m,
	    policy->host == HOST_DIRECT ? TOOLS_MAX
					: (size_t)policy->tools_max);
	offer(&m);
	leave_out_rest(&m);
	/* Of the others nobody would know whose lines they were. */
	for (i = 0; is_default && i < view->nsources; i++)
		report(&view->offered[i], view->sources[i]->name,
		    view->sources[i]->left_out_seen);
	return view;
}

const struct offered *
view_offered(const struct view *v, const struct source *source)
{
	static const struct offered NONE;
	size_t i;

	for (i = 0; i < v->nsources; i++)
		if (v->sources[i] == source)
			return &v->offered[i];
	return &NONE;
}

static void
view_free(void *arg)
{
	struct view *v = arg;
	size_t i;

	for (i = 0; i < v->nsources; i++)
		offer_unref(v->offers[i]);
	sources_unref(v->sources, v->nsources);
	arena_free(v->mem);
	free(v);
}

void
views_unref(struct view *v)
{
	struct view *next;

	for (; v != NULL; v = next) {
		next = v->next;
		if (atomic_fetch_sub(&v->refs, 1) == 1)
			view_free(v);
	}
}

/* A turn does not wait for a good-bye: that is another thread's. */
void
toolset_unref(const struct toolset *set)
{
	struct view *v = (struct view *)set;

	if (v == NULL || atomic_fetch_sub(&v->refs, 1) != 1)
		return;
	if (pool_run(v->pool, view_free, v) == -1)
		view_free(v);
}
