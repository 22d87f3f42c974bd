/*
 * Arguments and schemas: what fits, what is said of what does not, which texts
 * are values; schemas that nobody can read, that go in circles, and that would
 * take for ever.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "mcp/schema.h"

#define P(rest) "{\"type\":\"object\",\"properties\":{\"a\":" rest "}}"
#define A(value) "{\"a\":" value "}"

static json_t *
read_json(struct arena *mem, const char *text)
{
	json_t *doc = json_read(mem, text, strlen(text), NULL, NULL);

	if (doc == NULL)
		fail_msg("not JSON: %s", text);
	return doc;
}

static const struct {
	const char *what, *schema, *arguments;
	const char *says; /* NULL: they fit */
} CASES[] = {
	{ "nothing is said", "{}", "{\"a\":1}", NULL },
	{ "not an object", "{\"type\":\"array\"}", "{}",
	    "arguments: must be array" },
	/* types */
	{ "an integer", P("{\"type\":\"integer\"}"), A("1"), NULL },
	{ "an integer as 1.0", P("{\"type\":\"integer\"}"), A("1.0"), NULL },
	{ "1.5 is none", P("{\"type\":\"integer\"}"), A("1.5"),
	    "arguments.a: must be integer" },
	{ "nor is a text", P("{\"type\":\"integer\"}"), A("\"1\""),
	    "arguments.a: must be integer" },
	{ "true is no number", P("{\"type\":\"number\"}"), A("true"),
	    "arguments.a: must be number" },
	{ "an integer is a number", P("{\"type\":\"number\"}"), A("1"), NULL },
	{ "a list of types", P("{\"type\":[\"string\",\"null\"]}"), A("null"),
	    NULL },
	{ "none of the list", P("{\"type\":[\"string\",\"null\"]}"), A("1"),
	    "arguments.a: must be string or null" },
	{ "nullable", P("{\"type\":\"string\",\"nullable\":true}"), A("null"),
	    NULL },
	{ "null is a value", P("{\"type\":\"string\"}"), A("null"),
	    "arguments.a: must be string" },
	{ "an unknown type refuses nothing", P("{\"type\":\"any\"}"), A("1"),
	    NULL },
	{ "one unknown type of two", P("{\"type\":[\"string\",\"date\"]}"),
	    A("1"), NULL },
	/* enum, const */
	{ "one of", P("{\"enum\":[\"x\",1,null]}"), A("1.0"), NULL },
	{ "none of", P("{\"enum\":[\"x\",1,null]}"), A("\"X\""),
	    "arguments.a: must be one of \"x\", 1, null" },
	{ "false is not 0", P("{\"enum\":[0]}"), A("false"),
	    "arguments.a: must be one of 0" },
	{ "an empty enum refuses nothing", P("{\"enum\":[]}"), A("1"), NULL },
	{ "the only one, in another order",
	    P("{\"const\":{\"x\":1,\"y\":[2]}}"), A("{\"y\":[2.0],\"x\":1}"),
	    NULL },
	{ "not the only one", P("{\"const\":{\"x\":1}}"), A("{\"x\":2}"),
	    "arguments.a: must be {\"x\":1}" },
	{ "const null", P("{\"const\":null}"), A("0"),
	    "arguments.a: must be null" },
	/* members */
	{ "missing", "{\"required\":[\"a\",\"b\"]}", "{\"a\":1}",
	    "arguments.b: is missing" },
	{ "missing within", P("{\"type\":\"object\",\"required\":[\"b\"]}"),
	    A("{}"), "arguments.a.b: is missing" },
	{ "required is for objects", P("{\"required\":[\"b\"]}"), A("1"),
	    NULL },
	{ "required as draft 3 has it", P("{\"required\":true}"), A("1"),
	    NULL },
	{ "additional",
	    "{\"properties\":{\"a\":{}},\"additionalProperties\":false}",
	    "{\"a\":1,\"b\":2}", "arguments.b: is not allowed" },
	{ "a __proto__ is one more",
	    "{\"properties\":{\"a\":{}},\"additionalProperties\":false}",
	    "{\"__proto__\":2}", "arguments.__proto__: is not allowed" },
	{ "additional ones of a type",
	    "{\"additionalProperties\":{\"type\":\"integer\"}}",
	    "{\"b\":\"x\"}", "arguments.b: must be integer" },
	{ "named by a pattern",
	    "{\"patternProperties\":{\"^x-\":{\"type\":\"integer\"}},"
	    "\"additionalProperties\":false}",
	    "{\"x-b\":\"passes\"}", NULL },
	{ "named by none",
	    "{\"patternProperties\":{\"^x-\":{}},"
	    "\"additionalProperties\":false}",
	    "{\"y-b\":1}", "arguments.y-b: is not allowed" },
	{ "an empty name", "{\"properties\":{\"\":{\"type\":\"null\"}}}",
	    "{\"\":1}", "arguments.: must be null" },
	{ "too few members", "{\"minProperties\":2}", "{\"a\":1}",
	    "arguments: must have at least 2 members" },
	{ "too many members", "{\"maxProperties\":1}", "{\"a\":1,\"b\":1}",
	    "arguments: must have at most 1 member" },
	{ "a property that is no schema", "{\"properties\":{\"a\":\"text\"}}",
	    A("1"), NULL },
	{ "a property that may not be", "{\"properties\":{\"a\":false}}",
	    A("1"), "arguments.a: is not allowed" },
	{ "properties that are none", "{\"properties\":[1]}", A("1"), NULL },
	/* items */
	{ "items", P("{\"items\":{\"type\":\"integer\"}}"), A("[1,2,\"3\"]"),
	    "arguments.a[2]: must be integer" },
	{ "items are for arrays", P("{\"items\":{\"type\":\"integer\"}}"),
	    A("{\"0\":\"x\"}"), NULL },
	{ "items by their place",
	    P("{\"prefixItems\":[{\"type\":\"string\"}],"
	      "\"items\":{\"type\":\"integer\"}}"),
	    A("[\"x\",\"y\"]"), "arguments.a[1]: must be integer" },
	{ "no more items", P("{\"prefixItems\":[{}],\"items\":false}"),
	    A("[1,2]"), "arguments.a[1]: is not allowed" },
	{ "fewer than there are places",
	    P("{\"prefixItems\":[{\"type\":\"string\"},{}]}"), A("[]"), NULL },
	{ "as draft 7 has it",
	    P("{\"items\":[{\"type\":\"string\"}],"
	      "\"additionalItems\":{\"type\":\"integer\"}}"),
	    A("[\"x\",\"y\"]"), "arguments.a[1]: must be integer" },
	{ "additionalItems alone", P("{\"additionalItems\":false}"), A("[1]"),
	    NULL },
	{ "too few items", P("{\"minItems\":1}"), A("[]"),
	    "arguments.a: must have at least 1 item" },
	{ "too many items", P("{\"maxItems\":2.0}"), A("[1,2,3]"),
	    "arguments.a: must have at most 2 items" },
	{ "unique", P("{\"uniqueItems\":true}"),
	    A("[1,true,0,false,\"1\",[1],[true],{\"x\":1},{\"x\":true}]"),
	    NULL },
	{ "twice", P("{\"uniqueItems\":true}"),
	    A("[{\"x\":1,\"y\":[2]},3,{\"y\":[2.0],\"x\":1}]"),
	    "arguments.a: must not have the same item twice" },
	{ "0 and -0", P("{\"uniqueItems\":true}"), A("[0,-0.0]"),
	    "arguments.a: must not have the same item twice" },
	/* texts */
	{ "too short", P("{\"minLength\":3}"), A("\"ab\""),
	    "arguments.a: must have at least 3 characters" },
	{ "characters, not bytes", P("{\"maxLength\":2}"), A("\"äö\""), NULL },
	{ "a face is one", P("{\"maxLength\":1}"), A("\"\\ud83d\\ude00\""),
	    NULL },
	{ "too long", P("{\"maxLength\":1}"), A("\"ab\""),
	    "arguments.a: must have at most 1 character" },
	{ "lengths are of texts", P("{\"maxLength\":1}"), A("100"), NULL },
	{ "a length that is none", P("{\"maxLength\":\"1\"}"), A("\"ab\""),
	    NULL },
	{ "a negative one", P("{\"minLength\":-1}"), A("\"\""), NULL },
	{ "a pattern", P("{\"pattern\":\"^[a-z]+$\"}"), A("\"abc\""), NULL },
	{ "not the pattern", P("{\"pattern\":\"^[a-z]+$\"}"), A("\"aB\""),
	    "arguments.a: must match the pattern ^[a-z]+$" },
	{ "found anywhere", P("{\"pattern\":\"b\"}"), A("\"abc\""), NULL },
	{ "$ is the end alone", P("{\"pattern\":\"^a$\"}"), A("\"a\\n\""),
	    "arguments.a: must match the pattern ^a$" },
	{ "characters beyond ASCII", P("{\"pattern\":\"^\\\\p{L}{2}$\"}"),
	    A("\"äö\""), NULL },
	{ "a character by its number", P("{\"pattern\":\"^\\\\u00e4$\"}"),
	    A("\"ä\""), NULL },
	{ "digits are ASCII", P("{\"pattern\":\"^\\\\d$\"}"), A("\"٣\""),
	    "arguments.a: must match the pattern ^\\d$" },
	{ "a pattern that is none", P("{\"pattern\":\"([\"}"), A("\"x\""),
	    NULL },
	{ "format passes", P("{\"format\":\"email\"}"), A("\"x\""), NULL },
	/* numbers */
	{ "too small", P("{\"minimum\":2}"), A("1"),
	    "arguments.a: must be at least 2" },
	{ "just so", P("{\"minimum\":2,\"maximum\":2}"), A("2.0"), NULL },
	{ "too large", P("{\"maximum\":1.5}"), A("2"),
	    "arguments.a: must be at most 1.5" },
	{ "not more than", P("{\"exclusiveMinimum\":0}"), A("0"),
	    "arguments.a: must be more than 0" },
	{ "not less than", P("{\"exclusiveMaximum\":1}"), A("1"),
	    "arguments.a: must be less than 1" },
	{ "as draft 4 has it", P("{\"minimum\":1,\"exclusiveMinimum\":true}"),
	    A("1"), "arguments.a: must be more than 1" },
	{ "as draft 4 has it, off",
	    P("{\"minimum\":1,\"exclusiveMinimum\":false}"), A("1"), NULL },
	{ "large integers are exact", P("{\"maximum\":9007199254740992}"),
	    A("9007199254740993"),
	    "arguments.a: must be at most 9.00719925474099e+15" },
	{ "a multiple", P("{\"multipleOf\":0.01}"), A("0.07"), NULL },
	{ "no multiple", P("{\"multipleOf\":0.0001}"), A("0.00751"),
	    "arguments.a: must be a multiple of 0.0001" },
	{ "no multiple of integers", P("{\"multipleOf\":2}"), A("3"),
	    "arguments.a: must be a multiple of 2" },
	{ "a quotient past all doubles", P("{\"multipleOf\":0.123456789}"),
	    A("1e308"), "arguments.a: must be a multiple of 0.123456789" },
	{ "multiples of nothing", P("{\"multipleOf\":0}"), A("3"), NULL },
	/* several */
	{ "all of", P("{\"allOf\":[{\"minimum\":1},{\"maximum\":2}]}"), A("3"),
	    "arguments.a: must be at most 2" },
	{ "any of, by type",
	    P("{\"anyOf\":[{\"type\":\"integer\"},{\"type\":\"null\"}]}"),
	    A("\"x\""), "arguments.a: must be integer or null" },
	{ "any of, the near one",
	    P("{\"anyOf\":[{\"type\":\"object\",\"required\":[\"b\"]},"
	      "{\"type\":\"null\"}]}"),
	    A("{}"), "arguments.a.b: is missing" },
	{ "any of, nobody knows",
	    P("{\"anyOf\":[{\"required\":[\"b\"]},{\"required\":[\"c\"]}]}"),
	    A("{}"), "arguments.a: fits none of the 2 forms that it may have" },
	{ "any of", P("{\"anyOf\":[{\"type\":\"integer\"},{\"minLength\":2}]}"),
	    A("\"xy\""), NULL },
	{ "one of, two",
	    P("{\"oneOf\":[{\"type\":\"integer\"},{\"minimum\":2}]}"), A("3"),
	    "arguments.a: fits more than one of the forms of which it may have "
	    "one" },
	{ "one of, one",
	    P("{\"oneOf\":[{\"type\":\"integer\"},{\"minimum\":2}]}"), A("2.5"),
	    NULL },
	{ "not", P("{\"not\":{\"type\":\"integer\"}}"), A("1"),
	    "arguments.a: has a form that is excluded" },
	{ "not not", P("{\"not\":{\"not\":{\"type\":\"integer\"}}}"), A("1"),
	    NULL },
	{ "an empty anyOf refuses nothing", P("{\"anyOf\":[]}"), A("1"), NULL },
	{ "if, then and the like pass",
	    "{\"if\":{},\"then\":{\"required\":[\"b\"]},"
	    "\"dependentRequired\":{\"a\":[\"b\"]},"
	    "\"propertyNames\":{\"maxLength\":0},"
	    "\"unevaluatedProperties\":false}",
	    A("1"), NULL },
	/* $ref */
	{ "a ref",
	    "{\"properties\":{\"a\":{\"$ref\":\"#/$defs/x\"}},"
	    "\"$defs\":{\"x\":{\"type\":\"integer\"}}}",
	    A("\"x\""), "arguments.a: must be integer" },
	{ "a ref and what stands beside it",
	    "{\"properties\":{\"a\":{\"$ref\":\"#/definitions/x\","
	    "\"maximum\":1}},\"definitions\":{\"x\":{\"type\":\"integer\"}}}",
	    A("2"), "arguments.a: must be at most 1" },
	{ "a ref alone, as draft 7 has it",
	    "{\"$schema\":\"http://json-schema.org/draft-07/schema#\","
	    "\"properties\":{\"a\":{\"$ref\":\"#/definitions/x\","
	    "\"maximum\":1}},\"definitions\":{\"x\":{\"type\":\"integer\"}}}",
	    A("2"), NULL },
	{ "escapes in a ref",
	    "{\"properties\":{\"a\":{\"$ref\":\"#/$defs/x~1y~0z%25\"}},"
	    "\"$defs\":{\"x/y~z%\":{\"type\":\"integer\"}}}",
	    A("\"x\""), "arguments.a: must be integer" },
	{ "~01 is ~1",
	    "{\"properties\":{\"a\":{\"$ref\":\"#/$defs/~01\"}},"
	    "\"$defs\":{\"~1\":{\"type\":\"integer\"}}}",
	    A("\"x\""), "arguments.a: must be integer" },
	{ "a ref by anchor",
	    "{\"properties\":{\"a\":{\"$ref\":\"#X\"}},"
	    "\"$defs\":{\"x\":{\"$anchor\":\"X\",\"type\":\"integer\"}}}",
	    A("\"x\""), "arguments.a: must be integer" },
	{ "a ref into a list",
	    "{\"properties\":{\"a\":{\"$ref\":\"#/allOf/0\"}},"
	    "\"allOf\":[{\"type\":[\"object\",\"null\"]}]}",
	    A("1"), "arguments.a: must be object or null" },
	{ "a tree",
	    "{\"type\":\"object\",\"properties\":{\"v\":{\"type\":\"integer\"},"
	    "\"kids\":{\"items\":{\"$ref\":\"#\"}}}}",
	    "{\"v\":1,\"kids\":[{\"v\":2,\"kids\":[{\"v\":\"x\"}]}]}",
	    "arguments.kids[0].kids[0].v: must be integer" },
	{ "a schema within, with its own #",
	    "{\"properties\":{\"a\":{\"$id\":\"inner\",\"$ref\":\"#/$defs/x\","
	    "\"$defs\":{\"x\":{\"type\":\"integer\"}}}},"
	    "\"$defs\":{\"x\":{\"type\":\"string\"}}}",
	    A("1"), NULL },
	{ "a ref to nowhere", P("{\"$ref\":\"#/$defs/none\"}"), A("1"), NULL },
	{ "a ref elsewhere", P("{\"$ref\":\"https://example.org/x.json\"}"),
	    A("1"), NULL },
	{ "a ref to itself", "{\"$ref\":\"#\"}", A("1"), NULL },
	{ "two that mean each other",
	    "{\"$ref\":\"#/$defs/x\",\"$defs\":{\"x\":{\"$ref\":\"#/$defs/y\"},"
	    "\"y\":{\"$ref\":\"#/$defs/x\"}}}",
	    A("1"), NULL },
	{ "a circle that doubles",
	    "{\"anyOf\":[{\"$ref\":\"#\"},{\"$ref\":\"#\"}]}", A("1"), NULL },
};

