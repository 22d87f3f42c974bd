/*
 * schema_priv: what the files of mcp/schema share: a schema as rules.
 *
 * schema_read.c makes rules of JSON, by schema_words.c (keywords that hold no
 * schemas) and schema_ref.c (what a $ref means).  schema_check.c holds values to
 * them, by schema_same.c (equal values), schema_pattern.c (pcre2) and
 * schema_say.c (words).  schema_coerce.c makes values of texts.
 */
#ifndef MCP_SCHEMA_PRIV_H
#define MCP_SCHEMA_PRIV_H

#include "mcp/schema.h"

/* What a value is; a whole number is both. */
#define TYPE_STRING 0x01u
#define TYPE_INTEGER 0x02u
#define TYPE_NUMBER 0x04u
#define TYPE_BOOLEAN 0x08u
#define TYPE_OBJECT 0x10u
#define TYPE_ARRAY 0x20u
#define TYPE_NULL 0x40u
#define TYPE_ALL 0x7fu
#define TYPES 7
extern const char *const MCP_SCHEMA_TYPES[TYPES]; /* by bit */

struct pattern;
struct rule;

struct rules {
	struct rule **at;
	size_t n;
};

struct named_rule {
	const char *name;
	struct rule *rule;
};

/* Between two numbers of things; -1: no limit. */
struct span {
	int64_t min, max;
};

/* A schema.  What is NULL or 0 is not said. */
struct rule {
	bool never;                  /* nothing fits */
	unsigned types;              /* TYPE_*; 0: any */
	const json_t *choice, *only; /* enum, const */
	struct span length, items_n, members_n;
	bool unique;
	const json_t *min, *max, *over, *under, *step;
	const char *pattern_text;
	struct pattern *pattern;

	const json_t *properties; /* as it stands there */
	struct named_rule *members;
	size_t nmembers;
	const char **required;
	size_t nrequired;
	struct pattern **exempt; /* names that are no additional ones */
	size_t nexempt;
	struct rule *additional;

	struct rules first; /* items by their place */
	struct rule *items; /* the others */

	struct rules all, any, one;
	struct rule * not ;
	struct rule *ref;
};

struct mcp_schema {
	struct rule *top;
	const char *unread;
};

/* ---- reading ------------------------------------------------------------- */

/* A schema that a $ref means. */
struct meant {
	const json_t *schema, *root;
	struct rule *rule;
	struct meant *next;
};

struct reading {
	struct arena *mem;
	size_t rules, refs;
	bool
	    ref_alone; /* up to draft 7, what stands beside a $ref is not read */
	const char *unread;
	struct meant *meant, **last, *unfilled;
};

/* Of one schema. */
struct reader {
	struct reading *in;
	const json_t *schema, *root; /* what "#" is */
	struct rule *rule;
};

/* schema_words.c: the value ${v} of a keyword, into its schema's rule. */
typedef void mcp_schema_read_fn(struct reader *r, const char *keyword,
    const json_t *v);
mcp_schema_read_fn mcp_schema_read_type, mcp_schema_read_enum,
    mcp_schema_read_const, mcp_schema_read_count, mcp_schema_read_number,
    mcp_schema_read_unique, mcp_schema_read_pattern, mcp_schema_read_required,
    mcp_schema_read_exempt;
/* It refuses nothing; the first is kept for the log. */
void mcp_schema_cannot_read(struct reader *r, const char *keyword,
    const char *why);

/* schema_ref.c: what ${ref} means in ${root}; NULL: nothing there. */
const json_t *mcp_schema_ref_find(const json_t *root, const char *ref,
    struct arena *mem);

/* schema_same.c: 1 and 1.0 are the same. */
bool mcp_schema_same(const json_t *a, const json_t *b);
/* -1, 0, 1 of two numbers. */
int mcp_schema_order(const json_t *a, const json_t *b);
/* Are no two items the same?  ${steps} is what may be done, and goes down; 0:
 * nobody knows. */
bool mcp_schema_all_differ(const json_t *array, struct arena *mem,
    int64_t *steps);
bool mcp_schema_is_whole(const json_t *number);
unsigned mcp_schema_types_of(const json_t *value);

/* schema_pattern.c: NULL: nobody can read it, as ${why} (in ${mem}) says. */
struct pattern *mcp_schema_pattern_new(struct arena *mem, const char *text,
    const char **why);
/* Is it found in ${text}?  ${steps} as above. */
bool mcp_schema_pattern_finds(const struct pattern *p, const char *text,
    size_t len, int64_t *steps);

/* schema_say.c */
/* Where a value stands: a member, or with ${name} NULL an item. */
struct place {
	const struct place *in; /* NULL: these are the arguments */
	const char *name;
	size_t index;
};
/* "arguments.a[2]: WHAT". */
const char *mcp_schema_say(struct arena *mem, const struct place *at,
    const char *what);
/* "integer or null" */
const char *mcp_schema_say_types(struct arena *mem, unsigned types);
/* "1, \"a\", null" of an array, a bounded part of it. */
const char *mcp_schema_say_values(struct arena *mem, const json_t *values);

#endif
