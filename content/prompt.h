/*
 * prompt: one file of mcp.prompts_dir: a head in YAML between two lines "---",
 * and a text with named gaps.
 *
 *	---
 *	description: Review a change
 *	arguments:
 *	  - name: language
 *	    required: true
 *	    choices: [C, Go, Rust]
 *	---
 *	Review this {{language}} code.
 *
 * A gap is filled with what the client gave, as it is: nothing in that is a
 * gap again.  "\{{" is a "{{" that begins none.
 */
#ifndef CONTENT_PROMPT_H
#define CONTENT_PROMPT_H

#include <jansson.h>

#include "base/base.h"

struct arena;

#define PROMPT_FILE_MAX (256 * KIB)
/* Of what is made of it: as much as a model takes, and no gap that stands a
 * thousand times makes more. */
#define PROMPT_TEXT_MAX (1 * MIB)
#define PROMPT_ARGUMENTS_MAX 32
#define PROMPT_CHOICES_MAX 1000 /* of one argument */
#define PROMPT_NAME_MAX 64      /* of a prompt, of an argument: bytes */

struct prompt_argument {
	const char *name;
	const char *description; /* NULL: none */
	bool required;
	const char **choices; /* NULL: any text */
	size_t nchoices;
};

/* A text as it stands, or the gap of an argument. */
struct prompt_piece {
	const char *text; /* NULL: a gap */
	size_t len;
	size_t argument;
};

/* Counted, never changed. */
struct prompt {
	_Atomic int refs;
	struct arena *mem;
	const char *name;
	const char *description; /* NULL: none */
	struct prompt_argument arguments[PROMPT_ARGUMENTS_MAX];
	size_t narguments;
	struct prompt_piece *pieces;
	size_t n;
	const char *text; /* as it is listed: JSON */
	size_t len;
};

/* [A-Za-z0-9_.-], PROMPT_NAME_MAX at most. */
bool prompt_is_name(const char *name, size_t len);

/* Of ${bytes}, the whole file ${file} (for errors).  NULL: ${why}, in ${mem},
 * says what is wrong with it. */
struct prompt *prompt_read(const char *name, const char *file,
    const char *bytes, size_t len, struct arena *mem,
    const char **why) WARN_UNUSED;
struct prompt *prompt_ref(struct prompt *p);
void prompt_unref(struct prompt *p); /* NULL is fine */

/* Its text with ${arguments}, an object of texts; those that it does not have
 * are passed over.  NULL: ${why}, in ${mem}, is what is wrong with them. */
const char *prompt_fill(const struct prompt *p, const json_t *arguments,
    struct arena *mem, const char **why) WARN_UNUSED;

/* NULL: it has no such argument. */
const struct prompt_argument *prompt_argument(const struct prompt *p,
    const char *name);

#endif
