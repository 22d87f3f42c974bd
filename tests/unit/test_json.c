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

/* What one server wrote badly costs a character or a digit, not the rest. */
static void
reads_leniently(void **state)
{
	static const struct {
		const char *text;
		size_t len;       /* 0: strlen */
		const char *want; /* NULL: refused all the same */
	} cases[] = {
		{ "{\"a\":[1,2.5,null]}", 0, "{\"a\":[1,2.5,null]}" },
		{ "\"a\\u0000b\"", 0,
		    "\"a\xef\xbf\xbd"
		    "b\"" },
		{ "{\"a\\u0000\":1}", 0, "{\"a\xef\xbf\xbd\":1}" },
		{ "\"\\ud83d\"", 0, "\"\xef\xbf\xbd\"" },
		{ "\"\\ude00\\n\"", 0, "\"\xef\xbf\xbd\\n\"" },
		{ "\"\\ud83d\\ud83d\\uDE00\"", 0,
		    "\"\xef\xbf\xbd\xf0\x9f\x98\x80\"" },
		{ "\"\\ude00\\ud83d\\u0041\"", 0,
		    "\"\xef\xbf\xbd\xef\xbf\xbd"
		    "A\"" },
		{ "\"\\\\u0000 \\u0000\"", 0, "\"\\\\u0000 \xef\xbf\xbd\"" },
		{ "\"a\xf0\x9f\xc3\xa4\xff\"", 0,
		    "\"a\xef\xbf\xbd\xef\xbf"
		    "\xbd\xc3\xa4\xef\xbf\xbd\"" },
		{ "\"\xc0\xaf\"", 0, "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ "[9223372036854775807,-9223372036854775808,\"\xff\"]", 0,
		    "[9223372036854775807,-9223372036854775808,"
		    "\"\xef\xbf\xbd\"]" },
		{ "{\"seed\":18446744073709551615}", 0,
		    "{\"seed\":18446744073709551615.0}" },
		{ "-9223372036854775809", 0, "-9223372036854775808.0" },
		{ "[1e999,-1E+999,1e-999]", 0, "[1e308,-1e308,0.0]" },
		{ "\"18446744073709551615 \\u0000\"", 0,
		    "\"18446744073709551615 \xef\xbf\xbd\"" },
		{ "{\"a\":1,\"b\":2,\"a\":3}", 0, "{\"a\":3,\"b\":2}" },
		{ "[NaN,-Infinity,Infinity,nan,-inf,Inf,null,\"NaN\"]", 0,
		    "[null,null,null,null,null,null,null,\"NaN\"]" },
		{ "[NaNs]", 0, NULL },
		{ "[1NaN]", 0, NULL },
		{ "Inf", 0, "null" },
		{ "[nil]", 0, NULL },
		{ "", 0, NULL },
		{ "{\"a\":", 0, NULL },
		{ "{} x", 0, NULL },
		{ "{}\0", 3, NULL },
		{ "{}\xff", 0, NULL },
		{ "[1,]", 0, NULL },
		{ "{'a':1}", 0, NULL },
		{ "099999999999999999999", 0, NULL },
		{ "-", 0, NULL },
		{ "1e999e1", 0, NULL },
		{ "\"a\\", 0, NULL },
		{ "\"\\u00", 0, NULL },
		{ "\"\\ud83d\\ude0\"", 0, NULL },
	};
	char deep[JSON_DEPTH_MAX + 10];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		json_t *doc = json_read_lenient(mem, cases[i].text,
		    cases[i].len > 0 ? cases[i].len : strlen(cases[i].text));
		json_t *want = cases[i].want == NULL
		    ? NULL
		    : json_read(mem, cases[i].want, strlen(cases[i].want), NULL,
			NULL);

		assert_true((want != NULL) == (cases[i].want != NULL));
		if ((doc != NULL) != (want != NULL)
		    || (doc != NULL && !json_equal(doc, want)))
			fail_msg("%s: %s", cases[i].text, json_text(mem, doc));
	}
	/* No deeper for that. */
	memset(deep, '[', sizeof(deep));
	memcpy(deep + JSON_DEPTH_MAX + 1, "1e999", 5);
	memset(deep + JSON_DEPTH_MAX + 6, ']', 4);
	assert_null(json_read_lenient(mem, deep, sizeof(deep)));
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
	json_t *doc = json_keep(mem,
	    json_pack("{s:i, s:[s, b]}", "a", 1, "b", "x", 1));
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
writes_reals_as_short_as_they_read_back(void **state)
{
	static const struct {
		const char *text, *want; /* NULL: as it was */
	} cases[] = {
		{ "19.99", NULL },
		{ "-2.5", NULL },
		{ "1.0", NULL },
		{ "-0.0", NULL },
		{ "0.30000000000000004", NULL },
		{ "3.141592653589793", NULL },
		{ "123456789012345.6", NULL },
		{ "1e22", NULL },
		{ "1.7976931348623157e308", NULL },
		{ "2.2250738585072014e-308", NULL },
		{ "9007199254740993.0", "9007199254740992.0" },
		{ "1e308", NULL },
		{ "{\"price\":19.99,\"x\":[0.1,1.0]}", NULL },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		const json_t *doc = json_read(mem, cases[i].text,
		    strlen(cases[i].text), NULL, NULL);
		const char *text = json_text(mem, doc);

		assert_string_equal(text,
		    cases[i].want == NULL ? cases[i].text : cases[i].want);
		assert_true(json_equal(doc,
		    json_read(mem, text, strlen(text), NULL, NULL)));
	}
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
members_are_found_in_one_walk(void **state)
{
	static const char *const NAMES[] = { "b", "bc", "a", "none" };
	static const char text[] = "{\"a\":1,\"x\":2,\"bc\":3,\"b\":null}";
	struct arena *a = arena_new();
	const json_t *of[4], *doc;

	(void)state;
	doc = json_read(a, text, strlen(text), NULL, NULL);
	assert_non_null(doc);
	json_members(doc, NAMES, 4, of);
	assert_true(json_is_null(of[0]));
	assert_int_equal(json_integer_value(of[1]), 3);
	assert_int_equal(json_integer_value(of[2]), 1);
	assert_null(of[3]);
	json_members(NULL, NAMES, 4, of);
	assert_null(of[0]);
	json_members(of[0], NAMES, 4, of); /* no object has none */
	assert_null(of[2]);
	assert_int_equal(json_name_at("", NAMES, 4), 4);
	assert_int_equal(json_name_at("a", NAMES, 4), 2);
	arena_free(a);
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
		cmocka_unit_test(reads_leniently),
		cmocka_unit_test(says_why_in_utf8),
		cmocka_unit_test(reads_so_deep_and_no_deeper),
		cmocka_unit_test(reads_so_many_and_no_more),
		cmocka_unit_test(writes_strings_that_read_back),
		cmocka_unit_test(writes_documents),
		cmocka_unit_test(writes_reals_as_short_as_they_read_back),
		cmocka_unit_test(members_have_a_type),
		cmocka_unit_test(members_are_found_in_one_walk),
		cmocka_unit_test(threads_share_a_document),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
