#include "cli/edit.h"

#include <stdlib.h>
#include <string.h>
#include <wctype.h>

#include "cli/charset.h"
#include "cli/edit_priv.h"
#include "cli/glyph.h"
#include "cli/history.h"

struct edit *
edit_open(FILE *out, const char *prompt, bool bold, bool controls,
    struct history_file *history)
{
	struct edit *e = calloc(1, sizeof(*e));

	if (e == NULL)
		abort();
	e->history = history;
	e->controls = controls;
	line_init(&e->line, out, prompt);
	e->line.controls = controls;
	if (bold) {
		e->line.before = "\033[1m";
		e->line.after = "\033[0m";
	}
	if (tty_open(out, controls) == -1) {
		line_fini(&e->line);
		free(e);
		return NULL;
	}
	/* Who reads us by another way (an editor's window) shows it itself. */
	e->echo = controls || tty_echoed();
	if (controls)
		(void)!edit_libedit_open(e);
	return e;
}

void
edit_close(struct edit *e)
{
	if (e == NULL)
		return;
	edit_libedit_close(e);
	tty_close();
	line_fini(&e->line);
	text_free(&e->paste);
	text_free(&e->typed);
	free(e);
}

static void
draw(struct edit *e)
{
	line_draw(&e->line, e->typed.at, e->echo ? e->typed.len : 0,
	    e->echo ? e->typed.len : 0);
}

static void
drop_word(struct text *t)
{
	while (t->len > 0 && iswspace((wint_t)t->at[t->len - 1]))
		t->len--;
	while (t->len > 0 && !iswspace((wint_t)t->at[t->len - 1]))
		t->len--;
}

/* The entry of the history at ${at}; its end: an empty line. */
static void
show_entry(struct edit *e, size_t at)
{
	wchar_t *entry;
	size_t i;

	if (at > e->history->n)
		return;
	e->at = at;
	e->typed.len = 0;
	if (at == e->history->n)
		return;
	entry = charset_widen(e->history->entries[at]);
	for (i = 0; entry[i] != L'\0'; i++)
		text_push(&e->typed, entry[i]);
	free(entry);
}

/* True when the message ends. */
static bool
take_key(struct edit *e, wchar_t c)
{
	struct text *t = &e->typed;
	size_t i;

	switch (c) {
	case KEY_ENTER:
	case KEY_NEWLINE:
		return true;
	case KEY_RUBOUT:
	case '\b':
		t->len = glyph_before(t->at, t->len, t->len);
		break;
	case CTRL('U'):
		t->len = 0;
		break;
	case CTRL('W'):
		drop_word(t);
		break;
	case KEY_PASTE:
		for (i = 0; i < e->paste.len; i++)
			text_push(t, e->paste.at[i]);
		break;
	case KEY_UP:
		if (e->at > 0)
			show_entry(e, e->at - 1);
		break;
	case KEY_DOWN:
		show_entry(e, e->at + 1);
		break;
	case KEY_NEW_LINE:
		text_push(t, '\n');
		break;
	case KEY_ESCAPE: /* Alt and a key does nothing here */
		e->key = e->nkeys = 0;
		break;
	default:
		if ((c >= 0x20 && c < KEY_FIRST) || c == '\t')
			text_push(t, c);
		break;
	}
	return false;
}

static enum edit_rc
read_plain(struct edit *e, struct buf *text)
{
	struct text *t = &e->typed;
	wchar_t c;
	bool any;

	t->len = 0;
	e->at = e->history->n;
	draw(e);
	for (;;) {
		switch (edit_key(e, &c)) {
		case TTY_END:
			return EDIT_END;
		case TTY_INTERRUPTED:
			any = t->len > 0;
			line_end(&e->line, t->at, e->echo ? t->len : 0, "^C");
			return any ? EDIT_CLEARED : EDIT_INTERRUPTED;
		case TTY_RESUMED:
			line_begin(&e->line);
			draw(e);
			continue;
		case TTY_RESIZED:
			line_resized(&e->line);
			draw(e);
			continue;
		case TTY_CHAR:
			break;
		}
		if (c == CTRL('D') && t->len == 0) {
			line_end(&e->line, t->at, 0, "");
			return EDIT_END;
		}
		if (take_key(e, c))
			break;
		if (!tty_has_input(0))
			draw(e);
	}
	draw(e);
	line_end(&e->line, t->at, e->echo ? t->len : 0, "");
	(void)!glyph_add_all(text, t->at, t->len);
	return EDIT_LINE;
}

enum edit_rc
edit_read(struct edit *e, struct buf *text)
{
	enum edit_rc rc;

	buf_reset(text);
	line_begin(&e->line);
	if (e->libedit != NULL)
		rc = edit_libedit_read(e, text);
	else
		rc = read_plain(e, text);
	tty_mode();
	return rc;
}

void
edit_remember(struct edit *e)
{
	if (e->libedit != NULL)
		edit_libedit_remember(e);
}
