#include "tools/listing.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cond.h"
#include "base/json.h"
#include "base/log.h"
#include "mcp/params.h"
#include "mcp/schema.h"
#include "tools/tools_priv.h"

#define TEXT_MAX (256 * MIB) /* of all lists that sources may send */

static bool
stop(void *ctx, const char *name, const json_t *value)
{
	(void)ctx;
	(void)name;
	(void)value;
	return false;
}

/*
 * MCP wants an object of type object.  Some servers leave out the one or the
 * other, and clients then refuse the whole list, with the tools of all others.
 */
static int
write_schema(struct buf *out, const json_t *schema)
{
	const char *key;
	json_t *value;

	if (json_object_get(schema, "type") != NULL)
		return json_add(out, schema);
	if (buf_add_str(out, "{\"type\":\"object\"") == -1)
		return -1;
	json_object_foreach((json_t *)(uintptr_t)schema, key, value) {
		if (buf_add_char(out, ',') == -1
		    || json_add_str(out, key, strlen(key)) == -1
		    || buf_add_char(out, ':') == -1
		    || json_add(out, value) == -1)
			return -1;
	}
	return buf_add_char(out, '}');
}

/* What its source says of it, by the name that clients call. */
static int
write_tool(struct buf *out, const char *name, const struct catalogue_tool *t)
{
	const char *key;
	json_t *value;

	if (buf_add_str(out, "{\"name\":") == -1
	    || json_add_str(out, name, strlen(name)) == -1)
		return -1;
	json_object_foreach((json_t *)(uintptr_t)t->definition, key, value) {
		if (strcmp(key, "name") == 0 || strcmp(key, "inputSchema") == 0)
			continue;
		if (buf_add_char(out, ',') == -1
		    || json_add_str(out, key, strlen(key)) == -1
		    || buf_add_char(out, ':') == -1
		    || json_add(out, value) == -1)
			return -1;
	}
	return buf_add_str(out, ",\"inputSchema\":") == -1
		|| write_schema(out, t->schema) == -1
	    ? -1
	    : buf_add_char(out, '}');
}

struct making {
	struct listing *l;
	struct buf text;
	json_t *names; /* of those that are in it */
};

static struct tool_row
row_of(struct source *s, const struct catalogue_tool *t)
{
	struct tool_row row = { .read_only = s->kind->reads
		    || (s->kind->trusted && t->hints.read_only) };

	if (s->kind->row != NULL)
		s->kind->row(s, t, &row);
	return row;
}

static void
add_tool(struct making *m, struct source *s, const struct catalogue_tool *t)
{
	struct listing *l = m->l;
	const char *name = s->kind->prefixed
	    ? arena_printf(l->mem, "%s__%s", s->name, t->name)
	    : t->name;
	size_t from;

	/* Of two of one name nobody could call the second. */
	if (json_object_get(m->names, name) != NULL)
		return;
	(void)json_object_set_new(m->names, name, json_true());
	if (l->n > 0 && buf_add_char(&m->text, ',') == -1)
		abort();
	from = m->text.len;
	if (write_tool(&m->text, name, t) == -1)
		abort(); /* sources may not send so much */
	l->tools[l->n++] = (struct listed_tool){ .name = name,
		.len = m->text.len - from,
		.schema = t->schema,
		.rules = mcp_schema_new(l->mem, t->schema),
		.mirrored = params_refuse(t->schema) == NULL
		    && !params_each(t->schema, NULL, stop, NULL),
		.row = row_of(s, t),
		.quick = s->kind->quick,
		.source = s,
		.original = t };
}

