/*
 * ladder_values: numbers in the words of a refusal, and what they are of.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "llm/ladder.h"

#define NUMBER_MAX 100000000
#define ONLY_SPAN 48 /* bytes from "only" to the number that it is of */

static bool
joins(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/*
 * The number at ${s}, a digit: "8192", "128,000", "0.7".  ${text} is where
 * all begins.  ${end} is set; -1: it is part of a name (claude-3-5,
 * 2024-08-06, tools.3.x).
 */
static double
number_at(const char *text, const char *s, const char **end)
{
	double n = 0, unit = 1;
	const char *from = s;

	for (; isdigit((unsigned char)*s)
	     || (*s == ',' && isdigit((unsigned char)s[1])
		 && isdigit((unsigned char)s[2]) && isdigit((unsigned char)s[3])
		 && !isdigit((unsigned char)s[4]));
	     s++)
		if (*s != ',')
			n = n * 10 + (*s - '0');
	if (*s == '.' && isdigit((unsigned char)s[1]))
		for (s++; isdigit((unsigned char)*s); s++)
			n += (*s - '0') * (unit /= 10);
	*end = s;
	if (from > text && (joins(from[-1]) || from[-1] == '.'))
		return -1;
	if (from > text + 1 && strchr("-:/", from[-1]) != NULL
	    && joins(from[-2]))
		return -1;
	if (joins(*s)
	    || (strchr("-:/.", *s) != NULL && *s != '\0' && joins(s[1])))
		return -1;
	return n;
}

size_t
llm_numbers(const char *text, struct llm_number *out, size_t max)
{
	const char *s = text, *end;
	size_t n = 0;
	double v;

	while (*s != '\0' && n < max) {
		if (!isdigit((unsigned char)*s)) {
			s++;
			continue;
		}
		v = number_at(text, s, &end);
		if (v >= 0 && v <= NUMBER_MAX)
			out[n++] = (struct llm_number){ .value = v,
				.at = s,
				.end = end };
		s = end;
	}
	return n;
}

/* True if one of ${words} follows ${n}, or stands before it. */
static bool
is_of(const char *text, const struct llm_number *n, const char *const *after,
    size_t nafter, const char *const *before, size_t nbefore)
{
	const char *s = n->end + strspn(n->end, " `'\"");
	size_t i, len;

	for (i = 0; i < nafter; i++)
		if (strncasecmp(s, after[i], strlen(after[i])) == 0)
			return true;
	for (i = 0; i < nbefore; i++) {
		len = strlen(before[i]);
		if ((size_t)(n->at - text) >= len
		    && strncasecmp(n->at - len, before[i], len) == 0)
			return true;
	}
	return false;
}

/* Anthropic's "190000 + 20000 > 200000". */
static bool
read_sum(const struct llm_number *n, size_t count, int64_t *context,
    int64_t *input)
{
	size_t i;

	for (i = 0; i + 2 < count; i++)
		if (n[i].end[strspn(n[i].end, " ")] == '+'
		    && n[i + 1].end[strspn(n[i + 1].end, " ")] == '>') {
			*input = (int64_t)n[i].value;
			*context = (int64_t)n[i + 2].value;
			return true;
		}
	return false;
}

bool
llm_context_of(const char *text, int64_t limit, int64_t *context,
    int64_t *input)
{
	/* OpenAI, vLLM, SGLang, OpenRouter, Mistral, TGI */
	static const char *const OF_CONTEXT_BEFORE[] = { "context length is ",
		"context length is only ", "context length of ",
		"context window of ", "context window is ", "context limit of ",
		"max_model_len (", "must be <= ", "context size is ",
		"context size (", "context length (", "context length of only ",
		"n_ctx = ", "n_ctx (" };
	static const char *const OF_CONTEXT_AFTER[] = {
		"maximum context length", "tokens maximum context",
		"token context"
	};
	static const char *const OF_INPUT_AFTER[] = { "in the messages",
		"input tokens", "tokens from the input", "in your prompt",
		"in the prompt", "of text input", "inputs` tokens",
		"inputs` tokens", "prompt tokens", "tokens from the prompt",
		"tokens in the messages", "tokens in the prompt",
		"tokens of text input" };
	static const char *const OF_INPUT_BEFORE[] = { "prompt contains ",
		"passed ", "prompt has " };
	static const char *const OF_SUM_BEFORE[] = { "requested ",
		"requested about ", "you requested a total of " };
	struct llm_number n[LLM_NUMBERS_MAX];
	size_t i, count = llm_numbers(text, n, NELEM(n));
	int64_t sum = 0;

	*context = *input = 0;
	if (read_sum(n, count, context, input))
		return true;
	for (i = 0; i < count; i++) {
		int64_t v = (int64_t)n[i].value;

		if (*context == 0
		    && is_of(text, &n[i], OF_CONTEXT_AFTER,
			NELEM(OF_CONTEXT_AFTER), OF_CONTEXT_BEFORE,
			NELEM(OF_CONTEXT_BEFORE)))
			*context = v;
		else if (is_of(text, &n[i], OF_INPUT_AFTER,
			     NELEM(OF_INPUT_AFTER), OF_INPUT_BEFORE,
			     NELEM(OF_INPUT_BEFORE)))
			*input = v;
		else if (sum == 0
		    && is_of(text, &n[i], NULL, 0, OF_SUM_BEFORE,
			NELEM(OF_SUM_BEFORE)))
			sum = v;
	}
	/* Parts of the input may be counted apart: the sum knows all. */
	if (sum - limit > *input)
		*input = sum - limit;
	return *context > 0 && *input > 0;
}

/* The most that ${of} allows: one less, where one of the ${count} numbers says
 * that it is itself too much. */
static int64_t
bound(const char *text, const struct llm_number *of, const struct llm_number *n,
    size_t count)
{
	static const char *const BEFORE[] = { "lower than ", "less than ",
		"smaller than ", "fewer than ", "below ", "under ", "< " };
	static const char *const AFTER[] = { "(exclusive)" };
	int64_t v = (int64_t)of->value;
	size_t i;

	for (i = 0; i < count; i++)
		if ((int64_t)n[i].value == v
		    && is_of(text, &n[i], AFTER, NELEM(AFTER), BEFORE,
			NELEM(BEFORE)))
			return v - 1;
	return v;
}

int64_t
llm_largest_below(const char *text, int64_t ours, int64_t least)
{
	struct llm_number n[LLM_NUMBERS_MAX];
	size_t i, count = llm_numbers(text, n, NELEM(n));
	int64_t best = 0;

	for (i = 0; i < count; i++) {
		int64_t v = bound(text, &n[i], n, count);

		if (v < ours && v >= least && v > best)
			best = v;
	}
	return best;
}

int64_t
llm_smallest_above(const char *text, int64_t ours, int64_t most)
{
	struct llm_number n[LLM_NUMBERS_MAX];
	size_t i, count = llm_numbers(text, n, NELEM(n));
	int64_t best = 0;

	for (i = 0; i < count; i++)
		if ((int64_t)n[i].value > ours && (int64_t)n[i].value <= most
		    && (best == 0 || (int64_t)n[i].value < best))
			best = (int64_t)n[i].value;
	return best;
}

/* "only 1 is allowed", "the default (1)", "may only be set to 1". */
double
llm_only_value(const char *text)
{
	static const char *const WORDS[] = { "only ", "default (",
		"must be set to ", "must be equal to ", "must be 1" };
	struct llm_number n[LLM_NUMBERS_MAX];
	size_t i, j, count = llm_numbers(text, n, NELEM(n));
	const char *at;

	for (j = 0; j < NELEM(WORDS); j++) {
		at = strcasestr(text, WORDS[j]);
		for (i = 0; at != NULL && i < count; i++)
			if (n[i].at >= at && n[i].at - at <= ONLY_SPAN
			    && n[i].value <= 2)
				return n[i].value;
	}
	return -1;
}
