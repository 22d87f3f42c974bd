#include "llm/llm.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/clock.h"
#include "base/http.h"
#include "base/json.h"
#include "base/sse.h"
#include "base/text.h"
#include "llm/llm_priv.h"

#define REQUEST_USUAL 4000 /* bytes: taken at once */
#define READ_WAIT_MS 100     /* how late a cancel may be noticed */
#define PAUSES_MAX 3	     /* of Anthropic's pause_turn in one question */
#define IDLE_MS 120000	     /* between two pieces of a stream */
#define RETRY_HINT_MAX_MS 60000 /* longer is for ever, to one who waits */
#define AFTER_DONE_MS 100	/* for the end of the body, so that the
				   connection can be used again */
#define AFTER_ENDED_MS 2000	/* for the usage, when [DONE] has not come */

const struct llm_provider *
llm_provider_of(int host)
{
	return host == HOST_ANTHROPIC ? &LLM_ANTHROPIC : &LLM_OPENAI;
}

char *
llm_url(const struct llm_backend *b, const char *path, struct arena *mem)
{
	const char *base = b->base_url[0] != '\0'
	    ? b->base_url
	    : llm_provider_of(b->host)->base_url;
	size_t len = strlen(base);

	while (len > 0 && base[len - 1] == '/')
		len--;
	return arena_printf(mem, "%.*s%s", (int)len, base, path);
}

const char *
llm_rc_name(enum llm_rc rc)
{
	static const char *const NAMES[LLM_RC_N] = {
		[LLM_OK] = "ok",
		[LLM_RETRY] = "retry",
		[LLM_BROKEN] = "broken",
		[LLM_EMPTY] = "empty",
		[LLM_CONTEXT] = "context",
		[LLM_QUOTA] = "quota",
		[LLM_DENIED] = "denied",
		[LLM_INVALID] = "invalid",
		[LLM_CANCELLED] = "cancelled",
	};

	return rc < LLM_RC_N ? NAMES[rc] : "?";
}

int64_t
llm_estimate(const struct llm_message *messages, size_t n,
    const struct tool_spec *tools, size_t ntools)
{
	int64_t bytes = 0, images = 0;
	size_t i, j;

	for (i = 0; i < n; i++) {
		bytes += (int64_t)strlen(messages[i].text) + 12;
		images += (int64_t)messages[i].nimages;
		for (j = 0; j < messages[i].ncalls; j++)
			bytes += (int64_t)strlen(messages[i].calls[j].name)
			    + (int64_t)strlen(messages[i].calls[j].arguments);
	}
	for (i = 0; i < ntools; i++)
		bytes += (int64_t)strlen(tools[i].name)
		    + (int64_t)strlen(tools[i].description) + 150;
	return bytes / 3 + images * 1000;
}

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

