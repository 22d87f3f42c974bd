/*
 * schema_read: a schema's JSON as rules.
 *
 * A table has a function for each keyword.  What a $ref means becomes a rule of
 * its own, once, however often it is meant: so circles end.  Recursion goes
 * down the JSON, whose depth is bounded; a $ref waits in a list.
 */
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "mcp/schema_priv.h"

static struct rule *read_schema(struct reading *in, const json_t *schema,
    const json_t *root);

/* ---- schemas within ------------------------------------------------------ */

static struct rule *
read_one(struct reader *r, const char *keyword, const json_t *v)
{
	if (json_is_object(v) || json_is_boolean(v))
		return read_schema(r->in, v, r->root);
	mcp_schema_cannot_read(r, keyword, "no schema");
	return NULL;
}

static void
read_members(struct reader *r, const char *keyword, const json_t *v)
{
	struct rule *rule = r->rule;
	const char *name;
	json_t *member;

	if (!json_is_object(v)) {
		mcp_schema_cannot_read(r, keyword, "no object");
		return;
	}
	rule->properties = v;
	rule->members = arena_alloc(r->in->mem,
	    (json_object_size(v) + 1) * sizeof(*rule->members));
	json_object_foreach((json_t *)(uintptr_t)v, name, member) {
		struct rule *of = read_one(r, name, member);

		if (of != NULL)
			rule->members[rule->nmembers++] = (struct named_rule){
				name, of
			};
	}
}

static void
read_additional(struct reader *r, const char *keyword, const json_t *v)
{
	r->rule->additional = read_one(r, keyword, v);
}

static void
read_list(struct reader *r, const char *keyword, const json_t *v,
    struct rules *out)
{
	const json_t *one;
	struct rule *rule;
	size_t i;

	if (json_array_size(v) == 0) {
		mcp_schema_cannot_read(r, keyword, "no list of schemas");
		return;
	}
	out->at = arena_alloc(r->in->mem,
	    json_array_size(v) * sizeof(*out->at));
	json_array_foreach(v, i, one) {
		rule = read_one(r, keyword, one);
		if (rule == NULL) {
			out->n = 0;
			return;
		}
		out->at[out->n++] = rule;
	}
}

static void
read_first(struct reader *r, const char *keyword, const json_t *v)
{
	read_list(r, keyword, v, &r->rule->first);
}

/* A list is what drafts before 2020-12 have for prefixItems. */
static void
read_items(struct reader *r, const char *keyword, const json_t *v)
{
	if (!json_is_array(v))
		r->rule->items = read_one(r, keyword, v);
	else if (json_array_size(v) > 0)
		read_list(r, keyword, v, &r->rule->first);
}

static void
read_more_items(struct reader *r, const char *keyword, const json_t *v)
{
	if (json_is_array(json_object_get(r->schema, "items")))
		r->rule->items = read_one(r, keyword, v);
}

static void
read_all(struct reader *r, const char *keyword, const json_t *v)
{
	read_list(r, keyword, v, &r->rule->all);
}

static void
read_any(struct reader *r, const char *keyword, const json_t *v)
{
	read_list(r, keyword, v, &r->rule->any);
}

static void
read_the_one(struct reader *r, const char *keyword, const json_t *v)
{
	read_list(r, keyword, v, &r->rule->one);
}

static void
read_not(struct reader *r, const char *keyword, const json_t *v)
{
	r->rule->not = read_one(r, keyword, v);
}

/* ---- $ref ---------------------------------------------------------------- */

static struct rule *
rule_new(struct reading *in)
{
	static const struct span any = { -1, -1 };
	struct rule *rule = arena_alloc(in->mem, sizeof(*rule));

	rule->length = rule->items_n = rule->members_n = any;
	return rule;
}

static struct rule *
rule_meant(struct reader *r, const json_t *schema)
{
	struct reading *in = r->in;
	struct meant *m;

	for (m = in->meant; m != NULL; m = m->next)
		if (m->schema == schema)
			return m->rule;
	if (in->refs++ >= SCHEMA_REFS_MAX)
		return NULL;
	m = arena_alloc(in->mem, sizeof(*m));
	*m = (struct meant){ .schema = schema,
		.root = r->root,
		.rule = rule_new(in) };
	*in->last = m;
	in->last = &m->next;
	if (in->unfilled == NULL)
		in->unfilled = m;
	return m->rule;
}

