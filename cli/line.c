#include "cli/line.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/charset.h"
#include "cli/glyph.h"
#include "cli/tty.h"

#define TAB 8
#define DRAWN_MAX (16 * MIB) /* a pasted text and what moves the cursor */
/* A finished text is shown whole if it takes so many rows at most. */
#define WHOLE_ROWS_MAX 1000

/* A place in the text while it is laid out. */
struct place {
	size_t at;  /* in the text */
	size_t row; /* of all rows */
	int column;
};

static void
add(struct line *l, const char *s)
{
	(void)!buf_add_str(&l->bytes, s);
}

static void
up(struct line *l, int rows)
{
	if (rows > 0)
		(void)!buf_printf(&l->bytes, "\033[%dA", rows);
}

static int
width_at(wchar_t c, int column)
{
	if (c == '\t')
		return TAB - column % TAB;
	return glyph_width(c, charset_is_utf8());
}

/* ${c} as it is shown; width_at has its columns. */
static void
add_glyph(struct line *l, wchar_t c, int column)
{
	size_t at = l->bytes.len;

	if (c == '\t')
		(void)!buf_printf(&l->bytes, "%*s", TAB - column % TAB, "");
	else if (c < 0x20 || c == 0x7F)
		(void)!buf_printf(&l->bytes, "^%c", (char)(c ^ 0x40));
	else if (!charset_is_utf8() && c >= 0x80) {
		char bytes[MB_LEN_MAX];
		mbstate_t state = { 0 };
		size_t n = wcrtomb(bytes, c, &state);

		if (n == (size_t)-1)
			add(l, "?");
		else
			(void)!buf_add(&l->bytes, bytes, n);
	} else if (glyph_add(&l->bytes, c) == 0
	    && text_control(l->bytes.data + at, l->bytes.len - at, NULL) > 0) {
		l->bytes.len = at; /* no terminal shall obey it */
		add(l, "?");
	}
}

/* The next character from ${p} on goes where?  A row is left one column short:
 * what a terminal does at its last column differs. */
static void
step(const struct line *l, const wchar_t *text, size_t len, struct place *p)
{
	size_t next = glyph_next(text, len, p->at), i;
	int width = 0;

	if (text[p->at] == '\n') {
		p->row++;
		p->column = 0;
		p->at = next;
		return;
	}
	for (i = p->at; i < next; i++)
		width += width_at(text[i], p->column);
	if (p->column + width >= l->columns && p->column > 0) {
		p->row++;
		p->column = 0;
		return; /* again, in its row */
	}
	p->column += width;
	p->at = next;
}

static struct place
begin(const struct line *l)
{
	return (struct place){ .column = (int)strlen(l->prompt) };
}

/* The rows of the text, and where ${cursor} stands. */
static size_t
lay_out(const struct line *l, const wchar_t *text, size_t len, size_t cursor,
    struct place *at)
{
	struct place p = begin(l);

	*at = p;
	while (p.at < len) {
		step(l, text, len, &p);
		if (p.at <= cursor)
			*at = p;
	}
	return p.row + 1;
}

static void
add_prompt(struct line *l)
{
	add(l, l->before);
	add(l, l->prompt);
	add(l, l->after);
}

/* The rows from ${from} to before ${to}, ended at ${end}. */
static void
add_rows(struct line *l, const wchar_t *text, size_t end, size_t from,
    size_t to)
{
	struct place p = begin(l), next;
	size_t i;

	if (from == 0)
		add_prompt(l);
	while (p.at < end && p.row < to) {
		int column = p.column;

		next = p;
		step(l, text, end, &next);
		if (next.row > p.row) {
			if (next.row > from && next.row < to)
				add(l, "\r\n");
		} else if (p.row >= from)
			for (i = p.at; i < next.at; i++) {
				add_glyph(l, text[i], column);
				column += width_at(text[i], column);
			}
		p = next;
	}
}

static void
flush(struct line *l)
{
	fwrite(buf_str(&l->bytes), 1, l->bytes.len, l->out);
	fflush(l->out);
	buf_reset(&l->bytes);
}

static void
keep(struct line *l, const wchar_t *text, size_t len, size_t cursor)
{
	if (len > l->room) {
		l->room = 2 * len;
		free(l->shown);
		l->shown = malloc(l->room * sizeof(*l->shown));
		if (l->shown == NULL)
			abort();
	}
	if (len > 0)
		wmemcpy(l->shown, text, len);
	l->len = len;
	l->cursor = cursor;
}

/* One character was typed at the end of what is shown, and its row has room:
 * the terminal needs no more than that. */
static bool
append(struct line *l, const wchar_t *text, size_t len, size_t cursor)
{
	int width;
	wchar_t c;

	if (l->row < 0 || len != l->len + 1 || cursor != len
	    || l->cursor != l->len
	    || (l->len > 0 && wmemcmp(l->shown, text, l->len) != 0))
		return false;
	c = text[len - 1];
	if (c < 0x20 || c == 0x7F || glyph_before(text, len, len) != len - 1)
		return false;
	width = width_at(c, l->column);
	if (width < 1 || l->column + width >= l->columns)
		return false;
	add_glyph(l, c, l->column);
	l->column += width;
	return true;
}

