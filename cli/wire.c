#include "cli/wire.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/sse.h"
#include "base/text.h"

#define STREAM "text/event-stream"
#define SLICE_MS 500 /* between two looks; the end is told at once */

/* What of an answer was read, and is not a message yet. */
struct answer {
	const struct wire_ask *ask;
	struct wire_got *got;
	struct buf all; /* of a body that is no stream */
	struct sse_reader events;
	int full; /* enough was read */
};

static void
fill(const struct wire *w, const struct wire_ask *ask, struct http_request *req)
{
	size_t n = 0, i;

	for (i = 0; ask->lines[i] != NULL && n < HTTP_HEADERS_MAX - 2; i++)
		req->headers[n++] = ask->lines[i];
	if (w->key.len > 0)
		req->headers[n++] = buf_str(&w->key);
	req->method = ask->method;
	req->url = w->url;
	req->body = ask->body;
	req->body_len = ask->len;
	/* A stream of days passes any sum: one message is bounded. */
	req->body_max = SIZE_MAX / 2;
	req->first_byte_ms = ask->first_ms;
	req->idle_ms = ask->idle_ms;
	req->total_ms = ask->total_ms;
	req->cancel = ask->cancel;
	req->flags = HTTP_OPERATOR | (ask->once ? HTTP_ONCE : 0);
}

static void
take_head(struct wire_got *got, const struct http_response *resp)
{
	char seconds[24] = "";

	got->status = resp->status;
	if (!http_header(resp, "mcp-session-id", got->session,
		sizeof(got->session)))
		got->session[0] = '\0';
	if (!http_header(resp, "location", got->location,
		sizeof(got->location)))
		got->location[0] = '\0';
	if (!http_header(resp, "content-type", got->type, sizeof(got->type)))
		got->type[0] = '\0';
	if (http_header(resp, "retry-after", seconds, sizeof(seconds)))
		(void)!text_int(seconds, &got->retry_s);
	got->is_stream = resp->status == 200
	    && strncasecmp(got->type, STREAM, strlen(STREAM)) == 0;
}

static void
take_message(struct answer *a, const char *json, size_t len)
{
	while (len > 0 && strchr(" \t\r\n", json[len - 1]) != NULL)
		len--;
	if (len == 0 || (json[0] != '{' && json[0] != '['))
		return;
	a->got->messages++;
	a->ask->on(a->ask->ctx, json, len);
}

static int
on_event(void *ctx, const struct sse_event *ev)
{
	struct answer *a = ctx;

	if (ev->id[0] != '\0')
		text_format(a->got->last_event, sizeof(a->got->last_event),
		    "%s", ev->id);
	if (ev->len == 0)
		return 0;
	if (strcmp(ev->type, "message") == 0) {
		take_message(a, ev->data, ev->len);
		return 0;
	}
	return a->ask->event == NULL
	    ? 0
	    : a->ask->event(a->ask->ctx, ev->type, ev->data);
}

/* -1: it is longer than a message may be. */
static int
take_piece(struct answer *a, const struct buf *piece)
{
	if (!a->got->is_stream)
		return buf_add(&a->all, piece->data, piece->len);
	a->full = sse_reader_feed(&a->events, buf_str(piece), piece->len,
	    on_event, a);
	return a->full < 0 ? -1 : 0;
}

static void
read_body(struct answer *a, struct http_stream *s,
    const struct http_response *resp)
{
	struct buf piece = BUF_INIT(HTTP_STREAM_MAX);
	int rc = 0;

	while (rc != -1 && a->full <= 0) {
		buf_reset(&piece);
		rc = http_read(s, SLICE_MS, &piece);
		if (piece.len > 0 && take_piece(a, &piece) == -1) {
			a->got->rc = HTTP_TOO_LARGE;
			goto out;
		}
	}
	if (rc == -1)
		a->got->rc = resp->rc;
	if (a->got->rc == HTTP_OK && a->all.len > 0) {
		size_t skip = strspn(buf_str(&a->all), " \t\r\n");

		take_message(a, buf_str(&a->all) + skip, a->all.len - skip);
	}
	if (a->got->is_stream)
		a->got->retry_ms = a->events.retry_ms;
out:
	buf_fini(&piece);
}

void
wire_send(const struct wire *w, const struct wire_ask *ask,
    struct wire_got *got)
{
	struct answer a = { .ask = ask, .got = got };
	struct http_request req = { 0 };
	struct http_stream *s = NULL;
	struct http_response resp;

	*got = (struct wire_got){ .retry_ms = -1 };
	buf_init(&a.all, WIRE_MESSAGE_MAX);
	sse_reader_init(&a.events, WIRE_MESSAGE_MAX);
	fill(w, ask, &req);
	got->rc = http_open(&req, &resp, &s);
	if (got->rc == HTTP_OK) {
		take_head(got, &resp);
		read_body(&a, s, &resp);
	}
	got->cause = resp.cause;
	text_format(got->why, sizeof(got->why), "%s",
	    got->rc == HTTP_TOO_LARGE ? "a message is too long" : resp.why);
	http_close(s);
	http_response_fini(&resp);
	sse_reader_fini(&a.events);
	buf_fini(&a.all);
}
