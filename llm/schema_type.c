/*
 * schema_type: what type a schema is of, however it is said.
 */
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "llm/schema_priv.h"

const char *const SCHEMA_TYPE_NAMES[SCHEMA_TYPES] = { "string", "number",
	"integer", "boolean", "object", "array", "null" };

/* Names of other languages; OpenAI: "'any' is not valid under any of the given
 * schemas" (blurrah/mcp-graphql#14). */
static const struct {
	const char *name;
	enum schema_type type;
} OTHERS[] = { { "str", SCHEMA_STRING }, { "text", SCHEMA_STRING },
	{ "enum", SCHEMA_STRING }, { "date", SCHEMA_STRING },
	{ "datetime", SCHEMA_STRING }, { "date-time", SCHEMA_STRING },
	{ "uuid", SCHEMA_STRING }, { "file", SCHEMA_STRING },
	{ "int", SCHEMA_INTEGER }, { "int32", SCHEMA_INTEGER },
	{ "int64", SCHEMA_INTEGER }, { "long", SCHEMA_INTEGER },
	{ "float", SCHEMA_NUMBER }, { "double", SCHEMA_NUMBER },
	{ "decimal", SCHEMA_NUMBER }, { "bool", SCHEMA_BOOLEAN },
	{ "list", SCHEMA_ARRAY }, { "tuple", SCHEMA_ARRAY },
	{ "set", SCHEMA_ARRAY }, { "dict", SCHEMA_OBJECT },
	{ "map", SCHEMA_OBJECT }, { "record", SCHEMA_OBJECT },
	{ "json", SCHEMA_OBJECT }, { "none", SCHEMA_NULL },
	{ "undefined", SCHEMA_NULL } };

/* Members that only one type has. */
static const struct {
	const char *member;
	enum schema_type type;
} SIGNS[] = { { "properties", SCHEMA_OBJECT },
	{ "patternProperties", SCHEMA_OBJECT },
	{ "additionalProperties", SCHEMA_OBJECT },
	{ "minProperties", SCHEMA_OBJECT }, { "maxProperties", SCHEMA_OBJECT },
	{ "propertyNames", SCHEMA_OBJECT }, { "items", SCHEMA_ARRAY },
	{ "prefixItems", SCHEMA_ARRAY }, { "minItems", SCHEMA_ARRAY },
	{ "maxItems", SCHEMA_ARRAY }, { "uniqueItems", SCHEMA_ARRAY },
	{ "pattern", SCHEMA_STRING }, { "minLength", SCHEMA_STRING },
	{ "maxLength", SCHEMA_STRING }, { "format", SCHEMA_STRING },
	{ "minimum", SCHEMA_NUMBER }, { "maximum", SCHEMA_NUMBER },
	{ "exclusiveMinimum", SCHEMA_NUMBER },
	{ "exclusiveMaximum", SCHEMA_NUMBER },
	{ "multipleOf", SCHEMA_NUMBER } };

enum schema_type
schema_type_of(const char *name)
{
	size_t i;

	for (i = 0; name != NULL && i < SCHEMA_TYPES; i++)
		if (strcasecmp(name, SCHEMA_TYPE_NAMES[i]) == 0)
			return (enum schema_type)i;
	for (i = 0; name != NULL && i < NELEM(OTHERS); i++)
		if (strcasecmp(name, OTHERS[i].name) == 0)
			return OTHERS[i].type;
	return SCHEMA_TYPES;
}

static unsigned
of_value(const json_t *v)
{
	switch (json_typeof(v)) {
	case JSON_OBJECT:
		return 1u << SCHEMA_OBJECT;
	case JSON_ARRAY:
		return 1u << SCHEMA_ARRAY;
	case JSON_STRING:
		return 1u << SCHEMA_STRING;
	case JSON_INTEGER:
		return 1u << SCHEMA_INTEGER;
	case JSON_REAL:
		return 1u << SCHEMA_NUMBER;
	case JSON_TRUE:
	case JSON_FALSE:
		return 1u << SCHEMA_BOOLEAN;
	default:
		return 1u << SCHEMA_NULL;
	}
}

static unsigned
named(const json_t *type)
{
	enum schema_type t = schema_type_of(json_string_value(type));

	return t == SCHEMA_TYPES ? 0 : 1u << t;
}

unsigned
schema_types(const json_t *s)
{
	const json_t *type = json_object_get(s, "type"), *v;
	unsigned set = named(type);
	size_t i;

	json_array_foreach(type, i, v) {
		if (i == 2 * SCHEMA_TYPES) /* all, and some twice */
			break;
		set |= named(v);
	}
	if ((set & ~(1u << SCHEMA_NULL)) == 0) {
		v = json_object_get(s, "const");
		if (v != NULL)
			set |= of_value(v);
		json_array_foreach(json_object_get(s, "enum"), i, v) {
			if (i == SCHEMA_LOOK_MAX)
				break;
			set |= of_value(v);
		}
	}
	for (i = 0; (set & ~(1u << SCHEMA_NULL)) == 0 && i < NELEM(SIGNS); i++)
		if (json_object_get(s, SIGNS[i].member) != NULL)
			set |= 1u << SIGNS[i].type;
	v = json_object_get(s, "default");
	if ((set & ~(1u << SCHEMA_NULL)) == 0 && v != NULL)
		set |= of_value(v);
	if (json_member_bool(s, "nullable", false))
		set |= 1u << SCHEMA_NULL;
	if (set & (1u << SCHEMA_NUMBER))
		set &= ~(1u << SCHEMA_INTEGER);
	return set;
}

bool
schema_keeps(const json_t *s, enum schema_type type, const char *member)
{
	const char *format = json_member_str(s, "format");

	if (strcmp(member, "format") == 0)
		return type == SCHEMA_STRING && format != NULL
		    && strcmp(format, "date-time") == 0;
	if (strcmp(member, "exclusiveMinimum") == 0
	    || strcmp(member, "exclusiveMaximum") == 0)
		return type == SCHEMA_INTEGER
		    && json_is_integer(json_object_get(s, member));
	return false;
}
