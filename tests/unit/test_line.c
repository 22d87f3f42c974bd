/*
 * The prompt and its text, as a terminal shows what is drawn.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/charset.h"
#include "cli/glyph.h"
#include "cli/line.h"
#include "cli/tty.h"

#define ROWS_MAX 64
#define COLUMNS_MAX 64

/* A terminal, as far as line.c uses one; it never scrolls. */
static struct {
	int rows, columns; /* as it says */
	int answer;        /* where it says that its cursor is */
	wchar_t cells[ROWS_MAX][COLUMNS_MAX];
	int row, column;
} screen;

/* In place of cli/charset.c and cli/tty.c. */
bool
charset_is_utf8(void)
{
	return true;
}

void
tty_size(int *rows, int *columns)
{
	*rows = screen.rows;
	*columns = screen.columns;
}

int
tty_cursor_column(void)
{
	return screen.answer;
}

static void
clear_from(int row, int column)
{
	for (; row < ROWS_MAX; row++, column = 0)
		wmemset(&screen.cells[row][column], 0,
		    (size_t)(COLUMNS_MAX - column));
}

static void
show_glyph(wchar_t c)
{
	int width = glyph_width(c, true);

	/* It is ours to break rows, and to leave their last column alone. */
	if (screen.column + width >= screen.columns && width > 0)
		fail_msg("%x at column %d", c, screen.column);
	if (width == 0) /* joins what is there */
		return;
	screen.cells[screen.row][screen.column] = c;
	screen.column += width;
}

/* One character or control of ${p}; what follows it. */
static const char *
obey(const char *p)
{
	static const wchar_t BITS[] = { 0x7F, 0x1F, 0x0F, 0x07 };
	int up, used = 0;
	size_t more;
	wchar_t c;

	if (sscanf(p, "\033[%dA%n", &up, &used) == 1 && used > 0) {
		screen.row -= up;
		assert_true(screen.row >= 0);
		return p + used;
	}
	if (strncmp(p, "\033[J", 3) == 0) {
		clear_from(screen.row, screen.column);
		return p + 3;
	}
	if (strncmp(p, "\033[H\033[2J", 7) == 0) {
		screen.row = screen.column = 0;
		clear_from(0, 0);
		return p + 7;
	}
	if (*p == '\r')
		screen.column = 0;
	else if (*p == '\n')
		screen.row++;
	else if (*p == '\b')
		screen.column--;
	else if ((unsigned char)*p < 0x20)
		fail_msg("control %x", *p);
	else {
		unsigned char b = (unsigned char)*p;

		more = b >= 0xF0 ? 3 : b >= 0xE0 ? 2 : b >= 0xC0 ? 1 : 0;
		for (c = b & BITS[more]; more > 0; more--)
			c = c << 6 | (*++p & 0x3F);
		show_glyph(c);
	}
	assert_true(screen.row >= 0 && screen.row < ROWS_MAX);
	return p + 1;
}

static struct line line;
static char *bytes;
static size_t nbytes;

static void
begin(int rows, int columns, bool controls)
{
	FILE *out = open_memstream(&bytes, &nbytes);

	assert_non_null(out);
	memset(&screen, 0, sizeof(screen));
	screen.rows = rows;
	screen.columns = columns;
	screen.answer = -1;
	line_init(&line, out, "> ");
	line.controls = controls;
}

static void
end(void)
{
	fclose(line.out);
	line_fini(&line);
	free(bytes);
}

/* What was drawn since: the terminal obeys it.  How many bytes it took. */
static size_t
obey_all(void)
{
	const char *p;
	size_t n;

	fflush(line.out);
	n = nbytes;
	for (p = bytes; p < bytes + n;)
		p = obey(p);
	rewind(line.out);
	return n;
}

static size_t
draw(const wchar_t *text, size_t cursor)
{
	line_draw(&line, text, wcslen(text), cursor);
	return obey_all();
}

/* The rows of the screen, with a | behind each. */
static const wchar_t *
shown(void)
{
	static wchar_t all[ROWS_MAX * (COLUMNS_MAX + 1)];
	size_t n = 0;
	int row, i, last, used = 0;

	for (row = 0; row < ROWS_MAX; row++)
		if (screen.cells[row][0] != 0)
			used = row + 1;
	for (row = 0; row < used; row++) {
		for (last = COLUMNS_MAX; last > 0; last--)
			if (screen.cells[row][last - 1] != 0)
				break;
		for (i = 0; i < last; i++)
			if (screen.cells[row][i] != 0)
				all[n++] = screen.cells[row][i];
		all[n++] = '|';
	}
	all[n] = 0;
	return all;
}

