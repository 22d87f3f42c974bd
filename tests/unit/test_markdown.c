/*
 * Markdown on the terminal: what each mark becomes, that pieces cut anywhere
 * give the same, and that what is no mark stays as it is.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "cli/markdown.h"

#define OUT_MAX (4 * MIB)

/* Styles in ${out} as letters: <b> bold, <i> italic, <u> underline, <s>
 * struck, <d> dim, <c> code, together in one pair; <> none. */
static const char *
readable(struct arena *mem, const char *s)
{
	static const struct {
		const char *code;
		char letter;
	} codes[] = { { "1", 'b' }, { "3", 'i' }, { "4", 'u' }, { "9", 's' },
		{ "2", 'd' }, { "36", 'c' } };
	char *out = arena_alloc(mem, 4 * strlen(s) + 1), *p = out;
	size_t i, n;

	while (*s != '\0') {
		if (*s != '\033') {
			*p++ = *s++;
			continue;
		}
		assert_true(strncmp(s, "\033[0", 3) == 0);
		*p++ = '<';
		for (s += 3; *s == ';'; s += n) {
			n = strcspn(++s, ";m");
			for (i = 0; i < NELEM(codes); i++)
				if (strlen(codes[i].code) == n
				    && strncmp(codes[i].code, s, n) == 0)
					*p++ = codes[i].letter;
		}
		assert_int_equal(*s++, 'm');
		*p++ = '>';
	}
	return out;
}

/* ${text} in two pieces, the first of ${cut} bytes. */
static const char *
shown(struct arena *mem, const char *text, size_t cut, bool styled)
{
	struct markdown m;
	struct buf out = BUF_INIT(OUT_MAX);
	const char *copy;

	markdown_init(&m, styled, true);
	markdown_feed(&m, text, cut, &out);
	markdown_feed(&m, text + cut, strlen(text) - cut, &out);
	markdown_end(&m, &out);
	copy = arena_strdup(mem, buf_str(&out));
	buf_fini(&out);
	markdown_fini(&m);
	return copy;
}

static const struct {
	const char *what, *text, *shown;
} CASES[] = {
	{ "plain", "Hello, world.\nAgain.", "Hello, world.\nAgain." },
	{ "bold", "a **b c** d", "a <b>b c<> d" },
	{ "bold with underlines", "__b__", "<b>b<>" },
	{ "italics", "*i* and _j_", "<i>i<> and <i>j<>" },
	{ "both", "***x***", "<bi>x<>" },
	{ "italics in bold", "**a *b* c**", "<b>a <bi>b<b> c<>" },
	{ "bold in italics", "*a **b** c*", "<i>a <bi>b<i> c<>" },
	{ "they end together", "**a *b***", "<b>a <bi>b<>" },
	{ "bold within a word", "\xE6\xBC\xA2**\xE5\xAD\x97**\xE3\x80\x82",
	    "\xE6\xBC\xA2<b>\xE5\xAD\x97<>\xE3\x80\x82" },
	{ "struck", "~~no~~ ~yes~", "<s>no<> ~yes~" },
	{ "arithmetic", "2*3*4 and 2 * 3 * 4", "2*3*4 and 2 * 3 * 4" },
	{ "names", "snake_case_name __init__.py",
	    "snake_case_name "
	    "<b>init<>.py" },
	{ "never closed", "5 *stars\nnext **one", "5 *stars\nnext **one" },
	{ "escaped", "\\*a\\* \\_ \\x", "*a* _ \\x" },
	{ "code", "use `a*b*c` now", "use <c>a*b*c<> now" },
	{ "code with marks in it", "`` a`b ``", "<c>a`b<>" },
	{ "code in bold", "**run `x`**", "<b>run <bc>x<>" },
	{ "a mark that is none", "a ` b", "a ` b" },
	{ "heading", "# One\n## Two\ntext", "<bu>One<>\n<b>Two<>\ntext" },
	{ "no heading", "#hash and #2\n####### seven",
	    "#hash and #2\n####### seven" },
	{ "list", "- a\n* b\n+ c\n  - d\n1. e",
	    "\xE2\x80\xA2 a\n\xE2\x80\xA2 b\n\xE2\x80\xA2 c\n"
	    "  \xE2\x80\xA2 d\n1. e" },
	{ "bold in a list", "- **a**: b", "\xE2\x80\xA2 <b>a<>: b" },
	{ "bold at the begin of a line", "**a** b", "<b>a<> b" },
	{ "minus", "-1 and --x", "-1 and --x" },
	{ "quote", "> a\n> - b",
	    "<d>\xE2\x94\x82 a<>\n<d>\xE2\x94\x82 "
	    "\xE2\x80\xA2 b<>" },
	{ "rule", "a\n---\nb", "a\n<d>---<>\nb" },
	{ "code block", "```c\nint *a, **b;\n# no heading\n```\nafter *x*",
	    "<d>```c<>\n<c>int *a, **b;<>\n<c># no heading<>\n<d>```<>\n"
	    "after <i>x<>" },
	{ "code block in a list", "- a\n  ```\n  b\n  ```\n",
	    "\xE2\x80\xA2 a\n<d>  ```<>\n<c>  b<>\n<d>  ```<>\n" },
	{ "a longer fence", "````\n```\n````",
	    "<d>````<>\n<c>```<>\n"
	    "<d>````<>" },
	{ "tildes", "~~~\nx\n~~~", "<d>~~~<>\n<c>x<>\n<d>~~~<>" },
	{ "not closed", "```\nx", "<d>```<>\n<c>x<>" },
	{ "code on one line", "```x```", "<c>x<>" },
	{ "link", "see [the *page*](https://h/a_b_c) now",
	    "see the <i>page<> (<u>https://h/a_b_c<>) now" },
	{ "link with a title and brackets", "[a](http://h/x_(y) \"t\")",
	    "a (<u>http://h/x_(y)<>)" },
	{ "link that is its text", "[http://h](http://h)", "http://h" },
	{ "image", "![alt](http://h/i.png)", "alt (<u>http://h/i.png<>)" },
	{ "no link", "a[1] [x] [ ] ! [a] (b)", "a[1] [x] [ ] ! [a] (b)" },
	{ "empty lines", "a\n\n\nb\n", "a\n\n\nb\n" },
	{ "table", "| a | b |\n|---|---|\n| 1 | **2** |",
	    "| a | b |\n|---|---|\n| 1 | <b>2<> |" },
	{ "only marks", "** ` [ * _ \\", "** ` [ * _ \\" },
	{ "nothing", "", "" },
};

