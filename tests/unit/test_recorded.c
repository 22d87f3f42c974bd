/*
 * What real providers sent (DRAGOMAN_RECORDED, or ../shared/recorded beside the
 * clone): however the bytes come and wherever they end, the answer is what a
 * plain look at the whole events says.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "tests/unit/cuts.h"

/* Each byte of a stream is a place to be cut at; of a longer one, those of its
 * head, of its tail and at the edges of its lines, and some between: all of
 * them, a million, take minutes under the sanitizers (DRAGOMAN_EVERY_BYTE=1).
 */
#define LONG_STREAM (8 * KIB)
#define LONG_ENDS (4 * KIB)
#define LONG_EVERY 31
#define LONG_EDGE 4
/* A document is no JSON before its end: any place is like another. */
#define WHOLE_ENDS 64
#define WHOLE_EVERY 97
/* Up to here all that holds of any answer is looked at, too (cuts.h): that
 * are three walks more. */
#define CHECKED_MAX (2 * KIB)

struct recorded {
	char name[256];
	struct arena *mem;
	const json_t *doc;
	const struct llm_provider *p;
	const char *kind, *body;
	size_t len;
};

/* What is expected: read from the events with nothing but jansson. */
struct expected {
	struct buf words;
	json_t *calls; /* [id, name, arguments as text], by index */
	bool error;    /* before any stop reason */
	bool ended;
};

static char folder[1024];
static bool every_byte;

static bool
find_folder(void)
{
	static const char *const PLACES[] = { "../shared/recorded",
		"../../../shared/recorded", "../../../../shared/recorded" };
	const char *named = getenv("DRAGOMAN_RECORDED");
	const char *top = getenv("srcdir");
	DIR *d;
	size_t i;

	for (i = 0; i <= NELEM(PLACES); i++) {
		if (i == 0 && named == NULL)
			continue;
		snprintf(folder, sizeof(folder), "%s%s%s",
		    i == 0 || top == NULL ? "" : top,
		    i == 0 || top == NULL ? "" : "/",
		    i == 0 ? named : PLACES[i - 1]);
		d = opendir(folder);
		if (d != NULL) {
			closedir(d);
			return true;
		}
	}
	return false;
}

static void
add_text(struct expected *e, const json_t *content)
{
	size_t i;

	if (json_is_string(content))
		assert_int_equal(
		    buf_add_str(&e->words, json_string_value(content)), 0);
	for (i = 0; i < json_array_size(content); i++) {
		const json_t *part = json_array_get(content, i);
		const char *type = json_member_str(part, "type");

		if (type != NULL && strcmp(type, "text") == 0)
			add_text(e, json_object_get(part, "text"));
	}
}

static void
add_call(struct expected *e, const json_t *index, const char *id,
    const char *name, const char *arguments)
{
	json_t *call = NULL;
	size_t i;

	for (i = 0; i < json_array_size(e->calls); i++) {
		json_t *c = json_array_get(e->calls, i);

		if (index != NULL
		    && json_equal(index, json_object_get(c, "index")))
			call = c;
	}
	if (call == NULL) {
		call = json_pack("{s:s?, s:s?, s:s, s:O?}", "id", id, "name",
		    name, "arguments", "", "index", (json_t *)index);
		json_array_append_new(e->calls, call);
	}
	if (arguments != NULL)
		json_object_set_new(call, "arguments",
		    json_sprintf("%s%s", json_member_str(call, "arguments"),
			arguments));
}

static void
expect_openai(struct expected *e, const json_t *doc)
{
	const json_t *choice = json_array_get(json_object_get(doc, "choices"),
	    0);
	const json_t *m = json_object_get(choice, "delta"), *calls;
	const char *finish = json_member_str(choice, "finish_reason");
	size_t i;

	if (json_is_object(json_object_get(doc, "error")) && !e->ended)
		e->error = true;
	if (m == NULL)
		m = json_object_get(choice, "message");
	add_text(e, json_object_get(m, "content"));
	calls = json_object_get(m, "tool_calls");
	for (i = 0; i < json_array_size(calls); i++) {
		const json_t *c = json_array_get(calls, i);
		const json_t *f = json_object_get(c, "function");

		add_call(e, json_object_get(c, "index"),
		    json_member_str(c, "id"), json_member_str(f, "name"),
		    json_member_str(f, "arguments"));
	}
	e->ended |= finish != NULL && finish[0] != '\0';
}

static void
expect_block(struct expected *e, const json_t *index, const json_t *b,
    struct arena *mem)
{
	const char *type = json_member_str(b, "type");
	const json_t *input = json_object_get(b, "input");

