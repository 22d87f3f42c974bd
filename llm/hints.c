/*
 * hints: when a server says that asking again may help.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/clock.h"
#include "base/http.h"
#include "llm/llm_priv.h"

#define RETRY_HINT_MAX_MS 60000 /* longer is for ever, to one who waits */


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
	return ms < 0 ? 0 : ms;
}

/* "1.5" as milliseconds of ${unit_ms}; -1: not a number. */
static int64_t
hint_number(const char *text, double unit_ms)
{
	double n;
	int end = 0;

	if (sscanf(text, "%lf%n", &n, &end) != 1 || text[end] != '\0')
		return -1;
	if (!(n >= 0)) /* not a number, and below zero */
		return -1;
	return n * unit_ms > RETRY_HINT_MAX_MS ? RETRY_HINT_MAX_MS
					       : (int64_t)(n * unit_ms);
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
	if (f->retry_after_ms > RETRY_HINT_MAX_MS)
		f->retry_after_ms = RETRY_HINT_MAX_MS;
}
