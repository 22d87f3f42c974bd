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
 *   max_tokens_least   the least that may be asked for
 *   temperature_value  the only one it takes
 *   context            tokens of its whole context
 *   tools_max          how many tools one question may offer
 *   tool:NAME          digest of the schema that it refuses
 */
#ifndef LLM_QUIRKS_H
#define LLM_QUIRKS_H

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

enum llm_feature {
	LLM_CAN_STREAM,
	LLM_CAN_STREAM_OPTIONS,
	LLM_CAN_MAX_TOKENS,            /* no: max_completion_tokens */
	LLM_CAN_MAX_COMPLETION_TOKENS, /* no: max_tokens */
	LLM_CAN_TEMPERATURE,
	LLM_CAN_TOOL_CHOICE,
	LLM_CAN_TOOLS,             /* no: as words */
	LLM_CAN_TOOLS_WITH_EFFORT, /* no: reasoning_effort "none" */
	LLM_CAN_PARALLEL_CALLS,    /* several calls in one message */
	LLM_CAN_SYSTEM,            /* no: in front of the first message */
	LLM_CAN_IMAGES,
	LLM_CAN_REPEATED_ROLES, /* no: neighbours of one role are joined */
	LLM_CAN_USER_AFTER_TOOL,
	LLM_CAN_ANY_CALL_ID,      /* no: nine letters and digits */
	LLM_CAN_EMPTY_CONTENT,    /* no: words in its place */
	LLM_CAN_THOUGHTS,         /* sent back within the turn */
	LLM_CAN_MISSING_THOUGHTS, /* no: each call needs some, if empty */
	LLM_FEATURES_N,
};

/* What a refusal may teach, and what is believed of what was kept: a wrong word
 * in Redis must not spoil each answer. */
#define LLM_LIMIT_LEAST 16 /* tokens; a smaller limit is none that is meant */
#define LLM_MINIMUM_MOST 100000     /* tokens; no server's minimum is above */
#define LLM_TEMPERATURE_LEAST 0.001 /* but 0: less is no temperature */

#define LLM_REFUSED_TOOLS_MAX 16 /* of one backend */
#define LLM_QUIRK_NAME_MAX 80    /* "tool:" and a tool's name */
#define LLM_QUIRK_VALUE_MAX 48

struct llm_fact {
	const char *name, *value;
};

struct llm_quirks {
	uint32_t lacks; /* bits 1 << enum llm_feature */
	/* By the operator: refusals change them no more.  Bits as in lacks, and
	 * above them those of the numbers (quirks.c). */
	uint32_t stated;
	/* 0: not known */
	int64_t max_tokens, max_tokens_least, context, tools_max;
	double temperature; /* negative: not known */
	size_t ntools;
	/* Last, and mostly none: each question has a copy of these facts. */
	struct {
		char name[65], digest[33];
	} tools[LLM_REFUSED_TOOLS_MAX];
};

#define LLM_QUIRKS_INIT           \
	(struct llm_quirks)       \
	{                         \
		.temperature = -1 \
	}

/* The same without zeroing what is not read; and a copy of what there is. */
void llm_quirks_clear(struct llm_quirks *q);
void llm_quirks_copy(struct llm_quirks *to, const struct llm_quirks *from);

/* A feature in the table. */
struct llm_feature_row {
	const char *name;
	/* Parameters and members by which a refusal names it, together with a
	 * word of refusal. */
	const char *params[5];
	/* Words that say it by themselves. */
	const char *words[20];
	const char *instead; /* what is done, for the operator */
};
extern const struct llm_feature_row LLM_FEATURES[LLM_FEATURES_N];

/* True if ${q} (may be NULL) says that the backend can't do it. */
bool llm_lacks(const struct llm_quirks *q, enum llm_feature f);

/* Take a fact, learned before; false: there is none of that name, or the
 * value is none that a refusal teaches. */
bool llm_quirks_set(struct llm_quirks *q, const char *name, const char *value);
/* The same from the operator's word: what it says is learned no more. */
bool llm_quirks_state(struct llm_quirks *q, const char *name,
    const char *value);
/* True if ${name}, a fact's, is the operator's word. */
bool llm_quirks_is_stated(const struct llm_quirks *q, const char *name);
/* True if ${q} has refused the tool with this digest (NULL: none). */
bool llm_quirks_refuse_tool(const struct llm_quirks *q, const char *name,
    const char *digest);

#endif
