/*
 * schema: a tool's JSON Schema as every model API takes it.
 *
 * An API refuses the whole question, whatever it is about, when one tool's
 * schema is not to its taste, and each has another taste.  So one dialect is
 * written that all of them take: what is left out of it is told in words, and
 * the tool's server still checks everything.
 *
 * Pure: JSON in, JSON out.  It is done once per list of tools, not per
 * question.
 */
#ifndef LLM_SCHEMA_H
#define LLM_SCHEMA_H

#include <jansson.h>

#include "base/base.h"

struct arena;

#define SCHEMA_REFS_MAX 32         /* references inlined in one another */
#define SCHEMA_TEXT_MAX (64 * KIB) /* it goes into each question of a chat */
/* of JSON: with the request around it still within JSON_DEPTH_MAX */
#define SCHEMA_LEVELS_MAX 60

struct schema_offer {
	const json_t *schema; /* an object schema, owned by the arena */
	const char *text;     /* the same, written */
	/* How its names of properties are turned back; NULL: all are the
	 * server's own.  {"names": {OFFERED: ORIGINAL}, "members": {OFFERED:
	 * the same of the value}, "items": the same of each item}. */
	const json_t *names;
	bool changed; /* it is not as the server gave it */
};

/*
 * The offer of ${schema} (what a server gave, of any type, or NULL) in ${mem}.
 * -1: it cannot be made fit; ${why} is a literal that says so.
 */
int schema_fit(const json_t *schema, struct arena *mem,
    struct schema_offer *out, const char **why) WARN_UNUSED;

/*
 * ${arguments} of a call with the names that the server knows, at every depth.
 * ${names} is the offer's.  Names that are the server's own already stay.  The
 * result is ${arguments} itself or owned by ${mem}.
 */
const json_t *schema_restore_arguments(const json_t *names,
    const json_t *arguments, struct arena *mem);

#endif
