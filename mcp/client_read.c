/*
 * client_read: the body of an answer, JSON or a stream of events.
 *
 * The first bytes say which of the two it is and the label only helps: events
 * are sent as JSON, JSON as text or without a label
 * (modelcontextprotocol/java-sdk#413, #748).  Whoever has the answer waits for
 * no end of the body.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/sse.h"
#include "base/text.h"
#include "mcp/client_priv.h"

/* for an answer with a better id, where one may come */
#define TEXT_ID_MS 300

/* Documents that are no JSON, after which none is tried: a body of short lines
 * would cost seconds. */
#define BAD_MAX 1000

enum kind { KIND_OPEN, KIND_JSON, KIND_EVENTS, KIND_OTHER };

/* A document as it grows, by its brackets: each byte is looked at once. */
struct document {
	size_t from, at; /* where it begins; looked at up to here */
	size_t closed;   /* behind its last bracket; 0: it is open */
	int depth;
	bool in_string, escaped;
	bool more; /* something follows: it is not alone there */
};

struct body {
	struct exchange *x;
	bool labelled; /* as events */
	enum kind kind;
	struct buf all; /* but of events, once they are known for that */
	struct sse_reader events;
	struct document whole, line; /* all of it; the line that is next */
	size_t tried;                /* where the last one ended that was */
	size_t bad;
};

/* ---- which it is --------------------------------------------------------- */

