/*
 * call_ids: ids of calls, by which results find them.
 *
 * An id is one call's alone in all that is sent: the rounds of a turn go back
 * together, and servers refuse ids that recur ("tool_use ids must be unique",
 * "Duplicate value for tool_call_id").  Some count anew in each answer, give
 * one id to all calls, or none (open-webui/open-webui#28305,
 * QwenLM/qwen-code#8382).  It is settled once, as the answer is read, and kept
 * with it, so that every worker sends the same.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "llm/llm_priv.h"

#define DIGITS_MAX 9  /* of a number that is counted up: no overflow */
#define HASH_CHARS 17 /* "_" and 16 of hex, where an id is folded */

static bool
is_in(const struct tool_call *calls, size_t n, const char *id)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(calls[i].id, id) == 0)
			return true;
	return false;
}

/* In this answer, or in one before it. */
static bool
is_taken(const struct llm_reading *r, const struct llm_answer *answer,
    const char *id)
{
	size_t i;

	if (is_in(answer->calls, answer->ncalls, id))
		return true;
	for (i = 0; r->q != NULL && i < r->q->nmessages; i++)
		if (is_in(r->q->messages[i].calls, r->q->messages[i].ncalls,
			id))
			return true;
	return false;
}

/* The server has it for a call of this answer. */
static bool
is_servers(const struct llm_reading *r, const char *id)
{
	size_t i;

	for (i = 0; i < r->ncalls; i++)
		if (r->calls[i].id != NULL && strcmp(r->calls[i].id, id) == 0)
			return true;
	return false;
}

const char *
llm_call_id(struct llm_reading *r, const struct llm_answer *answer,
    const char *id, size_t i)
{
	const char *made, *front = "call_";
	size_t digits = 0, len;
	unsigned long n = i;

	if (id != NULL && id[0] != '\0' && strlen(id) <= LLM_ID_MAX) {
		if (!is_taken(r, answer, id))
			return id;
		/* Counted on: "functions.echo:0" is Kimi's, who reads it. */
		len = strlen(id);
		while (digits < DIGITS_MAX && digits < len
		    && isdigit((unsigned char)id[len - 1 - digits]))
			digits++;
		n = digits == 0 ? 2 : strtoul(id + len - digits, NULL, 10) + 1;
		front = digits == 0 ? arena_printf(r->mem, "%s_", id)
				    : arena_memdup(r->mem, id, len - digits);
	}
	for (;; n++) {
		made = arena_printf(r->mem, "%s%lu", front, n);
		if (!is_taken(r, answer, made) && !is_servers(r, made))
			return made;
	}
}

void
llm_fold_id(const char *id, char out[TOOL_NAME_MAX])
{
	static const char HEX[] = "0123456789abcdef";
	uint64_t h = 14695981039346656037U; /* FNV-1a */
	size_t len, i;

	llm_fold_name(id, out);
	if (strcmp(id, out) == 0)
		return;
	for (i = 0; id[i] != '\0'; i++)
		h = (h ^ (unsigned char)id[i]) * 1099511628211U;
	len = strlen(out);
	if (len > TOOL_NAME_MAX - 1 - HASH_CHARS)
		len = TOOL_NAME_MAX - 1 - HASH_CHARS;
	out[len++] = '_';
	for (i = 0; i < HASH_CHARS - 1; i++, h >>= 4)
		out[len++] = HEX[h & 15];
	out[len] = '\0';
}
