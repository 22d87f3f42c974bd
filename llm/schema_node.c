/*
 * schema_node: a node of any kind: what refers is put in, what chooses becomes
 * `anyOf` alone, or one object.
 */
#include <string.h>

#include "base/json.h"
#include "llm/schema_priv.h"

#define DEPTH_MAX 512 /* of nodes: the stack holds them */

static const char *const CHOICES[] = { "anyOf", "oneOf" };

static json_t *opened(struct schema_pass *p, const json_t *s, bool needed);

/* What is not looked into: it contains itself, or too much. */
static json_t *
leaf_of(struct schema_pass *p, const json_t *s)
{
	unsigned types = schema_types(s) & ~SCHEMA_IS_NULL;
	json_t *node;
	size_t i;

	for (i = 0; i < SCHEMA_OBJECT; i++)
		if (types == 1u << i)
			return schema_typed(p, s, (enum schema_type)i, false);
	node = types == 1u << SCHEMA_ARRAY
	    ? json_pack("{s:s, s:{s:s}}", "type", "array", "items", "type",
		"object")
	    : json_pack("{s:s}", "type", "object");
	schema_say(p, node, schema_words(p, s, SCHEMA_OBJECT, false));
	return node;
}

/* ${branch}, which is open, with what ${s} says for all of its branches. */
static const json_t *
branch_of(struct schema_pass *p, const json_t *s, const json_t *branch)
{
	static const char *const OWN[] = { "anyOf", "oneOf", "description",
		"default", "examples", "nullable" };
	json_t *out = schema_copy(p, s);
	size_t i;

	for (i = 0; i < NELEM(OWN); i++)
		json_object_del(out, OWN[i]);
	if ((schema_types(branch) & ~SCHEMA_IS_NULL) != 0)
		json_object_del(out, "type");
	schema_put(p, out, branch, false);
	return out;
}

/* NULL: it is null. */
static json_t *
choose_one(struct schema_pass *p, const json_t *s, const json_t *branch)
{
	size_t nrefs = p->nrefs;
	json_t *node = NULL;
	bool leaf;

	if (!json_is_object(branch))
		return json_is_false(branch)
			|| !schema_work(p, SCHEMA_NODE_WORK)
		    ? NULL
		    : schema_any();
	if (p->depth >= DEPTH_MAX)
		p->full = true;
	branch = schema_open(p, branch, &leaf);
	p->depth++;
	if (!p->full && schema_types(branch) != SCHEMA_IS_NULL)
		node = leaf ? leaf_of(p, branch)
			    : opened(p, branch_of(p, s, branch), false);
	p->depth--;
	p->nrefs = nrefs;
	return node;
}

static json_t *
choose(struct schema_pass *p, const json_t *s, bool needed)
{
	json_t *list = json_array(), *node;
	bool or_null = (schema_types(s) & SCHEMA_IS_NULL) != 0;
	const json_t *b;
	size_t i, k;

	for (k = 0; k < NELEM(CHOICES); k++)
		json_array_foreach(json_object_get(s, CHOICES[k]), i, b) {
			if (!schema_work(p, 1))
				break;
			node = choose_one(p, s, b);
			if (node == NULL)
				or_null = true;
			else
				json_array_append_new(list, node);
		}
	node = schema_choice(p, list);
	b = json_object_get(node, "anyOf");
	schema_say(p, b == NULL ? node : json_array_get(b, 0),
	    schema_words(p, s, SCHEMA_TYPES, needed && or_null));
	return node;
}

/* What of ${required} is a property of ${object} is required in ${node}. */
static void
require(struct schema_pass *p, json_t *node, const json_t *object,
    const json_t *required)
{
	json_t *list = json_object_get(node, "required"), *v;
	const json_t *all = json_object_get(object, "properties");
	json_t *set = schema_set(p, list);
	const char *name;
	size_t i;

	list = list == NULL ? json_array() : json_incref(list);
	json_array_foreach(required, i, v) {
		if (!schema_work(p, 1))
			break;
		name = json_string_value(v);
		if (name == NULL || json_object_get(set, name) != NULL
		    || json_object_get(all, name) == NULL)
			continue;
		json_array_append_new(list, json_string(name));
		json_object_set_new(set, name, json_true());
	}
	if (json_array_size(list) > 0)
		json_object_set(node, "required", list);
	json_decref(list);
	json_decref(set);
}

/* In the order of the properties, whoever required them. */
static void
sort_required(struct schema_pass *p, json_t *node)
{
	json_t *list = json_array(), *v;
	json_t *set = schema_set(p, json_object_get(node, "required"));
	const char *key;

	json_object_foreach(json_object_get(node, "properties"), key, v)
		if (json_object_get(set, key) != NULL)
			json_array_append_new(list, json_string(key));
	if (json_array_size(list) > 0)
		json_object_set(node, "required", list);
	json_decref(list);
	json_decref(set);
}

