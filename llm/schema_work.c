/*
 * schema_work: what a pass may cost, and copies of what it reads.
 *
 * What is referred to is put in wherever it is referred to, thousands of times:
 * what is copied or printed there is counted, and what nobody reads is not
 * copied.
 */
#include <string.h>

#include "base/json.h"
#include "llm/schema_priv.h"

/* 8,000 nodes: a text of SCHEMA_TEXT_MAX has half of them.  Some tens of
 * milliseconds, and of megabytes. */
#define WORK_MAX ((size_t)8000 * SCHEMA_NODE_WORK)

/* All members that a pass reads. */
static const char *const MEMBERS[] = { "type", "description", "default",
	"examples", "nullable", "enum", "const", "$ref", "allOf", "anyOf",
	"oneOf", "if", "then", "else", "dependentSchemas", "dependencies",
	"properties", "required", "patternProperties", "additionalProperties",
	"minProperties", "maxProperties", "propertyNames", "items",
	"prefixItems", "minItems", "maxItems", "uniqueItems", "pattern",
	"minLength", "maxLength", "format", "minimum", "maximum",
	"exclusiveMinimum", "exclusiveMaximum", "multipleOf" };

bool
schema_work(struct schema_pass *p, size_t n)
{
	p->work += n;
	if (p->work > WORK_MAX)
		p->full = true;
	return !p->full;
}

static size_t
put(json_t *into, const char *key, json_t *v, bool missing)
{
	if (v == NULL || (missing && json_object_get(into, key) != NULL))
		return 0;
	json_object_set(into, key, v);
	return 1;
}

void
schema_put(struct schema_pass *p, json_t *into, const json_t *from,
    bool missing)
{
	size_t n = 1, i;
	const char *key;
	json_t *v;

	if (json_object_size(from) <= NELEM(MEMBERS))
		json_object_foreach((json_t *)(uintptr_t)from, key, v)
			n += put(into, key, v, missing);
	else
		for (i = 0; i < NELEM(MEMBERS); i++)
			n += put(into, MEMBERS[i],
			    json_object_get(from, MEMBERS[i]), missing);
	(void)schema_work(p, n);
}

json_t *
schema_copy(struct schema_pass *p, const json_t *s)
{
	json_t *out = json_keep(p->mem, json_object());

	schema_put(p, out, s, false);
	return out;
}

static bool
is_same_list(struct schema_pass *p, const json_t *a, const json_t *b)
{
	size_t i, n = json_array_size(a);

	for (i = 0; i < n; i++)
		if (!schema_same(p, json_array_get(a, i), json_array_get(b, i)))
			return false;
	return n == json_array_size(b);
}

bool
schema_same(struct schema_pass *p, const json_t *a, const json_t *b)
{
	const char *key;
	json_t *v;

	if (a == b)
		return true;
	if (a == NULL || b == NULL || json_typeof(a) != json_typeof(b)
	    || !schema_work(p, 1))
		return false;
	if (json_is_array(a))
		return is_same_list(p, a, b);
	if (!json_is_object(a))
		return json_equal(a, b);
	if (json_object_size(a) != json_object_size(b))
		return false;
	json_object_foreach((json_t *)(uintptr_t)a, key, v)
		if (!schema_same(p, v, json_object_get(b, key)))
			return false;
	return true;
}

json_t *
schema_set(struct schema_pass *p, const json_t *list)
{
	json_t *out = json_object(), *v;
	size_t i;

	json_array_foreach(list, i, v)
		if (schema_work(p, 1) && json_is_string(v))
			json_object_set_new(out, json_string_value(v),
			    json_true());
	return out;
}