static void
read_hints(const struct http_response *resp, struct llm_failure *f,
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

static enum llm_rc
status_rc(int status, int should_retry, struct llm_failure *f)
{
	f->status = status;
	f->counts = status >= 500 || status == 408;
	if (should_retry == 1)
		return LLM_RETRY;
	if (status == 401 || status == 403)
		return LLM_DENIED;
	if (should_retry != 0
	    && (status == 408 || status == 409 || status == 429
		|| status == 498 || status >= 500))
		return LLM_RETRY;
	return LLM_INVALID;
}

/* No status at all: what the transport says. */
static enum llm_rc
transport_rc(const struct http_response *resp, bool shown,
    struct llm_failure *f)
{
	snprintf(f->why, sizeof(f->why), "%s", resp->why);
	if (resp->rc == HTTP_CANCELLED)
		return LLM_CANCELLED;
	if (resp->rc == HTTP_BLOCKED)
		return LLM_INVALID;
	f->counts = true;
	return shown ? LLM_BROKEN : LLM_RETRY;
}

struct asking {
	const struct llm_provider *provider;
	const struct llm_question *q;
	struct llm_reading reading;
	bool first;
	bool no_tools; /* the server says: this model has no native calls */
};

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

/* The rest of a body that is not a stream; ${a} NULL: not an answer. */
static void
read_all(struct asking *a, struct http_stream *s, struct http_response *resp)
{
	int n;

	while ((n = http_read(s, READ_WAIT_MS, &resp->body)) != -1
	    && !resp->body.full)
		if (n == 1 && a != NULL)
			first_byte(a);
}

static enum llm_rc
finish_reading(struct asking *a, const struct http_response *resp,
    struct llm_answer *answer, struct llm_failure *f)
{
	struct llm_reading *r = &a->reading;

	enum llm_rc rc;

	if (r->failed) {
		rc = status_rc(
		    r->failure.status == 0 ? 500 : r->failure.status, -1, f);
		f->counts |= r->failure.counts;
		f->once = r->failure.once;
		snprintf(f->why, sizeof(f->why), "in the answer: %.120s",
		    r->failure.why);
		if (r->error_rc != LLM_RC_N)
			rc = r->error_rc;
		return (rc == LLM_RETRY || rc == LLM_CONTEXT) && r->shown
		    ? LLM_BROKEN
		    : rc;
	}
	if (resp->rc != HTTP_OK && !r->ended)
		return transport_rc(resp, r->shown, f);
	if (!r->ended) {
		snprintf(f->why, sizeof(f->why),
		    "the answer ended before it was complete");
		f->counts = true;
		return r->shown ? LLM_BROKEN : LLM_RETRY;
	}
	return llm_reading_finish(r, answer);
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
		if (r->ended
		    && clock_boot_ms() - ended_ms
			> (r->done ? AFTER_DONE_MS : AFTER_ENDED_MS))
			break; /* the answer is there, whatever follows */
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
	return finish_reading(a, resp, answer, f);
}

static enum llm_rc
read_whole(struct asking *a, struct http_stream *s,
    struct http_response *resp, struct llm_answer *answer,
    struct llm_failure *f)
{
	buf_init(&resp->body, LLM_ANSWER_MAX);
	read_all(a, s, resp);
	if (resp->rc != HTTP_OK && !resp->body.full)
		return transport_rc(resp, a->reading.shown, f);
	if (resp->body.full)
		llm_reading_fail(&a->reading, "the answer passed its limit");
	else if (a->provider->whole(&a->reading, buf_str(&resp->body),
		     resp->body.len)
		== -1
	    && !a->reading.failed && !a->reading.full)
		llm_reading_fail(&a->reading,
		    "the answer is not what this API answers");
	return finish_reading(a, resp, answer, f);
}

static enum llm_rc
read_refusal(struct asking *a, struct http_stream *s,
    struct http_response *resp, struct arena *mem, struct llm_failure *f)
{
	enum llm_rc rc, by_status;
	int should_retry;

	buf_init(&resp->body, 256 * KIB);
	read_all(NULL, s, resp);
	read_hints(resp, f, &should_retry);
	by_status = status_rc(resp->status, should_retry, f);
	rc = a->provider->error(resp->status, buf_str(&resp->body),
	    resp->body.len, mem, f);
	if (resp->rc == HTTP_CANCELLED)
		return LLM_CANCELLED;
	a->no_tools = resp->status < 500
	    && llm_says_no_tools(buf_str(&resp->body));
	if (rc == LLM_RC_N)
		rc = by_status;
	return (rc == LLM_RETRY || rc == LLM_CONTEXT) && a->reading.shown
	    ? LLM_BROKEN
	    : rc;
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

static enum llm_rc
ask_once(const struct llm_backend *b, const struct llm_question *q,
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
		.idle_ms = IDLE_MS,
		.flags = HTTP_OPERATOR | HTTP_ONCE, /* each is paid for */
		.cancel = q->cancel };
	struct http_response resp;
	struct http_stream *s = NULL;
	enum llm_rc rc;
	size_t n = 0;

	req.headers[n++] = "Content-Type: application/json";
	req.headers[n++] = "Accept: text/event-stream, application/json";
	a->provider->headers(b, mem, req.headers + n, HTTP_HEADERS_MAX - 1 - n);

	if (http_open(&req, &resp, &s) != HTTP_OK)
		rc = transport_rc(&resp, a->reading.shown, f);
	else if (resp.status < 200 || resp.status > 299)
		rc = read_refusal(a, s, &resp, mem, f);
	else if (is_type(&resp, "text/event-stream"))
		rc = read_stream(a, s, &resp, answer, f);
	else
		rc = read_whole(a, s, &resp, answer, f);
	http_close(s);
	http_response_fini(&resp);
	return rc;
}

/* The question as a model without native calls gets it: tools are told in the
 * system text, calls and results are words. */
static struct llm_question
as_text(const struct llm_question *q, struct arena *mem)
{
	struct llm_question out = *q;
	struct llm_message *m = arena_alloc(mem,
	    (q->nmessages + 1) * sizeof(*m));
	size_t i, j;

	for (i = 0; i < q->nmessages; i++) {
		m[i] = q->messages[i];
		if (m[i].role == LLM_SYSTEM && q->ntools > 0)
			m[i].text = arena_printf(mem, "%s\n\n%s", m[i].text,
			    llm_text_tools_prompt(mem, q->tools, q->ntools));
		for (j = 0; j < q->messages[i].ncalls; j++)
			m[i].text = arena_printf(mem,
			    "%s<tool_call>{\"name\": \"%s\", \"arguments\": "
			    "%s}</tool_call>",
			    m[i].text, m[i].calls[j].name,
			    m[i].calls[j].arguments);
		if (m[i].role == LLM_TOOL) {
			m[i].role = LLM_USER;
			m[i].text = llm_text_tools_result(mem,
			    &q->messages[i]);
		}
		m[i].calls = NULL;
		m[i].ncalls = 0;
		m[i].extra = NULL;
	}
	out.messages = m;
	out.tools = NULL;
	out.ntools = 0;
	return out;
}

/* Blocks of another wire would be refused: a fall-back goes on without. */
static struct llm_question
own_extras(const struct llm_question *q, const struct llm_provider *p,
    struct arena *mem)
{
	struct llm_question out = *q;
	struct llm_message *m = arena_alloc(mem,
	    (q->nmessages + 1) * sizeof(*m));
	size_t i;

	for (i = 0; i < q->nmessages; i++) {
		m[i] = q->messages[i];
		if (m[i].extra != NULL
		    && (m[i].extra_wire == NULL
			|| strcmp(m[i].extra_wire, p->name) != 0))
			m[i].extra = NULL;
	}
	out.messages = m;
	return out;
}

/* One question of llm_ask: requests follow one another while the model pauses,
 * or when it turns out to have no native calls. */
struct attempt {
	struct asking asking;
	struct llm_question q; /* as it is sent */
	bool text_tools;
	bool shown;	   /* text was, whatever the last request showed */
	const char *words; /* of the answer before its pauses */
	struct usage usage;
	int pauses;
};

/* pause_turn: what was said so far is sent back as it is, and goes on. */
static void
go_on(struct attempt *t, const struct llm_answer *so_far, struct arena *mem)
{
	struct llm_message *m = arena_alloc(mem,
	    (t->q.nmessages + 1) * sizeof(*m));

	memcpy(m, t->q.messages, t->q.nmessages * sizeof(*m));
	m[t->q.nmessages] = (struct llm_message){ .role = LLM_ASSISTANT,
		.text = so_far->text,
		.extra = t->asking.reading.extra,
		.extra_wire = t->asking.provider->name };
	t->q.messages = m;
	t->q.nmessages++;
	t->words = arena_printf(mem, "%s%s", t->words, so_far->text);
	t->usage.in += so_far->usage.in;
	t->usage.out += so_far->usage.out;
	t->pauses++;
}

static enum llm_rc
ask_next(struct attempt *t, const struct llm_backend *b,
    const struct llm_question *q, const char *url, struct arena *mem,
    struct llm_answer *answer, struct llm_failure *f)
{
	struct buf body = BUF_INIT(LLM_REQUEST_MAX);
	enum llm_rc rc = LLM_CONTEXT;

	llm_reading_init(&t->asking.reading, q, mem, t->text_tools);
	t->asking.reading.shown = t->shown;
	*answer = (struct llm_answer){ .text = "" };
	(void)!buf_reserve(&body, REQUEST_USUAL);
	if (t->asking.provider->write(b, &t->q, mem, &body) == 0) {
		rc = ask_once(b, q, url, &body, mem, &t->asking, answer, f);
	} else if (!body.full) {
		snprintf(f->why, sizeof(f->why), "the question cannot be "
						 "written as JSON");
		rc = LLM_INVALID;
	}
	t->shown = t->asking.reading.shown;
	buf_fini(&body);
	return rc;
}

static void
join(struct attempt *t, struct arena *mem, enum llm_rc *rc,
    struct llm_answer *answer)
{
	if (t->pauses == 0)
		return;
	answer->text = arena_printf(mem, "%s%s", t->words, answer->text);
	answer->usage.in += t->usage.in;
	answer->usage.out += t->usage.out;
	if (*rc == LLM_EMPTY && answer->text[0] != '\0')
		*rc = LLM_OK;
}

enum llm_rc
llm_ask(const struct llm_backend *backend, const struct llm_question *q,
    struct arena *mem, struct llm_answer *answer, struct llm_failure *failure)
{
	struct attempt t = { .asking = { .provider
				 = llm_provider_of(backend->host), .q = q },
		.text_tools = backend->tools == LLM_TOOLS_TEXT,
		.words = "" };
	struct llm_reading *r = &t.asking.reading;
	enum llm_rc rc;
	const char *url = llm_url(backend, t.asking.provider->path, mem);
	bool again;

	t.q = t.text_tools ? as_text(q, mem)
			   : own_extras(q, t.asking.provider, mem);
	do {
		*failure = (struct llm_failure){ .retry_after_ms = -1 };
		rc = ask_next(&t, backend, q, url, mem, answer, failure);
		again = false;
		if ((rc == LLM_OK || rc == LLM_EMPTY) && r->paused
		    && answer->ncalls == 0 && t.pauses < PAUSES_MAX) {
			go_on(&t, answer, mem);
			again = true;
		} else if (t.asking.no_tools && !t.text_tools
		    && backend->tools == LLM_TOOLS_AUTO && q->ntools > 0) {
			t.text_tools = again = true;
			t.q = as_text(q, mem);
		}
		llm_reading_fini(r);
	} while (again);
	join(&t, mem, &rc, answer);
	answer->extra_wire = t.asking.provider->name;
	return rc;
}
