/*
 * schema_typed: a node of one type, in the dialect that all model APIs take:
 * `type`, one; `description`; `enum` of strings; `minimum`, `maximum`;
 * `format` date-time; `items`; `properties`, `required`.
 */
#include <string.h>

#include "base/json.h"
#include "llm/schema_priv.h"

/* Bounds that say nothing, which zod writes for each integer. */
#define SAFE_MAX 9007199254740991
#define TEXT_VALUE_MAX 1024 /* bytes of one value of an enum */

/* A value as a string, without what Gemini refuses: empty ones
 * (sbroenne/mcp-server-excel#607). */
static void
add_value(struct schema_pass *p, json_t *list, json_t *set, const json_t *v,
    bool any)
{
	const char *text = json_string_length(v) <= TEXT_VALUE_MAX
	    ? json_string_value(v)
	    : NULL;

	if (any && (json_is_number(v) || json_is_boolean(v)))
		text = json_text(p->mem, v);
	if (text == NULL || text[0] == '\0'
	    || json_object_get(set, text) != NULL)
		return;
	json_array_append_new(list, json_string(text));
	json_object_set_new(set, text, json_true());
	(void)schema_work(p, 1 + strlen(text) / SCHEMA_BYTES_WORK);
}

/* The server says "string" and lists numbers (mongodb-mcp-server#715). */
static bool
has_no_string(const json_t *values)
{
	const json_t *v;
	size_t i;

	json_array_foreach(values, i, v)
		if (json_is_string(v))
			return false;
	return true;
}

static void
add_enum(struct schema_pass *p, json_t *node, const json_t *s)
{
	const json_t *one = json_object_get(s, "const"), *v;
	const json_t *values = json_object_get(s, "enum");
	json_t *list = json_array(), *set = json_object();
	bool any;
	size_t i;

	if (one != NULL) {
		add_value(p, list, set, one, true);
	} else if (json_array_size(values) <= SCHEMA_ENUM_MAX
	    && schema_work(p, json_array_size(values))) {
		any = has_no_string(values);
		json_array_foreach(values, i, v)
			add_value(p, list, set, v, any);
	}
	if (json_array_size(list) > 0)
		json_object_set(node, "enum", list);
	json_decref(list);
	json_decref(set);
}

static void
add_bound(json_t *node, const json_t *s, enum schema_type type,
    const char *name, const char *exclusive, int step)
{
	const json_t *v = json_object_get(s, name);
	const json_t *x = json_object_get(s, exclusive);
	json_int_t n;

	if (schema_keeps(s, type, exclusive))
		v = x;
	else if (!json_is_true(x) || type != SCHEMA_INTEGER)
		step = 0;
	if (!json_is_number(v))
		return;
	/* draft 4 says it by a boolean (SylphxAI/pdf-reader-mcp#63) */
	n = json_integer_value(v);
	if (n > -SAFE_MAX && n < SAFE_MAX)
		n += step;
	if (n <= -SAFE_MAX || n >= SAFE_MAX)
		return;
	json_object_set_new(node, name,
	    json_is_integer(v) ? json_integer(n) : json_deep_copy(v));
}

/* OpenAI: "array schema missing items" (typesense/typesense#3059); Gemini
 * takes {} for none (litellm), and neither a list nor a boolean. */
static json_t *
items_of(struct schema_pass *p, const json_t *s)
{
	const json_t *items = json_object_get(s, "items"), *v;
	const json_t *tuple = json_object_get(s, "prefixItems");
	json_t *list;
	size_t i;

	if (!json_is_array(tuple))
		tuple = items;
	if (!json_is_array(tuple))
		return json_is_false(items) ? schema_any()
					    : schema_node(p, items, true);
	list = json_array();
	json_array_foreach(tuple, i, v)
		if (schema_work(p, 1) && !json_is_false(v))
			json_array_append_new(list, schema_node(p, v, true));
	if (tuple != items && json_is_object(items))
		json_array_append_new(list, schema_node(p, items, true));
	return schema_choice(p, list);
}

/* Draft 3 says it inside the property; elsewhere it is a list. */
static bool
is_required(const json_t *set, const char *key, const json_t *property)
{
	return json_object_get(set, key) != NULL
	    || json_is_true(json_object_get(property, "required"));
}

static void
add_properties(struct schema_pass *p, json_t *node, const json_t *s)
{
	json_t *all = json_object(), *required = json_array(), *v;
	json_t *set = schema_set(p, json_object_get(s, "required"));
	const char *key;

	json_object_foreach(json_object_get(s, "properties"), key, v) {
		bool needed = is_required(set, key, v);

		if (!schema_work(p, 1))
			break;
		if (json_is_false(v))
			continue; /* none may be given */
		json_object_set_new(all, key, schema_node(p, v, needed));
		if (needed)
			json_array_append_new(required, json_string(key));
	}
	/* Gemini: "should be non-empty for OBJECT type" (vercel/ai#3371),
	 * "property is not defined" (NousResearch/hermes-agent#4651). */
	if (json_object_size(all) > 0)
		json_object_set(node, "properties", all);
	if (json_array_size(required) > 0)
		json_object_set(node, "required", required);
	json_decref(set);
	json_decref(all);
	json_decref(required);
}

/* ${s} as a ${type} and nothing else. */
json_t *
schema_typed(struct schema_pass *p, const json_t *s, enum schema_type type,
    bool needed)
{
	json_t *node = json_pack("{s:s}", "type", SCHEMA_TYPE_NAMES[type]);

	/* Without it a model could only leave out what it must not. */
	schema_say(p, node,
	    schema_words(p, s, type,
		needed && (schema_types(s) & SCHEMA_IS_NULL) != 0));
	switch (type) {
	case SCHEMA_STRING:
		add_enum(p, node, s);
		if (schema_keeps(s, type, "format"))
			json_object_set_new(node, "format",
			    json_string("date-time"));
		break;
	case SCHEMA_NUMBER:
	case SCHEMA_INTEGER:
		add_bound(node, s, type, "minimum", "exclusiveMinimum", 1);
		add_bound(node, s, type, "maximum", "exclusiveMaximum", -1);
		break;
	case SCHEMA_ARRAY:
		json_object_set_new(node, "items", items_of(p, s));
		break;
	case SCHEMA_OBJECT:
		add_properties(p, node, s);
		break;
	default:
		break;
	}
	return node;
}
