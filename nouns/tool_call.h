/*
 * tool_call: what a model asked for, and what it was told of the tools.
 */
#ifndef NOUNS_TOOL_CALL_H
#define NOUNS_TOOL_CALL_H

#include <jansson.h>

#include "base/base.h"

#define TOOL_NAME_MAX 65  /* [A-Za-z0-9_-]{1,64}, as all model APIs take */
#define TOOL_CALLS_MAX 16 /* of one answer; more are refused to the model */

struct tool_call {
	const char *id; /* the model's, or made up when it gave none */
	const char *name;
	const char *arguments; /* JSON text as the model wrote it */
};

/* A tool as a model sees it. */
struct tool_spec {
	const char *name;
	const char *description;
	const json_t *schema;    /* JSON Schema of the arguments as the tool's
				 server gave it, an object */
	const char *schema_text; /* as model APIs take it; NULL: `schema` is
				    written */
	const char *digest;      /* of what is offered: description and
			       schema_text; NULL: none */
	bool repeatable; /* may be called again when the outcome is unknown */
};

#endif
