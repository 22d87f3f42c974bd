/*
 * source: where resources and prompts come from: a struct of functions.
 *
 * A source has any of its functions; a NULL one is as if it had nothing of that
 * kind.  All may be called by several threads at once.  What they answer lies
 * in the arena of the one who asks, or lives as long as the source.
 */
#ifndef CONTENT_SOURCE_H
#define CONTENT_SOURCE_H

#include <jansson.h>

#include "base/base.h"

struct arena;
struct caller;
struct content_watch;
struct settings;

enum content_list {
	CONTENT_LIST_RESOURCES,
	CONTENT_LIST_TEMPLATES,
	CONTENT_LIST_PROMPTS,
	CONTENT_LISTS,
};

enum content_rc {
	CONTENT_OK,
	CONTENT_NONE,    /* it knows no such URI or name: ask the next source */
	CONTENT_REFUSED, /* it does, and the client's mistake is in ${why} */
	CONTENT_FAILED,  /* it does, but cannot: ${why} */
	CONTENT_ASKS,    /* a person must answer ${questions} first */
	CONTENT_SLOW,    /* it takes long, and who asks may not wait */
};

/* Values of one completion, as the protocol bounds them. */
#define CONTENT_VALUES_MAX 100

/* Who asks. */
struct content_ctx {
	struct arena *mem;
	const struct caller *caller;
	bool may_wait; /* else what takes over a few ms is CONTENT_SLOW */
	/* What a person answered, KEY -> answer, and the state that came with
	 * the questions; NULL: nothing, none. */
	const json_t *answers;
	const char *state;
};

/* A part of a resource. */
struct content_part {
	const char *uri;  /* NULL: the one that was asked for */
	const char *mime; /* NULL: not known */
	const void *bytes;
	size_t len;
	bool is_text;       /* valid UTF-8; else it goes as base64 */
	const json_t *meta; /* its _meta, or NULL */
};

/* What came of it: those members that belong to what was asked. */
struct content_answer {
	/* read: one part at least */
	const struct content_part *parts;
	size_t n;
	/* get: NULL or a text; an array of {role, content} */
	const char *description;
	const json_t *messages;
	/* complete: CONTENT_VALUES_MAX at most, of ${total} there are */
	const char *const *values;
	size_t nvalues, total;
	/* ASKS: an object KEY -> question (MCP's inputRequests), and what the
	 * source wants back with the answers; NULL: nothing */
	const json_t *questions;
	const char *state;
	/* REFUSED, FAILED: a clause for who reads the client's log */
	const char *why;
};

/* The argument of a prompt, or the variable of a template, whose values are
 * wanted. */
struct content_ref {
	bool is_prompt;
	const char *of; /* the prompt's name; the template as it was listed */
	const char *argument;
	const char *value;     /* what was typed so far */
	const json_t *context; /* other arguments, name -> text; NULL: none */
};

/* Take one entry: its URI, template or name, and its definition as JSON text.
 * False: enough. */
typedef bool content_add(void *arg, const char *key, const char *text,
    size_t len);

/* Who wants to know of changes: called from any thread that may wait.  False:
 * it cannot hear now, and is to be told again at the next look. */
struct content_ears {
	void *arg;
	/* What is listed has changed; it is now what ${digest} says. */
	bool (*listed)(void *arg, enum content_list list, const char *digest);
	/* The same of what ${uri} reads. */
	bool (*updated)(void *arg, const char *uri, const char *digest);
};

struct content_source {
	const char *name; /* in logs */

	/* Its state, for as long as the process lives; a source without one has
	 * neither function, and gets NULL.  ${ears} live as long. */
	void *(
	    *open)(const struct settings *s, const struct content_ears *ears);
	void (*close)(void *own);
	/* The settings have changed. */
	void (*reload)(void *own, const struct settings *s);
	/* Is there anything that may change?  NULL: never. */
	bool (*is_watched)(void *own);
	/* Then: look whether it has, tell its ears, and name the folders that
	 * are to be watched (watch.h).  Called by one thread, soon after one of
	 * them changes, and every CONTENT_LOOK_MS. */
	void (*look)(void *own, struct content_watch *watch);

	/* Hand all entries to ${add}, in an order that stays. */
	void (*list)(void *own, enum content_list list, content_add *add,
	    void *arg);
	/* OK, NONE, REFUSED, FAILED, ASKS, SLOW */
	enum content_rc (*read)(void *own, const struct content_ctx *ctx,
	    const char *uri, struct content_answer *out);
	/* The same; ${arguments} is an object of texts, never NULL. */
	enum content_rc (*get)(void *own, const struct content_ctx *ctx,
	    const char *name, const json_t *arguments,
	    struct content_answer *out);
	/* OK, NONE.  An argument that has no values, or is none, is OK. */
	enum content_rc (*complete)(void *own, const struct content_ctx *ctx,
	    const struct content_ref *ref, struct content_answer *out);
};

/*
 * THE table (sources.c), NULL ends it: of equal names, the first source's
 * counts.  That file has nothing else, so that a program which is linked with
 * another table in its place has other sources.
 */
extern const struct content_source *const CONTENT_SOURCES[];
/* Its usual rows (folders that the settings name). */
extern const struct content_source CONTENT_RESOURCES_DIR, CONTENT_PROMPTS_DIR;

#endif
