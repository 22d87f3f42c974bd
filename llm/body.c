/*
 * body: the bytes of an answer, whole or by events.
 *
 * Relays label streams text/plain, application/json or not at all
 * (xiaoliu10/claude-code-router-next#45), and answer a streamed request with
 * one document or with lines of JSON.
 */
#include <string.h>

#include "base/json.h"
#include "llm/llm_priv.h"

static const char BOM[] = "\xef\xbb\xbf";
static const char BLANKS[] = " \t\r\n";

void
llm_body_init(struct llm_body *b, const struct llm_provider *p,
    struct llm_reading *r, bool labelled)
{
	*b = (struct llm_body){ .provider = p,
		.reading = r,
		.labelled = labelled };
	sse_reader_init(&b->sse, LLM_ANSWER_MAX);
	b->sse.json = true;
	buf_init(&b->head, LLM_ANSWER_MAX);
}

void
llm_body_fini(struct llm_body *b)
{
	sse_reader_fini(&b->sse);
	buf_fini(&b->head);
}

/* Gateways beat with empty events (openai/openai-go#651). */
static int
on_event(void *ctx, const struct sse_event *ev)
{
	struct llm_body *b = ctx;

	if (ev->data[strspn(ev->data, BLANKS)] == '\0')
		return 0;
	return b->provider->feed(b->reading, ev->type, ev->data, ev->len);
}

static int
feed_events(struct llm_body *b, const char *bytes, size_t len)
{
	struct llm_reading *r = b->reading;
	int rc = sse_reader_feed(&b->sse, bytes, len, on_event, b);

	if (rc != 0 && !r->failed && !r->full)
		(void)llm_reading_fail(r, "an event passed its limit");
	return rc;
}

/* Where the document begins, after a byte order mark and blanks. */
static const char *
begin(struct llm_body *b)
{
	const char *s = buf_str(&b->head);

	if (b->first == 0 && strncmp(s, BOM, sizeof(BOM) - 1) == 0)
		b->first = sizeof(BOM) - 1;
	b->first += strspn(s + b->first, BLANKS);
	return s + b->first;
}

static bool
is_field(const char *s)
{
	static const char *const FIELDS[] = { ":",
		"data:", "event:", "id:", "retry:", "error:" };
	size_t i;

	for (i = 0; i < NELEM(FIELDS); i++)
		if (strncmp(s, FIELDS[i], strlen(FIELDS[i])) == 0)
			return true;
	return false;
}

static void
decide(struct llm_body *b, bool last)
{
	static const size_t LONGEST = sizeof("retry:") - 1;
	const char *s = begin(b);

	if (s[0] == '\0'
	    || (strlen(s) < sizeof(BOM) - 1 && !last
		&& strncmp(s, BOM, strlen(s)) == 0))
		return;
	if (strchr("{[<", s[0]) != NULL)
		b->kind = BODY_WHOLE;
	else if (is_field(s))
		b->kind = BODY_EVENTS;
	else if (strlen(s) >= LONGEST || last)
		b->kind = b->labelled ? BODY_EVENTS : BODY_WHOLE;
}

/* More than blanks after the first line?  Each byte is looked at once, though
 * it is asked with each piece. */
static bool
has_line(struct llm_body *b)
{
	const char *s = buf_str(&b->head);

	if (b->seen < b->first)
		b->seen = b->first;
	if (b->eol == 0) {
		b->seen += strcspn(s + b->seen, "\r\n");
		if (s[b->seen] == '\0')
			return false;
		b->eol = b->seen;
	}
	b->seen += strspn(s + b->seen, BLANKS);
	return s[b->seen] != '\0';
}

/* A whole document in the first line, and more after it: lines of JSON. */
static bool
is_lines(struct llm_body *b)
{
	const char *s = begin(b);
	struct arena *mem;
	bool is;

	if (b->looked || !has_line(b))
		return false;
	b->looked = true;
	mem = arena_new();
	is = s[0] == '{'
	    && json_is_object(json_read_lenient(mem, s, b->eol - b->first));
	arena_free(mem);
	return is;
}

int
llm_body_feed(struct llm_body *b, const char *bytes, size_t len)
{
	size_t i;

	if (b->kind == BODY_EVENTS)
		return feed_events(b, bytes, len);
	if (buf_add(&b->head, bytes, len) == -1) {
		(void)llm_reading_fail(b->reading,
		    "the answer passed its limit");
		return -1;
	}
	if (b->kind == BODY_UNKNOWN)
		decide(b, false);
	if (b->kind == BODY_WHOLE && is_lines(b))
		b->kind = BODY_EVENTS;
	if (b->kind == BODY_EVENTS)
		return feed_events(b, buf_str(&b->head), b->head.len);
	/* Blanks before a document are pings; its bytes are content. */
	for (i = 0; b->kind == BODY_WHOLE && i < len; i++)
		if (strchr(BLANKS, bytes[i]) == NULL) {
			b->reading->content++;
			break;
		}
	return 0;
}

/* The half of a document is no fault of what the server says. */
static bool
is_half(const char *s, size_t len)
{
	struct arena *mem;
	bool is;

	if (s[0] == '\0' || strchr("{[", s[0]) == NULL)
		return false;
	mem = arena_new();
	is = json_read_lenient(mem, s, len) == NULL;
	arena_free(mem);
	return is;
}

static void
fail(struct llm_reading *r, bool is_page)
{
	r->is_page = is_page;
	(void)llm_reading_fail(r,
	    is_page ? "it is a page, not an answer"
		    : "the answer is not what this API answers");
}

static void
end_whole(struct llm_body *b, enum llm_body_end how)
{
	struct llm_reading *r = b->reading;
	const char *s = begin(b);
	size_t len = b->head.len - (size_t)(s - buf_str(&b->head));

	if (b->provider->whole(r, s, len) == -1 && !r->failed && !r->full
	    && (how == BODY_END_WHOLE
		|| (how == BODY_END_UNSURE && !is_half(s, len))))
		fail(r, s[0] == '<');
}

void
llm_body_end(struct llm_body *b, enum llm_body_end how)
{
	struct llm_reading *r = b->reading;

	if (r->failed || r->full || r->done)
		return;
	r->ending = true;
	if (b->kind == BODY_UNKNOWN) {
		decide(b, true);
		if (b->kind == BODY_EVENTS
		    && feed_events(b, buf_str(&b->head), b->head.len) != 0)
			return;
	}
	if (b->kind == BODY_EVENTS) {
		(void)!sse_reader_end(&b->sse, on_event, b);
	} else if (b->kind == BODY_WHOLE) {
		end_whole(b, how);
	}
}