static void
each_case(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(CASES); i++) {
		struct arena *mem = arena_new();
		const struct mcp_schema *s = mcp_schema_new(mem,
		    read_json(mem, CASES[i].schema));
		const char *says = mcp_schema_refuse(s,
		    read_json(mem, CASES[i].arguments), mem);

		if (CASES[i].says == NULL
			? says != NULL
			: says == NULL || strcmp(says, CASES[i].says) != 0)
			fail_msg("%s: %s", CASES[i].what,
			    says == NULL ? "it fits" : says);
		arena_free(mem);
	}
}

/* ---- what nobody can read ------------------------------------------------ */

static void
what_is_unread_is_named(void **state)
{
	static const struct {
		const char *schema, *begins;
	} cases[] = {
		{ P("{\"type\":\"integer\",\"pattern\":\"^a\",\"minimum\":1}"),
		    NULL },
		{ P("{\"format\":\"x\",\"x-mine\":7,\"if\":3}"), NULL },
		{ P("{\"type\":\"any\"}"), "type: " },
		{ P("{\"pattern\":\"(\"}"), "pattern: " },
		{ P("{\"$ref\":\"https://example.org\"}"), "$ref: " },
		{ P("{\"items\":7}"), "items: " },
		{ P("{\"required\":true}"), "required: " },
		{ P("{\"multipleOf\":-1}"), "multipleOf: " },
		{ P("{\"anyOf\":[7]}"), "anyOf: " },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		struct arena *mem = arena_new();
		const char *why = mcp_schema_unread(
		    mcp_schema_new(mem, read_json(mem, cases[i].schema)));

		if (cases[i].begins == NULL ? why != NULL
					    : why == NULL
			    || strncmp(why, cases[i].begins,
				   strlen(cases[i].begins))
				!= 0)
			fail_msg("%s: %s", cases[i].schema,
			    why == NULL ? "nothing" : why);
		arena_free(mem);
	}
}

