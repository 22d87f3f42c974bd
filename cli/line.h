/*
 * line: the prompt and the text behind it, as they stand on the terminal.
 *
 * We break the text into rows ourselves, before the terminal would, and let it
 * find the cursor's column: terminals differ in how wide they draw a
 * character, so what we count is never trusted for a place.  Text that is
 * longer than the screen is shown as far as it fits around the cursor.
 */
#ifndef CLI_LINE_H
#define CLI_LINE_H

#include <stdio.h>
#include <wchar.h>

#include "base/base.h"
#include "base/buf.h"

struct line {
	FILE *out;
	const char *prompt;         /* UTF-8, without controls */
	const char *before, *after; /* controls around it, or "" */
	bool controls; /* the terminal obeys them; else it only goes on */
	int row;       /* of the cursor, below the row that we began in */
	size_t top;    /* the first row of the text that is shown */
	/* What is shown, to see what was only added to it. */
	wchar_t *shown;
	size_t len, room, cursor;
	int column, columns, rows;
	struct buf bytes; /* for one write */
};

void line_init(struct line *l, FILE *out, const char *prompt);
void line_fini(struct line *l);

/* The prompt stands nowhere yet: the next drawing begins in this row. */
void line_begin(struct line *l);
/* Show ${text}; the cursor at ${cursor}. */
void line_draw(struct line *l, const wchar_t *text, size_t len, size_t cursor);
/* The window has another size: where it is narrower most terminals break the
 * rows that are too long, so that we began further up. */
void line_resized(struct line *l);
/* The text is finished: the cursor goes below it.  ${sign}: shown at its end,
 * "" or "^C". */
void line_end(struct line *l, const wchar_t *text, size_t len,
    const char *sign);
/* An empty screen, with nothing of us on it. */
void line_clear_screen(struct line *l);

#endif
