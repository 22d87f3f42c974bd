/*
 * schema_check: a value held to rules.
 */
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "mcp/schema_priv.h"

#define PATTERN_SHOWN 100 /* characters of one in a message */
#define ONLY_SHOWN 200    /* of the only value that is allowed */

/* A value that is being held to a rule, and those around it. */
struct frame {
	const struct frame *up;
	const struct rule *rule;
	const json_t *value;
	const struct place *at;
	size_t depth;
};

struct check {
	struct arena *mem;
	int64_t steps; /* 0: no more are done */
	int quiet;     /* > 0: nobody is told why */
	const char *why;
};

static bool fits(struct check *c, const struct rule *r, const json_t *v,
    const struct place *at, const struct frame *up);

/* False, and the first who says so says why. */
static bool
wrong(struct check *c, const struct place *at, const char *what)
{
	if (c->quiet == 0 && c->why == NULL && c->steps > 0)
		c->why = mcp_schema_say(c->mem, at, what);
	return false;
}

/* ${text} is made for those who are told alone. */
#define WRONG(c, at, text) ((c)->quiet > 0 ? false : wrong((c), (at), (text)))

/* ---- any value ----------------------------------------------------------- */

static bool
has_type(struct check *c, const struct frame *f)
{
	const struct rule *r = f->rule;

	if (r->never)
		return WRONG(c, f->at, "is not allowed");
	return r->types == 0 || (r->types & mcp_schema_types_of(f->value)) != 0
	    || WRONG(c, f->at,
		arena_printf(c->mem, "must be %s",
		    mcp_schema_say_types(c->mem, r->types)));
}

static bool
is_chosen(struct check *c, const struct frame *f)
{
	const struct rule *r = f->rule;
	const json_t *one;
	size_t i;

	if (r->only != NULL && !mcp_schema_same(r->only, f->value))
		return WRONG(c, f->at,
		    arena_printf(c->mem, "must be %s",
			text_cut(c->mem, json_text(c->mem, r->only),
			    ONLY_SHOWN)));
	if (r->choice == NULL)
		return true;
	c->steps -= (int64_t)(json_array_size(r->choice) / 16);
	json_array_foreach(r->choice, i, one)
		if (mcp_schema_same(one, f->value))
			return true;
	return WRONG(c, f->at,
	    arena_printf(c->mem, "must be one of %s",
		mcp_schema_say_values(c->mem, r->choice)));
}

/* ---- texts, numbers ------------------------------------------------------ */

static bool
in_span(struct check *c, const struct frame *f, const struct span *s, size_t n,
    const char *what)
{
	if (s->min >= 0 && n < (uint64_t)s->min)
		return WRONG(c, f->at,
		    arena_printf(c->mem, "must have at least %lld %s%s",
			(long long)s->min, what, s->min == 1 ? "" : "s"));
	if (s->max >= 0 && n > (uint64_t)s->max)
		return WRONG(c, f->at,
		    arena_printf(c->mem, "must have at most %lld %s%s",
			(long long)s->max, what, s->max == 1 ? "" : "s"));
	return true;
}

static bool
text_fits(struct check *c, const struct frame *f)
{
	const struct rule *r = f->rule;
	const char *text = json_string_value(f->value);
	size_t len = json_string_length(f->value);

	if ((r->length.min >= 0 || r->length.max >= 0)
	    && !in_span(c, f, &r->length, text_count(text, len), "character"))
		return false;
	return r->pattern == NULL
	    || mcp_schema_pattern_finds(r->pattern, text, len, &c->steps)
	    || WRONG(c, f->at,
		arena_printf(c->mem, "must match the pattern %s",
		    text_cut(c->mem, r->pattern_text, PATTERN_SHOWN)));
}

static bool
is_multiple(const json_t *v, const json_t *of)
{
	double n = json_number_value(v), m = json_number_value(of), q = n / m;

	if (json_is_integer(v) && json_is_integer(of))
		return json_integer_value(v) % json_integer_value(of) == 0;
	if (!isfinite(q))
		return fmod(n, m) == 0;
	/* 0.07 is seven times 0.01, whatever doubles make of it. */
	return fabs(q - nearbyint(q)) <= 1e-9 * fmax(1, fabs(q));
}

static bool
number_fits(struct check *c, const struct frame *f)
{
	const struct rule *r = f->rule;
	const json_t *v = f->value, *limit = NULL;
	const char *what = NULL;

	if (r->min != NULL && mcp_schema_order(v, r->min) < 0) {
		what = "at least";
		limit = r->min;
	} else if (r->max != NULL && mcp_schema_order(v, r->max) > 0) {
		what = "at most";
		limit = r->max;
	} else if (r->over != NULL && mcp_schema_order(v, r->over) <= 0) {
		what = "more than";
		limit = r->over;
	} else if (r->under != NULL && mcp_schema_order(v, r->under) >= 0) {
		what = "less than";
		limit = r->under;
	} else if (r->step != NULL && !is_multiple(v, r->step)) {
		what = "a multiple of";
		limit = r->step;
	}
	return what == NULL
	    || WRONG(c, f->at,
		arena_printf(c->mem, "must be %s %.15g", what,
		    json_number_value(limit)));
}

/* ---- arrays, objects ----------------------------------------------------- */

static bool
items_fit(struct check *c, const struct frame *f)
{
	const struct rule *r = f->rule, *of;
	const json_t *item;
	size_t i;

	if (!in_span(c, f, &r->items_n, json_array_size(f->value), "item"))
		return false;
	if (r->unique && !mcp_schema_all_differ(f->value, c->mem, &c->steps))
		return WRONG(c, f->at, "must not have the same item twice");
	if (r->first.n == 0 && r->items == NULL)
		return true;
	json_array_foreach(f->value, i, item) {
		struct place at = { .in = f->at, .index = i };

		of = i < r->first.n ? r->first.at[i] : r->items;
		if (of == NULL)
			break;
		if (!fits(c, of, item, &at, f))
			return false;
	}
	return true;
}

