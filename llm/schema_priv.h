/*
 * schema_priv: the parts of schema.
 */
#ifndef LLM_SCHEMA_PRIV_H
#define LLM_SCHEMA_PRIV_H

#include "base/arena.h"
#include "llm/schema.h"

#define SCHEMA_BRANCHES_MAX 32 /* of one choice; the first are offered */
#define SCHEMA_ENUM_MAX 250    /* more, and OpenAI counts their characters */
#define SCHEMA_LOOK_MAX 1000   /* of a list: values that are looked at */
#define SCHEMA_NODE_WORK 20    /* a node costs what so many members copied do */
#define SCHEMA_BYTES_WORK 16   /* so many bytes of text what one does */

enum schema_type {
	SCHEMA_STRING,
	SCHEMA_NUMBER,
	SCHEMA_INTEGER,
	SCHEMA_BOOLEAN,
	SCHEMA_OBJECT,
	SCHEMA_ARRAY,
	SCHEMA_NULL,
	SCHEMA_TYPES
};
#define SCHEMA_IS_NULL (1u << SCHEMA_NULL)
extern const char *const SCHEMA_TYPE_NAMES[SCHEMA_TYPES];

/* One pass over a schema. */
struct schema_pass {
	struct arena *mem; /* of the pass */
	const json_t *root;
	const json_t *refs[SCHEMA_REFS_MAX + 1]; /* that we are inside of */
	size_t nrefs, refs_max;
	size_t words_max; /* characters of a description */
	size_t work;      /* schema_work.c: members copied, and what costs as
			     much */
	int depth;        /* of the node at hand */
	bool full;        /* a bound was met: the result is of no use */
};

/* schema_work.c: ${n} is done; false: that was too much, the pass is full. */
bool schema_work(struct schema_pass *p, size_t n);
/* The members of ${from} that somebody reads, set in ${into} (${missing}: where
 * it has none). */
void schema_put(struct schema_pass *p, json_t *into, const json_t *from,
    bool missing);
/* A copy with such members of its own; it lives as long as the pass. */
json_t *schema_copy(struct schema_pass *p, const json_t *s);
/* As json_equal, but counted; false when the pass is full. */
bool schema_same(struct schema_pass *p, const json_t *a, const json_t *b);
/* An object, a new reference, with a member for each string of ${list}. */
json_t *schema_set(struct schema_pass *p, const json_t *list);

/* schema_ref.c: ${s} with its $ref and allOf put in, an object that lives as
 * long as the pass; ${leaf} is set when it is to be offered without what is
 * inside it.  Before and after, nrefs is the caller's to keep. */
const json_t *schema_open(struct schema_pass *p, const json_t *s, bool *leaf);

/* schema_type.c: a set of 1 << enum schema_type, as it is said or can be
 * concluded; 0: anything. */
unsigned schema_types(const json_t *s);
/* The type that somebody calls ${name}; SCHEMA_TYPES: none. */
enum schema_type schema_type_of(const char *name);
/* True if the ${member} of ${s}, as a ${type}, is offered as it is. */
bool schema_keeps(const json_t *s, enum schema_type type, const char *member);

/* schema_typed.c: ${s} as a ${type} and nothing else, a new reference
 * (${needed}: it must be given). */
json_t *schema_typed(struct schema_pass *p, const json_t *s,
    enum schema_type type, bool needed);

/* schema_words.c: the description of ${s} as a ${type}, with what the dialect
 * has no place for, and null if ${or_null}; NULL: none.  Owned by the pass. */
const char *schema_words(struct schema_pass *p, const json_t *s,
    enum schema_type type, bool or_null);
/* Put ${words} before the description of ${node}. */
void schema_say(struct schema_pass *p, json_t *node, const char *words);

/* schema_choice.c.  What follows returns new references. */
json_t *schema_any(void);
/* One of the fit nodes of ${list}, which is taken. */
json_t *schema_choice(struct schema_pass *p, json_t *list);
/* The object that takes what any of the fit objects in ${list} takes. */
void schema_unite(struct schema_pass *p, json_t *object, const json_t *list);

/* schema_node.c: any node but the top one (${needed}: it must be given); the
 * top one. */
json_t *schema_node(struct schema_pass *p, const json_t *s, bool needed);
json_t *schema_top(struct schema_pass *p, const json_t *s);

/* schema_names.c: renames in ${node} what APIs refuse; the names to turn back,
 * a new reference, or NULL. */
json_t *schema_rename(json_t *node);

#endif