/* ---- bounds -------------------------------------------------------------- */

#define LONG 200000
#define BOUND_MS 20000 /* without a bound it would be years; a slow machine */

static void
check_ends(struct arena *mem, const char *what, const char *schema,
    json_t *arguments, bool refused)
{
	int64_t begun = clock_boot_ms();
	const struct mcp_schema *s = mcp_schema_new(mem,
	    read_json(mem, schema));
	const char *why = mcp_schema_refuse(s, arguments, mem);

	if (refused != (why != NULL))
		fail_msg("%s: %s", what, why == NULL ? "it fits" : why);
	if (clock_boot_ms() - begun > BOUND_MS)
		fail_msg("%s takes long", what);
}

static json_t *
text_of(struct arena *mem, char c, size_t n, const char *end)
{
	char *text = arena_alloc(mem, n + strlen(end) + 1);

	memset(text, c, n);
	memcpy(text + n, end, strlen(end));
	return json_keep(mem, json_pack("{s:s}", "a", text));
}

static void
work_is_bounded(void **state)
{
	struct arena *mem = arena_new();
	json_t *list = json_array(), *args = json_keep(mem, json_object());
	int i;

	(void)state;
	check_ends(mem, "a pattern that goes back and forth",
	    P("{\"pattern\":\"^(a+)+$\"}"), text_of(mem, 'a', 5000, "!"), true);
	check_ends(mem, "the same from each character",
	    P("{\"pattern\":\"(a+)+b\"}"), text_of(mem, 'a', 50000, ""), true);
	check_ends(mem, "a long text and a good pattern",
	    P("{\"pattern\":\"^[a-z]*$\"}"), text_of(mem, 'a', LONG, ""),
	    false);
	check_ends(mem, "a long text that begins right",
	    P("{\"pattern\":\"^data:\"}"), text_of(mem, 'a', LONG, ""), true);
	check_ends(mem, "a circle that doubles, deeper and deeper",
	    "{\"$ref\":\"#/$defs/x\",\"$defs\":{"
	    "\"x\":{\"allOf\":[{\"$ref\":\"#/$defs/y\"},"
	    "{\"$ref\":\"#/$defs/z\"}]},"
	    "\"y\":{\"allOf\":[{\"$ref\":\"#/$defs/z\"},"
	    "{\"$ref\":\"#/$defs/x\"}]},"
	    "\"z\":{\"allOf\":[{\"$ref\":\"#/$defs/x\"},"
	    "{\"$ref\":\"#/$defs/y\"}]}}}",
	    read_json(mem, "{}"), false);
	for (i = 0; i < LONG; i++)
		json_array_append_new(list, json_integer(i));
	(void)json_object_set_new(args, "a", list);
	check_ends(mem, "many items, all different",
	    P("{\"uniqueItems\":true}"), args, false);
	check_ends(mem, "many items of a type",
	    P("{\"items\":{\"type\":\"integer\",\"minimum\":0}}"), args, false);
	check_ends(mem, "many items in six forms each",
	    P("{\"items\":{\"allOf\":[{},{},{},{},{},{}]}}"), args, true);
	arena_free(mem);
}

