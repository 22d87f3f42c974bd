/*
 * quirks: what a backend can't do, learned from its refusals.
 *
 * A feature is something that a question uses and a backend may lack, or a
 * value that it wants otherwise.  THE table (quirks.c) says for each by which
 * words a refusal names it and what is done instead; the writers of requests
 * ask llm_lacks().  A fact is {name, value} as text: so it is kept in Redis
 * (redis/learned.h), stated by the operator (llm.quirks) and shown.
 *
 *   name               value
 *   a feature's name   "no": it is lacking; "yes": never believe that it is
 *   max_tokens_value   the most that one answer may have
 *   temperature_value  the only one it takes
 *   context            tokens of its whole context
 *   tools_max          how many tools one question may offer
 *   tool:NAME          digest of the schema that it refuses
 */
#ifndef LLM_QUIRKS_H
#define LLM_QUIRKS_H

#include "base/base.h"

enum llm_feature {
	LLM_CAN_STREAM,
	LLM_CAN_STREAM_OPTIONS,
	LLM_CAN_MAX_TOKENS,	       /* no: max_completion_tokens */
	LLM_CAN_MAX_COMPLETION_TOKENS, /* no: max_tokens */
	LLM_CAN_TEMPERATURE,
	LLM_CAN_TOOL_CHOICE,
	LLM_CAN_TOOLS,	       /* no: as words */
	LLM_CAN_PARALLEL_CALLS, /* several calls in one message */
	LLM_CAN_SYSTEM,	       /* no: in front of the first message */
	LLM_CAN_IMAGES,
	LLM_CAN_REPEATED_ROLES, /* no: neighbours of one role are joined */
	LLM_CAN_USER_AFTER_TOOL,
	LLM_CAN_ANY_CALL_ID,   /* no: nine letters and digits */
	LLM_CAN_EMPTY_CONTENT, /* no: words in its place */
	LLM_CAN_THOUGHTS,      /* sent back within the turn */
	LLM_CAN_MISSING_THOUGHTS, /* no: each call needs some, if empty */
	LLM_FEATURES_N,
};

#define LLM_REFUSED_TOOLS_MAX 16 /* of one backend; more is its end of tools */

struct llm_fact {
	const char *name, *value;
};

struct llm_quirks {
	uint32_t lacks;	 /* bits 1 << enum llm_feature */
	uint32_t stated; /* by the operator: refusals change them no more */
	int64_t max_tokens, context, tools_max; /* 0: not known */
	double temperature;			/* negative: not known */
	struct {
		char name[65], digest[33];
	} tools[LLM_REFUSED_TOOLS_MAX];
	size_t ntools;
};

#define LLM_QUIRKS_INIT { .temperature = -1 }

/* True if ${q} (may be NULL) says that the backend can't do it. */
bool llm_lacks(const struct llm_quirks *q, enum llm_feature f);

#endif