static int
by_name(const void *a, const void *b)
{
	const struct listed_tool *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

/* The texts lie behind each other, with commas between. */
static void
place(struct listing *l, const struct buf *text)
{
	const char *at;
	size_t i;

	l->text = at = arena_memdup(l->mem, buf_str(text), text->len);
	l->len = text->len;
	l->sorted = arena_alloc(l->mem, (l->n + 1) * sizeof(*l->sorted));
	for (i = 0; i < l->n; i++) {
		l->tools[i].text = at;
		at += l->tools[i].len + 1;
		l->sorted[i] = &l->tools[i];
	}
	if (l->n > 0)
		qsort(l->sorted, l->n, sizeof(*l->sorted), by_name);
}

/* Takes the reference to ${view}. */
static struct listing *
make(struct view *view, bool whole)
{
	struct listing *l = calloc(1, sizeof(*l));
	struct making m = { .l = l, .text = BUF_INIT(TEXT_MAX) };
	size_t i, j, n = 0;

	if (l == NULL)
		abort();
	atomic_store(&l->refs, 1);
	l->view = view;
	l->whole = whole;
	l->mem = arena_new();
	m.names = json_object();
	for (i = 0; i < view->nsources; i++)
		n += view->offers[i]->catalogue->n;
	l->tools = arena_alloc(l->mem, (n + 1) * sizeof(*l->tools));
	for (i = 0; i < view->nsources; i++)
		for (j = 0; j < view->offers[i]->catalogue->n; j++)
			add_tool(&m, view->sources[i],
			    &view->offers[i]->catalogue->tools[j]);
	place(l, &m.text);
	json_decref(m.names);
	buf_fini(&m.text);
	return l;
}

static bool
is_whole(const struct toolbox *b)
{
	size_t i;

	for (i = 0; i < b->nsources; i++)
		if (!b->sources[i]->asked && !b->sources[i]->unserved)
			return false;
	return true;
}

/* The one in force, with a reference, if it is of what there is now. */
static struct listing *
known(struct toolbox *b, bool whole)
{
	struct listing *l = b->listing;

	if (l == NULL || l->view != b->views || l->whole != whole)
		return NULL;
	atomic_fetch_add(&l->refs, 1);
	return l;
}

/* Schemas that nobody can read as a whole: once, not with each change of the
 * list.  ${old}: the list before, or NULL. */
static void
say_unread(const struct listing *l, const struct listing *old)
{
	const struct listed_tool *before;
	const char *why, *said;
	size_t i;

	for (i = 0; i < l->n; i++) {
		why = mcp_schema_unread(l->tools[i].rules);
		if (why == NULL)
			continue;
		before = old == NULL ? NULL
				     : listing_find(old, l->tools[i].name);
		said = before == NULL ? NULL : mcp_schema_unread(before->rules);
		if (said == NULL || strcmp(said, why) != 0)
			log_event(LOG_WARN, "schema_unread",
			    F_STR("tool", l->tools[i].name), F_STR("why", why));
	}
}

struct listing *
listing_ref(struct toolbox *b)
{
	struct listing *l, *old = NULL;
	struct view *view;
	bool whole, taken = false;

	pthread_mutex_lock(&b->mu);
	whole = is_whole(b);
	l = known(b, whole);
	view = b->views;
	if (l == NULL)
		atomic_fetch_add(&view->refs, 1);
	pthread_mutex_unlock(&b->mu);
	if (l != NULL)
		return l;
	l = make(view, whole); /* while others go on with the old one */
	pthread_mutex_lock(&b->mu);
	if (view == b->views) {
		atomic_fetch_add(&l->refs, 1);
		old = b->listing;
		b->listing = l;
		taken = true;
	}
	pthread_mutex_unlock(&b->mu);
	if (taken)
		say_unread(l, old);
	listing_unref(old);
	return l;
}

struct listing *
listing_after(struct toolbox *b, const struct listing *old, int wait_ms)
{
	struct timespec until = cond_after(wait_ms);
	int rc = 0;

	pthread_mutex_lock(&b->mu);
	while (rc == 0 && !b->roused && old != NULL && old == b->listing
	    && old->view == b->views && old->whole == is_whole(b))
		rc = pthread_cond_timedwait(&b->changed, &b->mu, &until);
	b->roused = false;
	pthread_mutex_unlock(&b->mu);
	return listing_ref(b);
}

void
listing_unref(struct listing *l)
{
	if (l == NULL || atomic_fetch_sub(&l->refs, 1) != 1)
		return;
	toolset_unref(&l->view->set);
	arena_free(l->mem);
	free(l);
}

const struct listed_tool *
listing_find(const struct listing *l, const char *name)
{
	size_t low = 0, high = l->n, mid;
	int order;

	while (low < high) {
		mid = low + (high - low) / 2;
		order = strcmp(name, l->sorted[mid]->name);
		if (order == 0)
			return l->sorted[mid];
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

const char *
listing_source(const struct listed_tool *t)
{
	return t->source->name;
}

void
listing_call(const struct listed_tool *t, const struct tool_ctx *ctx,
    const json_t *arguments, struct arena *mem, struct tool_result *result)
{
	*result = (struct tool_result){ .end = TOOL_FAILED };
	source_call(t->source, t->original, ctx, arguments, mem, result);
	tool_result_bound(mem, result, TOOL_CONTENT_MAX);
	source_count(t->name, result->end);
}
