/*
 * ending: when an answer is complete, and what it is when it never was.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/http.h"
#include "llm/llm_priv.h"

#define AFTER_DONE_MS 100	/* for the end of the body, so that the
				   connection can be used again */
#define AFTER_ENDED_MS 2000	/* for the usage, when [DONE] has not come */

bool
llm_ending_is_over(const struct llm_reading *r, int64_t ended_ms)
{
	return clock_boot_ms() - ended_ms
	    > (r->done ? AFTER_DONE_MS : AFTER_ENDED_MS);
}

static enum llm_rc
failed(struct llm_reading *r, struct llm_failure *f)
{
	enum llm_rc rc;
	char why[sizeof(f->why)];

	if (r->why != NULL) {
		snprintf(f->why, sizeof(f->why), "in the answer: %s", r->why);
		f->status = 500;
		f->counts = true;
		rc = LLM_RETRY;
	} else {
		rc = llm_refusal_rc(&r->error, -1, f);
		snprintf(why, sizeof(why), "%s", f->why);
		snprintf(f->why, sizeof(f->why), "in the answer: %.120s", why);
	}
	return (rc == LLM_RETRY || rc == LLM_CONTEXT) && r->shown ? LLM_BROKEN
								 : rc;
}

enum llm_rc
llm_ending(struct asking *a, const struct http_response *resp,
    struct llm_answer *answer, struct llm_failure *f)
{
	struct llm_reading *r = &a->reading;

	if (r->failed)
		return failed(r, f);
	if (resp->rc != HTTP_OK && !r->ended)
		return llm_transport_rc(resp, r->shown, f);
	if (!r->ended) {
		snprintf(f->why, sizeof(f->why),
		    "the answer ended before it was complete");
		f->counts = true;
		return r->shown ? LLM_BROKEN : LLM_RETRY;
	}
	return llm_reading_finish(r, answer);
}
