/*
 * What a model is told of a tool's result.
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
#include "chat/told.h"

static struct tool_content WORDS[] = { { .kind = CONTENT_TEXT, .text = "w" } };
static struct tool_content BLANK[] = { { .kind = CONTENT_TEXT,
    .text = " \n" } };
static struct tool_content PICTURE[] = {
	{ .kind = CONTENT_TEXT, .text = "here" },
	{ .kind = CONTENT_IMAGE, .base64 = "AA==", .mime = "image/png" },
};

static void
each_end_is_done_or_failed(void **state)
{
	static const struct {
		struct tool_result result;
		enum tool_end end;
		const char *text; /* a part of it */
		bool denied, expired;
	} cases[] = {
		{ { .end = TOOL_DONE, .content = WORDS, .n = 1 }, TOOL_DONE,
		    "w", false, false },
		{ { .end = TOOL_DONE, .content = PICTURE, .n = 2 }, TOOL_DONE,
		    "here\n[image: image/png]", false, false },
		/* No message without words. */
		{ { .end = TOOL_DONE }, TOOL_DONE, "returned nothing", false,
		    false },
		{ { .end = TOOL_DONE, .content = BLANK, .n = 1 }, TOOL_DONE,
		    "returned nothing", false, false },
		{ { .end = TOOL_FAILED, .content = BLANK, .n = 1 }, TOOL_FAILED,
		    "did not say why", false, false },
		/* Until people can be asked, and jobs waited for. */
		{ { .end = TOOL_ASKS, .state = "s" }, TOOL_FAILED,
		    "an answer from a person", false, false },
		{ { .end = TOOL_LATER }, TOOL_FAILED, "in the background",
		    false, false },
		{ { .end = TOOL_FAILED,
		      .refusal = TOOL_REFUSED_RIGHTS,
		      .content = WORDS,
		      .n = 1 },
		    TOOL_FAILED, "w", true, false },
		{ { .end = TOOL_FAILED,
		      .refusal = TOOL_REFUSED_TOKEN,
		      .content = WORDS,
		      .n = 1 },
		    TOOL_FAILED, "w", false, true },
	};
	struct arena *mem = arena_new();
	struct turn_result r;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		r = told(mem, &cases[i].result);
		if (r.end != cases[i].end || r.denied != cases[i].denied
		    || r.token_expired != cases[i].expired
		    || strstr(r.text, cases[i].text) == NULL)
			fail_msg("%zu: %d %s", i, r.end, r.text);
	}
	arena_free(mem);
}

static void
what_is_longer_is_cut_between_characters(void **state)
{
	struct arena *mem = arena_new();
	char *text = arena_alloc(mem, 2 * TOLD_MAX);
	struct tool_content item = { .kind = CONTENT_TEXT, .text = text };
	struct tool_result result = { .end = TOOL_DONE,
		.content = &item,
		.n = 1 };
	struct turn_result r;
	size_t pad, i;

	(void)state;
	for (pad = 0; pad < 4; pad++) {
		memset(text, 'x', pad);
		for (i = pad; i + 3 < 2 * TOLD_MAX; i += 3)
			memcpy(text + i, "\xe2\x82\xac", 3);
		text[i] = '\0';
		r = told(mem, &result);
		assert_true(strlen(r.text) <= TOLD_MAX);
		assert_true(strlen(r.text) > TOLD_MAX - 64);
		assert_true(text_is_utf8(r.text, strlen(r.text)));
		assert_non_null(strstr(r.text, "[cut: the result was longer]"));
	}
	memset(text, 'a', TOLD_MAX);
	text[TOLD_MAX] = '\0';
	assert_ptr_equal(told(mem, &result).text, text);
	arena_free(mem);
}

static void
an_address_to_open_is_told(void **state)
{
	struct arena *mem = arena_new();
	json_t *questions = json_pack("{s:{s:s, s:{s:s}}}", "url1", "method",
	    "elicitation/create", "params", "url", "https://a/b");
	struct tool_result r = { .end = TOOL_ASKS, .questions = questions };

	(void)state;
	assert_non_null(strstr(told(mem, &r).text, "an answer from a person"));
	assert_non_null(strstr(told(mem, &r).text, "open: https://a/b"));
	json_decref(questions);
	arena_free(mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_end_is_done_or_failed),
		cmocka_unit_test(what_is_longer_is_cut_between_characters),
		cmocka_unit_test(an_address_to_open_is_told),
	};

	return cmocka_run_group_tests_name("told", tests, NULL, NULL);
}
