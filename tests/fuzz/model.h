/*
 * model: the bytes of a model's answer, for any provider.
 *
 * The first byte chooses: an answer, labelled a stream or not, or a refusal;
 * calls in words or not; and how long the pieces are in which it comes a second
 * time, for the same answer.  What was understood is sent back in the next request, which
 * must be JSON whatever the model said.
 */
#ifndef TESTS_FUZZ_MODEL_H
#define TESTS_FUZZ_MODEL_H

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "llm/llm_priv.h"

enum { FUZZ_LABELLED = 1, FUZZ_WORDS = 2, FUZZ_REFUSED = 4 };

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
	struct llm_backend b = { .model = "m",
		.base_url = "",
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

/* The answer in ${bytes}, in pieces of ${step}, as a text to compare. */
static char *
fuzz_read(const struct llm_provider *p, const char *bytes, size_t len,
    size_t step, int how, struct arena *mem)
{
	struct llm_reading r;
	struct llm_body body;
	struct llm_answer answer = { .text = "" };
	size_t shown = 0, at, n, i;
	struct llm_question q = { .on_text = fuzz_shown, .ctx = &shown };
	char *out;
	int stop = 0;

	llm_reading_init(&r, &q, mem, (how & FUZZ_WORDS) != 0);
	llm_body_init(&body, p, &r, (how & FUZZ_LABELLED) != 0);
	for (at = 0; at < len && stop == 0; at += n) {
		n = len - at < step ? len - at : step;
		stop = llm_body_feed(&body, bytes + at, n);
	}
	llm_body_end(&body, BODY_END_WHOLE);
	llm_body_fini(&body);
	if (r.ended && !r.failed) {
		(void)!llm_reading_finish(&r, &answer);
		fuzz_send_back(p, &answer, mem);
	} else {
		answer.text = llm_reading_words(&r);
	}
	out = arena_printf(mem, "%d %d %s|%s", r.ended, r.failed, answer.text,
	    answer.extra == NULL ? "" : answer.extra);
	for (i = 0; i < answer.ncalls; i++)
		out = arena_printf(mem, "%s|%s %s %s", out, answer.calls[i].id,
		    answer.calls[i].name, answer.calls[i].arguments);
	llm_reading_fini(&r);
	return out;
}

static int
fuzz_model(const struct llm_provider *p, const uint8_t *bytes, size_t len)
{
	struct llm_failure failure = { 0 };
	struct arena *mem = arena_new();
	int how = len > 0 ? bytes[0] : 0;
	char *text;

	if (len > 0) {
		bytes++;
		len--;
	}
	text = arena_memdup(mem, bytes, len);
	if ((how & FUZZ_REFUSED) != 0) {
		struct llm_refusal refusal;

		llm_refusal_read(&refusal, 400 + how, text, len, mem);
		(void)llm_refusal_rc(&refusal, -1, &failure);
	} else if (strcmp(fuzz_read(p, text, len, len + 1, how, mem),
		       fuzz_read(p, text, len, (size_t)(how >> 4) + 1, how,
			   mem))
	    != 0) {
		abort();
	}
	arena_free(mem);
	return 0;
}

#endif
