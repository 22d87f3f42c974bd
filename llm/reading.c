/*
 * reading: the answer under construction.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/text.h"
#include "llm/llm_priv.h"

static const char CALL_MARK[] = "<tool_call";

void
llm_reading_init(struct llm_reading *r, const struct llm_question *q,
    struct arena *mem, bool text_tools)
{
	memset(r, 0, sizeof(*r));
	r->mem = mem;
	r->event = arena_new();
	r->q = q;
	r->hold_calls = text_tools;
	buf_init(&r->text, LLM_TEXT_MAX);
	buf_init(&r->refusal, 4 * KIB);
}

void
llm_reading_fini(struct llm_reading *r)
{
	size_t i;

	buf_fini(&r->text);
	buf_fini(&r->refusal);
	for (i = 0; i < NELEM(r->calls); i++)
		buf_fini(&r->calls[i].arguments);
	for (i = 0; i < NELEM(r->blocks); i++)
		buf_fini(&r->blocks[i].pieces);
	arena_free(r->event);
}

static void
show(struct llm_reading *r, size_t until)
{
	if (until <= r->shown_len)
		return;
	if (r->q != NULL && r->q->on_text != NULL)
		r->q->on_text(r->q->ctx, r->text.data + r->shown_len,
		    until - r->shown_len);
	r->shown = true;
	r->shown_len = until;
}

/* How much of the text surely is no beginning of a call. */
static size_t
sure(const struct llm_reading *r)
{
	const char *text = buf_str(&r->text);
	const char *mark = strstr(text + r->shown_len, CALL_MARK);
	size_t len = r->text.len, n;

	if (mark != NULL)
		return (size_t)(mark - text);
	for (n = len < sizeof(CALL_MARK) - 2 ? len : sizeof(CALL_MARK) - 2;
	     n > 0; n--)
		if (memcmp(text + len - n, CALL_MARK, n) == 0)
			return len - n;
	return len;
}

int
llm_reading_text(struct llm_reading *r, const char *s, size_t len)
{
	if (len == 0)
		return 0;
	if (buf_add(&r->text, s, len) == -1) {
		r->full = r->cut = r->ended = true;
		return -1;
	}
	show(r, r->hold_calls ? sure(r) : r->text.len);
	return 0;
}

int
llm_reading_fail(struct llm_reading *r, const char *why)
{
	if (r->ended)
		return 0;
	r->failed = true;
	r->why = why;
	return -1;
}

enum llm_rc
llm_reading_finish(struct llm_reading *r, struct llm_answer *answer)
{
	*answer = (struct llm_answer){ .usage = r->usage, .cut = r->cut,
		.refused = r->refused };
	answer->text = text_clean(r->mem, buf_str(&r->text), r->text.len);
	llm_calls_finish(r, answer);
	if (r->refusal.len > 0) {
		answer->refused = true;
		if (answer->text[0] == '\0')
			answer->text = text_clean(r->mem,
			    buf_str(&r->refusal), r->refusal.len);
	}
	if (r->hold_calls && answer->ncalls == 0)
		llm_text_tools_read(r->mem, answer->text, answer);
	if (answer->ncalls == 0)
		show(r, r->text.len); /* what was held back are words */
	else
		answer->extra = r->extra;
	if (!r->counted) {
		struct llm_message said = { .role = LLM_ASSISTANT,
			.text = answer->text,
			.calls = answer->calls,
			.ncalls = answer->ncalls };

		answer->usage.in = r->q == NULL
		    ? 0
		    : llm_estimate(r->q->messages, r->q->nmessages,
			  r->q->tools, r->q->ntools);
		answer->usage.out = llm_estimate(&said, 1, NULL, 0);
	}
	if (r->context && answer->text[0] == '\0' && answer->ncalls == 0)
		return LLM_CONTEXT;
	if (answer->text[0] == '\0' && answer->ncalls == 0)
		return LLM_EMPTY;
	return LLM_OK;
}
