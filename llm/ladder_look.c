/*
 * ladder_look: what is read in a refusal, and what is noted of it.
 */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "llm/ladder_priv.h"

bool
ladder_says(const char *text, const char *const *words, size_t n)
{
	size_t i;

	for (i = 0; i < n && words[i] != NULL; i++)
		if (strcasestr(text, words[i]) != NULL)
			return true;
	return false;
}

const char *
ladder_find_word(const char *text, const char *word)
{
	size_t len = strlen(word);
	const char *at = text;

	for (; (at = strcasestr(at, word)) != NULL; at++)
		if ((at == text
			|| (!isalnum((unsigned char)at[-1]) && at[-1] != '_'))
		    && !isalnum((unsigned char)at[len]) && at[len] != '_'
		    && at[len] != '-')
			return at;
	return NULL;
}

void
ladder_note(struct ladder_look *k, const char *name, const char *value)
{
	struct llm_ladder *l = k->l;

	if (llm_quirks_is_stated(&l->quirks, name))
		return; /* a context: what is tried helps this once */
	(void)llm_quirks_set(&l->quirks, name, value);
	if (l->nfacts < LLM_FACTS_MAX)
		l->facts[l->nfacts++] = (struct llm_fact){ name, value };
}

void
ladder_note_number(struct ladder_look *k, const char *name, int64_t n)
{
	ladder_note(k, name, arena_printf(k->mem, "%lld", (long long)n));
}

bool
ladder_first_try(struct llm_ladder *l, enum ladder_value v)
{
	uint32_t bit = 1U << v;
	bool first = (l->tried_values & bit) == 0;

	l->tried_values |= bit;
	return first;
}
