/*
 * schema_ref: references, allOf and what holds only sometimes put in.
 *
 * Few model APIs look a $ref up (litellm#29207: "$ref is not supported"), and
 * those that do fail where $defs went missing on the way
 * (open-webui/computer#87).
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "llm/schema_priv.h"

#define SEGMENT_MAX 256 /* bytes of one name in a reference */

static int
hex(char c)
{
	const char *digits = "0123456789abcdef", *at;

	if (c == '\0')
		return -1;
	at = strchr(digits, c >= 'A' && c <= 'F' ? c + ('a' - 'A') : c);
	return at == NULL ? -1 : (int)(at - digits);
}

/* The next name of ${at} ("a~1b/c"), %XX and ~0 ~1 undone; where it ends, or
 * NULL: too long. */
static const char *
segment(const char *at, char out[SEGMENT_MAX])
{
	size_t n = 0;

	for (; *at != '\0' && *at != '/'; at++) {
		char c = *at;

		if (n == SEGMENT_MAX - 1)
			return NULL;
		if (c == '%' && hex(at[1]) > 0 && hex(at[2]) >= 0) {
			c = (char)(hex(at[1]) * 16 + hex(at[2]));
			at += 2;
		} else if (c == '~' && (at[1] == '0' || at[1] == '1')) {
			c = at[1] == '0' ? '~' : '/';
			at++;
		}
		out[n++] = c;
	}
	out[n] = '\0';
	return at;
}

static const json_t *
member(const json_t *doc, const char *name)
{
	char *end;
	unsigned long i;

	if (!json_is_array(doc))
		return json_object_get(doc, name);
	i = strtoul(name, &end, 10);
	return *end == '\0' && end != name ? json_array_get(doc, i) : NULL;
}

/* What ${ref} points at within ${root}; NULL: elsewhere, or nothing. */
static const json_t *
find(const json_t *root, const char *ref)
{
	static const char *const GROUPS[] = { "$defs", "definitions" };
	const json_t *at = root;
	char name[SEGMENT_MAX] = "";
	size_t i;

	if (ref[0] != '#' || (ref[1] != '/' && ref[1] != '\0'))
		return NULL;
	for (ref++; *ref == '/';) {
		ref = segment(ref + 1, name);
		if (ref == NULL)
			return NULL;
		at = member(at, name);
	}
	/* Some move the definitions and leave the references. */
	for (i = 0; at == NULL && i < NELEM(GROUPS); i++)
		at = json_object_get(json_object_get(root, GROUPS[i]), name);
	return at;
}

/* ${over} on ${under}, which is copied. */
static json_t *
overlay(struct schema_pass *p, const json_t *under, const json_t *over)
{
	json_t *out = schema_copy(p, under);
	json_t *ref = json_object_get(under, "$ref");

	schema_put(p, out, over, false);
	json_object_del(out, "$ref");
	if (ref != NULL)
		json_object_set(out, "$ref", ref);
	return out;
}

static const json_t *
without_ref(struct schema_pass *p, const json_t *s)
{
	json_t *out = schema_copy(p, s);

	json_object_del(out, "$ref");
	return out;
}

static bool
is_inside(const struct schema_pass *p, const json_t *target)
{
	size_t i;

	for (i = 0; i < p->nrefs; i++)
		if (p->refs[i] == target)
			return true;
	return false;
}

static const json_t *
follow(struct schema_pass *p, const json_t *s, bool *leaf)
{
	const json_t *target, *ref;

	while (!*leaf && (ref = json_object_get(s, "$ref")) != NULL
	    && schema_work(p, json_string_length(ref) / SCHEMA_BYTES_WORK)) {
		target = json_is_string(ref)
		    ? find(p->root, json_string_value(ref))
		    : NULL;
		if (!json_is_object(target))
			return without_ref(p, s);
		*leaf = is_inside(p, target) || p->nrefs > p->refs_max;
		s = overlay(p, target, s); /* with the target's own $ref */
		if (!*leaf)
			p->refs[p->nrefs++] = target;
	}
	return s;
}

/* Properties of both; what both have, the first says and the second
 * completes. */
static void
join_properties(struct schema_pass *p, json_t *into, const json_t *more)
{
	json_t *all, *mine, *v;
	const char *key;

	all = json_object_get(into, "properties"); /* its own */
	if (!schema_work(p, json_object_size(more)))
		return;
	json_object_foreach((json_t *)(uintptr_t)more, key, v) {
		mine = json_object_get(all, key);
		if (json_is_object(mine) && json_is_object(v)) {
			mine = schema_copy(p, mine);
			schema_put(p, mine, v, true);
			v = mine;
		}
		if (!json_is_object(mine) || json_is_object(v))
			json_object_set(all, key, v);
	}
}

static void
join_required(struct schema_pass *p, json_t *into, const json_t *more)
{
	json_t *all = json_object_get(into, "required"), *v;
	size_t i;

	if (!schema_work(p, json_array_size(more)))
		return;
	json_array_foreach(more, i, v)
		json_array_append(all, v);
}

