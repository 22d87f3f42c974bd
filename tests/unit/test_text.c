#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "base/arena.h"
#include "base/text.h"

static struct arena *mem;

static void
knows_utf8(void **state)
{
	static const struct {
		const char *what, *text;
		bool valid;
	} cases[] = {
		{ "nothing", "", true },
		{ "ASCII, eight and more", "abcdefghijklmnop", true },
		{ "two, three and four bytes",
		    "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", true },
		{ "the last code point", "\xf4\x8f\xbf\xbf", true },
		{ "past it", "\xf4\x90\x80\x80", false },
		{ "a surrogate", "\xed\xa0\x80", false },
		{ "just below surrogates", "\xed\x9f\xbf", true },
		{ "an overlong slash of two", "\xc0\xaf", false },
		{ "of three", "\xe0\x80\xaf", false },
		{ "of four", "\xf0\x80\x80\xaf", false },
		{ "a lone continuation", "abcdefgh\x80", false },
		{ "a cut character", "abcdefgh\xe2\x82", false },
		{ "a cut one in the middle", "\xe2\x82 abcdefgh", false },
		{ "0xff", "\xff", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++)
		if (text_is_utf8(cases[i].text, strlen(cases[i].text))
		    != cases[i].valid)
			fail_msg("%s", cases[i].what);
}

static void
cuts_at_characters(void **state)
{
	static const struct {
		const char *text;
		size_t max;
		const char *cut;
	} cases[] = {
		{ "abc", 3, "abc" },
		{ "abcd", 3, "ab\xe2\x80\xa6" },
		{ "\xc3\xa9\xc3\xa9\xc3\xa9", 3, "\xc3\xa9\xc3\xa9\xc3\xa9" },
		{ "\xc3\xa9\xc3\xa9\xc3\xa9", 2, "\xc3\xa9\xe2\x80\xa6" },
		{ "abc", 1, "\xe2\x80\xa6" },
		{ "abc", 0, "" },
		{ "", 0, "" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++)
		assert_string_equal(text_cut(mem, cases[i].text, cases[i].max),
		    cases[i].cut);
	assert_int_equal(text_count("\xf0\x9f\x98\x80x", 5), 2);
}

static void
formats_whole_characters(void **state)
{
	static const struct {
		size_t max;
		const char *out;
	} cases[] = {
		{ 1, "" },
		{ 2, "a" },
		{ 3, "a" }, /* half of two bytes */
		{ 4, "a\xc3\xa9" },
		{ 5, "a\xc3\xa9" },
		{ 6, "a\xc3\xa9" },
		{ 7, "a\xc3\xa9\xe2\x82\xac" },
		{ 10, "a\xc3\xa9\xe2\x82\xac" },
		{ 11, "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80" },
		{ 64, "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80!" },
	};
	char out[64];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		memset(out, 'x', sizeof(out));
		text_format(out, cases[i].max, "%s!",
		    "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
		assert_string_equal(out, cases[i].out);
	}
}

static void
cleans(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *clean;
	} cases[] = {
		{ "fine", 4, "fine" },
		{ "", 0, "" },
		{ "a\0b", 3,
		    "a\xef\xbf\xbd"
		    "b" },
		{ "\xffx", 2, "\xef\xbf\xbdx" },
		{ "\xe2\x82", 2, "\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xe2\x82\xac", 2, "\xef\xbf\xbd\xef\xbf\xbd" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++)
		assert_string_equal(
		    text_clean(mem, cases[i].bytes, cases[i].len),
		    cases[i].clean);
}

static void
what_nobody_sees(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} CASES[] = {
		{ "", 0 },
		{ " \t\r\n", 4 },
		{ "\xe2\x80\x8b\xef\xbb\xbf\xc2\xa0", 8 },
		{ "\xc2\xad\x1b \xe2\x81\xa0"
		  "a ",
		    7 },
		{ ".", 0 },
		{ " \xe2\x80", 1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(CASES); i++)
		assert_int_equal(
		    text_unseen(CASES[i].text, strlen(CASES[i].text)),
		    CASES[i].len);
	assert_int_equal(text_unseen("   ", 2), 2);
	assert_int_equal(text_unseen("\0 a", 3), 2);
	assert_int_equal(text_unseen("\xe2\x80\x8b", 2), 0);
}

static void
strips_and_prints(void **state)
{
	static const char *const strip[][2] = {
		{ "a", "a" },
		{ " \t\r\n\v\f a b \n", "a b" },
		{ "\xc2\xa0x\xc2\xa0 ", "x" },
		{ " \xc2\xa0\n", "" },
		{ "\xe3\x80\x80/status\xe2\x80\x83", "/status" },
		{ "\xc2\x85\xe1\x9a\x80x\xe2\x80\xa8\xe2\x81\x9f", "x" },
		{ "\xe2\x80\x8b", "\xe2\x80\x8b" }, /* of no width */
		{ "\xe3\x80\x81", "\xe3\x80\x81" }, /* next to one */
		{ "\xe2\x80", "\xe2\x80" },
		{ "\xc3\xa0", "\xc3\xa0" }, /* ends as a NBSP does */
		{ "", "" },
	};
	static const char *const print[][2] = {
		{ "a\tb\nc", "a\tb\nc" },
		{ "\x1b[31mred\x07\x7f\r", "[31mred" },
		{ "\xc2\x9b"
		  "31m",
		    "31m" },
		{ "\xc3\xa9\xc2\xa9", "\xc3\xa9\xc2\xa9" },
		{ "\xff", "\xef\xbf\xbd" },
		{ "\xe2\x80\xae"
		  "a\xd8\x9c"
		  "b\xe2\x81\xa9",
		    "ab" },
		{ "\xe2\x80\x8d\xd8\x9b", "\xe2\x80\x8d\xd8\x9b" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(strip); i++)
		assert_string_equal(text_strip(mem, strip[i][0]), strip[i][1]);
	for (i = 0; i < NELEM(print); i++)
		assert_string_equal(text_printable(mem, print[i][0]),
		    print[i][1]);
}

static void
reads_whole_numbers(void **state)
{
	static const struct {
		const char *text;
		int rc;
		int64_t value;
	} cases[] = {
		{ "0", 0, 0 },
		{ "-5", 0, -5 },
		{ "+7", 0, 7 },
		{ "9223372036854775807", 0, INT64_MAX },
		{ "9223372036854775808", -1, 42 },
		{ "", -1, 42 },
		{ "-", -1, 42 },
		{ " 1", -1, 42 },
		{ "1 ", -1, 42 },
		{ "1x", -1, 42 },
		{ "0x10", -1, 42 },
		{ "- 1", -1, 42 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		int64_t v = 42;

		assert_int_equal(text_int(cases[i].text, &v), cases[i].rc);
		assert_int_equal(v, cases[i].value);
	}
}

static void
writes_hex(void **state)
{
	char out[65], again[65];

	(void)state;
	text_hex("\x00\x7f\xff", 3, out);
	assert_string_equal(out, "007fff");
	text_random_hex(16, out);
	assert_int_equal(strlen(out), 32);
	assert_int_equal(strspn(out, "0123456789abcdef"), 32);
	text_random_hex(16, again);
	assert_string_not_equal(out, again);
}

static const char *
lookup(void *ctx, const char *name)
{
	(void)ctx;
	return strcmp(name, "A") == 0    ? "one"
	    : strcmp(name, "EMPTY") == 0 ? ""
					 : NULL;
}

static void
expands(void **state)
{
	static const char *const cases[][2] = {
		{ "no name", "no name" },
		{ "${A}", "one" },
		{ "x${A}y${A}${EMPTY}z", "xoneyonez" },
		{ "$A ${A", "$A ${A" },
	};
	const char *unknown = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++)
		assert_string_equal(
		    text_expand(mem, cases[i][0], lookup, NULL, &unknown),
		    cases[i][1]);
	assert_null(unknown);
	assert_null(text_expand(mem, "${A}${B}", lookup, NULL, &unknown));
	assert_string_equal(unknown, "B");
}

static void
knows_what_stands_in_json_as_it_is(void **state)
{
	char text[24];
	size_t place;
	int c;

	(void)state;
	for (c = 0; c < 256; c++) {
		bool plain = c >= 0x20 && c < 0x80 && c != '"' && c != '\\';

		for (place = 0; place < sizeof(text); place++) {
			size_t n;

			memset(text, place % 2 == 0 ? 'x' : ' ', sizeof(text));
			text[place] = (char)c;
			n = text_plain(text, sizeof(text));
			if (plain ? n != sizeof(text)
				  : n > place || n + 8 <= place)
				fail_msg("byte %d at %zu: %zu", c, place, n);
		}
	}
	assert_int_equal(text_plain("abcdefg", 7), 0);
}

static void
hides_what_is_no_address(void **state)
{
	static const struct {
		const char *url, *shown; /* <> a login, ? a query was there */
	} cases[] = {
		{ "", "" },
		{ "a name", "a name" },
		{ "me@home: why?", "me@home: why?" },
		{ "Friendly: why?", "Friendly: why?" },
		{ "https://h.example/v1", "https://h.example/v1" },
		{ "https://u:w@h/", "https://<>h/" },
		{ "https://u:s#e@h/", "https://<>h/" },
		{ "https://u:s/e@h/", "https://<>h/" },
		{ "https://u:s?e@h/", "https://<>h/" },
		{ "https://u:s@e@h/", "https://<>h/" },
		{ "https://word@h/?key=k", "https://<>h/?" },
		{ "https://h/?key=k", "https://h/?" },
		{ "redis://:w@h:1/2", "redis://<>h:1/2" },
		{ "redis:u:w@h", "redis:<>h" },
		{ "redis:/u:a://w@h", "redis:/<>h" },
		{ "unix:w@run/redis.sock?db=2", "unix:<>run/redis.sock?" },
		{ "unix:///run/redis.sock", "unix:///run/redis.sock" },
		{ "fd:3", "fd:3" },
		{ "[::1]:9000", "[::1]:9000" },
		{ "see https://w@h?k", "see https://<>h?" },
	};
	static const struct {
		const char *url, *shown;
	} queries[] = {
		{ "https://u:w@h/v1", "https://h/v1" },
		{ "https://h/v1?key=sk-1&api-version=2024-06-01",
		    "https://h/v1?key=\u2026&api-version=2024-06-01" },
		{ "https://h/?sk-1", "https://h/?\u2026" },
		{ "https://h/?sk-1&b=", "https://h/?\u2026&b=\u2026" },
		{ "https://h/?a=b=c?d", "https://h/?a=\u2026" },
		{ "https://h/?s k=1", "https://h/?\u2026" },
		{ "https://h/?api-version=a/b",
		    "https://h/?api-version=\u2026" },
		{ "https://h/?api-version="
		  "0123456789012345678901234567890123",
		    "https://h/?api-version=\u2026" },
		{ "https://u:w?x=y@h/?", "https://h/?\u2026" },
	};
	struct text_address a;
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(queries); i++)
		assert_string_equal(text_address_shown(mem, queries[i].url),
		    queries[i].shown);
	for (i = 0; i < NELEM(cases); i++) {
		text_address(cases[i].url, &a);
		assert_string_equal(arena_printf(mem, "%.*s%s%.*s%s", a.scheme,
					cases[i].url, a.has_login ? "<>" : "",
					a.len, a.rest, a.has_query ? "?" : ""),
		    cases[i].shown);
	}
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

static void
parts_of_paths(void **state)
{
	static const struct {
		const char *s, *out;
	} rows[] = {
		{ "", "" },
		{ "AZaz09-_.~", "AZaz09-_.~" },
		{ "a/b c", "a%2Fb%20c" },
		{ "50%?#&+:@", "50%25%3F%23%26%2B%3A%40" },
		{ "\xc3\xa9\x7f\x01", "%C3%A9%7F%01" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++)
		assert_string_equal(text_percent(mem, rows[i].s), rows[i].out);
}

static void
distances(void **state)
{
	static const struct {
		const char *a, *b;
		size_t far, folded;
	} rows[] = {
		{ "", "", 0, 0 },
		{ "", "abc", 3, 3 },
		{ "abc", "", 3, 3 },
		{ "LLM_MODEL", "LLM_MODEL", 0, 0 },
		{ "LLM_MODLE", "LLM_MODEL", 2, 2 },
		{ "LLM_MODL", "LLM_MODEL", 1, 1 },
		{ "LLM_MODDEL", "LLM_MODEL", 1, 1 },
		{ "kitten", "sitting", 3, 3 },
		{ "Kitten", "kitten", 1, 0 },
		{ "KITTEN", "sitting", 7, 3 },
	};
	char a[TEXT_DISTANCE_BYTES + 9], b[TEXT_DISTANCE_BYTES + 5];
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(rows); i++) {
		assert_int_equal(text_distance(rows[i].a, rows[i].b, false),
		    rows[i].far);
		assert_int_equal(text_distance(rows[i].a, rows[i].b, true),
		    rows[i].folded);
		assert_int_equal(text_distance(rows[i].b, rows[i].a, false),
		    rows[i].far);
	}
	/* Longer ones are compared by their first bytes. */
	memset(a, 'x', sizeof(a) - 1);
	memset(b, 'x', sizeof(b) - 1);
	a[sizeof(a) - 1] = b[sizeof(b) - 1] = '\0';
	assert_int_equal(text_distance(a, b, false), 0);
}

static void
goes_line_by_line(void **state)
{
	static const char *const want[] = { "one", "two three", "end" };
	const char *at = "\none\n\n\ntwo three\nend", *line;
	size_t len, n = 0;

	(void)state;
	while ((line = text_line(&at, &len)) != NULL) {
		assert_true(n < NELEM(want));
		assert_int_equal(len, strlen(want[n]));
		assert_memory_equal(line, want[n], len);
		n++;
	}
	assert_int_equal(n, NELEM(want));
	assert_string_equal(at, "");
	assert_null(text_line(&at, &len));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_of_paths),
		cmocka_unit_test(distances),
		cmocka_unit_test(knows_utf8),
		cmocka_unit_test(knows_what_stands_in_json_as_it_is),
		cmocka_unit_test(cuts_at_characters),
		cmocka_unit_test(formats_whole_characters),
		cmocka_unit_test(cleans),
		cmocka_unit_test(what_nobody_sees),
		cmocka_unit_test(strips_and_prints),
		cmocka_unit_test(reads_whole_numbers),
		cmocka_unit_test(writes_hex),
		cmocka_unit_test(expands),
		cmocka_unit_test(goes_line_by_line),
		cmocka_unit_test(hides_what_is_no_address),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
