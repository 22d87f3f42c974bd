#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "llm/mould.h"

#define HEAD "{\"id\":\"c\",\"choices\":[{\"delta\":{\"content\":\""
#define TAIL "\"},\"finish_reason\":null}]}"

/* ${inside} stands between the quotes; what a JSON reader makes of it. */
static const char *
as_json(struct arena *mem, const char *event)
{
	const json_t *doc = json_read(mem, event, strlen(event), NULL, NULL);

	return json_member_str(json_object_get(json_array_get(
	    json_object_get(doc, "choices"), 0), "delta"), "content");
}

static void
says_what_a_json_reader_says(void **state)
{
	static const struct {
		const char *inside;
		bool fits; /* else it is left to the JSON reader */
	} cases[] = {
		{ " world", true },
		{ "", true },
		{ "\\n\\t\\r\\b\\f\\/\\\\\\\"", true },
		{ "\\u0041\\u00e9\\u20ac\\uFFFD", true },
		{ "caf\xc3\xa9 \xf0\x9f\x98\x80", true },
		{ "{\\\"content\\\":\\\"x\\\"}", true },
		{ "\\ud83d\\ude00", false },
		{ "\\ud83d", false },
		{ "\\u0000", false },
		{ "\\u12", false },
		{ "\\u12g4", false },
		{ "\\x", false },
		{ "\\", false },
		{ "a\"b", false },
		{ "a\nb", false },
		{ "\xc3", false },
		{ "\xff\xfe", false },
		{ "\xed\xa0\x80", false },
		{ "\"},{\"a\":\"", false },
		{ "a\",\"b\":\"c", false },
	};
	struct arena *mem = arena_new();
	struct buf words = BUF_INIT(KIB);
	struct mould m = { 0 };
	size_t i;

	(void)state;
	mould_make(&m, mem, HEAD "Hello" TAIL, strlen(HEAD "Hello" TAIL),
	    "content", "Hello");
	for (i = 0; i < NELEM(cases); i++) {
		char event[512];
		int n = snprintf(event, sizeof(event), HEAD "%s" TAIL,
		    cases[i].inside);
		bool fits = mould_fits(&m, event, (size_t)n, &words);

		if (fits != cases[i].fits)
			fail_msg("%s: %d", cases[i].inside, fits);
		if (fits)
			assert_string_equal(buf_str(&words),
			    as_json(mem, event));
	}
	buf_fini(&words);
	arena_free(mem);
}

static void
is_made_only_where_it_is_certain(void **state)
{
	static const struct {
		const char *what, *event, *words, *next;
		bool fits;
	} cases[] = {
		{ "plain", "{\"text\":\"a\"}", "a", "{\"text\":\"b\"}", true },
		{ "with a blank", "{\"text\": \"a\"}", "a",
		    "{\"text\": \"b\"}", true },
		{ "other bytes before", "{\"text\":\"a\"}", "a",
		    "{ \"text\":\"b\"}", false },
		{ "other bytes after", "{\"text\":\"a\",\"n\":1}", "a",
		    "{\"text\":\"b\",\"n\":2}", false },
		{ "two of the name",
		    "{\"o\":{\"text\":\"x\"},\"text\":\"a\"}", "a",
		    "{\"o\":{\"text\":\"x\"},\"text\":\"b\"}", false },
		{ "another's words", "{\"text\":\"x\"}", "a",
		    "{\"text\":\"b\"}", false },
		{ "not a string", "{\"text\":1}", "1", "{\"text\":2}", false },
		{ "cut", "{\"text\":\"a", "a", "{\"text\":\"b", false },
		{ "shorter than both ends", "{\"text\":\"a\"}", "a", "{\"text\":",
		    false },
	};
	struct arena *mem = arena_new();
	struct buf words = BUF_INIT(KIB);
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		struct mould m = { 0 };
		bool fits;

		mould_make(&m, mem, cases[i].event, strlen(cases[i].event), "text",
		    cases[i].words);
		fits = mould_fits(&m, cases[i].next, strlen(cases[i].next),
		    &words);
		if (fits != cases[i].fits
		    || (fits && strcmp(buf_str(&words), "b") != 0))
			fail_msg("%s", cases[i].what);
	}
	buf_fini(&words);
	arena_free(mem);
}

static void
a_large_one_is_not_kept(void **state)
{
	static char event[MOULD_MAX + 100];
	struct arena *mem = arena_new();
	struct buf words = BUF_INIT(KIB);
	struct mould m = { 0 };

	(void)state;
	snprintf(event, sizeof(event), "{\"text\":\"a\",\"x\":\"%0*d\"}",
	    MOULD_MAX, 0);
	mould_make(&m, mem, event, strlen(event), "text", "a");
	assert_false(mould_fits(&m, event, strlen(event), &words));
	buf_fini(&words);
	arena_free(mem);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_a_json_reader_says),
		cmocka_unit_test(is_made_only_where_it_is_certain),
		cmocka_unit_test(a_large_one_is_not_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
