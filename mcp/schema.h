/*
 * schema: do a tool's arguments fit its inputSchema?  JSON Schema, read by our
 * own reader: pure, no I/O.
 *
 * Read are type (a list, too), enum, const, properties, required,
 * additionalProperties, items, prefixItems, lengths, numbers of items and
 * members, uniqueItems, limits of numbers, multipleOf, pattern, allOf, anyOf,
 * oneOf, not, and $ref within the schema; of drafts before 2020-12 also lists
 * in items, additionalItems, and exclusiveMinimum: true.  All other keywords
 * refuse nothing.  patternProperties only says which members are no additional
 * ones.
 *
 * Schemas are strangers': depth and work are bounded whatever they say, and a
 * keyword that nobody can read refuses nothing.
 */
#ifndef MCP_SCHEMA_H
#define MCP_SCHEMA_H

#include <jansson.h>

#include "base/base.h"

struct arena;

#define SCHEMA_RULES_MAX 20000 /* schemas in one; further ones fit anything */
#define SCHEMA_REFS_MAX 2000 /* schemas that a $ref means: looked up in a row */
/* Rules that a value is held to in one check: about a tenth of a second. */
#define SCHEMA_STEPS_MAX 1000000
/* What follows a rule within a rule, by $ref too: the values themselves are no
 * deeper than JSON_DEPTH_MAX. */
#define SCHEMA_DEPTH_MAX 400

struct mcp_schema;

/* Read ${schema}, which must live as long as ${mem}, where all is put.  It is
 * never changed: many threads may check at once. */
struct mcp_schema *mcp_schema_new(struct arena *mem, const json_t *schema);

/* What of it nobody can read, the first: words for a log; NULL: nothing. */
const char *mcp_schema_unread(const struct mcp_schema *s);

/* NULL: ${arguments} fit.  Else a sentence with the place, in ${mem}:
 * "arguments.a.b: must be integer". */
const char *mcp_schema_refuse(const struct mcp_schema *s,
    const json_t *arguments, struct arena *mem);

/*
 * A copy of ${arguments} in ${mem} in which a text stands as what the schema
 * wants in its place, if that is no text and the text says exactly such a
 * value: "42", "1.5", "true", JSON of an array or object.  ${n}: how many.
 */
json_t *mcp_schema_coerce(const struct mcp_schema *s, const json_t *arguments,
    struct arena *mem, size_t *n);

#endif
