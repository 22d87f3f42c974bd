#include "tests/unit/cuts.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "base/json.h"

#define SAMPLE_EVERY 61 /* bytes: there a reader of its own is asked, too */
#define SAMPLE_MAX (4 * KIB) /* as that costs the square of the length */
#define VARIED_MAX (8 * KIB) /* cut with other ends of lines, too */

static void
buf_copy(struct buf *to, const struct buf *from)
{
	*to = (struct buf){ .max = from->max };
	if (from->len > 0)
		assert_int_equal(buf_add(to, from->data, from->len), 0);
	to->full = from->full;
}

static struct llm_block *
block_copy(const struct llm_block *from, struct arena *mem)
{
	struct llm_block *to = arena_alloc(mem, sizeof(*to));

	*to = *from;
	to->doc = json_deep_copy(from->doc);
	buf_copy(&to->pieces, &from->pieces);
	return to;
}

/* What changes is copied; what only is read lives in ${from} on. */
static void
reading_copy(struct llm_reading *to, const struct llm_reading *from,
    struct arena *mem)
{
	size_t i;

	memcpy(to, from, offsetof(struct llm_reading, calls));
	to->mem = mem;
	to->event = arena_new();
	buf_copy(&to->text, &from->text);
	buf_copy(&to->refusal, &from->refusal);
	for (i = 0; i < from->ncalls; i++) {
		to->calls[i] = from->calls[i];
		buf_copy(&to->calls[i].arguments, &from->calls[i].arguments);
		to->calls[i].extra = json_deep_copy(from->calls[i].extra);
	}
	for (i = 0; i < from->nblocks; i++)
		to->blocks[i] = block_copy(from->blocks[i], mem);
	for (i = 0; i < from->ndetails; i++)
		to->details[i] = block_copy(from->details[i], mem);
	for (i = 0; i < NELEM(from->kept); i++) {
		buf_copy(&to->kept[i].text, &from->kept[i].text);
		to->kept[i].value = json_deep_copy(from->kept[i].value);
	}
}

static void
body_copy(struct llm_body *to, const struct llm_body *from,
    struct llm_reading *r)
{
	*to = *from;
	to->reading = r;
	buf_copy(&to->sse.line, &from->sse.line);
	buf_copy(&to->sse.data, &from->sse.data);
	buf_copy(&to->sse.type, &from->sse.type);
	buf_copy(&to->sse.id, &from->sse.id);
	buf_copy(&to->head, &from->head);
}

static void
end_copy(const struct llm_body *body, struct answered *out)
{
	static struct llm_reading r; /* large */
	struct llm_body b;

	*out = (struct answered){ .mem = arena_new() };
	reading_copy(&r, body->reading, out->mem);
	body_copy(&b, body, &r);
	llm_body_end(&b, BODY_END_WHOLE);
	llm_body_fini(&b);
	answers_take(&r, out);
}

void
cuts_each(const struct llm_provider *p, const struct llm_question *with,
    const char *bytes, size_t len, bool (*wants)(void *ctx, size_t at),
    cuts_look *look, void *ctx)
{
	struct llm_question q = with == NULL ? (struct llm_question){ 0 }
					     : *with;
	struct arena *mem = arena_new();
	struct llm_reading r;
	struct llm_body body;
	struct answered a;
	size_t at;
	int stop = 0;

	q.on_text = NULL;
	q.on_back = NULL;
	llm_reading_init(&r, &q, mem, false);
	llm_body_init(&body, p, &r, true);
	for (at = 0;; at++) {
		if (wants == NULL || at == len || wants(ctx, at)) {
			end_copy(&body, &a);
			look(ctx, at, &a);
			answers_free(&a);
		}
		if (at == len || stop != 0)
			break;
		stop = llm_body_feed(&body, bytes + at, 1);
	}
	llm_body_fini(&body);
	llm_reading_fini(&r);
	arena_free(mem);
}

/* What ${a} means to who asked, to compare and to be shown: an answer, a
 * refusal, or (named "?") the words so far, and another try. */
static const char *
told(const struct answered *a)
{
	bool is = a->rc != LLM_RC_N;
	bool refused = a->error_rc != LLM_RC_N;
	const char *extra = is ? a->answer.extra : NULL, *out;
	size_t i;

	out = arena_printf(a->mem, "%s%s%s%s \"%s\" %s", llm_rc_name(a->rc),
	    refused ? llm_rc_name(a->error_rc) : "",
	    is && a->answer.cut ? " cut" : "",
	    is && a->answer.refused ? " refused" : "",
	    is ? a->answer.text : a->words, extra == NULL ? "" : extra);
	for (i = 0; i < a->answer.ncalls; i++)
		out = arena_printf(a->mem, "%s [%s %s %s]", out,
		    a->answer.calls[i].id, a->answer.calls[i].name,
		    a->answer.calls[i].arguments);
	return out;
}

