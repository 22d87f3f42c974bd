/*
 * schema_names: names of properties that every API takes, and the way back.
 *
 * Anthropic: "Property keys should match pattern '^[a-zA-Z0-9_.-]{1,64}$'"
 * (anthropics/claude-code#79418).  A name that was changed is no other's in
 * the whole schema, so that alternatives can share one way back.
 */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "llm/schema_priv.h"

#define NAME_MAX_BYTES 64
#define NUMBER_BYTES 8 /* "_1234567" behind a name that is taken */

struct renaming {
	json_t *taken; /* name -> true */
	json_t *given; /* original -> name */
	json_t *tries; /* name -> the last number behind it */
};

static bool
is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
	    || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
}

static bool
is_fit(const char *name)
{
	size_t i;

	for (i = 0; name[i] != '\0'; i++)
		if (i == NAME_MAX_BYTES || !is_plain(name[i]))
			return false;
	return i > 0;
}

/* Names that may stay are theirs first. */
static void
take(struct renaming *r, const json_t *node)
{
	const char *key;
	json_t *v;
	size_t i;

	json_object_foreach(json_object_get(node, "properties"), key, v) {
		if (is_fit(key))
			json_object_set_new(r->taken, key, json_true());
		take(r, v);
	}
	json_array_foreach(json_object_get(node, "anyOf"), i, v)
		take(r, v);
	if (json_is_object(json_object_get(node, "items")))
		take(r, json_object_get(node, "items"));
}

static const char *
name_for(struct renaming *r, const char *key)
{
	char name[NAME_MAX_BYTES + 1], base[NAME_MAX_BYTES + 1];
	const char *known = json_member_str(r->given, key);
	size_t n = 0, i, tries;
	json_t *last;

	if (known != NULL)
		return known;
	for (i = 0; key[i] != '\0' && n < NAME_MAX_BYTES; i++) {
		/* One '_' for all that follows one another. */
		if (is_plain(key[i]))
			base[n++] = key[i];
		else if (n == 0 || base[n - 1] != '_')
			base[n++] = '_';
	}
	if (n > 1 && base[n - 1] == '_')
		n--; /* filter_id of filter[id] */
	if (n == 0)
		base[n++] = '_';
	base[n] = '\0';
	snprintf(name, sizeof(name), "%s", base);
	if (n > NAME_MAX_BYTES - NUMBER_BYTES)
		n = NAME_MAX_BYTES - NUMBER_BYTES;
	base[n] = '\0';
	last = json_object_get(r->tries, base);
	tries = last == NULL ? 2 : (size_t)json_integer_value(last);
	for (; json_object_get(r->taken, name) != NULL; tries++)
		snprintf(name, sizeof(name), "%.*s_%zu", (int)n, base, tries);
	json_object_set_new(r->tries, base, json_integer((json_int_t)tries));
	json_object_set_new(r->taken, name, json_true());
	json_object_set_new(r->given, key, json_string(name));
	return json_member_str(r->given, key);
}

static void
rename_required(struct renaming *r, json_t *node)
{
	json_t *list = json_object_get(node, "required");
	size_t i;

	for (i = 0; i < json_array_size(list); i++) {
		const char *key = json_string_value(json_array_get(list, i));

		if (!is_fit(key))
			json_array_set_new(list, i,
			    json_string(name_for(r, key)));
	}
}

static void put(json_t **map, const char *group, const char *key, json_t *v);

/* ${more}, which is taken, into ${map}. */
static void
join(json_t **map, json_t *more)
{
	static const char *const GROUPS[] = { "names", "members" };
	const char *key;
	json_t *v, *items = json_object_get(more, "items");
	size_t i;

	if (more == NULL)
		return;
	for (i = 0; i < NELEM(GROUPS); i++)
		json_object_foreach(json_object_get(more, GROUPS[i]), key, v)
			put(map, GROUPS[i], key, json_incref(v));
	if (items != NULL)
		put(map, "items", NULL, json_incref(items));
	json_decref(more);
}

/* Set ${v}, which is taken, in ${map}, which is made when there is none. */
static void
put(json_t **map, const char *group, const char *key, json_t *v)
{
	json_t *at, *old;

	if (v == NULL)
		return;
	if (*map == NULL)
		*map = json_object();
	at = *map;
	if (key != NULL) {
		if (json_object_get(at, group) == NULL)
			json_object_set_new(at, group, json_object());
		at = json_object_get(at, group);
	} else {
		key = group;
	}
	old = json_object_get(at, key);
	if (json_is_object(old) && json_is_object(v)) {
		old = json_deep_copy(old);
		join(&old, v);
		v = old;
	}
	json_object_set_new(at, key, v);
}

static json_t *
rename_node(struct renaming *r, json_t *node)
{
	json_t *map = NULL, *all, *v;
	const char *key;
	size_t i;

	all = json_object();
	json_object_foreach(json_object_get(node, "properties"), key, v) {
		const char *name = is_fit(key) ? key : name_for(r, key);

		if (name != key)
			put(&map, "names", name, json_string(key));
		put(&map, "members", name, rename_node(r, v));
		json_object_set(all, name, v);
	}
	if (json_object_get(node, "properties") != NULL)
		json_object_set(node, "properties", all);
	json_decref(all);
	rename_required(r, node);
	json_array_foreach(json_object_get(node, "anyOf"), i, v)
		join(&map, rename_node(r, v));
	if (json_is_object(json_object_get(node, "items")))
		put(&map, "items", NULL,
		    rename_node(r, json_object_get(node, "items")));
	return map;
}

json_t *
schema_rename(json_t *node)
{
	struct renaming r = { json_object(), json_object(), json_object() };
	json_t *map;

	take(&r, node);
	map = rename_node(&r, node);
	json_decref(r.taken);
	json_decref(r.given);
	json_decref(r.tries);
	return map;
}

static json_t *restored(const json_t *map, const json_t *v);

static json_t *
restored_object(const json_t *map, const json_t *object)
{
	const json_t *names = json_object_get(map, "names");
	const json_t *members = json_object_get(map, "members");
	json_t *out = json_object(), *v;
	const char *key, *name;

	json_object_foreach((json_t *)(uintptr_t)object, key, v) {
		name = json_member_str(names, key);
		/* Who knows the server's own name has used it. */
		if (name != NULL && json_object_get(object, name) != NULL)
			continue;
		json_object_set_new(out, name == NULL ? key : name,
		    restored(json_object_get(members, key), v));
	}
	return out;
}

static json_t *
restored(const json_t *map, const json_t *v)
{
	const json_t *items = json_object_get(map, "items"), *item;
	json_t *out;
	size_t i;

	if (json_is_object(v) && map != NULL)
		return restored_object(map, v);
	if (!json_is_array(v) || items == NULL)
		return json_incref((json_t *)(uintptr_t)v);
	out = json_array();
	json_array_foreach(v, i, item)
		json_array_append_new(out, restored(items, item));
	return out;
}

const json_t *
schema_restore_arguments(const json_t *names, const json_t *arguments,
    struct arena *mem)
{
	return names == NULL ? arguments
			     : json_keep(mem, restored(names, arguments));
}