/* From wherever the cursor stands to where we began, with nothing after it. */
static void
go_back(struct line *l)
{
	if (l->row < 0)
		l->row = 0;
	else if (l->controls) {
		add(l, "\r");
		up(l, l->row);
		add(l, "\033[J");
	}
}

/* Where nothing can be taken back: only what is new at the end. */
static void
draw_plain(struct line *l, const wchar_t *text, size_t len)
{
	size_t same = 0, i;

	if (l->row < 0) {
		add_prompt(l);
		l->row = 0;
		l->len = 0;
	}
	while (same < l->len && same < len && l->shown[same] == text[same])
		same++;
	for (i = l->len; i > same; i--) {
		int n = width_at(l->shown[i - 1], 0);

		for (; n > 0; n--)
			add(l, "\b \b");
	}
	for (i = same; i < len; i++)
		add_glyph(l, text[i], 0);
}

static void
measure(struct line *l)
{
	tty_size(&l->rows, &l->columns);
	if (l->columns <= (int)strlen(l->prompt) + 2)
		l->columns = (int)strlen(l->prompt) + 3;
}

void
line_draw(struct line *l, const wchar_t *text, size_t len, size_t cursor)
{
	struct place at;
	size_t rows, shown;

	measure(l);
	if (!l->controls) {
		draw_plain(l, text, len);
		keep(l, text, len, len);
		flush(l);
		return;
	}
	if (append(l, text, len, cursor)) {
		keep(l, text, len, cursor);
		flush(l);
		return;
	}
	rows = lay_out(l, text, len, cursor, &at);
	shown = (size_t)l->rows;
	if (at.row < l->top)
		l->top = at.row;
	if (at.row >= l->top + shown)
		l->top = at.row - shown + 1;
	if (l->top + shown > rows)
		l->top = rows > shown ? rows - shown : 0;
	if (rows < l->top + shown)
		shown = rows - l->top;
	go_back(l);
	add_rows(l, text, len, l->top, l->top + shown);
	if (cursor < len) {
		/* Once more, up to the cursor: so it stands where the terminal
		 * has put that character. */
		add(l, "\r");
		up(l, (int)(l->top + shown - 1 - at.row));
		add_rows(l, text, cursor, at.row, at.row + 1);
	}
	l->row = (int)(at.row - l->top);
	l->column = at.column;
	keep(l, text, len, cursor);
	flush(l);
}

/* Those that cut a row that is too long, instead. */
static bool
breaks_rows(void)
{
	const char *term = getenv("TERM");

	return term != NULL && strncmp(term, "linux", 5) != 0
	    && getenv("XTERM_VERSION") == NULL
	    && (strncmp(term, "screen", 6) != 0 || getenv("TMUX") != NULL);
}

void
line_resized(struct line *l)
{
	struct place p = begin(l), next;
	int rows, columns;

	tty_size(&rows, &columns);
	if (l->row <= 0 && l->column < columns)
		return;
	if (l->row < 0 || !l->controls || columns >= l->columns
	    || !breaks_rows())
		return;
	rows = l->row;
	while (p.at < l->len && p.row < l->top + (size_t)rows) {
		next = p;
		step(l, l->shown, l->len, &next);
		if (next.row > p.row && p.row >= l->top && p.column > 0)
			l->row += (p.column - 1) / columns;
		p = next;
	}
	/* Some leave the cursor's own row as it is; it shows by the column. */
	if (l->column >= columns && tty_cursor_column() == l->column % columns)
		l->row += l->column / columns;
}

void
line_begin(struct line *l)
{
	l->row = -1;
	l->top = 0;
	l->len = l->cursor = 0;
}

void
line_end(struct line *l, const wchar_t *text, size_t len, const char *sign)
{
	struct place at;
	size_t rows;

	if (l->controls) {
		measure(l);
		rows = lay_out(l, text, len, len, &at);
		/* What was left out is shown now, where it can scroll. */
		if (rows <= WHOLE_ROWS_MAX
		    && (l->top > 0 || rows > (size_t)l->rows)) {
			go_back(l);
			add_rows(l, text, len, 0, SIZE_MAX);
		} else if (l->cursor != len || l->len != len)
			line_draw(l, text, len, len);
	}
	add(l, sign);
	add(l, l->controls ? "\r\n" : "\n");
	flush(l);
	line_begin(l);
}

void
line_clear_screen(struct line *l)
{
	if (!l->controls)
		return;
	add(l, "\033[H\033[2J");
	flush(l);
	line_begin(l);
}

void
line_init(struct line *l, FILE *out, const char *prompt)
{
	*l = (struct line){ .out = out,
		.prompt = prompt,
		.before = "",
		.after = "",
		.bytes = BUF_INIT(DRAWN_MAX) };
	line_begin(l);
}

void
line_fini(struct line *l)
{
	free(l->shown);
	buf_fini(&l->bytes);
	*l = (struct line){ 0 };
}