static json_t *unite(struct schema_pass *p, const json_t *s, bool needed);

static json_t *
unite_one(struct schema_pass *p, const json_t *node, const json_t *branch)
{
	size_t nrefs = p->nrefs;
	json_t *out = NULL;
	bool leaf;

	if (p->depth >= DEPTH_MAX)
		p->full = true;
	branch = schema_open(p, branch, &leaf);
	p->depth++;
	if (!leaf && !p->full && json_is_object(branch)) {
		out = unite(p, branch, false);
		require(p, out, node, json_object_get(branch, "required"));
	}
	p->depth--;
	p->nrefs = nrefs;
	return out;
}

/* The branches of ${s} as objects, put together: for the top, where no API
 * takes a choice (langchain#39271), and where the members stand outside. */
static json_t *
unite(struct schema_pass *p, const json_t *s, bool needed)
{
	json_t *node = schema_typed(p, s, SCHEMA_OBJECT, needed), *list, *one;
	const json_t *b;
	size_t i, k;

	if (json_object_get(node, "properties") == NULL)
		json_object_set_new(node, "properties", json_object());
	for (k = 0; k < NELEM(CHOICES); k++) {
		list = json_array();
		json_array_foreach(json_object_get(s, CHOICES[k]), i, b) {
			if (p->full || i == SCHEMA_BRANCHES_MAX)
				break;
			one = unite_one(p, node, b);
			if (one != NULL)
				json_array_append_new(list, one);
		}
		schema_unite(p, node, list);
		json_decref(list);
	}
	require(p, node, node, json_object_get(s, "required"));
	sort_required(p, node);
	return node;
}

static bool
has_choice(const json_t *s)
{
	size_t i;

	for (i = 0; i < NELEM(CHOICES); i++)
		if (json_array_size(json_object_get(s, CHOICES[i])) > 0)
			return true;
	return false;
}

/* Of ${types}, which are more than one, or none at all. */
static json_t *
typed_each(struct schema_pass *p, const json_t *s, unsigned types, bool needed)
{
	json_t *list = json_array(), *rest;
	size_t i;

	for (i = 0; i < SCHEMA_NULL; i++) {
		if ((types & (1u << i)) == 0)
			continue;
		json_array_append_new(list,
		    schema_typed(p, s, (enum schema_type)i, needed));
		/* It is said once. */
		rest = schema_copy(p, s);
		json_object_del(rest, "description");
		json_object_del(rest, "default");
		json_object_del(rest, "examples");
		s = rest;
		needed = false;
	}
	return schema_choice(p, list);
}

/* ${s}, which is open. */
static json_t *
opened(struct schema_pass *p, const json_t *s, bool needed)
{
	unsigned types = schema_types(s) & ~SCHEMA_IS_NULL;
	json_t *node;

	if (has_choice(s)
	    && json_object_size(json_object_get(s, "properties")) > 0) {
		node = unite(p, s, needed);
		if (json_object_size(json_object_get(node, "properties")) == 0)
			json_object_del(node, "properties");
		return node;
	}
	if (has_choice(s))
		return choose(p, s, needed);
	if (types != 0)
		return typed_each(p, s, types, needed);
	node = schema_any();
	schema_say(p, json_array_get(json_object_get(node, "anyOf"), 0),
	    schema_words(p, s, SCHEMA_TYPES, false));
	return node;
}

json_t *
schema_node(struct schema_pass *p, const json_t *s, bool needed)
{
	enum schema_type type;
	size_t nrefs = p->nrefs;
	json_t *node;
	bool leaf;

	if (!json_is_object(s)) {
		(void)schema_work(p, SCHEMA_NODE_WORK);
		/* {"name": "string"}: what some write by hand
		 * (smallmain/vscode-unify-chat-provider#162) */
		type = schema_type_of(json_string_value(s));
		return type < SCHEMA_OBJECT
		    ? json_pack("{s:s}", "type", SCHEMA_TYPE_NAMES[type])
		    : schema_any();
	}
	if (p->depth == DEPTH_MAX)
		p->full = true;
	s = schema_open(p, s, &leaf);
	if (p->full)
		return json_object();
	p->depth++;
	node = leaf ? leaf_of(p, s) : opened(p, s, needed);
	p->depth--;
	p->nrefs = nrefs;
	return node;
}

json_t *
schema_top(struct schema_pass *p, const json_t *s)
{
	size_t nrefs = p->nrefs;
	json_t *node;
	bool leaf;

	s = schema_open(p, s, &leaf);
	if (!json_is_object(s) || leaf || p->full)
		return json_pack("{s:s, s:{}}", "type", "object", "properties");
	node = unite(p, s, false);
	p->nrefs = nrefs;
	return node;
}
