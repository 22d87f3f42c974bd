/*
 * schema_choice: nodes of which one holds.
 */
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "llm/schema_priv.h"

#define SETS_MAX 8 /* of members told of in words */

json_t *
schema_any(void)
{
	/* Typed, as Vertex (google-gemini/gemini-cli#4400), Moonshot
	 * (duolahypercho/codex-router#641) and Fireworks
	 * (docker/mcp-gateway#234) refuse what has no type. */
	return json_pack("{s:[{s:s}, {s:s}, {s:s}, {s:s}, {s:s, s:{s:s}}]}",
	    "anyOf", "type", "string", "type", "number", "type", "boolean",
	    "type", "object", "type", "array", "items", "type", "string");
}

static bool
is_enum(const json_t *node)
{
	return json_is_array(json_object_get(node, "enum"));
}

static bool
has(const json_t *list, const json_t *v)
{
	const json_t *x;
	size_t i;

	json_array_foreach(list, i, x)
		if (json_equal(x, v))
			return true;
	return false;
}

/* What is said of the values of ${node}: "a: the first".  NULL: nothing. */
static const char *
said_of(struct schema_pass *p, const json_t *node)
{
	const json_t *values = json_object_get(node, "enum");
	const char *said = json_member_str(node, "description");

	if (said == NULL || json_array_size(values) != 1)
		return arena_strdup(p->mem, said);
	return arena_printf(p->mem, "%s: %s",
	    json_string_value(json_array_get(values, 0)), said);
}

/* {"enum": ["a"]} or {"enum": ["b"]} is {"enum": ["a", "b"]}. */
static bool
joins_enum(struct schema_pass *p, json_t *list, const json_t *node)
{
	const char *mine, *other;
	json_t *x, *values, *v;
	size_t i, k;

	if (!is_enum(node))
		return false;
	json_array_foreach(list, i, x) {
		values = json_object_get(x, "enum");
		if (!json_is_array(values)
		    || json_array_size(values)
			    + json_array_size(json_object_get(node, "enum"))
			> SCHEMA_ENUM_MAX)
			continue;
		if (!schema_work(p,
			json_array_size(values)
			    * json_array_size(json_object_get(node, "enum"))
			    / SCHEMA_NODE_WORK))
			return true;
		mine = said_of(p, x);
		other = said_of(p, node);
		json_object_del(x, "description");
		schema_say(p, x,
		    mine == NULL || other == NULL
			? (mine == NULL ? other : mine)
			: arena_printf(p->mem, "%s; %s", mine, other));
		json_array_foreach(json_object_get(node, "enum"), k, v)
			if (!has(values, v))
				json_array_append(values, v);
		return true;
	}
	return false;
}

static void
add_branch(struct schema_pass *p, json_t *list, json_t *node)
{
	json_t *inner = json_object_get(node, "anyOf"), *b;
	size_t i;

	if (inner != NULL) {
		json_array_foreach(inner, i, b)
			add_branch(p, list, b);
		return;
	}
	if (!has(list, node) && !joins_enum(p, list, node)
	    && json_array_size(list) < SCHEMA_BRANCHES_MAX)
		json_array_append(list, node);
}

json_t *
schema_choice(struct schema_pass *p, json_t *list)
{
	json_t *branches = json_array(), *out, *b;
	size_t i;

	json_array_foreach(list, i, b)
		add_branch(p, branches, b);
	json_decref(list);
	switch (json_array_size(branches)) {
	case 0:
		out = schema_any();
		break;
	case 1:
		out = json_incref(json_array_get(branches, 0));
		break;
	default:
		/* Alone: Vertex takes nothing beside it (litellm#11164),
		 * Moonshot no type (openclaw/openclaw#113130). */
		return json_pack("{s:o}", "anyOf", branches);
	}
	json_decref(branches);
	return out;
}

static void
unite_properties(struct schema_pass *p, json_t *object, const json_t *branch)
{
	json_t *all = json_object_get(object, "properties"), *mine, *v;
	const char *key;

	json_object_foreach(json_object_get(branch, "properties"), key, v) {
		mine = json_object_get(all, key);
		if (mine == NULL)
			json_object_set(all, key, v);
		else if (!json_equal(mine, v))
			json_object_set_new(all, key,
			    schema_choice(p, json_pack("[O, O]", mine, v)));
	}
}

/* What each of ${list} requires, ${object} requires. */
static void
unite_required(struct schema_pass *p, json_t *object, const json_t *list)
{
	json_t *all = json_object_get(object, "required"), *v, *b, *set;
	json_t *counts = json_object();
	size_t i, k;
	const char *name;

	set = schema_set(p, all);
	all = all == NULL ? json_array() : json_incref(all);
	json_array_foreach(list, i, b)
		json_array_foreach(json_object_get(b, "required"), k, v) {
			name = json_string_value(v);
			json_object_set_new(counts, name,
			    json_integer(1
				+ json_integer_value(
				    json_object_get(counts, name))));
		}
	json_object_foreach(counts, name, v)
		if ((size_t)json_integer_value(v) == json_array_size(list)
		    && json_object_get(set, name) == NULL)
			json_array_append_new(all, json_string(name));
	if (json_array_size(all) > 0)
		json_object_set(object, "required", all);
	json_decref(all);
	json_decref(set);
	json_decref(counts);
}

/* "Give one of these sets: a, b | c" */
static void
say_sets(struct schema_pass *p, json_t *object, const json_t *list)
{
	struct buf b = BUF_INIT(300);
	const json_t *branch, *v;
	size_t i, k;

	if (json_array_size(list) < 2 || json_array_size(list) > SETS_MAX)
		return;
	(void)!buf_add_str(&b, "Give one of these sets: ");
	json_array_foreach(list, i, branch) {
		if (i > 0)
			(void)!buf_add_str(&b, " | ");
		if (json_array_size(json_object_get(branch, "required")) == 0)
			b.full = true; /* one that says nothing */
		json_array_foreach(json_object_get(branch, "required"), k, v)
			(void)!buf_printf(&b, "%s%s", k > 0 ? ", " : "",
			    json_string_value(v));
	}
	if (!b.full && json_object_get(object, "required") == NULL)
		schema_say(p, object, buf_str(&b));
	buf_fini(&b);
}

void
schema_unite(struct schema_pass *p, json_t *object, const json_t *list)
{
	const json_t *b;
	size_t i;

	json_array_foreach(list, i, b)
		unite_properties(p, object, b);
	unite_required(p, object, list);
	say_sets(p, object, list);
}
