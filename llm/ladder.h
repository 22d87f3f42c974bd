/*
 * ladder: a question was refused; how it is asked otherwise.
 *
 * Rungs in order: a limit of tokens, a tool, their number, the temperature,
 * then a parameter or the shape of messages, at last no tools; each once, and
 * no more than LLM_REPEATS_MAX a question.  What comes after them (too long, a
 * filter, a reason that nobody knows) is the caller's.
 *
 * The order matters only where one refusal names several, and a wrong remedy
 * costs one of few repeats: so what cannot be misread comes first.  A limit is
 * compared with the number that was sent.  A refused schema quotes the names
 * of its properties, which may be a parameter's ("temperature"): so a tool
 * comes before the other parameters.  Words that say one thing alone (roles,
 * an id) come before a name that only stands beside a refusal, be it a shape's
 * or a parameter's.  What costs most (no tools, no stream) is last.
 *
 * What is tried goes into ${quirks}, by which the next request is written
 * (shape.c and the writers), and into ${facts}, to be kept when that request is
 * answered.
 */
#ifndef LLM_LADDER_H
#define LLM_LADDER_H

#include "llm/llm_priv.h"
#include "llm/quirks.h"

#define LLM_REPEATS_MAX 4
#define LLM_NUMBERS_MAX 32 /* in the words of one refusal */
#define LLM_FACTS_MAX (2 * LLM_REPEATS_MAX)

struct llm_ladder {
	struct llm_fact facts[LLM_FACTS_MAX];
	size_t nfacts;
	size_t nfacts_before; /* the last repeat */
	const char *text;     /* of the refusal that it followed; or NULL */
	int repeats;
	uint32_t tried;        /* features, as bits */
	uint32_t tried_values; /* enum ladder_value, as bits */
	int64_t limit;         /* of this question's answer; 0: none */
	bool no_tools;         /* the last resort: asked without, this once */
	struct llm_quirks quirks;
};

void llm_ladder_init(struct llm_ladder *l, const struct llm_backend *b);
/* Something to try after ${r}?  ${sent} is the question as it was, ${b}->quirks
 * those of ${l}. */
bool llm_ladder_next(struct llm_ladder *l, const struct llm_backend *b,
    const struct llm_question *sent, const struct llm_refusal *r,
    struct arena *mem);
/* What may be kept: if the question was ${answered}, all but what the same
 * refusal followed; else nothing.  A remedy that did not help may have been for
 * words that refuse nothing. */
size_t llm_ladder_facts(const struct llm_ladder *l, bool answered,
    struct arena *mem, const struct llm_fact **out);

/* ladder_values.c */
struct llm_number {
	double value;
	const char *at, *end; /* where it stands */
};
/* The numbers of ${text} that are not parts of names. */
size_t llm_numbers(const char *text, struct llm_number *out, size_t max);
/* Tokens of the context and of the question, as ${text} counts them; ${limit}
 * was asked for the answer. */
bool llm_context_of(const char *text, int64_t limit, int64_t *context,
    int64_t *input);
/* 0: none. */
int64_t llm_largest_below(const char *text, int64_t ours, int64_t least);
int64_t llm_smallest_above(const char *text, int64_t ours, int64_t most);
/* The only value allowed, up to 2; -1: none is named. */
double llm_only_value(const char *text);

#endif