	if (type != NULL && strcmp(type, "text") == 0)
		add_text(e, json_object_get(b, "text"));
	if (type != NULL && strcmp(type, "tool_use") == 0)
		add_call(e, index, json_member_str(b, "id"),
		    json_member_str(b, "name"),
		    json_object_size(input) == 0 ? NULL
						 : json_text(mem, input));
}

static void
expect_anthropic(struct expected *e, const json_t *doc, struct arena *mem)
{
	const json_t *message = json_object_get(doc, "message");
	const json_t *delta = json_object_get(doc, "delta"), *content;
	const json_t *index = json_object_get(doc, "index");
	const char *piece = json_member_str(delta, "partial_json");
	size_t i;

	if (json_is_object(json_object_get(doc, "error")))
		e->error = true;
	content = json_object_get(message == NULL ? doc : message, "content");
	for (i = 0; i < json_array_size(content); i++)
		expect_block(e, NULL, json_array_get(content, i), mem);
	if (json_object_get(doc, "content_block") != NULL)
		expect_block(e, index, json_object_get(doc, "content_block"),
		    mem);
	add_text(e, json_object_get(delta, "text"));
	for (i = 0; piece != NULL && i < json_array_size(e->calls); i++) {
		json_t *c = json_array_get(e->calls, i);

		if (json_equal(index, json_object_get(c, "index")))
			json_object_set_new(c, "arguments",
			    json_sprintf("%s%s",
				json_member_str(c, "arguments"), piece));
	}
	e->ended |= json_member_str(delta, "stop_reason") != NULL
	    || json_member_str(message, "stop_reason") != NULL
	    || json_member_str(doc, "stop_reason") != NULL;
}

static void
expect_begin(struct expected *e, const struct recorded *rec)
{
	*e = (struct expected){ .words = BUF_INIT(LLM_TEXT_MAX) };
	e->calls = json_keep(rec->mem, json_array());
}

static bool
is_stream(const struct recorded *rec)
{
	return strcmp(rec->kind, "stream") == 0;
}

/* A line of a stream, or a document. */
static void
expect_line(struct expected *e, const struct recorded *rec, const char *line,
    size_t len)
{
	const json_t *doc;

	if (is_stream(rec)) {
		if (strncmp(line, "data:", 5) != 0)
			return;
		line += 5;
		len -= 5;
	}
	doc = json_read_lenient(rec->mem, line, len);
	if (json_is_object(doc) && rec->p == &LLM_OPENAI)
		expect_openai(e, doc);
	else if (json_is_object(doc))
		expect_anthropic(e, doc, rec->mem);
	e->ended |= !is_stream(rec) || strncmp(line, " [DONE]", 7) == 0;
}

static void
expect(struct expected *e, const struct recorded *rec)
{
	const char *line = rec->body, *end;

	expect_begin(e, rec);
	for (; *line != '\0'; line = end + strspn(end, "\r\n")) {
		end = is_stream(rec) ? line + strcspn(line, "\r\n")
				     : line + strlen(line);
		expect_line(e, rec, line, (size_t)(end - line));
	}
}

static const char *
trim(const char *s)
{
	return s + strspn(s, " \t\r\n");
}

/* The words that are no thoughts. */
static const char *
visible(const struct expected *e)
{
	const char *words = trim(buf_str(&e->words));
	const char *close = strstr(words, "</think>");

	if (close != NULL)
		return trim(close + strlen("</think>"));
	return strncmp(words, "<think>", 7) == 0 ? "" : words;
}

static void
compare(const struct recorded *rec, const struct expected *e,
    const struct answered *a, const char *how)
{
	const char *words = visible(e);
	size_t i;

	if (e->error) {
		if (!a->failed)
			fail_msg("%s %s: an error was not seen", rec->name,
			    how);
		return;
	}
	if (a->rc != LLM_OK && a->rc != LLM_EMPTY)
		fail_msg("%s %s: %s", rec->name, how, llm_rc_name(a->rc));
	if (strcmp(trim(a->answer.text), words) != 0)
		fail_msg("%s %s: \"%s\", expected \"%s\"", rec->name, how,
		    a->answer.text, words);
	if (a->answer.ncalls != json_array_size(e->calls))
		fail_msg("%s %s: %zu calls", rec->name, how, a->answer.ncalls);
	for (i = 0; i < a->answer.ncalls; i++) {
		const struct tool_call *c = &a->answer.calls[i];
		const json_t *want = json_array_get(e->calls, i);
		const char *text = json_member_str(want, "arguments");

		if (strcmp(c->id, json_member_str(want, "id")) != 0
		    || strcmp(c->name, json_member_str(want, "name")) != 0
		    || !json_equal(answers_json(a->mem, c->arguments),
			answers_json(a->mem, text[0] == '\0' ? "{}" : text)))
			fail_msg("%s %s: %s %s %s", rec->name, how, c->id,
			    c->name, c->arguments);
	}
}

