#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "base/json.h"
#include "base/sse.h"
#include "tests/unit/answers.h"

static void
on_text(void *ctx, const char *piece, size_t len)
{
	struct answered *a = ctx;
	size_t at = strlen(a->shown);

	if (len > sizeof(a->shown) - 1 - at)
		len = sizeof(a->shown) - 1 - at;
	memcpy(a->shown + at, piece, len);
	a->shown[at + len] = '\0';
}

static void
on_back(void *ctx)
{
	struct answered *a = ctx;

	a->shown[0] = '\0';
}

void
answers_take(struct llm_reading *r, struct answered *out)
{
	out->ended = r->ended;
	out->failed = r->failed;
	out->paused = r->paused;
	out->failure.retry_after_ms = -1;
	out->error_rc = r->failed && r->why == NULL
	    ? llm_refusal_rc(&r->error, -1, &out->failure)
	    : LLM_RC_N;
	out->rc = LLM_RC_N;
	if (r->ended && !r->failed)
		out->rc = llm_reading_finish(r, &out->answer);
	else
		out->words = llm_reading_words(r);
	out->extra = r->extra;
	llm_reading_fini(r);
}

void
answers_to_stream(const char *events, struct buf *out)
{
	while (*events != '\0') {
		size_t len = strcspn(events, "\n");
		const char *data = events, *type = NULL;
		char name[64];

		if (strncmp(events, "event ", 6) == 0) {
			size_t n = strcspn(events + 6, " ");

			snprintf(name, sizeof(name), "%.*s", (int)n,
			    events + 6);
			type = name;
			data = events + 6 + n + 1;
		}
		assert_int_equal(sse_add(out, NULL, type, data,
				     (size_t)(events + len - data)),
		    0);
		events += len + (events[len] == '\n' ? 1 : 0);
	}
}

void
answers_bytes(const struct llm_provider *p, const struct llm_question *with,
    const char *bytes, size_t len, size_t step, bool text_tools,
    struct answered *out)
{
	struct llm_reading r;
	struct llm_question q = with != NULL ? *with
					     : (struct llm_question){ 0 };
	struct llm_body body;
	size_t at, n;

	*out = (struct answered){ .mem = arena_new() };
	q.on_text = on_text;
	q.on_back = on_back;
	q.ctx = out;
	llm_reading_init(&r, &q, out->mem, text_tools);
	llm_body_init(&body, p, &r, true);
	for (at = 0; at < len; at += n) {
		n = step == 0 || step > len - at ? len - at : step;
		if (llm_body_feed(&body, bytes + at, n) != 0)
			break;
	}
	llm_body_end(&body, BODY_END_WHOLE);
	llm_body_fini(&body);
	answers_take(&r, out);
}

void
answers_stream(const struct llm_provider *p, const char *events, size_t step,
    bool text_tools, struct answered *out)
{
	struct buf bytes = BUF_INIT(16 * MIB);

	answers_to_stream(events, &bytes);
	answers_bytes(p, NULL, buf_str(&bytes), bytes.len, step, text_tools,
	    out);
	buf_fini(&bytes);
}

void
answers_whole(const struct llm_provider *p, const char *body,
    struct answered *out)
{
	answers_bytes(p, NULL, body, strlen(body), 0, false, out);
}

void
answers_free(struct answered *a)
{
	arena_free(a->mem);
}

const json_t *
answers_request(const struct llm_provider *p, const struct llm_backend *b,
    const struct llm_question *q, struct arena *mem)
{
	struct buf body = BUF_INIT(1 * MIB);
	const json_t *doc;

	assert_int_equal(p->write(b, q, mem, &body), 0);
	doc = json_read(mem, buf_str(&body), body.len, NULL, NULL);
	if (!json_is_object(doc))
		fail_msg("not JSON: %s", buf_str(&body));
	buf_fini(&body);
	return doc;
}

const json_t *
answers_json(struct arena *mem, const char *text)
{
	const char *why = "";
	const json_t *doc = json_read(mem, text, strlen(text), &why, NULL);

	if (doc == NULL)
		fail_msg("%s: %s", why, text);
	return doc;
}

void
answers_expect(const char *what, const json_t *doc, const char *want)
{
	struct arena *mem = arena_new();

	if (doc == NULL)
		fail_msg("%s: not there, expected %s", what, want);
	if (!json_equal(doc, answers_json(mem, want)))
		fail_msg("%s: got %s, expected %s", what, json_text(mem, doc),
		    want);
	arena_free(mem);
}

enum llm_rc
answers_refusal(int status, const char *body, struct arena *mem,
    struct llm_failure *f)
{
	struct llm_refusal refusal;

	*f = (struct llm_failure){ .retry_after_ms = -1 };
	llm_refusal_read(&refusal, status, body, strlen(body), mem);
	return llm_refusal_rc(&refusal, -1, f);
}
