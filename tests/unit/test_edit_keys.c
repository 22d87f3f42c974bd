/*
 * Keys and pastes out of the characters that terminals send.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "cli/edit_priv.h"

/* What the terminal sends; a piece of it came at once, up to a PAUSE. */
#define PAUSE 0x110000 /* no character */

static const wchar_t *sent;
static size_t left;

static void
send(const wchar_t *text, size_t len)
{
	sent = text;
	left = len;
}

/* In place of cli/tty.c. */
enum tty_event
tty_key(wchar_t *c)
{
	while (left > 0 && *sent == PAUSE) {
		sent++;
		left--;
	}
	if (left == 0)
		return TTY_END;
	*c = *sent++;
	left--;
	return TTY_CHAR;
}

bool
tty_has_input(int wait_ms)
{
	(void)wait_ms;
	return left > 0 && *sent != PAUSE;
}

static const struct {
	const wchar_t *sent;
	wchar_t key;
} KEYS[] = {
	{ L"a", 'a' },
	{ L"\u6F22", 0x6F22 },
	{ L"\r", KEY_ENTER },
	{ L"\n", KEY_NEWLINE },
	{ L"\x7F", KEY_RUBOUT },
	{ L"\x15", CTRL('U') },
	/* xterm and what follows it, with and without cursor keys of
	 * applications; the Linux console; rxvt; tmux and screen. */
	{ L"\033[A", KEY_UP },
	{ L"\033OA", KEY_UP },
	{ L"\033[B", KEY_DOWN },
	{ L"\033OB", KEY_DOWN },
	{ L"\033[C", KEY_RIGHT },
	{ L"\033OC", KEY_RIGHT },
	{ L"\033[D", KEY_LEFT },
	{ L"\033OD", KEY_LEFT },
	{ L"\033[H", KEY_HOME },
	{ L"\033OH", KEY_HOME },
	{ L"\033[1~", KEY_HOME },
	{ L"\033[7~", KEY_HOME },
	{ L"\033[F", KEY_END },
	{ L"\033OF", KEY_END },
	{ L"\033[4~", KEY_END },
	{ L"\033[8~", KEY_END },
	{ L"\033[3~", KEY_DELETE },
	{ L"\033[1;5D", KEY_WORD_LEFT },
	{ L"\033[1;3D", KEY_WORD_LEFT },
	{ L"\033[1;5C", KEY_WORD_RIGHT },
	{ L"\033[1;3C", KEY_WORD_RIGHT },
	{ L"\033\r", KEY_NEW_LINE },
	{ L"\033\n", KEY_NEW_LINE },
};

static void
each_key(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(KEYS); i++) {
		struct edit e = { 0 };
		wchar_t c = 0;

		send(KEYS[i].sent, wcslen(KEYS[i].sent));
		if (edit_key(&e, &c) != TTY_CHAR || c != KEYS[i].key)
			fail_msg("%zu, %ls: %x", i, KEYS[i].sent + 1, c);
		/* Nothing of it is left in the text. */
		if (edit_key(&e, &c) != TTY_END)
			fail_msg("%zu, %ls: %x is left", i, KEYS[i].sent + 1,
			    c);
	}
}

/* What is typed is one text: keys that we do not know are not in it. */
static const struct {
	const char *name;
	const wchar_t *sent, *got;
} TEXTS[] = {
	{ "F5 and Shift-F5", L"a\033[15~b\033[15;2~c", L"abc" },
	{ "F1, both ways", L"a\033OPb\033[11~c", L"abc" },
	{ "the mouse's wheel, a focus", L"a\033[<64;1;1M\033[Ib", L"ab" },
	{ "Shift-Tab, PageUp, Insert", L"\033[Z\033[5~\033[2~", L"" },
	{ "a late answer to where the cursor is", L"a\033[12;40Rb", L"ab" },
	/* Alt and a key go on one by one, as editors expect them. */
	{ "Alt and a key", L"\033b", L"\033b" },
	{ "ESC alone", L"\033\x110000x", L"\033x" },
	{ "ESC, then a bracket that was typed", L"\033\x110000[A", L"\033[A" },
	{ "ESC ESC", L"\033\033x", L"\033\033x" },
	{ "a sequence that the line cut off", L"a\033[1;\x110000x", L"ax" },
	{ "one that has no end",
	    L"\033[1111111111111111111111111111111111111111", NULL },
};