static void
read_by(const struct recorded *rec, const struct expected *e, const char *bytes,
    size_t len, size_t step, const char *how)
{
	struct answered a;

	answers_bytes(rec->p, NULL, bytes, len, step, false, &a);
	compare(rec, e, &a, how);
	answers_free(&a);
}

/* With each end of a line as ${eol}; ${whole}: and the last blank line. */
static void
read_with(const struct recorded *rec, const struct expected *e, const char *eol,
    bool whole)
{
	struct buf b = BUF_INIT(4 * MIB);
	size_t i, len = rec->len;

	while (!whole && len > 0 && rec->body[len - 1] == '\n')
		len--;
	for (i = 0; i < len; i++)
		if (rec->body[i] != '\r')
			assert_int_equal(rec->body[i] == '\n'
				? buf_add_str(&b, eol)
				: buf_add_char(&b, rec->body[i]),
			    0);
	read_by(rec, e, buf_str(&b), b.len, 0, "with other ends of lines");
	buf_fini(&b);
}

/* A walk through the places where an answer may be cut. */
struct walk {
	const struct recorded *rec;
	struct expected e; /* of the whole events so far */
	size_t line, end;  /* the line that is not yet in it */
};

static void
find_line(struct walk *w)
{
	const char *s = w->rec->body;

	w->line += strspn(s + w->line, "\r\n");
	w->end = w->line + strcspn(s + w->line, "\r\n");
	while (w->end > w->line && s[w->end - 1] == ' ')
		w->end--;
}

/* Lines that are whole within the first ${at} bytes, though their end may be
 * missing. */
static void
walk_to(struct walk *w, size_t at)
{
	while (w->end > w->line && w->end <= at) {
		expect_line(&w->e, w->rec, w->rec->body + w->line,
		    w->end - w->line);
		w->line = w->end;
		w->line += strcspn(w->rec->body + w->line, "\r\n");
		find_line(w);
	}
}

static bool
is_cut_there(void *ctx, size_t at)
{
	struct walk *w = ctx;
	size_t len = w->rec->len, line = w->line, end = w->end;

	walk_to(w, at);
	if (!is_stream(w->rec))
		return at < WHOLE_ENDS || at + WHOLE_ENDS > len
		    || at % WHOLE_EVERY == 0;
	return len <= LONG_STREAM || every_byte || at < LONG_ENDS
	    || at + LONG_ENDS > len || at % LONG_EVERY == 0
	    || at <= line + LONG_EDGE || at + LONG_EDGE >= end;
}

/* The answer, its words so far, or another try: as whole events say. */
static void
look_at_cut(void *ctx, size_t at, const struct answered *a)
{
	struct walk *w = ctx;
	char how[64];

	walk_to(w, at);
	snprintf(how, sizeof(how), "cut at %zu", at);
	if (w->e.error || w->e.ended) {
		compare(w->rec, &w->e, a, how);
		return;
	}
	if (a->rc != LLM_RC_N || a->error_rc != LLM_RC_N)
		fail_msg("%s %s: %s", w->rec->name, how,
		    llm_rc_name(a->rc != LLM_RC_N ? a->rc : a->error_rc));
	if (strcmp(trim(a->words), visible(&w->e)) != 0)
		fail_msg("%s %s: \"%s\", expected \"%s\"", w->rec->name, how,
		    a->words, visible(&w->e));
}

static void
cut_everywhere(const struct recorded *rec)
{
	struct walk w = { .rec = rec };

	expect_begin(&w.e, rec);
	if (is_stream(rec))
		find_line(&w);
	else
		for (w.end = rec->len;
		     strchr(" \r\n", rec->body[w.end - 1]) != NULL; w.end--)
			;
	cuts_each(rec->p, NULL, rec->body, rec->len, is_cut_there, look_at_cut,
	    &w);
	buf_fini(&w.e.words);
}

static void
check(const struct recorded *rec)
{
	struct expected e;

	expect(&e, rec);
	read_by(rec, &e, rec->body, rec->len, 0, "whole");
	read_by(rec, &e, rec->body, rec->len, 1, "byte by byte");
	if (is_stream(rec)) {
		read_with(rec, &e, "\n", false);
		read_with(rec, &e, "\r\n", true);
		read_with(rec, &e, "\r\n", false);
		read_with(rec, &e, "\r", true);
		read_with(rec, &e, "\r", false);
		if (rec->len <= CHECKED_MAX)
			cuts_check(rec->name, rec->p, NULL, rec->body,
			    rec->len);
	}
	cut_everywhere(rec);
	buf_fini(&e.words);
}

