/*
 * llm: one question; it may take several requests.
 */
#include "llm/llm.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "llm/ladder.h"

#define REQUEST_USUAL 4000 /* bytes: taken at once */
#define PAUSES_MAX 3       /* of Anthropic's pause_turn in one question */

/* Blocks of another wire or model would be refused (they are signed, or
 * sealed): a fall-back goes on without.  ${name} is this one's. */
static bool
is_own(const struct llm_message *m, const struct llm_provider *p,
    const char *name)
{
	return m->extra_wire != NULL && strcmp(m->extra_wire, p->name) == 0
	    && (m->extra_backend == NULL
		|| strcmp(m->extra_backend, name) == 0);
}

static struct llm_question
own_extras(const struct llm_question *q, const struct llm_provider *p,
    const char *name, struct arena *mem)
{
	struct llm_question out = *q;
	struct llm_message *m = arena_alloc(mem,
	    (q->nmessages + 1) * sizeof(*m));
	size_t i;

	for (i = 0; i < q->nmessages; i++) {
		m[i] = q->messages[i];
		if (m[i].extra != NULL && !is_own(&m[i], p, name))
			m[i].extra = NULL;
	}
	out.messages = m;
	return out;
}

/* One question of llm_ask: requests follow one another while the model pauses,
 * or when the backend refused something that can be left out. */
struct attempt {
	struct llm_backend b;     /* with what is known of it by now */
	struct llm_question base; /* with what was said before the pauses */
	struct llm_question q;    /* as it is sent */
	bool text_tools;
	bool shown;        /* text was, whatever the last request showed */
	const char *words; /* of the answer before its pauses */
	struct usage usage;
	int pauses;
	struct llm_ladder ladder; /* from here on: what is used is set */
	struct asking asking; /* last: its reading is large, and not zeroed */
};

/* pause_turn: what was said so far is sent back as it is, and goes on. */
static void
go_on(struct attempt *t, const struct llm_answer *so_far, struct arena *mem)
{
	struct llm_message *m = arena_alloc(mem,
	    (t->base.nmessages + 1) * sizeof(*m));

	memcpy(m, t->base.messages, t->base.nmessages * sizeof(*m));
	m[t->base.nmessages] = (struct llm_message){ .role = LLM_ASSISTANT,
		.text = so_far->text,
		.extra = t->asking.reading.extra,
		.extra_wire = t->asking.provider->name };
	t->base.messages = m;
	t->base.nmessages++;
	t->words = arena_printf(mem, "%s%s", t->words, so_far->text);
	t->usage.in += so_far->usage.in;
	t->usage.out += so_far->usage.out;
	t->pauses++;
}

/* The base question as the backend takes it. */
static void
shape(struct attempt *t, struct arena *mem)
{
	struct llm_question q = t->base;

	if (t->ladder.no_tools) {
		q.ntools = 0;
		q.no_calls = true;
	}
	if (t->ladder.limit > 0)
		q.max_tokens = t->ladder.limit;
	t->q = llm_shape(&t->b, &q, &t->ladder.quirks, mem, &t->text_tools);
}

/* Refused before a word was shown, and something else can be tried? */
static bool
can_mend(struct attempt *t, enum llm_rc rc, struct arena *mem)
{
	const struct llm_refusal *refused = &t->asking.refused;

	return rc != LLM_OK && rc != LLM_EMPTY && rc != LLM_CANCELLED
	    && rc != LLM_UNREACHABLE && rc != LLM_MODEL && rc != LLM_ADDRESS
	    && !t->shown && refused->status != 0
	    && llm_ladder_next(&t->ladder, &t->b, &t->q, refused, mem);
}

static enum llm_rc
ask_next(struct attempt *t, const struct llm_question *q, const char *url,
    struct arena *mem, struct llm_answer *answer, struct llm_failure *f)
{
	struct buf body = BUF_INIT(LLM_REQUEST_MAX);
	enum llm_rc rc = LLM_CONTEXT;