static size_t
skip_blank(const char *bytes, size_t len)
{
	size_t i = 0;

	if (len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
		i = 3;
	while (
	    i < len && strchr(" \t\r\n", bytes[i]) != NULL && bytes[i] != '\0')
		i++;
	return i;
}

/* Do the bytes begin with a field of an event?  KIND_OPEN: they may. */
static enum kind
field_kind(const char *bytes, size_t len)
{
	static const char *const FIELDS[] = { ":",
		"data:", "event:", "id:", "retry:" };
	size_t i, n;

	for (i = 0; i < NELEM(FIELDS); i++) {
		n = strlen(FIELDS[i]);
		if (memcmp(bytes, FIELDS[i], n < len ? n : len) == 0)
			return n <= len ? KIND_EVENTS : KIND_OPEN;
	}
	return KIND_OTHER;
}

static enum kind
kind_of(const char *bytes, size_t len, bool labelled)
{
	size_t at = skip_blank(bytes, len);
	enum kind kind;

	if (at == len || (len < 3 && memcmp(bytes, "\xef\xbb\xbf", len) == 0))
		return KIND_OPEN;
	if (bytes[at] == '{' || bytes[at] == '[')
		return KIND_JSON;
	kind = field_kind(bytes + at, len - at);
	return kind == KIND_OTHER && labelled ? KIND_EVENTS : kind;
}

/* ---- what came ----------------------------------------------------------- */

static void
keep_said(struct exchange *x, const char *bytes, size_t len)
{
	const char *text;

	if (x->said[0] != '\0' || len == 0)
		return;
	text = text_clean(x->scratch, bytes, len < SAID_MAX ? len : SAID_MAX);
	text = text_strip(x->scratch, text_printable(x->scratch, text));
	snprintf(x->said, sizeof(x->said), "%s",
	    text_cut(x->scratch, text, SAID_MAX / 4 - 1));
	arena_reset(x->scratch);
}

static int
on_event(void *ctx, const struct sse_event *ev)
{
	struct exchange *x = ctx;
	int rc;

	if (ev->id[0] != '\0' && strlen(ev->id) < sizeof(x->last_event))
		memcpy(x->last_event, ev->id, strlen(ev->id) + 1);
	/* Whatever its type: some name theirs.  What is not JSON may not be
	 * for us; the answer may still come. */
	if (ev->len == 0)
		return 0;
	rc = exchange_take(x, ev->data, ev->len);
	if (rc == -1 && strcmp(ev->type, "error") == 0)
		keep_said(x, ev->data, ev->len);
	return rc == 1;
}

static void
follow(struct document *d, const char *s, size_t len)
{
	for (; d->at < len && !d->more; d->at++) {
		char c = s[d->at];

		if (d->closed != 0) {
			d->more = c == '\0' || strchr(" \t\r\n", c) == NULL;
		} else if (d->in_string) {
			if (!d->escaped && c == '"')
				d->in_string = false;
			d->escaped = !d->escaped && c == '\\';
		} else if (c == '"') {
			d->in_string = true;
		} else if (c == '{' || c == '[') {
			d->depth++;
		} else if ((c == '}' || c == ']') && --d->depth <= 0) {
			d->closed = d->at + 1;
		}
	}
}

/* What stands in front of ${len}, if it is one document, and new. */
static int
take_document(struct body *b, struct document *d, size_t len)
{
	const char *s = buf_str(&b->all);
	int rc;

	follow(d, s, len);
	if (d->closed == 0 || d->more || d->closed == b->tried
	    || b->bad == BAD_MAX)
		return 0;
	b->tried = d->closed;
	rc = exchange_take(b->x, s + d->from, d->closed - d->from);
	b->bad += rc == -1;
	return rc;
}

/* Some end a line each; the last may lack its end. */
static int
take_lines(struct body *b)
{
	const char *s = buf_str(&b->all), *eol = s;
	size_t len = b->all.len, end;
	int rc = 0;

	while (rc != 1 && eol != NULL && b->line.from < len) {
		eol = memchr(s + b->line.from, '\n', len - b->line.from);
		end = eol == NULL ? len : (size_t)(eol - s);
		rc = take_document(b, &b->line, end);
		if (eol != NULL)
			b->line = (struct document){ .from = end + 1,
				.at = end + 1 };
	}
	return rc;
}

/* 1: the answer is there; -1: an event is too large. */
static int
feed(struct body *b, const struct buf *piece)
{
	int rc = 0;

	if (b->kind == KIND_EVENTS)
		return sse_reader_feed(&b->events, piece->data, piece->len,
		    on_event, b->x);
	if (buf_add(&b->all, piece->data, piece->len) == -1)
		return -1;
	if (b->kind == KIND_OPEN) {
		b->kind = kind_of(buf_str(&b->all), b->all.len, b->labelled);
		b->whole.from = b->whole.at = b->line.from = b->line.at
		    = skip_blank(buf_str(&b->all), b->all.len);
	}
	if (b->kind == KIND_EVENTS) {
		rc = sse_reader_feed(&b->events, b->all.data, b->all.len,
		    on_event, b->x);
		buf_reset(&b->all);
	}
	return rc;
}

/* Nothing comes just now: is it all there?  Some never end the body.  Lines
 * are looked for where there is more than one document: those within one that
 * is still open are no messages. */
static int
take_quiet(struct body *b)
{
	int rc;

	if (b->kind != KIND_JSON)
		return 0;
	rc = take_document(b, &b->whole, b->all.len);
	if (b->whole.more)
		rc = take_lines(b);
	return rc == 1;
}

/* The body is over.  An event whose blank line is missing counts, too. */
static int
take_end(struct body *b)
{
	size_t from = b->whole.from;
	int rc;

	if (b->kind == KIND_EVENTS)
		return sse_reader_feed(&b->events, "\n\n", 2, on_event, b->x);
	if (b->all.len == 0)
		return 0;
	rc = exchange_take(b->x, buf_str(&b->all) + from, b->all.len - from);
	if (rc == -1)
		rc = take_lines(b);
	if (rc != 1)
		keep_said(b->x, b->all.data, b->all.len);
	return 0;
}

static int
read_pieces(struct body *b, struct http_stream *s)
{
	struct buf piece = BUF_INIT(HTTP_STREAM_MAX);
	int64_t settle = INT64_MAX;
	int rc = 0, got;

	while (rc == 0 && clock_boot_ms() < settle) {
		got = http_read(s, MCP_SLICE_MS, &piece);
		if (got == -1) {
			rc = take_end(b);
			break;
		}
		if (piece.len > 0)
			rc = feed(b, &piece);
		else
			rc = take_quiet(b);
		buf_reset(&piece);
		if (b->x->maybe && settle == INT64_MAX)
			settle = clock_boot_ms() + TEXT_ID_MS;
	}
	buf_fini(&piece);
	return rc;
}

int
exchange_read(struct exchange *x, struct http_stream *s,
    const struct http_response *resp, bool *is_stream)
{
	struct body b = { .x = x };
	char type[128] = "";
	int rc;

	(void)http_header(resp, "content-type", type, sizeof(type));
	b.labelled = strncasecmp(type, "text/event-stream", 17) == 0;
	buf_init(&b.all, MCP_ANSWER_MAX);
	sse_reader_init(&b.events, MCP_EVENT_MAX);
	b.events.json = true;
	rc = read_pieces(&b, s);
	*is_stream = resp->status == 200
	    && (b.kind == KIND_EVENTS || (b.kind == KIND_OPEN && b.labelled));
	x->silent = resp->rc == HTTP_OK && b.kind == KIND_OPEN
	    && b.all.len == 0;
	if (b.events.retry_ms >= 0)
		x->retry_ms = b.events.retry_ms;
	if (b.events.id.len > 0 && b.events.id.len < sizeof(x->last_event))
		memcpy(x->last_event, buf_str(&b.events.id),
		    b.events.id.len + 1);
	if (!x->answered && x->maybe)
		x->answered = true;
	sse_reader_fini(&b.events);
	buf_fini(&b.all);
	return rc;
}
