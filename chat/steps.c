#include "chat/steps.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "redis/format.h"

/* Before answers said so, only this one had anything to send back. */
#define WIRE_BEFORE "anthropic"

/* ${doc} gets its version: the one that this turn is written as. */
static struct journal_field
field(const struct turn *t, const char *name, json_t *doc)
{
	struct arena *mem = t->mem;
	int version = t->job->format > FORMAT_FIRST ? t->job->format
						    : FORMAT_FIRST;
	char *text;

	(void)json_object_set_new(doc, "v", json_integer(version));
	text = json_text(mem, json_keep(mem, doc));

	/* Strings come cleaned from llm/ and tools/, so this cannot fail but
	 * for memory, which ends the process. */
	if (text == NULL)
		text = arena_strdup(mem, "{}");
	return (struct journal_field){ .name = name,
		.text = text,
		.len = strlen(text),
		.version = version };
}

struct journal_field
step_answer(const struct turn *t, int k, const struct llm_answer *a)
{
	json_t *calls = json_array();
	size_t i;

	for (i = 0; i < a->ncalls; i++)
		json_array_append_new(calls,
		    json_pack("[s, s, s]", a->calls[i].id, a->calls[i].name,
			a->calls[i].arguments));
	return field(t, arena_printf(t->mem, "answer:%d", k),
	    json_pack("{s:s, s:o, s:s*, s:s*, s:s*, s:I, s:I}", "text", a->text,
		"calls", calls, "extra", a->extra, "wire",
		a->extra == NULL ? NULL : a->extra_wire, "backend",
		a->extra == NULL ? NULL : a->extra_backend, "in",
		(json_int_t)a->usage.in, "out", (json_int_t)a->usage.out));
}

struct journal_field
step_result(const struct turn *t, int k, int i, const struct turn_result *r)
{
	return field(t, arena_printf(t->mem, "result:%d.%d", k, i),
	    json_pack("{s:i, s:s, s:b}", "end", (int)r->end, "text", r->text,
		"denied", (int)r->denied));
}

struct journal_field
step_retry(const struct turn *t)
{
	return field(t, "retry",
	    json_pack("{s:I, s:i, s:b, s:i, s:b, s:b, s:I, s:I}", "since",
		(json_int_t)t->retry_since_ms, "n", t->retry_n, "shortened",
		(int)t->shortened, "empties", t->empties, "guessed",
		(int)t->guessed, "raised", (int)t->raised, "loading",
		(json_int_t)t->loading_since_ms, "declined",
		(json_int_t)t->declined));
}

struct journal_field
step_kept(const struct turn *t)
{
	return field(t, "kept",
	    json_pack("{s:s, s:i}", "text", t->kept, "round", t->kept_round));
}

static void
read_answer(struct turn *t, int k, const json_t *doc)
{
	struct turn_round *round;
	const char *text = "", *extra = NULL, *wire = WIRE_BEFORE;
	const char *backend = NULL; /* releases before did not say it */
	json_t *calls = NULL;
	json_int_t in = 0, out = 0;
	size_t i;

	if (json_unpack((json_t *)doc, "{s:s, s:o, s?s, s?s, s?s, s?I, s?I}",
		"text", &text, "calls", &calls, "extra", &extra, "wire", &wire,
		"backend", &backend, "in", &in, "out", &out)
	    == -1)
		return;
	round = &t->rounds[k];
	round->resumed = true;
	round->answer = (struct llm_answer){ .text = text,
		.extra = extra,
		.extra_wire = wire,
		.extra_backend = backend,
		.usage = { in, out } };
	round->answer.calls = arena_alloc(t->mem,
	    sizeof(*round->answer.calls) * TOOL_CALLS_MAX);
	for (i = 0; i < json_array_size(calls) && i < TOOL_CALLS_MAX; i++) {
		struct tool_call *c = &round->answer.calls[i];

		if (json_unpack(json_array_get(calls, i), "[s, s, s]", &c->id,
			&c->name, &c->arguments)
		    == -1)
			return;
		round->answer.ncalls = i + 1;
	}
	t->usage.in += in;
	t->usage.out += out;
	if (k + 1 > t->nrounds)
		t->nrounds = k + 1;
}

static void
read_result(struct turn *t, int k, int i, const json_t *doc)
{
	const char *text = "";
	int end = TOOL_FAILED, denied = 0;

	if (json_unpack((json_t *)doc, "{s:i, s:s, s?b}", "end", &end, "text",
		&text, "denied", &denied)
	    == -1)
		return;
	t->rounds[k].results[i] = (struct turn_result){ .end = end == TOOL_DONE
		    ? TOOL_DONE
		    : TOOL_FAILED,
		.text = text,
		.denied = denied != 0 };
	t->rounds[k].done[i] = true;
	if (denied)
		t->denied = true;
}

static void
read_retry(struct turn *t, const json_t *doc)
{
	t->retry_since_ms = json_member_int(doc, "since", 0);
	t->retry_n = (int)json_member_int(doc, "n", 0);
	t->empties = (int)json_member_int(doc, "empties", 0);
	t->shortened = json_member_bool(doc, "shortened", false);
	t->guessed = json_member_bool(doc, "guessed", false);
	t->raised = json_member_bool(doc, "raised", false);
	t->loading_since_ms = json_member_int(doc, "loading", 0);
	t->declined = (uint64_t)json_member_int(doc, "declined", 0);
}

static void
read_kept(struct turn *t, const json_t *doc)
{
	const char *text = json_member_str(doc, "text");

	if (text == NULL || text[0] == '\0')
		return;
	t->kept = text;
	t->kept_round = (int)json_member_int(doc, "round", 0);
}

bool
steps_read(struct turn *t)
{
	size_t i;

	for (i = 0; i < t->job->njournal; i++) {
		const struct journal_field *f = &t->job->journal[i];
		const json_t *doc = json_read(t->mem, f->text, f->len, NULL,
		    NULL);
		int k, c;

		if (doc == NULL)
			continue;
		if (json_member_int(doc, "v", FORMAT_FIRST) > FORMAT_NEWEST)
			return false;
		if (sscanf(f->name, "answer:%d", &k) == 1 && k >= 0
		    && k < TURN_ANSWERS_MAX)
			read_answer(t, k, doc);
		else if (sscanf(f->name, "result:%d.%d", &k, &c) == 2 && k >= 0
		    && k < TURN_ANSWERS_MAX && c >= 0 && c < TOOL_CALLS_MAX)
			read_result(t, k, c, doc);
		else if (strcmp(f->name, "retry") == 0)
			read_retry(t, doc);
		else if (strcmp(f->name, "kept") == 0)
			read_kept(t, doc);
	}
	return true;
}
