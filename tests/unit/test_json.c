#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"

static struct arena *mem;

static void
reads_strictly(void **state)
{
	static const struct {
		const char *what, *text;
		size_t len; /* 0: strlen */
		bool valid;
	} cases[] = {
		{ "an object", "{\"a\":[1,2.5,null,true]}", 0, true },
		{ "a bare number", "7", 0, true },
		{ "a bare string", "\"x\"", 0, true },
		{ "white space around", " \n{}\t", 0, true },
		{ "nothing", "", 0, false },
		{ "a cut object", "{\"a\":", 0, false },
		{ "something after it", "{} x", 0, false },
		{ "a key twice", "{\"a\":1,\"a\":2}", 0, false },
		{ "an escaped NUL", "\"a\\u0000b\"", 0, false },
		{ "a NUL after it", "{}\0", 3, false },
		{ "a byte that is not UTF-8", "\"\xff\"", 0, false },
		{ "an overlong form", "\"\xc0\xaf\"", 0, false },
		{ "half a surrogate", "\"\\ud800\"", 0, false },
		{ "a trailing comma", "[1,]", 0, false },
		{ "single quotes", "{'a':1}", 0, false },
		{ "a huge number", "123456789012345678901234567890", 0, false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		const char *why = NULL;
		size_t at = 0;
		json_t *doc = json_read(mem, cases[i].text,
		    cases[i].len > 0 ? cases[i].len : strlen(cases[i].text),
		    &why, &at);

		if ((doc != NULL) != cases[i].valid)
			fail_msg("%s", cases[i].what);
		if (doc == NULL)
			assert_non_null(why);
	}
	assert_null(json_read(mem, "{", 1, NULL, NULL));
}

/* The reason goes to people as JSON, though jansson quotes and cuts. */
static void
says_why_in_utf8(void **state)
{
	char text[300];
	const char *why = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < 200; i++) {
		memset(text, 'x', sizeof(text));
		text[0] = '"';
		memcpy(text + 1 + i, "\xe2\x82\xac\xe2\x82\xac\x01", 7);
		assert_null(json_read(mem, text, sizeof(text), &why, NULL));
		assert_true(text_is_utf8(why, strlen(why)));
		memcpy(text + 1 + i, "\\\xe2\x82\xac", 4);
		assert_null(json_read(mem, text, sizeof(text), &why, NULL));
		assert_true(text_is_utf8(why, strlen(why)));
	}
}

static void
reads_so_deep_and_no_deeper(void **state)
{
	char text[2 * JSON_DEPTH_MAX + 3];
	const char *why;
	size_t at;

	(void)state;
	memset(text, '[', JSON_DEPTH_MAX);
	memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
	assert_non_null(json_read(mem, text, 2 * JSON_DEPTH_MAX, NULL, NULL));
	memset(text, '[', JSON_DEPTH_MAX + 1);
	memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
	assert_null(json_read(mem, text, 2 * JSON_DEPTH_MAX + 2, &why, &at));
	assert_string_equal(why, "nested too deeply");
	assert_int_equal(at, JSON_DEPTH_MAX);
	/* Brackets in strings are none. */
	memset(text, '[', sizeof(text));
	text[0] = text[sizeof(text) - 1] = '"';
	text[1] = '\\';
	text[2] = '"';
	assert_non_null(json_read(mem, text, sizeof(text), NULL, NULL));
}

/* A few bytes each on the wire are a few hundred in memory. */
static void
reads_so_many_and_no_more(void **state)
{
	struct arena *own = arena_new();
	size_t len = 2 + (size_t)JSON_VALUES_MAX * 2, i;
	char *text = malloc(len + 1);
	const char *why = NULL;

	(void)state;
	assert_non_null(text);
	text[0] = '[';
	for (i = 1; i + 1 < len; i += 2)
		memcpy(text + i, i + 3 < len ? "0," : "0 ", 2);
	memcpy(text + len - 1, "]", 2);
	assert_non_null(json_read(own, text, len, &why, NULL));
	/* Commas within strings are words. */
	text[0] = '"';
	text[len - 1] = '"';
	assert_non_null(json_read(own, text, len, &why, NULL));
	text[0] = text[1] = '[';
	text[len - 1] = text[len - 2] = ']';
	text[len - 3] = '0';
	assert_null(json_read(own, text, len, &why, NULL));
	assert_string_equal(why, "too many values");
	free(text);
	arena_free(own);
}

