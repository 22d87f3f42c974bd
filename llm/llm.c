/*
 * llm: one question; it may take several requests.
 */
#include "llm/llm.h"

#include <stdio.h>
#include <string.h>

#include "llm/llm_priv.h"

#define REQUEST_USUAL 4000 /* bytes: taken at once */
#define PAUSES_MAX 3	   /* of Anthropic's pause_turn in one question */

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
		[LLM_FILTERED] = "filtered",
		[LLM_LOADING] = "loading",
		[LLM_CANCELLED] = "cancelled",
	};

	return rc < LLM_RC_N ? NAMES[rc] : "?";
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
		rc = llm_exchange(b, q, url, &body, mem, &t->asking, answer, f);
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
		.text_tools = backend->tools == LLM_TOOLS_TEXT || q->as_words,
		.words = "" };
	struct llm_reading *r = &t.asking.reading;
	enum llm_rc rc;
	const char *url = llm_url(backend, t.asking.provider->path, mem);
	bool again;

	t.q = t.text_tools ? llm_as_text(q, mem)
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
			t.q = llm_as_text(q, mem);
		}
		llm_reading_fini(r);
	} while (again);
	join(&t, mem, &rc, answer);
	answer->extra_wire = t.asking.provider->name;
	return rc;
}
