/*
 * reading: the answer under construction.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/json_repair.h"
#include "base/text.h"
#include "llm/llm_priv.h"

void
llm_reading_init(struct llm_reading *r, const struct llm_question *q,
    struct arena *mem, bool text_tools)
{
	memset(r, 0, offsetof(struct llm_reading, calls));
	r->mem = mem;
	r->event = arena_new();
	r->q = q;
	r->text_tools = text_tools;
	r->hold_calls = text_tools || (q != NULL && q->ntools > 0);
	buf_init(&r->text, LLM_TEXT_MAX);
	buf_init(&r->refusal, 4 * KIB);
}

void
llm_reading_fini(struct llm_reading *r)
{
	buf_fini(&r->text);
	buf_fini(&r->refusal);
	llm_kept_fini(r);
	arena_free(r->event);
}

static void
show(struct llm_reading *r, size_t until)
{
	size_t from, end;

	if (until <= r->shown_len)
		return;
	/* An answer of blanks is none: not shown before it is more. */
	if (r->shown_len == r->thoughts.words) {
		if (r->unseen < r->shown_len)
			r->unseen = r->shown_len;
		if (r->unseen < until)
			r->unseen += text_unseen(r->text.data + r->unseen,
			    until - r->unseen);
		if (r->unseen >= until)
			return;
	}
	while (r->shown_len < until) {
		from = llm_thoughts_visible(&r->thoughts, r->shown_len, until,
		    &end);
		if (from < end && r->q != NULL && r->q->on_text != NULL)
			r->q->on_text(r->q->ctx, r->text.data + from,
			    end - from);
		r->shown_len = end;
	}
	r->shown = true;
}

/* Show what surely are words of the visible answer. */
static void
show_sure(struct llm_reading *r, size_t waiting, bool last)
{
	bool back = false;
	size_t sure = llm_thoughts_look(&r->thoughts, &r->text, last, &back);

	if (back) {
		if (r->shown_len > 0 && r->q != NULL && r->q->on_back != NULL)
			r->q->on_back(r->q->ctx);
		r->shown_len = 0;
	}
	if (r->shown_len < r->thoughts.words)
		r->shown_len = r->thoughts.words;
	if (sure > r->text.len - waiting)
		sure = r->text.len - waiting;
	if (r->hold_calls && sure > r->shown_len)
		sure = llm_text_calls_sure(&r->look, buf_str(&r->text),
		    r->thoughts.words, sure, r->text_tools);
	show(r, sure);
}

int
llm_reading_text(struct llm_reading *r, const char *s, size_t len)
{
	size_t from = r->text.len, waiting = 0;

	if (len == 0)
		return 0;
	r->content++;
	r->text_pieces++;
	if (buf_add(&r->text, s, len) == -1) {
		r->full = r->cut = r->ended = true;
		return -1;
	}
	if (r->halves)
		waiting = json_join_halves(&r->text, from, false);
	show_sure(r, waiting, false);
	return 0;
}

void
llm_reading_settle(struct llm_reading *r)
{
	if (r->halves)
		(void)json_join_halves(&r->text, r->text.len, true);
}

void
llm_reading_void(struct llm_reading *r)
{
	if (r->shown_len > 0 && r->q != NULL && r->q->on_back != NULL)
		r->q->on_back(r->q->ctx);
	buf_reset(&r->text);
	buf_reset(&r->refusal);
	r->thoughts = (struct llm_thoughts){ 0 };
	r->look = (struct llm_call_look){ 0 };
	r->shown_len = r->unseen = r->text_pieces = 0;
	llm_kept_fini(r);
	r->cut = r->refused = r->paused = r->context = r->ended = false;
}

/*
 * What is no JSON and begins as if it were has lost a piece: an answer with a
 * hole in its middle is worse than another try.  Anything else ("ping") carried
 * nothing, and is no event.
 */
const json_t *
llm_event_read(struct llm_reading *r, const char *data, size_t len, int *rc)
{
	const json_t *doc, *first;

	arena_reset(r->event);
	doc = json_read_piece(r->event, data, len, &r->halves);
	*rc = 0;
	if (json_is_object(doc))
		return doc;
	/* Gemini's endpoint sends its errors in a list (coreply/coreply#20). */
	first = json_array_get(doc, 0);
	if (json_is_object(json_object_get(first, "error")))
		*rc = llm_refusal_in(r, json_object_get(first, "error"));
	else if (doc == NULL && !r->ending
	    && strchr("{[", data[strspn(data, " \t\r\n")]) != NULL)
		*rc = llm_reading_fail(r, "an event is not JSON");
	return NULL;
}

static void
estimate(const struct llm_reading *r, struct llm_answer *answer)
{
	struct llm_message said = { .role = LLM_ASSISTANT,
		.text = answer->text,
		.calls = answer->calls,
		.ncalls = answer->ncalls };

	if (r->q != NULL)
		answer->usage.in = llm_estimate(r->q->messages, r->q->nmessages,
		    r->q->tools, r->q->ntools);
	answer->usage.out = llm_estimate(&said, 1, NULL, 0);
}

const char *
llm_reading_words(struct llm_reading *r)
{
	struct buf words = BUF_INIT(LLM_TEXT_MAX);
	bool back = false;
	const char *out = "";
	size_t from, end;

	llm_reading_settle(r);
	(void)llm_thoughts_look(&r->thoughts, &r->text, true, &back);
	if (back && r->shown_len > 0 && r->q != NULL && r->q->on_back != NULL)
		r->q->on_back(r->q->ctx);
	from = r->thoughts.words;
	if (back || r->shown_len < from)
		r->shown_len = from;
	while (from < r->thoughts.end) {
		from = llm_thoughts_visible(&r->thoughts, from, r->thoughts.end,
		    &end);
		(void)!buf_add(&words, buf_str(&r->text) + from, end - from);
		from = end;
	}
	if (text_unseen(buf_str(&words), words.len) < words.len)
		out = text_clean(r->mem, buf_str(&words), words.len);
	buf_fini(&words);
	return out;
}

enum llm_rc
llm_reading_finish(struct llm_reading *r, struct llm_answer *answer)
{
	*answer = (struct llm_answer){ .usage = r->usage,
		.cut = r->cut,
		.refused = r->refused };
	answer->text = llm_reading_words(r);
	llm_calls_finish(r, answer);
	if (r->hold_calls)
		llm_calls_in_text(r, answer);
	if (r->keep != NULL)
		r->keep(r);
	if (r->refused) {
		answer->ncalls = 0; /* perhaps half of what it meant */
		answer->cut |= answer->text[0] != '\0';
	}
	if (r->refusal.len > 0) {
		answer->refused = true;
		if (answer->text[0] == '\0')
			answer->text = text_clean(r->mem, buf_str(&r->refusal),
			    r->refusal.len);
	}
	if (answer->ncalls == 0 || !r->hold_calls)
		show(r, r->thoughts.end); /* what was held back are words */
	if (answer->ncalls > 0)
		answer->extra = r->extra;
	if (r->counted && !llm_usage_is_likely(r)) {
		answer->unlikely = r->usage;
		r->counted = false;
	}
	if (!r->counted)
		estimate(r, answer);
	if (r->context && answer->text[0] == '\0' && answer->ncalls == 0)
		return LLM_CONTEXT;
	if (answer->text[0] == '\0' && answer->ncalls == 0)
		return LLM_EMPTY;
	return LLM_OK;
}
