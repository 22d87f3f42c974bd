/*
 * model: the bytes of a model's answer, for any provider.
 *
 * The first byte chooses: a stream or a whole answer or a refusal, and calls in
 * words or not.  What was understood is sent back in the next request, which
 * must be JSON whatever the model said.
 */
#ifndef TESTS_FUZZ_MODEL_H
#define TESTS_FUZZ_MODEL_H

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/sse.h"
#include "base/text.h"
#include "llm/llm_priv.h"

enum { FUZZ_WHOLE = 1, FUZZ_WORDS = 2, FUZZ_REFUSED = 4 };

struct fuzz_model {
	const struct llm_provider *p;
	struct llm_reading r;
};

static int
fuzz_event(void *ctx, const struct sse_event *ev)
{
	struct fuzz_model *f = ctx;

	return f->p->feed(&f->r, ev->type, ev->data, ev->len);
}

static void
fuzz_shown(void *ctx, const char *piece, size_t len)
{
	size_t *n = ctx;

	if (len == 0 || piece == NULL)
		abort();
	*n += len;
}

static void
fuzz_send_back(const struct llm_provider *p, const struct llm_answer *a,
    struct arena *mem)
{
	struct llm_message m[2 + TOOL_CALLS_MAX + 1] = {
		{ .role = LLM_USER, .text = "q" },
		{ .role = LLM_ASSISTANT,
		    .text = a->text,
		    .calls = a->calls,
		    .ncalls = a->ncalls,
		    .extra = a->extra },
	};
	struct llm_backend b = { .model = "m", .base_url = "",
		.max_tokens_name = "" };
	struct llm_question q = { .messages = m, .nmessages = 2 };
	struct buf out = BUF_INIT(LLM_REQUEST_MAX);
	size_t i;

	if (a->ncalls > TOOL_CALLS_MAX + 1
	    || !text_is_utf8(a->text, strlen(a->text)))
		abort();
	for (i = 0; i < a->ncalls; i++)
		m[q.nmessages++] = (struct llm_message){ .role = LLM_TOOL,
			.text = "r",
			.call_id = a->calls[i].id,
			.tool = a->calls[i].name };
	if (p->write(&b, &q, mem, &out) == -1
	    || json_read(mem, buf_str(&out), out.len, NULL, NULL) == NULL)
		abort();
	buf_fini(&out);
}

static int
fuzz_model(const struct llm_provider *p, const uint8_t *bytes, size_t len)
{
	struct fuzz_model f = { .p = p };
	struct sse_reader sse;
	size_t shown = 0;
	struct llm_question q = { .on_text = fuzz_shown, .ctx = &shown };
	struct llm_answer answer;
	struct llm_failure failure = { 0 };
	struct arena *mem = arena_new();
	char *text;
	int how = len > 0 ? bytes[0] : 0;

	if (len > 0) {
		bytes++;
		len--;
	}
	text = arena_memdup(mem, bytes, len);
	llm_reading_init(&f.r, &q, mem, (how & FUZZ_WORDS) != 0);
	if ((how & FUZZ_REFUSED) != 0) {
		struct llm_refusal refusal;

		llm_refusal_read(&refusal, 400 + how, text, len, mem);
		(void)llm_refusal_rc(&refusal, -1, &failure);
	} else if ((how & FUZZ_WHOLE) != 0) {
		(void)p->whole(&f.r, text, len);
	} else {
		sse_reader_init(&sse, LLM_ANSWER_MAX);
		(void)!sse_reader_feed(&sse, text, len, fuzz_event, &f);
		sse_reader_fini(&sse);
	}
	if (f.r.ended && !f.r.failed) {
		(void)llm_reading_finish(&f.r, &answer);
		fuzz_send_back(p, &answer, mem);
	}
	llm_reading_fini(&f.r);
	arena_free(mem);
	return 0;
}

#endif
