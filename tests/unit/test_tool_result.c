/*
 * Results of tools: what bounds them, and what stays as it is.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/text.h"
#include "nouns/tool_result.h"

static const char *
repeat(struct arena *mem, const char *what, size_t bytes)
{
	size_t len = strlen(what), i;
	char *out = arena_alloc(mem, bytes + len + 1);

	for (i = 0; i + len <= bytes; i += len)
		memcpy(out + i, what, len);
	return out;
}

static size_t
size_of(const struct tool_result *r)
{
	size_t size = 0, i;

	for (i = 0; i < r->n; i++) {
		const struct tool_content *c = &r->content[i];

		size += c->text == NULL ? 0 : strlen(c->text);
		size += c->base64 == NULL ? 0 : strlen(c->base64);
	}
	return r->structured == NULL
	    ? size
	    : size + json_dumpb(r->structured, NULL, 0, JSON_COMPACT);
}

static void
what_fits_stays_as_it_is(void **state)
{
	struct arena *mem = arena_new();
	const char *text = repeat(mem, "\xe2\x82\xac", TOOL_CONTENT_MAX / 2);
	struct tool_content items[] = {
		{ .kind = CONTENT_TEXT, .text = text },
		{ .kind = CONTENT_IMAGE,
		    .base64 = "AA==",
		    .mime = "image/png" },
	};
	struct tool_result r = { .end = TOOL_DONE,
		.content = items,
		.n = 1,
		.structured = json_keep(mem, json_pack("{s:i}", "a", 1)) };

	(void)state;
	tool_result_bound(mem, &r, TOOL_CONTENT_MAX);
	assert_false(r.cut);
	assert_ptr_equal(r.content[0].text, text);
	r.structured = NULL;
	/* One text is told without a copy. */
	assert_ptr_equal(tool_result_text(mem, &r), text);
	r.n = 2;
	tool_result_bound(mem, &r, TOOL_CONTENT_MAX);
	assert_false(r.cut);
	assert_string_equal(r.content[1].base64, "AA==");
	arena_free(mem);
}

static void
what_is_more_is_cut(void **state)
{
	struct arena *mem = arena_new();
	const char *large = repeat(mem, "\xe2\x82\xac", 9 * MIB);
	struct tool_content text[] = {
		{ .kind = CONTENT_TEXT, .text = large },
		{ .kind = CONTENT_TEXT, .text = "behind" },
	};
	struct tool_content image[] = {
		{ .kind = CONTENT_TEXT, .text = "here" },
		{ .kind = CONTENT_IMAGE, .base64 = large, .mime = "image/png" },
	};
	struct tool_content other[] = {
		{ .kind = CONTENT_OTHER, .base64 = large, .name = "video" }
	};
	struct tool_content words[] = { { .kind = CONTENT_TEXT, .text = "w" } };
	json_t *tree = json_keep(mem, json_pack("{s:s}", "a", large));
	struct {
		struct tool_result r;
		const char *says; /* a part of the last item */
	} cases[] = {
		{ { .content = text, .n = 2 }, "[cut: the result was longer]" },
		{ { .content = image, .n = 2 }, "[image: left out" },
		{ { .content = other, .n = 1 }, "[video: left out" },
		{ { .content = words, .n = 1, .structured = tree },
		    "[cut: the result was longer]" },
		{ { .n = 0, .structured = tree },
		    "[cut: the result was longer]" },
	};
	size_t i, k;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		struct tool_result *r = &cases[i].r;

		tool_result_bound(mem, r, TOOL_CONTENT_MAX);
		assert_true(r->cut && r->structured == NULL);
		assert_true(size_of(r) <= TOOL_CONTENT_MAX);
		assert_non_null(
		    strstr(r->content[r->n - 1].text, cases[i].says));
		for (k = 0; k < r->n; k++)
			assert_true(text_is_utf8(r->content[k].text,
			    strlen(r->content[k].text)));
	}
	/* Millions of small things are bounded as one large. */
	{
		struct tool_content *many = arena_alloc(mem,
		    100000 * sizeof(*many));
		struct tool_result r = { .content = many, .n = 100000 };

		for (i = 0; i < r.n; i++)
			many[i] = (struct tool_content){ .kind = CONTENT_TEXT,
				.text = "0123456789" };
		tool_result_bound(mem, &r, 1000);
		assert_true(r.cut && r.n < 100 && size_of(&r) <= 1000);
	}
	arena_free(mem);
}

/* What would not be told is not looked for: in megabytes that takes seconds. */
static void
nothing_comes_after_what_is_told(void **state)
{
	struct arena *mem = arena_new();
	const char *almost = repeat(mem, "ab", TOLD_MAX),
		   *more = repeat(mem, "ab", TOLD_MAX + 2);
	json_t *tree = json_keep(mem, json_pack("{s:s}", "a", "other"));
	struct tool_content items[] = {
		{ .kind = CONTENT_TEXT, .text = almost },
		{ .kind = CONTENT_TEXT, .text = "1" },
		{ .kind = CONTENT_TEXT, .text = "2" },
	};
	struct tool_result r = { .content = items, .n = 1, .structured = tree };
	const char *text;

	(void)state;
	text = tool_result_text(mem, &r);
	assert_non_null(strstr(text, "\n{\"a\":\"other\"}"));
	items[0].text = more;
	assert_ptr_equal(tool_result_text(mem, &r), more);
	r.n = 3;
	assert_string_equal(tool_result_text(mem, &r), more);
	arena_free(mem);
}

static void
texts_become_utf8(void **state)
{
	struct arena *mem = arena_new();
	struct tool_content items[] = { { .kind = CONTENT_TEXT,
					    .text = "a\xff" },
		{ .kind = CONTENT_LINK, .name = "\xfe", .uri = "u:\xfd" } };
	struct tool_result r = { .content = items, .n = 2 };

	(void)state;
	tool_result_bound(mem, &r, TOOL_CONTENT_MAX);
	assert_string_equal(tool_result_text(mem, &r),
	    "a\xef\xbf\xbd\n[link: \xef\xbf\xbd u:\xef\xbf\xbd]");
	arena_free(mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_fits_stays_as_it_is),
		cmocka_unit_test(what_is_more_is_cut),
		cmocka_unit_test(nothing_comes_after_what_is_told),
		cmocka_unit_test(texts_become_utf8),
	};

	return cmocka_run_group_tests_name("tool_result", tests, NULL, NULL);
}
