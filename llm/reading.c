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
	r->error_rc = LLM_RC_N;
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
	r->failure.status = 0;
	snprintf(r->failure.why, sizeof(r->failure.why), "%s", why);
	return -1;
}

struct llm_partial_call *
llm_reading_call(struct llm_reading *r, size_t index)
{
	if (index >= NELEM(r->calls))
		return NULL;
	if (!r->calls[index].used) {
		r->calls[index].used = true;
		buf_init(&r->calls[index].arguments, LLM_ARGUMENTS_MAX);
		if (index + 1 > r->ncalls)
			r->ncalls = index + 1;
	}
	return &r->calls[index];
}

int64_t
llm_usage_int(const json_t *usage, const char *name)
{
	int64_t n = json_member_int(usage, name, 0);

	return n < 0 ? 0 : n > LLM_USAGE_MAX ? LLM_USAGE_MAX : n;
}

static bool
is_taken(const struct llm_answer *answer, const char *id)
{
	size_t j;

	for (j = 0; j < answer->ncalls; j++)
		if (strcmp(answer->calls[j].id, id) == 0)
			return true;
	return false;
}

/* An id that is this call's alone: some servers give none, or one to all. */
static const char *
call_id(struct llm_reading *r, const struct llm_answer *answer, size_t i)
{
	const char *id = r->calls[i].id;

	if (id == NULL || id[0] == '\0' || strlen(id) > LLM_ID_MAX
	    || is_taken(answer, id))
		id = arena_printf(r->mem, "call_%zu", i);
	for (; is_taken(answer, id); i++)
		id = arena_printf(r->mem, "call_%zu", i + TOOL_CALLS_MAX);
	return id;
}

/* The arguments of ${p}.  None at all means {}, but not when the answer was
 * cut: then nobody knows what was to come, and "" tells the model so. */
static const char *
arguments_of(struct llm_reading *r, const struct llm_partial_call *p)
{
	if (p->arguments.len == 0)
		return r->cut ? "" : "{}";
	return text_clean(r->mem, buf_str(&p->arguments), p->arguments.len);
}

static void
finish_calls(struct llm_reading *r, struct llm_answer *answer)
{
	size_t i;

	answer->calls = arena_alloc(r->mem,
	    (r->ncalls + 1) * sizeof(*answer->calls));
	for (i = 0; i < r->ncalls; i++) {
		struct llm_partial_call *p = &r->calls[i];
		const char *id;

		if (!p->used || p->name == NULL || p->name[0] == '\0')
			continue;
		id = call_id(r, answer, i);
		answer->calls[answer->ncalls++] = (struct tool_call){
			.id = id,
			/* What is longer is no tool's, and goes far. */
			.name = text_cut(r->mem, p->name, TOOL_NAME_MAX - 1),
			.arguments = arguments_of(r, p) };
	}
}

enum llm_rc
llm_reading_finish(struct llm_reading *r, struct llm_answer *answer)
{
	*answer = (struct llm_answer){ .usage = r->usage, .cut = r->cut,
		.refused = r->refused };
	answer->text = text_clean(r->mem, buf_str(&r->text), r->text.len);
	finish_calls(r, answer);
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

bool
llm_says_too_long(const char *text)
{
	static const char *const WORDS[] = { "context_length_exceeded",
		"context length", "context window", "maximum context",
		"prompt is too long", "input is too long", "too many tokens",
		"exceeds the available context", "input length and `max_tokens`",
		"reduce the length", "reduce your message size",
		"request too large", "context size", "exceed_context_size",
		"max_model_len", "maximum model length",
		"`max_new_tokens` must be", "inputs` must have less than",
		"exceeds the maximum number of tokens" };
	size_t i;

	for (i = 0; i < NELEM(WORDS); i++)
		if (strcasestr(text, WORDS[i]) != NULL)
			return true;
	return false;
}

bool
llm_says_no_tools(const char *text)
{
	static const char *const WORDS[] = { "does not support tool",
		"not support function call", "support tool use",
		"tool calling is not supported", "tools is not supported",
		"tool use is not supported", "tools are not supported",
		"requires --enable-auto-tool-choice" };
	size_t i;

	for (i = 0; i < NELEM(WORDS); i++)
		if (strcasestr(text, WORDS[i]) != NULL)
			return true;
	return false;
}

int
llm_add_str(struct buf *out, const char *s)
{
	return json_add_str(out, s, strlen(s));
}

void
llm_fold_name(const char *name, char out[TOOL_NAME_MAX])
{
	size_t i;

	for (i = 0; name[i] != '\0' && i < TOOL_NAME_MAX - 1; i++)
		out[i] = strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				"abcdefghijklmnopqrstuvwxyz0123456789_-",
			     name[i])
			!= NULL
		    ? name[i]
		    : '_';
	if (i == 0)
		out[i++] = '_';
	out[i] = '\0';
}

int
llm_add_name(struct buf *out, const char *name)
{
	char text[TOOL_NAME_MAX];

	llm_fold_name(name, text);
	return llm_add_str(out, text);
}

int
llm_add_schema(struct buf *out, const struct tool_spec *t)
{
	return t->schema_text != NULL ? buf_add_str(out, t->schema_text)
				      : json_add(out, t->schema);
}