static void
all_else(void **state)
{
	size_t i, n;

	(void)state;
	for (i = 0; i < NELEM(TEXTS); i++) {
		struct edit e = { 0 };
		wchar_t got[64] = L"", c;

		send(TEXTS[i].sent, wcslen(TEXTS[i].sent));
		for (n = 0; edit_key(&e, &c) == TTY_CHAR; n++) {
			assert_true(n + 1 < NELEM(got));
			got[n] = c;
		}
		if (TEXTS[i].got == NULL) /* at most what is behind its room */
			assert_true(n <= wcslen(TEXTS[i].sent) - ESCAPE_MAX);
		else if (wcscmp(got, TEXTS[i].got) != 0)
			fail_msg("%s: %zu characters", TEXTS[i].name, n);
		text_free(&e.paste);
	}
}

#define PASTED(text) L"\033[200~" text L"\033[201~"

static const struct {
	const char *name;
	const wchar_t *sent, *pasted;
} PASTES[] = {
	{ "a word", PASTED(L"word"), L"word" },
	{ "nothing", PASTED(L""), L"" },
	{ "lines of three systems", PASTED(L"a\rb\r\nc\nd"), L"a\nb\nc\nd" },
	{ "a line with its end", PASTED(L"a\n\r\n"), L"a" },
	{ "keys in it are none", PASTED(L"a\033[A\x03\x7F\tb"), L"a[A\tb" },
	{ "an end that is none", PASTED(L"a\033[201b"), L"a[201b" },
};

static void
pastes(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(PASTES); i++) {
		struct edit e = { 0 };
		wchar_t c;

		send(PASTES[i].sent, wcslen(PASTES[i].sent));
		assert_int_equal(edit_key(&e, &c), TTY_CHAR);
		assert_int_equal(c, KEY_PASTE);
		if (wcscmp(e.paste.at, PASTES[i].pasted) != 0
		    || e.paste.len != wcslen(PASTES[i].pasted))
			fail_msg("%s: %ls", PASTES[i].name, e.paste.at);
		assert_int_equal(edit_key(&e, &c), TTY_END);
		text_free(&e.paste);
	}
}

/* Of one that is too long the begin is kept, and its end is found: what is
 * typed next is no more of it. */
static void
a_paste_past_the_limit(void **state)
{
	static const size_t MORE[] = { 0, 1, 5, 6, 100000 };
	static const wchar_t BEGIN[] = L"\033[200~", END[] = L"\033[201~x";
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(MORE); i++) {
		size_t len = EDIT_MAX + MORE[i], at = wcslen(BEGIN);
		wchar_t *text = calloc(len + 32, sizeof(*text)), c = 0;
		struct edit e = { 0 };

		assert_non_null(text);
		wmemcpy(text, BEGIN, at);
		wmemset(text + at, 'p', len);
		wmemcpy(text + at + len, END, wcslen(END));
		send(text, wcslen(text));
		assert_int_equal(edit_key(&e, &c), TTY_CHAR);
		assert_int_equal(c, KEY_PASTE);
		assert_in_range(e.paste.len, EDIT_MAX - 16, EDIT_MAX);
		assert_int_equal(wcsspn(e.paste.at, L"p"), e.paste.len);
		assert_int_equal(edit_key(&e, &c), TTY_CHAR);
		assert_int_equal(c, 'x');
		text_free(&e.paste);
		free(text);
	}
}

/* Nobody is there any more, in the middle of one. */
static void
what_ends_early(void **state)
{
	struct edit e = { 0 };
	wchar_t c;

	(void)state;
	send(L"\033[200~abc", 9);
	assert_int_equal(edit_key(&e, &c), TTY_END);
	text_free(&e.paste);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_key),
		cmocka_unit_test(all_else),
		cmocka_unit_test(pastes),
		cmocka_unit_test(a_paste_past_the_limit),
		cmocka_unit_test(what_ends_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
