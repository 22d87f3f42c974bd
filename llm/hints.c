/*
 * hints: when a server says that asking again may help.
 *
 * In headers (OpenAI, Anthropic, Azure: vanderschaarlab/climb#1), in members of
 * the body (Gemini's retryDelay: langchain-ai/langchain-google#945,
 * google-gemini/gemini-cli#10925), or in its words alone (OpenAI, Groq:
 * elizaOS/eliza#4040, letterstory/lettertrace#34,
 * ansari-project/ansari-backend#151).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/clock.h"
#include "base/http.h"
#include "base/json.h"
#include "base/text.h"
#include "llm/llm_priv.h"

#define EPOCH_MIN 1000000000LL /* seconds: a moment from here, no span */
#define DEPTH_MAX 6 /* of Gemini's details: error > details > RetryInfo */

/* "Wed, 21 Oct 2026 07:28:00 GMT" as milliseconds from now; -1: not one. */
static int64_t
http_date(const char *text)
{
	struct tm tm = { 0 };
	const char *end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	int64_t ms;

	if (end == NULL || *end != '\0')
		return -1;
	ms = (int64_t)timegm(&tm) * 1000 - clock_wall_ms();
	return ms < 0 ? 0 : ms > LLM_HINT_FAR_MS ? LLM_HINT_FAR_MS : ms;
}

/* ${n} of ${unit_ms} each; -1: not a number, or below zero. */
static int64_t
span(double n, double unit_ms)
{
	if (!(n >= 0))
		return -1;
	return n * unit_ms > (double)LLM_HINT_FAR_MS ? LLM_HINT_FAR_MS
						     : (int64_t)(n * unit_ms);
}

/* "1.5" as milliseconds of ${unit_ms}; -1: not a number. */
static int64_t
hint_number(const char *text, double unit_ms)
{
	char *end;
	double n = strtod(text, &end);

	return end == text || *end != '\0' ? -1 : span(n, unit_ms);
}

/* "7.66s", "350ms", "1m26.4s", "2h", "20 seconds": a sum of parts; what
 * follows is not looked at.  A bare number is ${bare_ms} each.  -1: none. */
static int64_t
hint_words(const char *text, double bare_ms)
{
	static const struct {
		const char *unit;
		double ms;
	} UNITS[] = { { "milliseconds", 1 }, { "millisecond", 1 }, { "ms", 1 },
		{ "seconds", 1000 }, { "second", 1000 }, { "secs", 1000 },
		{ "sec", 1000 }, { "s", 1000 }, { "minutes", 60e3 },
		{ "minute", 60e3 }, { "min", 60e3 }, { "m", 60e3 },
		{ "hours", 3600e3 }, { "hour", 3600e3 }, { "h", 3600e3 },
		{ "days", 86400e3 }, { "day", 86400e3 } };
	int64_t sum = -1, ms;
	size_t i;

	for (;;) {
		char *end;
		double n;

		while (*text == ' ')
			text++;
		if (*text < '0' || *text > '9')
			return sum;
		n = strtod(text, &end);
		while (*end == ' ')
			end++;
		for (i = 0; i < NELEM(UNITS); i++)
			if (strncasecmp(end, UNITS[i].unit,
				strlen(UNITS[i].unit))
			    == 0)
				break;
		ms = span(n, i < NELEM(UNITS) ? UNITS[i].ms : bare_ms);
		if (ms == -1 || (i == NELEM(UNITS) && sum != -1))
			return sum;
		sum = sum == -1 ? ms : sum + ms;
		if (i == NELEM(UNITS) || sum > LLM_HINT_FAR_MS)
			return sum;
		text = end + strlen(UNITS[i].unit);
	}
}

/* What stands behind one of these is a span (OpenAI, Groq, Gemini, Azure). */
static int64_t
in_words(const char *message)
{
	static const char *const LEADS[] = { "try again in ", "retry in ",
		"retry after ", "try again after ", "wait ", "available in ",
		"resets in " };
	const char *at;
	size_t i;

	for (i = 0; i < NELEM(LEADS); i++) {
		at = strcasestr(message, LEADS[i]);
		if (at != NULL && hint_words(at + strlen(LEADS[i]), 1000) != -1)
			return hint_words(at + strlen(LEADS[i]), 1000);
	}
	return -1;
}

