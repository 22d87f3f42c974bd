/*
 * ask_one: a question to one backend.
 */
#include "base/clock.h"
#include "chat/ask_priv.h"
#include "chat/breaker.h"
#include "chat/known.h"
#include "chat/remark.h"
#include "chat/trouble.h"
#include "nouns/metric.h"

static void
on_text(void *ctx, const char *piece, size_t len)
{
	struct turn *t = ctx;

	stream_text(&t->stream, piece, len);
}

/* What was shown were thoughts. */
static void
on_back(void *ctx)
{
	struct turn *t = ctx;

	stream_restart(&t->stream);
}

static void
on_first_byte(void *ctx)
{
	struct turn *t = ctx;

	if (t->model_calls == 1 && t->job->attempt == 1)
		metric_observe_us(METRIC_MODEL_FIRST_BYTE, 0,
		    (clock_wall_ms() - t->job->given->accepted_ms) * 1000);
}

/* One request to one backend, which its breaker ${br} lets through. */
static enum llm_rc
ask_closed(struct turn *t, const struct llm_backend *b,
    struct model_breaker *br, struct llm_question *q, struct llm_answer *a,
    struct llm_failure *f)
{
	struct llm_backend knowing = *b;
	struct llm_quirks quirks;
	int64_t begun = clock_boot_us();
	enum llm_rc rc;

	*f = (struct llm_failure){ .retry_after_ms = -1 };
	q->on_text = on_text;
	q->on_back = on_back;
	q->on_first_byte = on_first_byte;
	q->ctx = t;
	t->model_calls++;
	known_quirks(t->models, t->s, b, &quirks);
	knowing.quirks = &quirks;
	rc = llm_ask(&knowing, q, t->mem, a, f);
	known_learn(t->models, b, a);
	metric_observe_us(METRIC_MODEL_SECONDS, b->host,
	    clock_boot_us() - begun);
	trouble_asked(t->models, br, b, rc, f, t->mem);
	if (rc == LLM_OK)
		remark_count(t, b, br, q, a);
	if (rc == LLM_OK || rc == LLM_EMPTY || rc == LLM_CONTEXT) {
		model_breaker_succeed(t->models, br);
		return rc;
	}
	if (rc == LLM_CANCELLED)
		return rc;
	metric_add(METRIC_MODEL_ERRORS, (int)rc, 1);
	model_breaker_fail(t->models, br, rc, f);
	remark_failure(t, b, rc, f);
	return rc;
}

enum llm_rc
turn_ask_one(struct turn *t, const struct llm_backend *b,
    struct llm_question *q, struct llm_answer *a, struct llm_failure *f)
{
	char name[LLM_BREAKER_NAME_MAX], label[LLM_BACKEND_NAME_MAX];
	struct model_breaker *br;
	enum llm_rc rc;
	int64_t open_ms;

	llm_breaker_name(b, name);
	br = model_breaker_hold(t->models, name);
	open_ms = model_breaker_open_ms(br);
	if (open_ms > 0) {
		*f = (struct llm_failure){ .retry_after_ms = open_ms };
		rc = model_breaker_rc(br);
	} else {
		llm_backend_label(b, label);
		stream_model(&t->stream, label);
		rc = ask_closed(t, b, br, q, a, f);
	}
	model_breaker_drop(t->models, br);
	return rc;
}