static const char *
told_of(const struct llm_provider *p, const struct llm_question *with,
    const char *bytes, size_t len, size_t step, struct answered *a)
{
	answers_bytes(p, with, bytes, len, step, false, a);
	return told(a);
}

struct lines {
	const char *what, *bytes;
	const struct llm_provider *p;
	const struct llm_question *with;
	struct arena *mem;
	char *now;
	bool changed; /* within this line */
};

static void
look(void *ctx, size_t at, const struct answered *a)
{
	struct lines *l = ctx;
	const char *says = told(a), *alone;
	struct answered own;

	if (at % SAMPLE_EVERY == 0 && at < SAMPLE_MAX) {
		alone = told_of(l->p, l->with, l->bytes, at, 0, &own);
		if (strcmp(says, alone) != 0)
			fail_msg("%s: %zu bytes in pieces are %s, at once %s",
			    l->what, at, says, alone);
		answers_free(&own);
	}
	if (l->now == NULL || strcmp(l->now, says) != 0) {
		if (l->changed)
			fail_msg("%s: cut at %zu, within a line: %s, before "
				 "%s",
			    l->what, at, says, l->now);
		l->changed = l->now != NULL;
		arena_reset(l->mem);
		l->now = arena_strdup(l->mem, says);
	}
	if (at > 0 && strchr("\r\n", l->bytes[at - 1]) != NULL)
		l->changed = false;
}

static void
check_lines(const char *what, const struct llm_provider *p,
    const struct llm_question *with, const char *bytes, size_t len)
{
	struct lines l = { .what = what,
		.bytes = bytes,
		.p = p,
		.with = with,
		.mem = arena_new() };

	cuts_each(p, with, bytes, len, NULL, look, &l);
	arena_free(l.mem);
}

/* With each end of a line as ${eol}; ${whole}: and the last blank line. */
static void
vary(const char *bytes, size_t len, const char *eol, bool whole,
    struct buf *out)
{
	size_t i;

	buf_reset(out);
	while (!whole && len > 0 && strchr("\r\n", bytes[len - 1]) != NULL)
		len--;
	for (i = 0; i < len; i++)
		if (bytes[i] != '\r' || (i + 1 < len && bytes[i + 1] != '\n'))
			assert_int_equal(strchr("\r\n", bytes[i]) != NULL
				? buf_add_str(out, eol)
				: buf_add_char(out, bytes[i]),
			    0);
}

void
cuts_check(const char *what, const struct llm_provider *p,
    const struct llm_question *with, const char *bytes, size_t len)
{
	static const char *const EOLS[] = { "\n", "\r\n", "\r" };
	struct buf b = BUF_INIT(16 * MIB);
	struct answered whole, a;
	const char *want = told_of(p, with, bytes, len, 0, &whole), *got;
	size_t i, step;

	check_lines(what, p, with, bytes, len);
	for (i = 0; i < 2 * NELEM(EOLS); i++) {
		const char *eol = EOLS[i / 2];

		vary(bytes, len, eol, i % 2 == 0, &b);
		for (step = 0; step < 3; step++) {
			got = told_of(p, with, buf_str(&b), b.len, step, &a);
			if (strcmp(got, want) != 0)
				fail_msg("%s: with %s%s, in pieces of %zu: "
					 "%s, expected %s",
				    what,
				    i / 2 == 0       ? "LF"
					: i / 2 == 1 ? "CRLF"
						     : "CR",
				    i % 2 == 0 ? "" : " and no blank line",
				    step, got, want);
			answers_free(&a);
		}
		/* One without its last blank line is a part of this. */
		if (i > 0 && i % 2 == 0 && b.len <= VARIED_MAX)
			check_lines(what, p, with, buf_str(&b), b.len);
	}
	answers_free(&whole);
	buf_fini(&b);
}

void
cuts_check_stream(const char *what, const struct llm_provider *p,
    const char *events)
{
	struct buf bytes = BUF_INIT(16 * MIB);

	answers_to_stream(events, &bytes);
	cuts_check(what, p, NULL, buf_str(&bytes), bytes.len);
	buf_fini(&bytes);
}
