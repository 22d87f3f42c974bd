/*
 * ladder: from a refusal to what is tried next.
 */
#include "llm/ladder.h"

#include <string.h>

#include "llm/ladder_priv.h"

void
llm_ladder_init(struct llm_ladder *l, const struct llm_backend *b)
{
	static const struct {
		const char *name;
		enum ladder_value value;
	} STATED[] = { { "max_tokens_value", VALUE_LIMIT },
		{ "max_tokens_least", VALUE_LIMIT },
		{ "tools_max", VALUE_TOOLS_MAX },
		{ "temperature_value", VALUE_TEMPERATURE } };
	size_t i;

	memset(l, 0, offsetof(struct llm_ladder, quirks));
	if (b->quirks != NULL)
		llm_quirks_copy(&l->quirks, b->quirks);
	else
		llm_quirks_clear(&l->quirks);
	/* The operator's word is not tried otherwise. */
	for (i = 0; l->quirks.stated != 0 && i < NELEM(STATED); i++)
		if (llm_quirks_is_stated(&l->quirks, STATED[i].name))
			l->tried_values |= 1U << STATED[i].value;
}

/* The question fits, but not with the answer that it asks for. */
static bool
try_context(struct ladder_look *k)
{
	int64_t limit = llm_max_tokens(k->b, k->sent);
	int64_t context, input;

	if (limit <= 0 || !llm_context_of(k->text, limit, &context, &input)
	    || context - input < LLM_LEAST_LEFT || context - input >= limit
	    || !ladder_first_try(k->l, VALUE_CONTEXT))
		return false;
	k->l->limit = context - input;
	ladder_note_number(k, "context", context);
	return true;
}

/* More than what is left of the credit pays for (OpenRouter): less, this
 * once; a fact it is only until credit is added. */
static bool
try_afford(struct ladder_look *k)
{
	const char *at = strcasestr(k->text, "can only afford ");
	int64_t limit = llm_max_tokens(k->b, k->sent), n;

	if (at == NULL || limit <= 0)
		return false;
	n = llm_largest_below(at, limit, LLM_LEAST_LEFT);
	if (n == 0 || !ladder_first_try(k->l, VALUE_LIMIT))
		return false;
	k->l->limit = n;
	return true;
}

/* More than one answer may have, or less than one must. */
static bool
try_limit(struct ladder_look *k)
{
	static const char *const NAMES[] = { "max_tokens",
		"max_completion_tokens", "max_output_tokens", "maxOutputTokens",
		"max_new_tokens", "completion tokens", "output tokens",
		"max tokens", "maximum tokens" };
	static const char *const LEAST[] = { "below minimum", "at least",
		"greater than or equal", ">=", "too small", "minimum value" };
	static const char *const MOST[] = { "too large", "less than", "at most",
		"maximum", "range", ">", "exceed", "too high", "<=", "between",
		"greater than", "up to", "limit",
		"取值范围" /* Zhipu: range */ };
	int64_t limit = llm_max_tokens(k->b, k->sent), n;

	if (limit <= 0 || !ladder_says(k->text, NAMES, NELEM(NAMES)))
		return false;
	n = llm_largest_below(k->text, limit, LLM_LIMIT_LEAST);
	if (n > 0 && ladder_says(k->text, MOST, NELEM(MOST))
	    && ladder_first_try(k->l, VALUE_LIMIT)) {
		ladder_note_number(k, "max_tokens_value", n);
		return true;
	}
	n = llm_smallest_above(k->text, limit, LLM_MINIMUM_MOST);
	if (n > 0 && ladder_says(k->text, LEAST, NELEM(LEAST))
	    && ladder_first_try(k->l, VALUE_LIMIT)) {
		ladder_note_number(k, "max_tokens_least", n);
		return true;
	}
	return false;
}

static bool
try_temperature(struct ladder_look *k)
{
	double n;

	if (ladder_find_word(k->text, "temperature") == NULL
	    || !llm_sends_temperature(k->b))
		return false;
	n = llm_only_value(k->text);
	if (n < 0 || (n > 0 && n < LLM_TEMPERATURE_LEAST)
	    || !ladder_first_try(k->l, VALUE_TEMPERATURE))
		return false;
	ladder_note(k, "temperature_value", arena_printf(k->mem, "%.3g", n));
	return true;
}

bool
llm_ladder_next(struct llm_ladder *l, const struct llm_backend *b,
    const struct llm_question *sent, const struct llm_refusal *r,
    struct arena *mem)
{
	static bool (*const RUNGS[])(struct ladder_look * k) = { try_context,
		try_afford, try_limit, ladder_try_tool, ladder_try_tools_max,
		try_temperature, ladder_try_feature, ladder_try_no_tools };
	/* 402: OpenRouter's credit; 500: the templates of llama.cpp and kin */
	static const int STATUS[] = { 400, 402, 404, 405, 422, 500, 501 };
	struct ladder_look k = { l, b, sent, r, mem, NULL };
	bool may = false;
	size_t i;

	for (i = 0; i < NELEM(STATUS); i++)
		may = may || r->status == STATUS[i];
	if (!may || l->repeats == LLM_REPEATS_MAX)
		return false;
	k.text = arena_printf(mem, " %s\n%s\n%s\n%s", r->code, r->type,
	    r->param, r->message);
	/* Refused in the same words: the last remedy was none, or not alone.
	 * It stays for this question, and teaches nothing. */
	if (l->text != NULL && strcmp(l->text, k.text) == 0)
		l->nfacts = l->nfacts_before;
	l->text = k.text;
	l->nfacts_before = l->nfacts;
	if (r->status == 402) { /* out of credit, but for less */
		may = try_afford(&k);
		l->repeats += may;
		return may;
	}
	for (i = 0; i < NELEM(RUNGS); i++)
		if (RUNGS[i](&k)) {
			l->repeats++;
			return true;
		}
	return false;
}

size_t
llm_ladder_facts(const struct llm_ladder *l, bool answered, struct arena *mem,
    const struct llm_fact **out)
{
	struct llm_fact *facts = arena_alloc(mem, sizeof(l->facts));

	memcpy(facts, l->facts, sizeof(l->facts));
	*out = facts;
	return answered ? l->nfacts : 0;
}
