/*
 * config_records: named records, {NAME: record}, one after the other.
 */
#include <string.h>

#include "base/arena.h"
#include "base/config_priv.h"
#include "base/text.h"

bool
config_is_record_name(const char *s)
{
	size_t len = strlen(s);

	return len >= 1 && len <= CONFIG_RECORD_NAME_MAX
	    && strspn(s,
		   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		   "0123456789_.-")
	    == len;
}

/* Space for one more record, and the config that reads it. */
static struct config *
next_record(const struct config_members *m,
    const struct config_record_source *src, struct config_records *out,
    const char *name)
{
	struct config *c = arena_alloc(out->mem, sizeof(*c));

	if (out->items == NULL)
		out->items = arena_alloc(out->mem, m->max * m->size);
	memset(c, 0, sizeof(*c));
	c->mem = out->mem;
	c->defs = m->rows;
	c->ndefs = m->n;
	c->settings = (char *)out->items + out->n * m->size;
	c->slots = arena_alloc(out->mem, m->n * sizeof(*c->slots));
	c->errors = src->errors;
	c->warnings = src->warnings;
	c->form = m->form;
	c->prefix = arena_printf(out->mem, "%s%s%.64s: ", src->key,
	    src->key[0] == '\0' ? "" : ": ", name);
	memset(c->settings, 0, m->size);
	memset(c->slots, 0, m->n * sizeof(*c->slots));
	*(const char **)(void *)(c->settings + m->name) = arena_strdup(out->mem,
	    name);
	return c;
}

static bool
is_known(const struct config_members *m, const struct config_records *out,
    const char *name)
{
	size_t i;

	for (i = 0; i < out->n; i++)
		if (strcmp(*(const char **)(void *)((char *)out->items
			       + i * m->size + m->name),
			name)
		    == 0)
			return true;
	return false;
}

/* Is ${doc} to be left out?  A value that is none of the words is said when the
 * record is read. */
static bool
is_skipped(const struct config_members *m, const json_t *doc, struct arena *mem)
{
	char number[CONFIG_NUMBER_MAX];
	const char *text;
	bool skip = false;

	if (m->skip == NULL)
		return false;
	text = config_scalar_text(json_object_get(doc, m->skip), number);
	return text != NULL && config_bool_parse(text_strip(mem, text), &skip)
	    && skip;
}

size_t
config_records_read(const struct config_members *m, const json_t *tree,
    const struct config_record_source *src, struct config_records *out)
{
	struct config_record r = { m, src, NULL };
	size_t nerrors = 0;
	const char *name;
	json_t *doc;

	json_object_foreach((json_t *)tree, name, doc) {
		if (out->n == m->max) {
			(void)!buf_printf(src->errors,
			    "%s%s%s%sexpected at most %zu\n", src->where,
			    src->where[0] == '\0' ? "" : ": ", src->key,
			    src->key[0] == '\0' ? "" : ": ", m->max);
			return nerrors + 1;
		}
		r.c = next_record(m, src, out, name);
		if (!config_is_record_name(name))
			config_error(r.c, src->where, "",
			    "a name is 1 to %d letters, digits, _ . -",
			    CONFIG_RECORD_NAME_MAX);
		else if (is_known(m, out, name))
			config_error(r.c, src->where, "", "named twice");
		else if (!json_is_object(doc))
			config_error(r.c, src->where, "", "expected a mapping");
		else if (!is_skipped(m, doc, out->mem)) {
			config_record_members(&r, doc);
			r.c->next = out->read;
			out->read = r.c;
			out->n++;
		}
		nerrors += r.c->nerrors;
	}
	return nerrors;
}

size_t
config_map_check(const char *key, const json_t *tree,
    const struct config_record_source *src, struct arena *mem)
{
	static const struct config_members NONE = { 0 };
	static const struct config_def HEADERS = { .key = "" };
	struct config c = { .mem = mem,
		.errors = src->errors,
		.warnings = src->warnings,
		.prefix = arena_printf(mem, "%s: ", key) };
	struct config_record r = { &NONE, src, &c };

	config_record_map(&r, &HEADERS, tree, NULL);
	return c.nerrors;
}

void
config_records_fini(struct config_records *out)
{
	struct config *c;
	size_t i;

	for (c = out->read; c != NULL; c = c->next)
		for (i = 0; i < c->ndefs; i++)
			secret_clear(&c->slots[i].secret);
	*out = (struct config_records){ .mem = out->mem };
}
