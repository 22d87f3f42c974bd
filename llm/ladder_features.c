/*
 * ladder_features: the rung that leaves out a feature (quirks.h) which was used
 * and which the refusal speaks of.
 */
#include <ctype.h>
#include <string.h>

#include "llm/ladder_priv.h"

static bool
has_role(const struct llm_question *q, enum llm_role role)
{
	size_t i;

	for (i = 0; i < q->nmessages; i++)
		if (q->messages[i].role == role)
			return true;
	return false;
}

static bool
has_member(const struct llm_question *q, enum llm_feature f)
{
	size_t i;

	for (i = 0; i < q->nmessages; i++) {
		const struct llm_message *m = &q->messages[i];

		if ((f == LLM_CAN_IMAGES && m->nimages > 0)
		    || (f == LLM_CAN_THOUGHTS && m->extra != NULL)
		    || (f == LLM_CAN_PARALLEL_CALLS && m->ncalls > 1)
		    || ((f == LLM_CAN_ANY_CALL_ID
			    || f == LLM_CAN_MISSING_THOUGHTS)
			&& m->ncalls > 0)
		    || (f == LLM_CAN_EMPTY_CONTENT && m->text[0] == '\0'))
			return true;
	}
	return false;
}

/* True if the request that was refused used the feature. */
static bool
is_used(const struct ladder_look *k, enum llm_feature f)
{
	const struct llm_quirks *q = &k->l->quirks;
	bool messages = llm_provider_of(k->b->host) == &LLM_ANTHROPIC;
	const char *limit = messages ? "max_tokens" : llm_max_tokens_name(k->b);

	if (llm_lacks(q, f))
		return false;
	switch (f) {
	case LLM_CAN_STREAM_OPTIONS:
		return !messages && !llm_lacks(q, LLM_CAN_STREAM);
	case LLM_CAN_MAX_TOKENS:
	case LLM_CAN_MAX_COMPLETION_TOKENS:
		return !messages && llm_max_tokens(k->b, k->sent) > 0
		    && strcmp(limit, LLM_FEATURES[f].name) == 0;
	case LLM_CAN_TEMPERATURE:
		return llm_sends_temperature(k->b);
	case LLM_CAN_TOOL_CHOICE:
	case LLM_CAN_TOOLS:
		return k->sent->ntools > 0
		    && (f != LLM_CAN_TOOLS || k->b->tools == LLM_TOOLS_AUTO);
	case LLM_CAN_SYSTEM:
		return has_role(k->sent, LLM_SYSTEM);
	case LLM_CAN_TOOLS_WITH_EFFORT:
		return !messages && k->sent->ntools > 0;
	case LLM_CAN_USER_AFTER_TOOL:
		return has_role(k->sent, LLM_TOOL);
	case LLM_CAN_STREAM:
	case LLM_CAN_REPEATED_ROLES:
		return true;
	default:
		return has_member(k->sent, f);
	}
}

/* Words by which a server refuses what it names. */
static bool
says_unwanted(const char *text)
{
	static const char *const WORDS[] = { "unsupported", "not support",
		"n't support", "unrecognized", "unrecognised", "not permitted",
		"extra_forbidden", "extra fields", "extra inputs",
		"extra parameter", "unexpected", "unknown", "not allowed",
		"isn't allowed", "deprecated", "no longer", "not recognized",
		"cannot be used", "not available", "not a valid",
		"invalid argument", "invalid parameter", "not accepted",
		"that support the provided", "additional properties" };

	return ladder_says(text, WORDS, NELEM(WORDS));
}

/* By words that say it by themselves. */
static bool
is_said(const struct ladder_look *k, enum llm_feature f)
{
	const struct llm_feature_row *row = &LLM_FEATURES[f];
	size_t i;

	for (i = 0; i < NELEM(row->words) && row->words[i] != NULL; i++)
		/* A number alone is a code. */
		if (isdigit((unsigned char)row->words[i][0])
			? strcmp(k->r->code, row->words[i]) == 0
			: strcasestr(k->text, row->words[i]) != NULL)
			return true;
	return false;
}

/* By its name, beside words of a refusal. */
static bool
is_named(const struct ladder_look *k, enum llm_feature f)
{
	const struct llm_feature_row *row = &LLM_FEATURES[f];
	size_t i;

	if (!says_unwanted(k->text))
		return false;
	for (i = 0; i < NELEM(row->params) && row->params[i] != NULL; i++)
		if (ladder_find_word(k->text, row->params[i]) != NULL)
			return true;
	for (i = 0; f == LLM_CAN_THOUGHTS && i < LLM_KEPT_MAX; i++)
		if (ladder_find_word(k->text, LLM_KEPT_MEMBERS[i].name) != NULL)
			return true;
	return false;
}

bool
ladder_try_feature(struct ladder_look *k)
{
	/* What is said most precisely first. */
	static const enum llm_feature ORDER[] = { LLM_CAN_STREAM_OPTIONS,
		LLM_CAN_TOOLS_WITH_EFFORT, LLM_CAN_ANY_CALL_ID,
		LLM_CAN_USER_AFTER_TOOL, LLM_CAN_REPEATED_ROLES,
		LLM_CAN_MISSING_THOUGHTS, LLM_CAN_PARALLEL_CALLS,
		LLM_CAN_TEMPERATURE, LLM_CAN_MAX_TOKENS,
		LLM_CAN_MAX_COMPLETION_TOKENS, LLM_CAN_TOOL_CHOICE,
		LLM_CAN_THOUGHTS, LLM_CAN_IMAGES, LLM_CAN_SYSTEM,
		LLM_CAN_EMPTY_CONTENT, LLM_CAN_TOOLS, LLM_CAN_STREAM };
	struct llm_ladder *l = k->l;
	size_t i;

	for (i = 0; i < 2 * NELEM(ORDER); i++) {
		enum llm_feature f = ORDER[i % NELEM(ORDER)];
		uint32_t bit = 1U << f;

		if (((l->tried | l->quirks.stated) & bit) != 0 || !is_used(k, f)
		    || !(i < NELEM(ORDER) ? is_said(k, f) : is_named(k, f)))
			continue;
		l->tried |= bit;
		ladder_note(k, LLM_FEATURES[f].name, "no");
		return true;
	}
	return false;
}
