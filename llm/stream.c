/*
 * stream: an answer as its bytes arrive, whole or by events.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/http.h"
#include "llm/llm_priv.h"

static void
first_byte(struct asking *a)
{
	if (a->first)
		return;
	a->first = true;
	if (a->q->on_first_byte != NULL)
		a->q->on_first_byte(a->q->ctx);
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

static bool
is_cancelled(const struct asking *a)
{
	return a->q->cancel != NULL
	    && __atomic_load_n(a->q->cancel, __ATOMIC_RELAXED);
}

/* Its content did not come in time: as if the server had gone silent. */
static void
too_late(struct asking *a, const struct llm_clock *c,
    struct http_response *resp)
{
	resp->rc = HTTP_TIMEOUT;
	if (c->content_ms == 0)
		snprintf(resp->why, sizeof(resp->why),
		    "no content within %d ms (llm.first_byte)", a->first_ms);
	else
		snprintf(resp->why, sizeof(resp->why),
		    "no more content within %d ms (llm.idle)", a->idle_ms);
}

static enum llm_body_end
end_of(const struct http_response *resp, bool is_over)
{
	if (!is_over || resp->rc != HTTP_OK)
		return BODY_END_CUT;
	return resp->conn_ended ? BODY_END_UNSURE : BODY_END_WHOLE;
}

enum llm_rc
llm_stream_read(struct asking *a, struct http_stream *s,
    struct http_response *resp, struct llm_answer *answer,
    struct llm_failure *f)
{
	struct buf piece = BUF_INIT(HTTP_STREAM_MAX + 64 * KIB);
	struct llm_clock clock = { .began_ms = clock_boot_ms()
		    - resp->first_byte_ms };
	enum llm_waiting waiting = LLM_WAIT;
	struct llm_body body;
	int n = 0, stop = 0;

	llm_body_init(&body, a->provider, &a->reading,
	    is_type(resp, "text/event-stream"));
	while (stop == 0 && waiting == LLM_WAIT
	    && (n = http_read(s, LLM_READ_WAIT_MS, &piece)) != -1) {
		if (is_cancelled(a)) {
			resp->rc = HTTP_CANCELLED;
			break;
		}
		if (n == 1) {
			first_byte(a);
			a->reading.received += piece.len;
			stop = llm_body_feed(&body, buf_str(&piece), piece.len);
			buf_reset(&piece);
		}
		waiting = llm_ending_look(a, &clock, clock_boot_ms());
	}
	if (waiting == LLM_TOO_LATE)
		too_late(a, &clock, resp);
	if (resp->rc != HTTP_CANCELLED)
		llm_body_end(&body, end_of(resp, n == -1));
	llm_body_fini(&body);
	buf_fini(&piece);
	return resp->rc == HTTP_CANCELLED ? LLM_CANCELLED
					  : llm_ending(a, resp, answer, f);
}