static void
is_shown(const char *name, const wchar_t *rows, int row, int column)
{
	if (wcscmp(shown(), rows) != 0)
		fail_msg("%s: %ls, not %ls", name, shown(), rows);
	if (screen.row != row || screen.column != column)
		fail_msg("%s: the cursor is at %d %d, not %d %d", name,
		    screen.row, screen.column, row, column);
}

static const struct {
	const char *name;
	int rows, columns;
	const wchar_t *text;
	size_t cursor;
	const wchar_t *shown;
	int row, column;
} CASES[] = {
	{ "nothing", 5, 20, L"", 0, L"> |", 0, 2 },
	{ "a word", 5, 20, L"word", 4, L"> word|", 0, 6 },
	{ "the cursor in it", 5, 20, L"word", 1, L"> word|", 0, 3 },
	{ "at its begin", 5, 20, L"word", 0, L"> word|", 0, 2 },
	{ "two rows", 5, 10, L"abcdefghi", 9, L"> abcdefg|hi|", 1, 2 },
	{ "the cursor in the first of them", 5, 10, L"abcdefghi", 3,
	    L"> abcdefg|hi|", 0, 5 },
	{ "lines", 5, 20, L"a\nb\n", 4, L"> a|b|", 2, 0 },
	{ "controls, a tab", 5, 20, L"\x01\x7F\tb", 4, L"> ^A^?  b|", 0, 9 },
	{ "what turns text around", 5, 20, L"a\u202Eb", 3, L"> a?b|", 0, 5 },
	{ "a wide character that does not fit", 5, 10, L"abcdef\u6F22", 7,
	    L"> abcdef|\u6F22|", 1, 2 },
	{ "a combining one stays with its letter", 5, 10, L"abcdefe\u0301x", 9,
	    L"> abcdefe|x|", 1, 1 },
	{ "more rows than the screen: those around the cursor", 3, 20,
	    L"1\n2\n3\n4\n5", 9, L"3|4|5|", 2, 1 },
	{ "the first ones", 3, 20, L"1\n2\n3\n4\n5", 0, L"> 1|2|3|", 0, 2 },
	{ "a window as small as the prompt", 5, 2, L"a", 1, L"> a|", 0, 3 },
};

static void
each_drawing(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(CASES); i++) {
		begin(CASES[i].rows, CASES[i].columns, true);
		if (CASES[i].columns < 5)
			screen.columns = 5; /* what is drawn for, then */
		line_draw(&line, L"", 0, 0);
		(void)draw(CASES[i].text, CASES[i].cursor);
		is_shown(CASES[i].name, CASES[i].shown, CASES[i].row,
		    CASES[i].column);
		/* From any state to any other. */
		(void)draw(L"other\ntext", 3);
		(void)draw(CASES[i].text, CASES[i].cursor);
		is_shown(CASES[i].name, CASES[i].shown, CASES[i].row,
		    CASES[i].column);
		end();
	}
}

static void
typing_sends_what_is_typed(void **state)
{
	(void)state;
	begin(5, 10, true);
	(void)draw(L"", 0);
	assert_int_equal(draw(L"a", 1), 1);
	assert_int_equal(draw(L"ab", 2), 1);
	assert_int_equal(draw(L"ab\u00E4", 3), 2);
	assert_int_equal(draw(L"ab\u00E4defg", 7) > 1, true);
	is_shown("full", L"> ab\u00E4defg|", 0, 9);
	(void)draw(L"ab\u00E4defgh", 8); /* its row has no room */
	is_shown("the next row", L"> ab\u00E4defg|h|", 1, 1);
	(void)draw(L"ab\u00E4defg", 7);
	is_shown("and back", L"> ab\u00E4defg|", 0, 9);
	end();
}