/* What a refusal means, by status and code: "" is any other. */
static const struct {
	int status;
	const char *code;
	enum llm_rc rc;
	bool once; /* worth one more try */
} KINDS[] = {
	/* the model wrote a call that is none */
	{ 400, "tool_use_failed", LLM_RETRY, true },
	{ 400, "context_length_exceeded", LLM_CONTEXT, false },
	{ 400, "content_filter", LLM_FILTERED, false },
	/* a parameter, a value, a shape: the ladder knows more */
	{ 400, "", LLM_INVALID, false },
	{ 401, "", LLM_DENIED, false },
	{ 402, "", LLM_QUOTA, false },
	{ 403, "", LLM_DENIED, false },
	{ 404, "", LLM_MODEL, false },
	{ 413, "", LLM_CONTEXT, false },
	{ 422, "", LLM_INVALID, false },
	{ 429, "insufficient_quota", LLM_QUOTA, false },
	{ 429, "", LLM_RETRY, false },
	{ 500, "", LLM_RETRY, false },
	{ 503, "", LLM_RETRY, false },
	{ 529, "", LLM_RETRY, false },
};

static void
same_words(const struct recorded *rec, const char *name, const char *got)
{
	const json_t *doc = answers_json(rec->mem, rec->body);
	const char *want = json_member_str(json_object_get(doc, "error"), name);

	if (want != NULL && strcmp(want, got) != 0)
		fail_msg("%s: %s \"%s\", expected \"%s\"", rec->name, name, got,
		    want);
}

static void
check_refusal(const struct recorded *rec)
{
	int status = (int)json_member_int(rec->doc, "status", 0);
	struct llm_failure f = { .retry_after_ms = -1 };
	struct llm_refusal r;
	enum llm_rc rc;
	size_t i;

	llm_refusal_read(&r, status, rec->body, rec->len, rec->mem);
	rc = llm_refusal_rc(&r, -1, &f);
	same_words(rec, "code", r.code);
	same_words(rec, "type", r.type);
	same_words(rec, "param", r.param);
	same_words(rec, "message", r.message);
	for (i = 0; i < NELEM(KINDS); i++)
		if (KINDS[i].status == status
		    && (KINDS[i].code[0] == '\0'
			|| strcmp(KINDS[i].code, r.code) == 0))
			break;
	if (i == NELEM(KINDS))
		fail_msg("%s: what status %d means is not told here", rec->name,
		    status);
	if (rc != KINDS[i].rc || f.once != KINDS[i].once || f.status != status)
		fail_msg("%s: %s, expected %s", rec->name, llm_rc_name(rc),
		    llm_rc_name(KINDS[i].rc));
}

static int
take_file(const char *name)
{
	struct recorded rec = { .mem = arena_new() };
	char path[2048];
	json_t *doc;

	snprintf(rec.name, sizeof(rec.name), "%s", name);
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	doc = json_load_file(path, 0, NULL);
	rec.doc = json_keep(rec.mem, doc);
	rec.body = json_member_str(rec.doc, "body");
	if (rec.body == NULL) { /* base64: none so far */
		arena_free(rec.mem);
		return 0;
	}
	rec.len = strlen(rec.body);
	rec.kind = json_member_str(rec.doc, "kind");
	rec.p = strcmp(json_member_str(rec.doc, "wire"), "openai") == 0
	    ? &LLM_OPENAI
	    : &LLM_ANTHROPIC;
	if (strcmp(rec.kind, "error") == 0)
		check_refusal(&rec);
	else
		check(&rec);
	arena_free(rec.mem);
	return 1;
}

static void
recorded_answers_are_read(void **state)
{
	struct dirent *e;
	DIR *d;
	int n = 0;

	(void)state;
	if (!find_folder()) {
		print_message("no recorded answers: DRAGOMAN_RECORDED names "
			      "no folder, and there is none beside this "
			      "one\n");
		skip();
	}
	every_byte = getenv("DRAGOMAN_EVERY_BYTE") != NULL;
	d = opendir(folder);
	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		size_t len = strlen(e->d_name);

		if (len > 5 && strcmp(e->d_name + len - 5, ".json") == 0)
			n += take_file(e->d_name);
	}
	closedir(d);
	print_message("%d recorded answers\n", n);
	assert_true(n > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded_answers_are_read),
	};

	return cmocka_run_group_tests_name("recorded", tests, NULL, NULL);
}