static void maybe_all(struct schema_pass *p, json_t *maybe,
    const json_t *branch, int depth);

/* Properties of ${branch}, which holds only sometimes; a name that two of such
 * have means either. */
static void
maybe_one(struct schema_pass *p, json_t *maybe, const json_t *branch, int depth)
{
	size_t nrefs = p->nrefs, i;
	bool leaf = false;
	const char *key;
	json_t *v, *old;
	const json_t *b;

	if (!schema_work(p, SCHEMA_NODE_WORK) || !json_is_object(branch)
	    || depth > SCHEMA_REFS_MAX)
		return;
	branch = follow(p, branch, &leaf);
	(void)schema_work(p,
	    json_object_size(json_object_get(branch, "properties")));
	json_object_foreach(json_object_get(branch, "properties"), key, v) {
		if (p->full)
			break;
		old = json_object_get(maybe, key);
		if (old == NULL)
			json_object_set(maybe, key, v);
		else if (!schema_same(p, old, v))
			json_object_set_new(maybe, key,
			    json_pack("{s:[O, O]}", "anyOf", old, v));
	}
	if (!leaf) {
		json_array_foreach(json_object_get(branch, "allOf"), i, b)
			maybe_one(p, maybe, b, depth + 1);
		maybe_all(p, maybe, branch, depth + 1);
	}
	p->nrefs = nrefs;
}

static const char *const DEPENDENT[] = { "dependentSchemas", "dependencies" };

/* What ${branch} says of some values only: a model may give it, and the server
 * knows when it must. */
static void
maybe_all(struct schema_pass *p, json_t *maybe, const json_t *branch, int depth)
{
	const char *key;
	json_t *v;
	size_t i;

	if (json_object_get(branch, "if") != NULL) {
		maybe_one(p, maybe, json_object_get(branch, "then"), depth);
		maybe_one(p, maybe, json_object_get(branch, "else"), depth);
	}
	for (i = 0; i < NELEM(DEPENDENT); i++)
		json_object_foreach(json_object_get(branch, DEPENDENT[i]), key,
		    v)
			maybe_one(p, maybe, v, depth);
}

static void
fold(struct schema_pass *p, json_t *into, const json_t *branch, json_t *maybe,
    int depth)
{
	const json_t *all = json_object_get(branch, "allOf"), *b;
	size_t nrefs = p->nrefs, i;
	bool leaf;

	if (p->full || !json_is_object(branch) || depth > SCHEMA_REFS_MAX)
		return;
	maybe_all(p, maybe, branch, depth);
	if (branch != into) {
		join_properties(p, into, json_object_get(branch, "properties"));
		join_required(p, into, json_object_get(branch, "required"));
		schema_put(p, into, branch, true);
	}
	json_array_foreach(all, i, b) {
		leaf = false;
		if (!schema_work(p, SCHEMA_NODE_WORK))
			return;
		fold(p, into, follow(p, b, &leaf), maybe, depth + 1);
		p->nrefs = nrefs;
	}
}

/* A copy of the ${member} that joins can change, or ${none}, which is taken,
 * where there is no such. */
static void
own(struct schema_pass *p, json_t *out, const char *member, json_t *none)
{
	json_t *v = json_object_get(out, member);

	if (v == NULL || json_typeof(v) != json_typeof(none)
	    || !schema_work(p, json_object_size(v) + json_array_size(v))) {
		json_object_set_new(out, member, none);
		return;
	}
	json_object_set_new(out, member, json_copy(v));
	json_decref(none);
}

/* An empty one would be a sign of its type. */
static void
disown(json_t *out, const char *member)
{
	const json_t *v = json_object_get(out, member);

	if (json_object_size(v) + json_array_size(v) == 0)
		json_object_del(out, member);
}

/* Of several parts, of which each or one may hold. */
static bool
has_parts(const json_t *s)
{
	return json_is_array(json_object_get(s, "allOf"))
	    || json_object_get(s, "if") != NULL
	    || json_is_object(json_object_get(s, DEPENDENT[0]))
	    || json_is_object(json_object_get(s, DEPENDENT[1]));
}

const json_t *
schema_open(struct schema_pass *p, const json_t *s, bool *leaf)
{
	json_t *out, *maybe;

	*leaf = false;
	if (!schema_work(p, SCHEMA_NODE_WORK) || !json_is_object(s))
		return s;
	s = follow(p, s, leaf);
	if (*leaf || !has_parts(s))
		return s;
	maybe = json_object();
	out = schema_copy(p, s);
	own(p, out, "properties", json_object());
	own(p, out, "required", json_array());
	fold(p, out, out, maybe, 0);
	json_object_update_missing(json_object_get(out, "properties"), maybe);
	json_decref(maybe);
	disown(out, "properties");
	disown(out, "required");
	json_object_del(out, "allOf");
	return out;
}