	*f = (struct llm_failure){ .retry_after_ms = -1 };
	shape(t, mem);
	t->asking.refused = (struct llm_refusal){ 0 };
	llm_reading_init(&t->asking.reading, q, mem, t->text_tools);
	t->asking.reading.shown = t->shown;
	/* The operator knows it to call natively: words are words. */
	if (t->b.tools == LLM_TOOLS_NATIVE && !t->text_tools)
		t->asking.reading.hold_calls = false;
	*answer = (struct llm_answer){ .text = "" };
	(void)!buf_reserve(&body, REQUEST_USUAL);
	if (t->asking.provider->write(&t->b, &t->q, mem, &body) == 0) {
		rc = llm_exchange(&t->b, q, url, &body, mem, &t->asking, answer,
		    f);
	} else if (!body.full) {
		snprintf(f->why, sizeof(f->why),
		    "the question cannot be "
		    "written as JSON");
		rc = LLM_INVALID;
	}
	if (t->asking.refused.status == 0 && t->asking.reading.failed)
		t->asking.refused = t->asking.reading.error;
	if (t->asking.refused.status != 0)
		llm_redact(&t->asking.refused, &t->b, q, f);
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

static enum llm_rc
ask_model(const struct llm_backend *backend, const struct llm_question *q,
    struct arena *mem, struct llm_answer *answer, struct llm_failure *failure)
{
	struct attempt t;
	struct llm_reading *r = &t.asking.reading;
	enum llm_rc rc;
	const char *url;
	char name[LLM_BACKEND_NAME_MAX];
	bool again;

	memset(&t, 0, offsetof(struct attempt, ladder));
	memset(&t.asking, 0, offsetof(struct asking, reading));
	t.asking.provider = llm_provider_of(backend->host);
	t.asking.q = q;
	t.b = *backend;
	t.words = "";
	url = llm_url(backend, t.asking.provider->path, mem);
	llm_backend_name(backend, name);
	t.base = own_extras(q, t.asking.provider, name, mem);
	llm_ladder_init(&t.ladder, backend);
	t.b.quirks = &t.ladder.quirks;
	do {
		rc = ask_next(&t, q, url, mem, answer, failure);
		again = false;
		if ((rc == LLM_OK || rc == LLM_EMPTY) && r->paused
		    && answer->ncalls == 0 && t.pauses < PAUSES_MAX) {
			go_on(&t, answer, mem);
			again = true;
		} else {
			again = can_mend(&t, rc, mem);
		}
		llm_reading_fini(r);
	} while (again);
	join(&t, mem, &rc, answer);
	answer->extra_wire = t.asking.provider->name;
	answer->extra_backend = arena_strdup(mem, name);
	answer->nlearned = llm_ladder_facts(&t.ladder,
	    rc == LLM_OK || rc == LLM_EMPTY, mem, &answer->learned);
	return rc;
}

/* Nobody has said which model: a worker looks for it as it starts, but its
 * server may come later. */
static enum llm_rc
pick_model(struct llm_backend *b, struct arena *mem, struct llm_answer *answer,
    struct llm_failure *failure)
{
	struct llm_pick picked;
	enum llm_rc rc = llm_pick(b, mem, &picked);

	if (rc == LLM_OK) {
		b->model = picked.model;
		return rc;
	}
	*answer = (struct llm_answer){ .text = "" };
	*failure = (struct llm_failure){ .retry_after_ms = -1,
		.counts = rc == LLM_RETRY };
	text_format(failure->why, sizeof(failure->why), "%s",
	    picked.failed != NULL ? picked.failed : llm_rc_words(LLM_UNCHOSEN));
	if (picked.failed == NULL)
		text_format(failure->message, sizeof(failure->message), "%s",
		    picked.why);
	return rc;
}

enum llm_rc
llm_ask(const struct llm_backend *backend, const struct llm_question *q,
    struct arena *mem, struct llm_answer *answer, struct llm_failure *failure)
{
	struct llm_backend b = *backend;
	enum llm_rc rc;

	if (b.model[0] == '\0') {
		rc = pick_model(&b, mem, answer, failure);
		if (rc != LLM_OK)
			return rc;
	}
	return ask_model(&b, q, mem, answer, failure);
}