static bool
is_additional(struct check *c, const struct rule *r, const char *name)
{
	size_t i;

	if (json_object_get(r->properties, name) != NULL)
		return false;
	for (i = 0; i < r->nexempt; i++)
		if (mcp_schema_pattern_finds(r->exempt[i], name, strlen(name),
			&c->steps))
			return false;
	return true;
}

static bool
members_fit(struct check *c, const struct frame *f)
{
	const struct rule *r = f->rule;
	json_t *object = (json_t *)(uintptr_t)f->value, *member;
	struct place at = { .in = f->at };
	const char *name;
	size_t i;

	if (!in_span(c, f, &r->members_n, json_object_size(object), "member"))
		return false;
	for (i = 0; i < r->nrequired; i++) {
		at.name = r->required[i];
		if (json_object_get(object, at.name) == NULL)
			return wrong(c, &at, "is missing");
	}
	for (i = 0; i < r->nmembers; i++) {
		at.name = r->members[i].name;
		member = json_object_get(object, at.name);
		if (member != NULL
		    && !fits(c, r->members[i].rule, member, &at, f))
			return false;
	}
	if (r->additional == NULL)
		return true;
	json_object_foreach(object, name, member) {
		at.name = name;
		if (is_additional(c, r, name)
		    && !fits(c, r->additional, member, &at, f))
			return false;
	}
	return true;
}

/* ---- several schemas ----------------------------------------------------- */

static bool
fits_quietly(struct check *c, const struct rule *r, const struct frame *f)
{
	bool yes;

	c->quiet++;
	yes = fits(c, r, f->value, f->at, f);
	c->quiet--;
	return yes;
}

/* Why none of ${of} fits: their types, what the one says that is of the value's
 * type, or no more than that. */
static bool
none_fits(struct check *c, const struct rules *of, const struct frame *f)
{
	unsigned is = mcp_schema_types_of(f->value), types = 0;
	const struct rule *near = NULL;
	size_t i, n = 0;

	if (c->quiet > 0)
		return false;
	for (i = 0; i < of->n; i++) {
		const struct rule *r = of->at[i];
		unsigned own = r->types != 0               ? r->types
		    : r->ref != NULL && r->ref->types != 0 ? r->ref->types
							   : TYPE_ALL;

		types |= own;
		if (own & is) {
			near = r;
			n++;
		}
	}
	if (n == 0)
		return wrong(c, f->at,
		    arena_printf(c->mem, "must be %s",
			mcp_schema_say_types(c->mem, types)));
	if (n == 1 && !fits(c, near, f->value, f->at, f))
		return false;
	return wrong(c, f->at,
	    arena_printf(c->mem, "fits none of the %zu forms that it may have",
		of->n));
}

static bool
several_fit(struct check *c, const struct frame *f)
{
	const struct rule *r = f->rule;
	size_t i, n = 0;

	for (i = 0; i < r->all.n; i++)
		if (!fits(c, r->all.at[i], f->value, f->at, f))
			return false;
	for (i = 0; i < r->any.n; i++)
		if (fits_quietly(c, r->any.at[i], f))
			break;
	if (r->any.n > 0 && i == r->any.n)
		return none_fits(c, &r->any, f);
	for (i = 0; i < r->one.n && n < 2; i++)
		n += fits_quietly(c, r->one.at[i], f);
	if (r->one.n > 0 && n == 0)
		return none_fits(c, &r->one, f);
	if (n > 1)
		return WRONG(c, f->at,
		    "fits more than one of the forms of which it may have one");
	return r->not == NULL || !fits_quietly(c, r->not, f)
	    || WRONG(c, f->at, "has a form that is excluded");
}

/* A $ref that leads back to itself at the same value says nothing. */
static bool
goes_in_circles(const struct frame *f, const struct rule *ref)
{
	const struct frame *up;

	for (up = f; up != NULL && up->value == f->value; up = up->up)
		if (up->rule == ref)
			return true;
	return false;
}

static bool
fits(struct check *c, const struct rule *r, const json_t *v,
    const struct place *at, const struct frame *up)
{
	const struct frame f = { .up = up,
		.rule = r,
		.value = v,
		.at = at,
		.depth = up == NULL ? 0 : up->depth + 1 };

	if (--c->steps <= 0)
		return false;
	if (f.depth > SCHEMA_DEPTH_MAX)
		return true;
	if (!has_type(c, &f) || !is_chosen(c, &f))
		return false;
	if (json_is_string(v)       ? !text_fits(c, &f)
		: json_is_number(v) ? !number_fits(c, &f)
		: json_is_array(v)  ? !items_fit(c, &f)
				    : json_is_object(v) && !members_fit(c, &f))
		return false;
	if (!several_fit(c, &f))
		return false;
	return r->ref == NULL || goes_in_circles(&f, r->ref)
	    || fits(c, r->ref, v, at, &f);
}

const char *
mcp_schema_refuse(const struct mcp_schema *s, const json_t *arguments,
    struct arena *mem)
{
	struct check c = { .mem = mem, .steps = SCHEMA_STEPS_MAX };
	bool yes = fits(&c, s->top, arguments, NULL, NULL);

	if (c.steps <= 0)
		return "arguments: take too long to be checked against the "
		       "tool's schema";
	return yes ? NULL : c.why;
}
