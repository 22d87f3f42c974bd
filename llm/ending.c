/*
 * ending: when an answer is complete, and what it is when it never was.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/http.h"
#include "base/text.h"
#include "llm/llm_priv.h"

/* for the end of the body, so that the connection can be used again */
#define AFTER_DONE_MS 100
/* since the last content: for the usage, and for words that still come */
#define AFTER_ENDED_MS 2000

/*
 * Content, not bytes: servers ping while a model thinks for minutes, and while
 * it hangs.  Words that come after a stop reason are part of the answer (some
 * write one into each event: BerriAI/litellm#2195), and prolong it.
 */
enum llm_waiting
llm_ending_look(const struct asking *a, struct llm_clock *c, int64_t now_ms)
{
	const struct llm_reading *r = &a->reading;

	if (r->content != c->content || (r->ended && c->content_ms == 0)) {
		c->content = r->content;
		c->content_ms = now_ms;
	}
	if (r->done && c->done_ms == 0)
		c->done_ms = now_ms;
	if (r->done)
		return now_ms - c->done_ms > AFTER_DONE_MS ? LLM_OVER
							   : LLM_WAIT;
	if (r->ended)
		return now_ms - c->content_ms > AFTER_ENDED_MS ? LLM_OVER
							       : LLM_WAIT;
	if (c->content_ms == 0)
		return a->first_ms > 0 && now_ms - c->began_ms > a->first_ms
		    ? LLM_TOO_LATE
		    : LLM_WAIT;
	return a->idle_ms > 0 && now_ms - c->content_ms > a->idle_ms
	    ? LLM_TOO_LATE
	    : LLM_WAIT;
}

static enum llm_rc
failed(struct llm_reading *r, struct llm_failure *f)
{
	enum llm_rc rc;
	char why[sizeof(f->why)];

	if (r->is_page) {
		text_format(f->why, sizeof(f->why), "%s", r->why);
		f->is_page = true;
		f->status = 200;
		f->once = true; /* some show one in passing */
		rc = LLM_ADDRESS;
	} else if (r->why != NULL) {
		text_format(f->why, sizeof(f->why), "in the answer: %s",
		    r->why);
		f->status = 500;
		f->counts = true;
		rc = LLM_RETRY;
	} else {
		rc = llm_refusal_rc(&r->error, -1, f);
		text_format(why, sizeof(why), "%s", f->why);
		text_format(f->why, sizeof(f->why), "in the answer: %s", why);
	}
	return rc;
}

/* The words of an answer that broke: half calls are none, nor is what may be
 * one in words. */
static enum llm_rc
broken(struct llm_reading *r, enum llm_rc rc, struct llm_answer *answer)
{
	struct llm_call_look look = { 0 };
	const char *words;

	if (rc != LLM_RETRY && rc != LLM_CONTEXT)
		return rc;
	words = llm_reading_words(r);
	*answer = (struct llm_answer){ .text = r->hold_calls
		    ? arena_memdup(r->mem, words,
			llm_text_calls_sure(&look, words, 0, strlen(words),
			    r->text_tools))
		    : words };
	return r->shown || answer->text[0] != '\0' ? LLM_BROKEN : rc;
}

enum llm_rc
llm_ending(struct asking *a, const struct http_response *resp,
    struct llm_answer *answer, struct llm_failure *f)
{
	struct llm_reading *r = &a->reading;

	if (r->failed)
		return broken(r, failed(r, f), answer);
	if (r->ended) /* whatever came after, and however it ended */
		return llm_reading_finish(r, answer);
	if (resp->rc != HTTP_OK)
		return broken(r, llm_transport_rc(resp, false, f), answer);
	text_format(f->why, sizeof(f->why),
	    "the answer ended before it was complete");
	/* Without a length or chunks it was the connection that ended. */
	f->counts = !resp->conn_ended;
	return broken(r, LLM_RETRY, answer);
}
