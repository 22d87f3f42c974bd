/*
 * Characters out of what a terminal sends, and of our UTF-8.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "cli/charset.h"

#define BAD 0xFFFD

static const struct {
	const char *bytes;
	wchar_t c;
	size_t used; /* 0: more must come */
} CASES[] = {
	{ "ab", 'a', 1 },
	{ "\x7F", 0x7F, 1 },
	{ "\xC3\xA4x", 0xE4, 2 },
	{ "\xE6\xBC\xA2", 0x6F22, 3 },
	{ "\xF0\x9F\x98\x80", 0x1F600, 4 },
	{ "\xF4\x8F\xBF\xBF", 0x10FFFF, 4 },
	{ "\xC3", BAD, 0 },
	{ "\xE6\xBC", BAD, 0 },
	{ "\xF0\x9F\x98", BAD, 0 },
	/* Of what is no character one byte goes, and the next is looked at. */
	{ "\x80", BAD, 1 },
	{ "\xC0\x80", BAD, 1 },
	{ "\xC3x", BAD, 1 },
	{ "\xE6x", BAD, 1 },
	{ "\xE0\x80\x80", BAD, 1 },
	{ "\xED\xA0\x80", BAD, 1 },
	{ "\xF4\x90\x80\x80", BAD, 1 },
	{ "\xFF\x80\x80\x80", BAD, 1 },
};

static void
one_by_one(void **state)
{
	static const char *const locales[] = { "C.UTF-8", "C" };
	size_t i, k, used;

	(void)state;
	for (k = 0; k < NELEM(locales); k++) {
		setenv("LC_ALL", locales[k], 1);
		charset_begin();
		assert_int_equal(charset_is_utf8(), k == 0);
		for (i = 0; i < NELEM(CASES); i++) {
			wchar_t c = charset_read(CASES[i].bytes,
			    strlen(CASES[i].bytes), &used);

			if (c != CASES[i].c || used != CASES[i].used)
				fail_msg("%zu in %s: %x, %zu bytes", i,
				    locales[k], c, used);
		}
		charset_end();
	}
}

static void
nothing_set_is_utf8(void **state)
{
	(void)state;
	unsetenv("LC_ALL");
	unsetenv("LC_CTYPE");
	unsetenv("LANG");
	charset_begin();
	assert_true(charset_is_utf8());
	charset_end();
}

static void
widened(void **state)
{
	static const struct {
		const char *utf8;
		const wchar_t *wide;
	} cases[] = {
		{ "", L"" },
		{ "a\xC3\xA4\xE6\xBC\xA2\xF0\x9F\x98\x80z",
		    L"a\u00E4\u6F22\U0001F600z" },
		/* As a history that somebody wrote into may have it. */
		{ "a\xFFz", L"a\uFFFDz" },
		{ "a\xC3", L"a\uFFFD" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(cases); i++) {
		wchar_t *got = charset_widen(cases[i].utf8);

		if (wcscmp(got, cases[i].wide) != 0)
			fail_msg("%zu: %ls", i, got);
		free(got);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_by_one),
		cmocka_unit_test(nothing_set_is_utf8),
		cmocka_unit_test(widened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
