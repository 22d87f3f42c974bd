/*
 * exchange: one request to one backend, and what came of it.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/http.h"
#include "base/json.h"
#include "base/text.h"
#include "llm/llm_priv.h"

#define REFUSAL_MAX (256 * KIB)
#define REFUSAL_MS 5000  /* a refusal is written at once; some never end it */
#define LOCATION_MAX 512 /* a longer one is not shown */
/* so that ending.c, which knows which setting it is, says so first */
#define SILENCE_MORE_MS 1000

/* Read only where it may end: a body that drips is not read at each byte. */
static bool
is_whole(const struct buf *body)
{
	size_t len = body->len;
	struct arena *mem;
	bool is;

	while (len > 0 && strchr(" \t\r\n", body->data[len - 1]) != NULL)
		len--;
	if (len == 0 || strchr("}]", body->data[len - 1]) == NULL)
		return false;
	mem = arena_new();
	is = json_read_lenient(mem, body->data, len) != NULL;
	arena_free(mem);
	return is;
}

/* The body of a refusal, or as much of it as is there in time. */
static void
take_refusal(struct http_stream *s, struct buf *body)
{
	int64_t until = clock_boot_ms() + REFUSAL_MS;
	size_t seen = 0;
	int rc;

	do {
		rc = http_read(s, LLM_READ_WAIT_MS, body);
		if (rc == 0 && body->len > seen) {
			seen = body->len;
			if (is_whole(body))
				return;
		}
	} while (rc != -1 && !body->full && clock_boot_ms() < until);
}

/* Where a redirection leads, which is never followed: what may be shown. */
static void
say_location(const struct http_response *resp, struct arena *mem,
    struct llm_failure *f)
{
	struct text_address at;
	char where[LOCATION_MAX];

	if (resp->status < 300 || resp->status > 399
	    || !http_header(resp, "location", where, sizeof(where)))
		return;
	where[strcspn(where, "?#")] = '\0';
	text_address(where, &at);
	if (at.scheme == 0 && strchr(where, '@') != NULL)
		return; /* a login, perhaps */
	text_format(f->why, sizeof(f->why), "status %d: redirected to %s",
	    resp->status,
	    text_clean(mem,
		arena_printf(mem, "%.*s%.*s", at.scheme, where, at.len,
		    at.rest),
		(size_t)(at.scheme + at.len)));
}

static enum llm_rc
read_refusal(struct asking *a, struct http_stream *s,
    struct http_response *resp, struct arena *mem, struct llm_failure *f)
{
	struct llm_refusal refusal;
	enum llm_rc rc;
	int should_retry;

	buf_init(&resp->body, REFUSAL_MAX);
	take_refusal(s, &resp->body);
	if (resp->rc == HTTP_CANCELLED)
		return LLM_CANCELLED;
	llm_hints_read(resp, f, &should_retry);
	llm_refusal_read(&refusal, resp->status, buf_str(&resp->body),
	    resp->body.len, mem);
	llm_unquote(&refusal, a->q, mem);
	rc = llm_refusal_rc(&refusal, should_retry, f);
	say_location(resp, mem, f);
	a->refused = refusal;
	return (rc == LLM_RETRY || rc == LLM_CONTEXT) && a->reading.shown
	    ? LLM_BROKEN
	    : rc;
}

enum llm_rc
llm_exchange(const struct llm_backend *b, const struct llm_question *q,
    const char *url, const struct buf *body, struct arena *mem,
    struct asking *a, struct llm_answer *answer, struct llm_failure *f)
{
	struct http_request req = { .method = "POST",
		.url = url,
		.body = buf_str(body),
		.body_len = body->len,
		.body_max = LLM_STREAM_MAX,
		.connect_ms = b->connect_ms,
		.first_byte_ms = b->first_byte_ms,
		.total_ms = b->total_ms,
		/* stream.c looks at content; this is for silence in a refusal. */
		.idle_ms = b->first_byte_ms > b->idle_ms ? b->first_byte_ms
							 : b->idle_ms,
		.flags = HTTP_OPERATOR | HTTP_ONCE, /* each is paid for */
		.cancel = q->cancel };
	struct http_response resp;
	struct http_stream *s = NULL;
	enum llm_rc rc;
	size_t n = 0;

	if (req.idle_ms > 0)
		req.idle_ms += SILENCE_MORE_MS;
	req.headers[n++] = "Content-Type: application/json";
	req.headers[n++] = "Accept: text/event-stream, application/json";
	a->reading.sent = body->len;
	a->first_ms = b->first_byte_ms;
	a->idle_ms = b->idle_ms;
	if (llm_fill(a->provider, b, n, mem, &req) == -1) {
		text_format(f->why, sizeof(f->why), LLM_TOO_MANY_HEADERS);
		return LLM_INVALID;
	}
	if (http_open(&req, &resp, &s) != HTTP_OK)
		rc = llm_transport_rc(&resp, a->reading.shown, f);
	else if (resp.status < 200 || resp.status > 299)
		rc = read_refusal(a, s, &resp, mem, f);
	else
		rc = llm_stream_read(a, s, &resp, answer, f);
	http_close(s);
	http_response_fini(&resp);
	return rc;
}
