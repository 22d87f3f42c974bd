/*
 * offer: the tools of one catalogue as a model is told them, so that every
 * model's API takes them: names, descriptions and schemas that fit.
 *
 * Made once per list, by the thread that read it, as making a schema fit may
 * take milliseconds: no question and no lock waits for it.
 */
#ifndef TOOLS_OFFER_H
#define TOOLS_OFFER_H

#include "tools/catalogue.h"

struct offer_tool {
	const struct catalogue_tool *original; /* calls use it */
	const char *description;
	const char *text;    /* the schema; NULL: why */
	const json_t *names; /* as schema_restore_arguments wants it */
	const char *digest;  /* of description and text */
	const char *why; /* it can't be offered; NULL: it can.  A literal. */
};

/* Counted, never changed. */
struct offer {
	_Atomic int refs;
	struct arena *mem;
	struct catalogue *catalogue;
	struct offer_tool *tools; /* as many, in its order */
};

/* Takes the reference to ${c}. */
struct offer *offer_make(struct catalogue *c);
struct offer *offer_ref(struct offer *o); /* NULL stays NULL */
void offer_unref(struct offer *o);        /* NULL is fine */

/* SERVER__TOOL (without a server: TOOL) as model APIs take names:
 * [A-Za-z0-9_-]{1,64}. */
char *offer_name(struct arena *mem, const char *server, const char *tool);
/* Another one, where ${name} is taken: of it as much as fits, and a hash of
 * ${of}. */
char *offer_name_hashed(struct arena *mem, const char *name, const char *of);

#endif