/* As deep as a document may be, and a row of refs that is longer. */
static void
depth_is_bounded(void **state)
{
	struct arena *mem = arena_new();
	json_t *defs = json_object(), *schema;
	char name[32], ref[48];
	const struct mcp_schema *s;
	int i;

	(void)state;
	for (i = 0; i < 30000; i++) {
		snprintf(name, sizeof(name), "d%d", i);
		snprintf(ref, sizeof(ref), "#/$defs/d%d", i + 1);
		json_object_set_new(defs, name,
		    json_pack("{s:s}", "$ref", ref));
	}
	schema = json_keep(mem,
	    json_pack("{s:s, s:o}", "$ref", "#/$defs/d0", "$defs", defs));
	s = mcp_schema_new(mem, schema);
	assert_non_null(mcp_schema_unread(s));
	assert_null(mcp_schema_refuse(s, read_json(mem, "{}"), mem));
	arena_free(mem);
}

/* ---- texts as values ----------------------------------------------------- */

static const struct {
	const char *what, *schema, *arguments;
	const char *becomes; /* NULL: as it was */
} TEXTS[] = {
	{ "an integer", P("{\"type\":\"integer\"}"), A("\"42\""), A("42") },
	{ "a negative one", P("{\"type\":\"integer\"}"), A("\"-7\""), A("-7") },
	{ "a number", P("{\"type\":\"number\"}"), A("\"1.5\""), A("1.5") },
	{ "a tenth", P("{\"type\":\"number\"}"), A("\"0.1\""), A("0.1") },
	{ "an integer for a number", P("{\"type\":\"number\"}"), A("\"3\""),
	    A("3") },
	{ "true", P("{\"type\":\"boolean\"}"), A("\"true\""), A("true") },
	{ "an array", P("{\"type\":\"array\"}"), A("\"[1, \\\"x\\\"]\""),
	    A("[1,\"x\"]") },
	{ "an object", P("{\"type\":\"object\"}"), A("\"{\\\"x\\\": 1}\""),
	    A("{\"x\":1}") },
	{ "a text within a text",
	    P("{\"type\":\"array\",\"items\":{\"type\":\"integer\"}}"),
	    A("\"[\\\"1\\\", 2]\""), A("[1,2]") },
	{ "or null",
	    P("{\"anyOf\":[{\"type\":\"integer\"},{\"type\":\"null\"}]}"),
	    A("\"42\""), A("42") },
	{ "by a ref",
	    "{\"properties\":{\"a\":{\"$ref\":\"#/$defs/x\"}},"
	    "\"$defs\":{\"x\":{\"type\":\"integer\"}}}",
	    A("\"42\""), A("42") },
	{ "in the one form that is an object",
	    P("{\"anyOf\":[{\"type\":\"object\",\"properties\":{\"b\":"
	      "{\"type\":\"boolean\"}}},{\"type\":\"null\"}]}"),
	    A("{\"b\":\"false\"}"), A("{\"b\":false}") },
	{ "an additional one",
	    "{\"additionalProperties\":{\"type\":\"integer\"}}", A("\"1\""),
	    A("1") },
	{ "an enum of numbers", P("{\"enum\":[1,2]}"), A("\"1\""), A("1") },
	/* as they were */
	{ "a text is wanted", P("{\"type\":\"string\"}"), A("\"42\""), NULL },
	{ "a text may be", P("{\"type\":[\"integer\",\"string\"]}"),
	    A("\"42\""), NULL },
	{ "a text may be in one form",
	    P("{\"oneOf\":[{\"type\":\"integer\"},{\"type\":\"string\"}]}"),
	    A("\"42\""), NULL },
	{ "anything may be", P("{}"), A("\"42\""), NULL },
	{ "an enum with texts", P("{\"enum\":[1,\"1\"]}"), A("\"1\""), NULL },
	{ "a zero in front", P("{\"type\":\"integer\"}"), A("\"042\""), NULL },
	{ "a plus", P("{\"type\":\"integer\"}"), A("\"+42\""), NULL },
	{ "a blank", P("{\"type\":\"integer\"}"), A("\" 42\""), NULL },
	{ "1.0 for an integer", P("{\"type\":\"integer\"}"), A("\"1.0\""),
	    NULL },
	{ "1.50", P("{\"type\":\"number\"}"), A("\"1.50\""), NULL },
	{ "hexadecimal", P("{\"type\":\"number\"}"), A("\"0x1\""), NULL },
	{ "no end", P("{\"type\":\"number\"}"), A("\"inf\""), NULL },
	{ "past 64 bits", P("{\"type\":\"integer\"}"),
	    A("\"9223372036854775808\""), NULL },
	{ "True", P("{\"type\":\"boolean\"}"), A("\"True\""), NULL },
	{ "1 for true", P("{\"type\":\"boolean\"}"), A("\"1\""), NULL },
	{ "an object for an array", P("{\"type\":\"array\"}"), A("\"{}\""),
	    NULL },
	{ "a key twice", P("{\"type\":\"object\"}"),
	    A("\"{\\\"x\\\":1,\\\"x\\\":2}\""), NULL },
	{ "null", P("{\"type\":\"null\"}"), A("\"null\""), NULL },
	{ "nothing", P("{\"type\":\"integer\"}"), A("\"\""), NULL },
	{ "a number for a text", P("{\"type\":\"string\"}"), A("42"), NULL },
};

static void
texts_become_values(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(TEXTS); i++) {
		struct arena *mem = arena_new();
		json_t *args = read_json(mem, TEXTS[i].arguments);
		const struct mcp_schema *s = mcp_schema_new(mem,
		    read_json(mem, TEXTS[i].schema));
		size_t n = 99;
		json_t *got = mcp_schema_coerce(s, args, mem, &n);
		const char *want = TEXTS[i].becomes == NULL ? TEXTS[i].arguments
							    : TEXTS[i].becomes;

		if (!json_equal(got, read_json(mem, want))
		    || (n > 0) != (TEXTS[i].becomes != NULL))
			fail_msg("%s: %zu, %s", TEXTS[i].what, n,
			    json_text(mem, got));
		/* What was sent stays as it was. */
		assert_true(
		    json_equal(args, read_json(mem, TEXTS[i].arguments)));
		arena_free(mem);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_case),
		cmocka_unit_test(what_is_unread_is_named),
		cmocka_unit_test(work_is_bounded),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(texts_become_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
