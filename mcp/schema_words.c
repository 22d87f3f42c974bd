/*
 * schema_words: keywords that hold no schemas.
 */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "mcp/schema_priv.h"

#define COUNT_MAX 1e15

void
mcp_schema_cannot_read(struct reader *r, const char *keyword, const char *why)
{
	if (r->in->unread == NULL)
		r->in->unread = arena_printf(r->in->mem, "%.40s: %.200s",
		    keyword, why);
}

/* ---- what a value is ----------------------------------------------------- */

static unsigned
type_of_name(const json_t *name)
{
	size_t i;

	for (i = 0; i < TYPES && json_is_string(name); i++)
		if (strcmp(MCP_SCHEMA_TYPES[i], json_string_value(name)) == 0)
			return 1u << i;
	return 0;
}

void
mcp_schema_read_type(struct reader *r, const char *keyword, const json_t *v)
{
	const json_t *one;
	unsigned types = 0, type;
	size_t i;

	if (!json_is_array(v))
		types = type_of_name(v);
	json_array_foreach(v, i, one) {
		type = type_of_name(one);
		if (type == 0) {
			types = 0;
			break;
		}
		types |= type;
	}
	if (types == 0)
		mcp_schema_cannot_read(r, keyword, "there is no such type");
	/* OpenAPI's way to say it. */
	else if (json_is_true(json_object_get(r->schema, "nullable")))
		types |= TYPE_NULL;
	r->rule->types = types;
}

void
mcp_schema_read_enum(struct reader *r, const char *keyword, const json_t *v)
{
	if (json_array_size(v) > 0)
		r->rule->choice = v;
	else
		mcp_schema_cannot_read(r, keyword, "no list of values");
}

void
mcp_schema_read_const(struct reader *r, const char *keyword, const json_t *v)
{
	(void)keyword;
	r->rule->only = v;
}

/* ---- limits -------------------------------------------------------------- */

static int64_t
count_of(struct reader *r, const char *keyword, const json_t *v)
{
	double n = json_number_value(v);

	if (json_is_number(v) && mcp_schema_is_whole(v) && n >= 0)
		return (int64_t)fmin(n, COUNT_MAX);
	mcp_schema_cannot_read(r, keyword, "no count");
	return -1;
}

static const struct {
	const char *keyword;
	size_t at;
} COUNTS[] = {
	{ "minLength", offsetof(struct rule, length.min) },
	{ "maxLength", offsetof(struct rule, length.max) },
	{ "minItems", offsetof(struct rule, items_n.min) },
	{ "maxItems", offsetof(struct rule, items_n.max) },
	{ "minProperties", offsetof(struct rule, members_n.min) },
	{ "maxProperties", offsetof(struct rule, members_n.max) },
};
static const struct {
	const char *keyword;
	size_t at;
} NUMBERS[] = {
	{ "minimum", offsetof(struct rule, min) },
	{ "maximum", offsetof(struct rule, max) },
	{ "exclusiveMinimum", offsetof(struct rule, over) },
	{ "exclusiveMaximum", offsetof(struct rule, under) },
	{ "multipleOf", offsetof(struct rule, step) },
};

void
mcp_schema_read_count(struct reader *r, const char *keyword, const json_t *v)
{
	size_t i;

	for (i = 0; i < NELEM(COUNTS); i++)
		if (strcmp(COUNTS[i].keyword, keyword) == 0)
			*(int64_t *)((char *)r->rule + COUNTS[i].at) = count_of(
			    r, keyword, v);
}

void
mcp_schema_read_number(struct reader *r, const char *keyword, const json_t *v)
{
	size_t i;

	/* As draft 4 has it: true beside the limit. */
	if (json_is_boolean(v) && strncmp(keyword, "exclusive", 9) == 0) {
		v = json_object_get(r->schema,
		    keyword[10] == 'i' ? "minimum" : "maximum");
		if (json_is_false(json_object_get(r->schema, keyword)))
			return;
	}
	if (!json_is_number(v)
	    || (strcmp(keyword, "multipleOf") == 0
		&& json_number_value(v) <= 0)) {
		mcp_schema_cannot_read(r, keyword, "no such number");
		return;
	}
	for (i = 0; i < NELEM(NUMBERS); i++)
		if (strcmp(NUMBERS[i].keyword, keyword) == 0)
			*(const json_t **)((char *)r->rule + NUMBERS[i].at) = v;
}

void
mcp_schema_read_unique(struct reader *r, const char *keyword, const json_t *v)
{
	(void)keyword;
	r->rule->unique = json_is_true(v);
}

void
mcp_schema_read_pattern(struct reader *r, const char *keyword, const json_t *v)
{
	const char *why = "no text";

	if (json_is_string(v)) {
		r->rule->pattern_text = json_string_value(v);
		r->rule->pattern = mcp_schema_pattern_new(r->in->mem,
		    r->rule->pattern_text, &why);
	}
	if (r->rule->pattern == NULL)
		mcp_schema_cannot_read(r, keyword, why);
}

/* ---- names of members ---------------------------------------------------- */

void
mcp_schema_read_required(struct reader *r, const char *keyword, const json_t *v)
{
	struct rule *rule = r->rule;
	const json_t *name;
	size_t i;

	if (!json_is_array(v))
		mcp_schema_cannot_read(r, keyword, "no list");
	rule->required = arena_alloc(r->in->mem,
	    (json_array_size(v) + 1) * sizeof(*rule->required));
	json_array_foreach(v, i, name)
		if (json_is_string(name))
			rule->required[rule->nrequired++] = json_string_value(
			    name);
}

void
mcp_schema_read_exempt(struct reader *r, const char *keyword, const json_t *v)
{
	struct rule *rule = r->rule;
	const char *name, *why;
	json_t *member;

	rule->exempt = arena_alloc(r->in->mem,
	    (json_object_size(v) + 1) * sizeof(*rule->exempt));
	json_object_foreach((json_t *)(uintptr_t)v, name, member) {
		struct pattern *p = mcp_schema_pattern_new(r->in->mem, name,
		    &why);

		if (p != NULL)
			rule->exempt[rule->nexempt++] = p;
		else
			mcp_schema_cannot_read(r, keyword, why);
	}
}
