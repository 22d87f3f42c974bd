/*
 * kinds: of each end of a question its name, whether it passes by itself, and
 * words for it.  All that asks "which failure is lasting" asks here.
 */
#include "llm/llm.h"

static const struct kind {
	const char *name; /* in logs, metrics, /ready and workers' records */
	enum llm_mend mend;
	const char *words; /* a clause, of "HOST/MODEL: " */
} KINDS[LLM_RC_N] = {
	[LLM_OK] = { "ok", LLM_PASSES, "it answers" },
	[LLM_RETRY] = { "retry", LLM_PASSES, "it does not answer" },
	[LLM_BROKEN] = { "broken", LLM_PASSES, "its answer broke off" },
	[LLM_EMPTY] = { "empty", LLM_PASSES, "its answer is empty" },
	[LLM_CONTEXT] = { "context", LLM_PASSES,
	    "the question is too long for it" },
	[LLM_QUOTA] = { "quota", LLM_MEND_THERE,
	    "its quota or credit is used up" },
	[LLM_DENIED] = { "denied", LLM_MEND_HERE,
	    "the provider rejects the API key" },
	[LLM_INVALID] = { "invalid", LLM_MEND_HERE, "the question is refused" },
	[LLM_FILTERED] = { "filtered", LLM_PASSES,
	    "a filter declined the question" },
	[LLM_LOADING] = { "loading", LLM_PASSES,
	    "it is still loading the model" },
	[LLM_UNREACHABLE] = { "unreachable", LLM_MEND_HERE,
	    "its connection is not set up correctly" },
	[LLM_CANCELLED] = { "cancelled", LLM_PASSES, "cancelled" },
	[LLM_MODEL] = { "model", LLM_MEND_HERE,
	    "the provider does not have this model" },
	[LLM_ADDRESS] = { "address", LLM_MEND_HERE, "its address is wrong" },
	[LLM_UNCHOSEN] = { "unchosen", LLM_MEND_HERE, "no model is chosen" },
};

const char *
llm_rc_name(enum llm_rc rc)
{
	return rc < LLM_RC_N ? KINDS[rc].name : "?";
}

const char *
llm_rc_words(enum llm_rc rc)
{
	return rc < LLM_RC_N ? KINDS[rc].words : "?";
}

enum llm_mend
llm_mend(enum llm_rc rc)
{
	return rc < LLM_RC_N ? KINDS[rc].mend : LLM_PASSES;
}

bool
llm_needs_operator(enum llm_rc rc)
{
	return llm_mend(rc) != LLM_PASSES;
}