static void
read_ref(struct reader *r, const char *keyword, const json_t *v)
{
	const json_t *schema = json_is_string(v)
	    ? mcp_schema_ref_find(r->root, json_string_value(v), r->in->mem)
	    : NULL;

	if (json_is_object(schema) || json_is_boolean(schema))
		r->rule->ref = rule_meant(r, schema);
	if (r->rule->ref == NULL)
		mcp_schema_cannot_read(r, keyword,
		    "no such schema within this one, or too many");
}

/* ---- the whole ----------------------------------------------------------- */

static const struct keyword {
	const char *name;
	mcp_schema_read_fn *read;
} KEYWORDS[] = {
	{ "$ref", read_ref }, /* the first: it may be the only one */
	{ "additionalItems", read_more_items },
	{ "additionalProperties", read_additional },
	{ "allOf", read_all },
	{ "anyOf", read_any },
	{ "const", mcp_schema_read_const },
	{ "enum", mcp_schema_read_enum },
	{ "exclusiveMaximum", mcp_schema_read_number },
	{ "exclusiveMinimum", mcp_schema_read_number },
	{ "items", read_items },
	{ "maxItems", mcp_schema_read_count },
	{ "maxLength", mcp_schema_read_count },
	{ "maxProperties", mcp_schema_read_count },
	{ "maximum", mcp_schema_read_number },
	{ "minItems", mcp_schema_read_count },
	{ "minLength", mcp_schema_read_count },
	{ "minProperties", mcp_schema_read_count },
	{ "minimum", mcp_schema_read_number },
	{ "multipleOf", mcp_schema_read_number },
	{ "not", read_not },
	{ "oneOf", read_the_one },
	{ "pattern", mcp_schema_read_pattern },
	{ "patternProperties", mcp_schema_read_exempt },
	{ "prefixItems", read_first },
	{ "properties", read_members },
	{ "required", mcp_schema_read_required },
	{ "type", mcp_schema_read_type },
	{ "uniqueItems", mcp_schema_read_unique },
};

static void
fill(struct reading *in, struct rule *rule, const json_t *schema,
    const json_t *root)
{
	const char *id = json_member_str(schema, "$id");
	struct reader r = { .in = in,
		.schema = schema,
		/* One within another, with its own "#". */
		.root = id != NULL && id[0] != '#' ? schema : root,
		.rule = rule };
	bool alone = in->ref_alone && json_object_get(schema, "$ref") != NULL;
	const json_t *v;
	size_t i;

	rule->never = json_is_false(schema);
	for (i = 0; i < NELEM(KEYWORDS) && json_is_object(schema); i++) {
		v = json_object_get(schema, KEYWORDS[i].name);
		if (v != NULL && (!alone || i == 0))
			KEYWORDS[i].read(&r, KEYWORDS[i].name, v);
	}
}

static struct rule *
read_schema(struct reading *in, const json_t *schema, const json_t *root)
{
	struct rule *rule = rule_new(in);

	if (in->rules++ < SCHEMA_RULES_MAX)
		fill(in, rule, schema, root);
	else if (in->unread == NULL)
		in->unread = "it is too large";
	return rule;
}

struct mcp_schema *
mcp_schema_new(struct arena *mem, const json_t *schema)
{
	struct mcp_schema *s = arena_alloc(mem, sizeof(*s));
	const char *draft = json_member_str(schema, "$schema");
	struct reading in = { .mem = mem,
		.ref_alone = draft != NULL
		    && strstr(draft, "json-schema.org/draft-0") != NULL };
	struct meant *m;

	in.last = &in.meant;
	s->top = read_schema(&in, schema, schema);
	while (in.unfilled != NULL) {
		m = in.unfilled;
		in.unfilled = m->next;
		if (in.rules++ < SCHEMA_RULES_MAX)
			fill(&in, m->rule, m->schema, m->root);
	}
	s->unread = in.unread;
	return s;
}

const char *
mcp_schema_unread(const struct mcp_schema *s)
{
	return s->unread;
}
