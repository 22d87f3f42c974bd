#include "chat/remark.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

/* A prompt shorter than this (tokens, estimated) fits any context. */
#define CUT_PROMPT_LEAST 500
#define TOLD_EVERY_MS (60 * 60 * 1000)

void
remark_failure(struct turn *t, const struct llm_backend *b, enum llm_rc rc,
    const struct llm_failure *f)
{
	const char *url = llm_chat_url(b, t->mem);
	char name[LLM_BACKEND_NAME_MAX];

	llm_backend_label(b, name);
	log_event(llm_needs_operator(rc) ? LOG_ERROR : LOG_WARN, "model_failed",
	    F_CHAT(&t->job->chat), F_STR("backend", name),
	    F_STR("kind", llm_rc_name(rc)), F_INT("status", f->status),
	    F_STR("why", f->why), F_STR("code", f->code),
	    F_STR("type", f->type), F_STR("param", f->param),
	    F_STR("message", f->message),
	    F_STR("url", text_address_shown(t->mem, url)),
	    F_STR("remedy", llm_remedy(rc, f, b, t->mem)));
}

/* True once an hour.  ${told_ms} NULL: no row; the log's own bound must do. */
static bool
is_to_tell(_Atomic int64_t *told_ms)
{
	int64_t now = clock_boot_ms(),
		told = told_ms == NULL ? 0 : atomic_load(told_ms);

	return (told == 0 || now - told >= TOLD_EVERY_MS)
	    && (told_ms == NULL
		|| atomic_compare_exchange_strong(told_ms, &told, now));
}

static void
remark_usage(struct turn *t, const struct llm_backend *b,
    struct model_breaker *br, const struct llm_answer *a)
{
	char name[LLM_BACKEND_NAME_MAX];

	if (!is_to_tell(br == NULL ? NULL : &br->usage_told_ms))
		return;
	llm_backend_label(b, name);
	log_event(LOG_WARN, "model_usage_unlikely", F_CHAT(&t->job->chat),
	    F_STR("backend", name), F_INT("in", a->unlikely.in),
	    F_INT("out", a->unlikely.out), F_INT("estimated_in", a->usage.in),
	    F_INT("estimated_out", a->usage.out),
	    F_STR("why",
		"the server counted more tokens than can be: they were "
		"estimated instead; update the server or the gateway"));
}

/*
 * Ollama and LM Studio cut what passes their context and say nothing.  Twelve
 * bytes to a token (a quarter of the estimate) is more than any text has; a
 * short prompt is none to cut.  A server that counts only what its cache had
 * not looks the same: so it is said once an hour, and nothing is refused.
 */
void
remark_count(struct turn *t, const struct llm_backend *b,
    struct model_breaker *br, const struct llm_question *q,
    const struct llm_answer *a)
{
	char name[LLM_BACKEND_NAME_MAX];
	int64_t sent = llm_estimate(q->messages, q->nmessages, NULL, 0);
	size_t i;

	if (a->unlikely.in + a->unlikely.out > 0) {
		remark_usage(t, b, br, a);
		return;
	}
	for (i = 0; i < q->nmessages; i++)
		if (q->messages[i].nimages > 0)
			return; /* counted by no one rule */
	if (sent < CUT_PROMPT_LEAST || a->usage.in <= 0
	    || a->usage.in >= sent / 4)
		return;
	if (!is_to_tell(br == NULL ? NULL : &br->cut_told_ms))
		return;
	llm_backend_label(b, name);
	log_event(LOG_WARN, "model_cut_prompt", F_CHAT(&t->job->chat),
	    F_STR("backend", name), F_INT("sent", sent),
	    F_INT("counted", a->usage.in),
	    F_STR("why",
		"the server counted far less of the prompt than was "
		"sent: raise its context (num_ctx, "
		"OLLAMA_CONTEXT_LENGTH) or lower "
		"chat.history_tokens"));
}
