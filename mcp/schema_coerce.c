/*
 * schema_coerce: a text where the schema wants something else.
 *
 * Some clients send each argument as a text.  What can only be meant so becomes
 * the value: the schema has no text in that place, and the text is exactly how
 * the value is written.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "mcp/schema_priv.h"

#define KINDS_DEPTH 16 /* of rules within rules that say what a value is */
#define NUMBER_MAX 40  /* characters of one */
#define DIGITS 17      /* that tell any two doubles apart */

struct coercing {
	struct arena *mem;
	int64_t steps;
	size_t n;
};

/* ---- what may stand there ------------------------------------------------ */

static unsigned kinds_of(const struct rule *r, int depth);

static unsigned
kinds_of_any(const struct rules *of, int depth)
{
	unsigned kinds = of->n == 0 ? TYPE_ALL : 0;
	size_t i;

	for (i = 0; i < of->n; i++)
		kinds |= kinds_of(of->at[i], depth);
	return kinds;
}

static unsigned
kinds_of(const struct rule *r, int depth)
{
	unsigned kinds = r->types == 0 ? TYPE_ALL : r->types, chosen = 0;
	const json_t *one;
	size_t i;

	if (depth == 0)
		return kinds;
	if (kinds & TYPE_NUMBER)
		kinds |= TYPE_INTEGER;
	json_array_foreach(r->choice, i, one)
		chosen |= mcp_schema_types_of(one);
	if (r->choice != NULL)
		kinds &= chosen;
	if (r->only != NULL)
		kinds &= mcp_schema_types_of(r->only);
	if (r->ref != NULL)
		kinds &= kinds_of(r->ref, depth - 1);
	for (i = 0; i < r->all.n; i++)
		kinds &= kinds_of(r->all.at[i], depth - 1);
	return kinds & kinds_of_any(&r->any, depth - 1)
	    & kinds_of_any(&r->one, depth - 1);
}

/* ---- what a text says ---------------------------------------------------- */

static json_t *
number_in(struct arena *mem, const char *text, unsigned kinds)
{
	char again[NUMBER_MAX + 1];
	char *end;
	double real;
	long long whole;
	int digits;

	if (strlen(text) > NUMBER_MAX)
		return NULL;
	errno = 0;
	whole = strtoll(text, &end, 10);
	(void)snprintf(again, sizeof(again), "%lld", whole);
	if (errno == 0 && strcmp(again, text) == 0)
		return json_keep(mem, json_integer(whole));
	if (!(kinds & TYPE_NUMBER))
		return NULL;
	real = strtod(text, &end);
	for (digits = 1; digits <= DIGITS; digits++) {
		(void)snprintf(again, sizeof(again), "%.*g", digits, real);
		if (strcmp(again, text) == 0)
			return json_keep(mem, json_real(real)); /* NULL: inf */
	}
	return NULL;
}

static json_t *
value_in(struct arena *mem, const char *text, unsigned kinds)
{
	json_t *v = NULL;

	if (kinds & TYPE_STRING)
		return NULL;
	if (kinds & (TYPE_INTEGER | TYPE_NUMBER))
		v = number_in(mem, text, kinds);
	if (v == NULL && (kinds & TYPE_BOOLEAN)
	    && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0))
		v = json_boolean(text[0] == 't');
	if (v == NULL && (kinds & (TYPE_ARRAY | TYPE_OBJECT))) {
		v = json_read(mem, text, strlen(text), NULL, NULL);
		if (v != NULL
		    && !(mcp_schema_types_of(v) & kinds
			& (TYPE_ARRAY | TYPE_OBJECT)))
			v = NULL;
	}
	return v;
}

/* ---- in its place -------------------------------------------------------- */

static void within(struct coercing *c, const struct rule *r, json_t *v,
    int depth);

/* What stands in the place of ${v} from now on. */
static json_t *
coerced(struct coercing *c, const struct rule *r, json_t *v, int depth)
{
	json_t *value = NULL;

	if (json_is_string(v))
		value = value_in(c->mem, json_string_value(v),
		    kinds_of(r, KINDS_DEPTH));
	if (value != NULL) {
		c->n++;
		/* Whoever read it keeps it, too. */
		v = json_keep(c->mem, json_deep_copy(value));
	}
	within(c, r, v, depth);
	return v;
}

static void
members(struct coercing *c, const struct rule *r, json_t *v, int depth)
{
	const char *name;
	json_t *member, *now;
	void *at;
	size_t i;

	for (i = 0; i < r->nmembers; i++) {
		name = r->members[i].name;
		member = json_object_get(v, name);
		if (member == NULL)
			continue;
		now = coerced(c, r->members[i].rule, member, depth);
		if (now != member)
			(void)json_object_set(v, name, now);
	}
	if (r->additional == NULL || r->nexempt > 0)
		return;
	for (at = json_object_iter(v); at != NULL;
	     at = json_object_iter_next(v, at)) {
		if (json_object_get(r->properties, json_object_iter_key(at))
		    != NULL)
			continue;
		member = json_object_iter_value(at);
		now = coerced(c, r->additional, member, depth);
		if (now != member)
			(void)json_object_iter_set(v, at, now);
	}
}

static void
items(struct coercing *c, const struct rule *r, json_t *v, int depth)
{
	const struct rule *of;
	json_t *item, *now;
	size_t i;

	for (i = 0; i < json_array_size(v); i++) {
		of = i < r->first.n ? r->first.at[i] : r->items;
		if (of == NULL)
			return;
		item = json_array_get(v, i);
		now = coerced(c, of, item, depth);
		if (now != item)
			(void)json_array_set(v, i, now);
	}
}

/* The one of ${of} that ${v} may be; where several may, nobody knows. */
static void
the_one(struct coercing *c, const struct rules *of, json_t *v, int depth)
{
	const struct rule *found = NULL;
	size_t i;

	for (i = 0; i < of->n; i++) {
		if (!(kinds_of(of->at[i], KINDS_DEPTH)
			& mcp_schema_types_of(v)))
			continue;
		if (found != NULL)
			return;
		found = of->at[i];
	}
	if (found != NULL)
		within(c, found, v, depth);
}

static void
within(struct coercing *c, const struct rule *r, json_t *v, int depth)
{
	size_t i;

	if (depth == 0 || --c->steps <= 0
	    || (!json_is_object(v) && !json_is_array(v)))
		return;
	depth--;
	if (json_is_object(v))
		members(c, r, v, depth);
	else
		items(c, r, v, depth);
	if (r->ref != NULL)
		within(c, r->ref, v, depth);
	for (i = 0; i < r->all.n; i++)
		within(c, r->all.at[i], v, depth);
	the_one(c, &r->any, v, depth);
	the_one(c, &r->one, v, depth);
}

json_t *
mcp_schema_coerce(const struct mcp_schema *s, const json_t *arguments,
    struct arena *mem, size_t *n)
{
	struct coercing c = { .mem = mem, .steps = SCHEMA_STEPS_MAX };
	json_t *copy = json_keep(mem, json_deep_copy(arguments));

	within(&c, s->top, copy, SCHEMA_DEPTH_MAX);
	*n = c.n;
	return copy;
}