static void
scrolls_with_the_cursor(void **state)
{
	static const wchar_t text[] = L"1\n2\n3\n4\n5";

	(void)state;
	begin(3, 20, true);
	(void)draw(text, 9);
	is_shown("the end", L"3|4|5|", 2, 1);
	(void)draw(text, 4);
	is_shown("its first row", L"3|4|5|", 0, 0);
	(void)draw(text, 2);
	is_shown("the row above", L"2|3|4|", 0, 0);
	(void)draw(text, 8);
	is_shown("down again", L"3|4|5|", 2, 0);
	(void)draw(L"1\n2\n3\n4", 7);
	is_shown("a row less", L"2|3|4|", 2, 1);
	(void)draw(L"1\n2", 3);
	is_shown("all fit", L"> 1|2|", 1, 1);
	end();
}

static void
ends_below_the_text(void **state)
{
	static const wchar_t text[] = L"1\n2\n3\n4\n5";

	(void)state;
	begin(3, 20, true);
	(void)draw(text, 0);
	line_end(&line, text, 9, "");
	(void)obey_all();
	is_shown("all of it", L"> 1|2|3|4|5|", 5, 0);
	(void)draw(L"next", 4);
	is_shown("a new one", L"> 1|2|3|4|5|> next|", 5, 6);
	line_end(&line, L"next", 4, "^C");
	(void)obey_all();
	is_shown("a sign", L"> 1|2|3|4|5|> next^C|", 6, 0);
	line_clear_screen(&line);
	(void)draw(L"x", 1);
	is_shown("an empty screen", L"> x|", 0, 3);
	end();
}

static void
no_controls_only_what_is_new(void **state)
{
	(void)state;
	begin(5, 40, false);
	(void)draw(L"", 0);
	(void)draw(L"abc", 3);
	(void)draw(L"abx", 3);
	is_shown("plain", L"> abx|", 0, 5);
	(void)draw(L"a", 1);
	is_shown("taken back", L"> a  |", 0, 3);
	line_end(&line, L"a", 1, "");
	(void)obey_all();
	assert_int_equal(screen.row, 1);
	end();
}

/* A narrower window: most terminals break our rows anew, so that we began
 * further up; some cut them. */
static const struct {
	const char *term, *xterm, *tmux;
	bool breaks;
} TERMINALS[] = {
	{ "xterm-256color", NULL, NULL, true },
	{ "xterm-256color", "XTerm(379)", NULL, false },
	{ "linux", NULL, NULL, false },
	{ "screen.xterm", NULL, NULL, false },
	{ "screen-256color", NULL, "/tmp/tmux,1,0", true },
	{ "tmux-256color", NULL, "/tmp/tmux,1,0", true },
	{ NULL, NULL, NULL, false },
};
/* Of the 28 columns of its first row a window of so many makes so many rows. */
static const struct {
	int columns, rows;
} WINDOWS[] = { { 10, 3 }, { 14, 2 }, { 15, 2 }, { 27, 2 }, { 28, 1 } };

static void
set(const char *name, const char *value)
{
	if (value == NULL)
		unsetenv(name);
	else
		setenv(name, value, 1);
}

static void
narrower(const char *name, int columns, int row)
{
	static const wchar_t text[] = L"abcdefghijklmnopqrstuvwxyz\nz";

	begin(20, 40, true);
	(void)draw(text, wcslen(text));
	assert_int_equal(line.row, 1);
	screen.columns = columns;
	line_resized(&line);
	if (line.row != row)
		fail_msg("%s, %d columns: row %d", name, columns, line.row);
	end();
}

static void
a_narrower_window(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NELEM(TERMINALS); i++) {
		set("TERM", TERMINALS[i].term);
		set("XTERM_VERSION", TERMINALS[i].xterm);
		set("TMUX", TERMINALS[i].tmux);
		narrower(TERMINALS[i].term, 10, TERMINALS[i].breaks ? 3 : 1);
	}
	set("TERM", TERMINALS[0].term);
	set("XTERM_VERSION", NULL);
	set("TMUX", NULL);
	for (i = 0; i < NELEM(WINDOWS); i++)
		narrower("rows", WINDOWS[i].columns, WINDOWS[i].rows);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_drawing),
		cmocka_unit_test(typing_sends_what_is_typed),
		cmocka_unit_test(scrolls_with_the_cursor),
		cmocka_unit_test(ends_below_the_text),
		cmocka_unit_test(no_controls_only_what_is_new),
		cmocka_unit_test(a_narrower_window),
	};

	if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
		return 77; /* widths would be guesses */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
