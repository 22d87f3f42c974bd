/*
 * stream: an answer as its bytes arrive, whole or by events.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/http.h"
#include "base/sse.h"
#include "llm/llm_priv.h"

#define READ_WAIT_MS 100 /* how late a cancel may be noticed */

static int
on_event(void *ctx, const struct sse_event *ev)
{
	struct asking *a = ctx;

	return a->provider->feed(&a->reading, ev->type, ev->data, ev->len);
}

static void
first_byte(struct asking *a)
{
	if (a->first)
		return;
	a->first = true;
	if (a->q->on_first_byte != NULL)
		a->q->on_first_byte(a->q->ctx);
}

/* The rest of a body that is not a stream. */
static void
read_all(struct asking *a, struct http_stream *s, struct http_response *resp)
{
	int n;

	while ((n = http_read(s, READ_WAIT_MS, &resp->body)) != -1
	    && !resp->body.full)
		if (n == 1)
			first_byte(a);
}

static enum llm_rc
read_stream(struct asking *a, struct http_stream *s,
    struct http_response *resp, struct llm_answer *answer,
    struct llm_failure *f)
{
	struct buf piece = BUF_INIT(HTTP_STREAM_MAX + 64 * KIB);
	struct llm_reading *r = &a->reading;
	struct sse_reader sse;
	int64_t ended_ms = 0;
	int n, stop = 0;

	sse_reader_init(&sse, LLM_ANSWER_MAX);
	while (stop == 0 && (n = http_read(s, READ_WAIT_MS, &piece)) != -1) {
		if (a->q->cancel != NULL
		    && __atomic_load_n(a->q->cancel, __ATOMIC_RELAXED)) {
			resp->rc = HTTP_CANCELLED;
			break;
		}
		if (r->ended && ended_ms == 0)
			ended_ms = clock_boot_ms();
		if (r->ended && llm_ending_is_over(r, ended_ms))
			break;
		if (n == 0)
			continue;
		first_byte(a);
		stop = sse_reader_feed(&sse, buf_str(&piece), piece.len,
		    on_event, a);
		buf_reset(&piece);
	}
	if (stop != 0 && !r->failed && !r->full)
		llm_reading_fail(r, "an event passed its limit");
	sse_reader_fini(&sse);
	buf_fini(&piece);
	if (resp->rc == HTTP_CANCELLED)
		return LLM_CANCELLED;
	return llm_ending(a, resp, answer, f);
}

static enum llm_rc
read_whole(struct asking *a, struct http_stream *s,
    struct http_response *resp, struct llm_answer *answer,
    struct llm_failure *f)
{
	buf_init(&resp->body, LLM_ANSWER_MAX);
	read_all(a, s, resp);
	if (resp->rc != HTTP_OK && !resp->body.full)
		return llm_transport_rc(resp, a->reading.shown, f);
	if (resp->body.full)
		llm_reading_fail(&a->reading, "the answer passed its limit");
	else if (a->provider->whole(&a->reading, buf_str(&resp->body),
		     resp->body.len)
		== -1
	    && !a->reading.failed && !a->reading.full)
		llm_reading_fail(&a->reading,
		    "the answer is not what this API answers");
	return llm_ending(a, resp, answer, f);
}

static bool
is_type(const struct http_response *resp, const char *type)
{
	char value[128];
	size_t len = strlen(type);

	return http_header(resp, "content-type", value, sizeof(value))
	    && strncasecmp(value, type, len) == 0
	    && strchr("; \t", value[len]) != NULL;
}

enum llm_rc
llm_stream_read(struct asking *a, struct http_stream *s,
    struct http_response *resp, struct llm_answer *answer,
    struct llm_failure *f)
{
	return is_type(resp, "text/event-stream")
	    ? read_stream(a, s, resp, answer, f)
	    : read_whole(a, s, resp, answer, f);
}