static void
each_mark(void **state)
{
	struct arena *mem = arena_new();
	size_t i, cut;

	(void)state;
	for (i = 0; i < NELEM(CASES); i++) {
		const char *text = CASES[i].text;

		for (cut = 0; cut <= strlen(text); cut++) {
			const char *got = readable(mem,
			    shown(mem, text, cut, true));

			if (strcmp(got, CASES[i].shown) != 0)
				fail_msg("%s, cut at %zu: %s", CASES[i].what,
				    cut, got);
		}
	}
	arena_free(mem);
}

static void
without_styles_it_is_what_came(void **state)
{
	struct arena *mem = arena_new();
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(CASES); i++)
		assert_string_equal(shown(mem, CASES[i].text, 0, false),
		    CASES[i].text);
	arena_free(mem);
}

/* Marks at random, but no links, whose titles are left out: no byte of text is
 * lost, no style stays on, no time is. */
static void
anything(void **state)
{
	static const char alphabet[] = "*_`~[]!\\#->+ \nab1";
	struct arena *mem = arena_new();
	char text[4096];
	size_t round, i;

	(void)state;
	srand(7);
	for (round = 0; round < 300; round++) {
		size_t len = 1 + (size_t)rand() % (sizeof(text) - 1);
		size_t letters = 0, seen = 0;
		const char *got, *p;

		for (i = 0; i < len; i++) {
			/* Few kinds at a time make long runs. */
			text[i] = alphabet[((size_t)rand() % (2 + round % 17))
			    % (sizeof(alphabet) - 1)];
			letters += text[i] == 'a' || text[i] == 'b'
			    || text[i] == '1' || text[i] == '\n';
		}
		text[len] = '\0';
		got = shown(mem, text, len / 2, true);
		assert_string_equal(got, shown(mem, text, len / 3, true));
		p = strrchr(got, '\033');
		assert_true(p == NULL || strncmp(p, "\033[0m", 4) == 0);
		got = readable(mem, got);
		for (i = 0; got[i] != '\0'; i++) {
			if (got[i] == '<')
				i += strcspn(got + i, ">");
			else
				seen += got[i] == 'a' || got[i] == 'b'
				    || got[i] == '1' || got[i] == '\n';
		}
		assert_int_equal(seen, letters);
	}
	arena_free(mem);
}

static void
a_long_line_of_marks(void **state)
{
	struct arena *mem = arena_new();
	char *text = arena_alloc(mem, 200001);
	const char *got;

	(void)state;
	memset(text, '*', 200000);
	got = shown(mem, text, 100000, true);
	assert_int_equal(strlen(got), 200000);
	memset(text, '[', 200000);
	got = shown(mem, text, 100000, true);
	assert_int_equal(strlen(got), 200000);
	arena_free(mem);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_mark),
		cmocka_unit_test(without_styles_it_is_what_came),
		cmocka_unit_test(anything),
		cmocka_unit_test(a_long_line_of_marks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