/* When a limit is filled again: a span, or a moment as seconds or milliseconds
 * since 1970 (OpenRouter: X-RateLimit-Reset). */
static int64_t
hint_reset(const char *text)
{
	int64_t n;

	if (text_int(text, &n) == -1 || n < EPOCH_MIN)
		return hint_words(text, 1000);
	n = (n < EPOCH_MIN * 1000 ? n * 1000 : n) - clock_wall_ms();
	return n < 0 ? 0 : n > LLM_HINT_FAR_MS ? LLM_HINT_FAR_MS : n;
}

/* The upstream's headers, that OpenRouter quotes in a body. */
static int64_t
in_headers(const json_t *doc)
{
	const char *left = json_member_str(doc, "X-RateLimit-Remaining");
	const char *reset = json_member_str(doc, "X-RateLimit-Reset");

	return left == NULL || reset == NULL || strcmp(left, "0") != 0
	    ? -1
	    : hint_reset(reset);
}

/* The member of ${doc}, at any depth, that says it. */
static int64_t
in_members(const json_t *doc, int depth)
{
	static const struct {
		const char *name;
		double unit_ms;
	} NAMES[] = { { "retryDelay", 1000 }, { "retry_after_ms", 1 },
		{ "retry_after", 1000 }, { "retryAfter", 1000 },
		{ "retry_after_seconds", 1000 }, { "estimated_time", 1000 } };
	const json_t *v;
	const char *key;
	int64_t ms;
	size_t i;

	if (depth > DEPTH_MAX)
		return -1;
	for (i = 0; i < NELEM(NAMES); i++) {
		v = json_object_get(doc, NAMES[i].name);
		ms = json_is_string(v)
		    ? hint_words(json_string_value(v), NAMES[i].unit_ms)
		    : json_is_number(v)
		    ? span(json_number_value(v), NAMES[i].unit_ms)
		    : -1;
		if (ms != -1)
			return ms;
	}
	ms = in_headers(doc);
	if (ms != -1)
		return ms;
	json_object_foreach((json_t *)(uintptr_t)doc, key, v) {
		ms = json_is_object(v) || json_is_array(v)
		    ? in_members(v, depth + 1)
		    : -1;
		if (ms != -1)
			return ms;
	}
	json_array_foreach(doc, i, v) {
		ms = i < 32 ? in_members(v, depth + 1) : -1;
		if (ms != -1)
			return ms;
	}
	return -1;
}

void
llm_hints_body(const struct llm_refusal *r, struct llm_failure *f)
{
	if (f->retry_after_ms == -1 && r->doc != NULL)
		f->retry_after_ms = in_members(r->doc, 0);
	if (f->retry_after_ms == -1)
		f->retry_after_ms = in_words(r->message);
}

/* Of limits that are used up, the latest to be filled again. */
static int64_t
limit_reset(const struct http_response *resp)
{
	static const char *const LIMITS[] = { "-requests", "-tokens", "" };
	char name[64], value[64];
	int64_t ms, latest = -1;
	size_t i;

	for (i = 0; i < NELEM(LIMITS); i++) {
		snprintf(name, sizeof(name), "x-ratelimit-remaining%s",
		    LIMITS[i]);
		if (!http_header(resp, name, value, sizeof(value))
		    || strcmp(value, "0") != 0)
			continue;
		snprintf(name, sizeof(name), "x-ratelimit-reset%s", LIMITS[i]);
		if (!http_header(resp, name, value, sizeof(value)))
			continue;
		ms = hint_reset(value);
		if (ms > latest)
			latest = ms;
	}
	return latest;
}

void
llm_hints_read(const struct http_response *resp, struct llm_failure *f,
    int *should_retry)
{
	char value[64];

	*should_retry = -1;
	if (http_header(resp, "x-should-retry", value, sizeof(value)))
		*should_retry = strcasecmp(value, "true") == 0;
	if (http_header(resp, "retry-after-ms", value, sizeof(value)))
		f->retry_after_ms = hint_number(value, 1);
	if (f->retry_after_ms == -1
	    && http_header(resp, "retry-after", value, sizeof(value))) {
		f->retry_after_ms = hint_number(value, 1000);
		if (f->retry_after_ms == -1)
			f->retry_after_ms = http_date(value);
	}
	if (f->retry_after_ms == -1)
		f->retry_after_ms = limit_reset(resp);
}
