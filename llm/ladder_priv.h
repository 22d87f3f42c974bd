/*
 * ladder_priv: what the rungs of ladder share.
 */
#ifndef LLM_LADDER_PRIV_H
#define LLM_LADDER_PRIV_H

#include "llm/ladder.h"

enum ladder_value {
	VALUE_CONTEXT,
	VALUE_LIMIT,
	VALUE_TOOLS_MAX,
	VALUE_TEMPERATURE,
	VALUE_NO_TOOLS
};

/* One refusal, looked at. */
struct ladder_look {
	struct llm_ladder *l;
	const struct llm_backend *b;
	const struct llm_question *sent;
	const struct llm_refusal *r;
	struct arena *mem;
	const char *text; /* all that the server said */
};

/* ladder_look.c: ${text} has any of ${words}, up to a NULL, in whatever case. */
bool ladder_says(const char *text, const char *const *words, size_t n);
/* ${word} stands in ${text} as a whole; where, or NULL. */
const char *ladder_find_word(const char *text, const char *word);
/* A fact for the next request, and to be kept if that is answered. */
void ladder_note(struct ladder_look *k, const char *name, const char *value);
void ladder_note_number(struct ladder_look *k, const char *name, int64_t n);
/* Each value once: false if it was tried. */
bool ladder_first_try(struct llm_ladder *l, enum ladder_value v);

/* Rungs: true, there is something to try.  ladder_tools.c, ladder_features.c */
bool ladder_try_tool(struct ladder_look *k);
bool ladder_try_tools_max(struct ladder_look *k);
bool ladder_try_no_tools(struct ladder_look *k);
bool ladder_try_feature(struct ladder_look *k);

#endif
