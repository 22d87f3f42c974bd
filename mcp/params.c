#include "mcp/params.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/json.h"

#define ANNOTATION "x-mcp-header"

/* Where JSON Schema holds further schemas, apart from `properties`. */
static const char *const schema_members[] = { "additionalProperties",
	"contains", "else", "if", "items", "not", "propertyNames", "then",
	"unevaluatedItems", "unevaluatedProperties" };
static const char *const schema_groups[] = { "$defs", "allOf", "anyOf",
	"definitions", "dependentSchemas", "items", "oneOf",
	"patternProperties", "prefixItems" };

struct found {
	const char *names[PARAMS_MAX];
	size_t n;
};

static bool
is_token(const char *s)
{
	static const char others[] = "!#$%&'*+-.^_`|~";
	size_t i;

	for (i = 0; s[i] != '\0'; i++)
		if (!((s[i] >= '0' && s[i] <= '9')
			|| ((s[i] | 0x20) >= 'a' && (s[i] | 0x20) <= 'z')
			|| strchr(others, s[i]) != NULL))
			return false;
	return i > 0;
}

static bool
is_plain_type(const json_t *schema)
{
	const char *type = json_member_str(schema, "type");

	return type != NULL
	    && (strcmp(type, "string") == 0 || strcmp(type, "integer") == 0
		|| strcmp(type, "boolean") == 0);
}

static const char *
check_one(const json_t *schema, const json_t *name, bool reachable,
    struct found *f)
{
	size_t i;

	if (!json_is_string(name) || !is_token(json_string_value(name)))
		return ANNOTATION " is not a header name";
	if (!reachable)
		return ANNOTATION " stands where no argument can be found";
	if (!is_plain_type(schema))
		return ANNOTATION " on what is no string, integer or boolean";
	for (i = 0; i < f->n; i++)
		if (strcasecmp(f->names[i], json_string_value(name)) == 0)
			return ANNOTATION " names a header twice";
	if (f->n == PARAMS_MAX)
		return ANNOTATION " on too many arguments";
	f->names[f->n++] = json_string_value(name);
	return NULL;
}

/*
 * ${reachable}: only `properties` lead here from the top.  The depth is
 * bounded: the document was read with JSON_DEPTH_MAX.
 */
static const char *
check(const json_t *schema, bool is_top, bool reachable, struct found *f)
{
	const json_t *name = json_object_get(schema, ANNOTATION), *group;
	const char *why, *key;
	json_t *child;
	size_t i, k;

	if (!json_is_object(schema))
		return NULL;
	if (name != NULL) {
		why = check_one(schema, name, reachable && !is_top, f);
		if (why != NULL)
			return why;
	}
	json_object_foreach(json_object_get(schema, "properties"), key, child) {
		why = check(child, false, reachable, f);
		if (why != NULL)
			return why;
	}
	for (i = 0; i < NELEM(schema_members); i++) {
		why = check(json_object_get(schema, schema_members[i]), false,
		    false, f);
		if (why != NULL)
			return why;
	}
	for (i = 0; i < NELEM(schema_groups); i++) {
		group = json_object_get(schema, schema_groups[i]);
		json_array_foreach(group, k, child) {
			why = check(child, false, false, f);
			if (why != NULL)
				return why;
		}
		if (strcmp(schema_groups[i], "items") == 0)
			continue; /* as an object it is a schema, seen above */
		json_object_foreach((json_t *)(uintptr_t)group, key, child) {
			why = check(child, false, false, f);
			if (why != NULL)
				return why;
		}
	}
	return NULL;
}

const char *
params_refuse(const json_t *schema)
{
	struct found f = { .n = 0 };

	return check(schema, true, true, &f);
}

static const char *
line_of(struct arena *mem, const char *name, const json_t *value)
{
	const char *text;

	if (json_is_string(value))
		text = params_header_value(mem, json_string_value(value));
	else if (json_is_integer(value))
		text = arena_printf(mem, "%" PRId64,
		    (int64_t)json_integer_value(value));
	else if (json_is_boolean(value))
		text = json_is_true(value) ? "true" : "false";
	else if (json_is_real(value))
		text = json_text(mem, value);
	else
		return NULL;
	return text == NULL ? NULL
			    : arena_printf(mem, "Mcp-Param-%s: %s", name, text);
}

bool
params_each(const json_t *schema, const json_t *arguments,
    bool (*on)(void *ctx, const char *name, const json_t *value), void *ctx)
{
	const char *key, *name;
	const json_t *value;
	json_t *child;

	json_object_foreach(json_object_get(schema, "properties"), key, child) {
		value = json_object_get(arguments, key);
		name = json_member_str(child, ANNOTATION);
		if (name != NULL && is_token(name) && !on(ctx, name, value))
			return false;
		if (!params_each(child, value, on, ctx))
			return false;
	}
	return true;
}

struct lines {
	struct arena *mem;
	const char **at;
	size_t n;
};

static bool
add_line(void *ctx, const char *name, const json_t *value)
{
	struct lines *l = ctx;
	const char *line = line_of(l->mem, name, value);

	if (line != NULL)
		l->at[l->n++] = line;
	return l->n < PARAMS_MAX;
}

size_t
params_headers(struct arena *mem, const json_t *schema, const json_t *arguments,
    const char *lines[PARAMS_MAX])
{
	struct lines l = { .mem = mem, .at = lines };

	(void)params_each(schema, arguments, add_line, &l);
	return l.n;
}

static bool
is_plain(const char *s, size_t len)
{
	size_t i;

	if (len == 0)
		return true;
	if (s[0] == ' ' || s[0] == '\t' || s[len - 1] == ' '
	    || s[len - 1] == '\t')
		return false;
	for (i = 0; i < len; i++)
		if ((s[i] < 0x20 && s[i] != '\t') || s[i] > 0x7e)
			return false;
	return len < strlen(PARAMS_B64_BEGIN PARAMS_B64_END)
	    || strncmp(s, PARAMS_B64_BEGIN, strlen(PARAMS_B64_BEGIN)) != 0
	    || strcmp(s + len - strlen(PARAMS_B64_END), PARAMS_B64_END) != 0;
}

const char *
params_header_value(struct arena *mem, const char *text)
{
	size_t len = strlen(text), max;
	char *b64;

	if (is_plain(text, len))
		return text;
	max = sodium_base64_ENCODED_LEN(len, sodium_base64_VARIANT_ORIGINAL);
	b64 = arena_alloc(mem, max);
	sodium_bin2base64(b64, max, (const unsigned char *)text, len,
	    sodium_base64_VARIANT_ORIGINAL);
	return arena_printf(mem, PARAMS_B64_BEGIN "%s" PARAMS_B64_END, b64);
}