static void
writes_strings_that_read_back(void **state)
{
	static const struct {
		const char *text, *written;
	} cases[] = {
		{ "", "\"\"" },
		{ "plain", "\"plain\"" },
		{ "a\"b\\c", "\"a\\\"b\\\\c\"" },
		{ "\n\r\t\x01\x1f", "\"\\n\\r\\t\\u0001\\u001f\"" },
		{ "\xc3\xa9\x7f", "\"\xc3\xa9\x7f\"" },
	};
	struct buf b = BUF_INIT(100), tiny = BUF_INIT(3);
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		size_t len = strlen(cases[i].text);

		buf_reset(&b);
		assert_int_equal(json_add_str(&b, cases[i].text, len), 0);
		assert_string_equal(buf_str(&b), cases[i].written);
		assert_string_equal(json_string_value(json_read(mem,
					buf_str(&b), b.len, NULL, NULL)),
		    cases[i].text);
	}
	assert_int_equal(json_add_str(&tiny, "abc", 3), -1);
	buf_fini(&b);
	buf_fini(&tiny);
}

static void
writes_documents(void **state)
{
	json_t *doc = json_keep(mem, json_pack("{s:i, s:[s, b]}", "a", 1, "b",
	    "x", 1));
	struct buf b = BUF_INIT(5);

	(void)state;
	assert_string_equal(json_text(mem, doc),
	    "{\"a\":1,\"b\":[\"x\",true]}");
	assert_string_equal(json_text(mem, json_true()), "true");
	assert_null(json_text(mem, NULL));
	assert_int_equal(json_add(&b, doc), -1);
	buf_fini(&b);
	assert_null(json_keep(mem, NULL));
}

static void
members_have_a_type(void **state)
{
	static const char text[] = "{\"s\":\"x\",\"i\":5,\"b\":true,"
				   "\"r\":1.5,\"n\":null}";
	const json_t *doc = json_read(mem, text, strlen(text), NULL, NULL);

	(void)state;
	assert_string_equal(json_member_str(doc, "s"), "x");
	assert_null(json_member_str(doc, "i"));
	assert_null(json_member_str(doc, "none"));
	assert_null(json_member_str(NULL, "s"));
	assert_int_equal(json_member_int(doc, "i", 9), 5);
	assert_int_equal(json_member_int(doc, "r", 9), 9);
	assert_int_equal(json_member_int(doc, "s", 9), 9);
	assert_true(json_member_bool(doc, "b", false));
	assert_true(json_member_bool(doc, "n", true));
	assert_false(json_member_bool(NULL, "b", false));
}

static void *
share_often(void *doc)
{
	int i;

	for (i = 0; i < 10000; i++)
		json_unshare(json_share(doc));
	return NULL;
}

static void
threads_share_a_document(void **state)
{
	json_t *doc = json_pack("[s]", "x");
	pthread_t threads[4];
	int i;

	(void)state;
	for (i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, share_often, doc);
	for (i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(doc->refcount, 1);
	json_unshare(doc);
	json_unshare(json_share(NULL));
	json_unshare(json_share(json_true()));
}

static int
begin(void **state)
{
	(void)state;
	mem = arena_new();
	return 0;
}

static int
end(void **state)
{
	(void)state;
	arena_free(mem);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_strictly),
		cmocka_unit_test(says_why_in_utf8),
		cmocka_unit_test(reads_so_deep_and_no_deeper),
		cmocka_unit_test(reads_so_many_and_no_more),
		cmocka_unit_test(writes_strings_that_read_back),
		cmocka_unit_test(writes_documents),
		cmocka_unit_test(members_have_a_type),
		cmocka_unit_test(threads_share_a_document),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
