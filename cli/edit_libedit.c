/*
 * edit_libedit: libedit's editing, without its drawing.
 *
 * It counts a combining character as a column, and so puts the cursor beside
 * where it is.  So what it draws goes nowhere, and before each key that it
 * asks for we draw its text ourselves (line.h).
 */
#include "cli/edit_priv.h"
#include "config.h"

#ifdef HAVE_LIBEDIT
#include <errno.h>
#include <histedit.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/charset.h"
#include "cli/glyph.h"
#include "cli/history.h"

/* Keys without a character come to libedit as one of 0x80 to 0x9F, which no
 * keyboard sends. */
#define KEY_BASE 0x80
#define KEY_END_OF_BASE 0x9F

struct edit_libedit {
	struct edit *e;
	EditLine *el;
	HistoryW *hist; /* for its search */
	FILE *nowhere;
	size_t at; /* which entry is shown; history->n: what is being written */
	wchar_t *draft; /* that, meanwhile */
};

static struct edit *
edit_of(EditLine *el)
{
	void *e = NULL;

	(void)el_wget(el, EL_CLIENTDATA, &e);
	return e;
}

/* --- what keys do -------------------------------------------------------- */

/* The line's text, its length and the cursor in it. */
static const wchar_t *
text_of(EditLine *el, size_t *len, size_t *cursor)
{
	const LineInfoW *info = el_wline(el);

	*len = (size_t)(info->lastchar - info->buffer);
	*cursor = (size_t)(info->cursor - info->buffer);
	return info->buffer;
}

static unsigned char
on_left(EditLine *el, int c)
{
	size_t len, at;
	const wchar_t *s = text_of(el, &len, &at);

	(void)c;
	if (at == 0)
		return CC_ERROR;
	el_cursor(el, -(int)(at - glyph_before(s, len, at)));
	return CC_REFRESH;
}

static unsigned char
on_right(EditLine *el, int c)
{
	size_t len, at;
	const wchar_t *s = text_of(el, &len, &at);

	(void)c;
	if (at == len)
		return CC_ERROR;
	el_cursor(el, (int)(glyph_next(s, len, at) - at));
	return CC_REFRESH;
}

/* libedit's own stops a character earlier in its vi mode. */
static unsigned char
on_end(EditLine *el, int c)
{
	size_t len, at;

	(void)c;
	(void)text_of(el, &len, &at);
	el_cursor(el, (int)(len - at));
	return CC_REFRESH;
}

static unsigned char
on_backspace(EditLine *el, int c)
{
	size_t len, at;
	const wchar_t *s = text_of(el, &len, &at);

	(void)c;
	if (at == 0)
		return CC_ERROR;
	el_deletestr(el, (int)(at - glyph_before(s, len, at)));
	return CC_REFRESH;
}

static unsigned char
on_delete(EditLine *el, int c)
{
	return on_right(el, c) == CC_ERROR ? CC_ERROR : on_backspace(el, c);
}

static unsigned char
on_delete_or_end(EditLine *el, int c)
{
	size_t len, at;

	(void)text_of(el, &len, &at);
	return len == 0 ? CC_EOF : on_delete(el, c);
}

static unsigned char
on_newline(EditLine *el, int c)
{
	(void)c;
	return el_winsertstr(el, L"\n") == -1 ? CC_ERROR : CC_REFRESH;
}

static unsigned char
on_paste(EditLine *el, int c)
{
	struct edit *e = edit_of(el);

	(void)c;
	if (e->paste.len > 0)
		(void)el_winsertstr(el, e->paste.at);
	e->paste.len = 0;
	return CC_REFRESH;
}

static unsigned char
on_clear(EditLine *el, int c)
{
	(void)c;
	line_clear_screen(&edit_of(el)->line);
	return CC_REFRESH;
}

static void
replace(EditLine *el, const wchar_t *text)
{
	size_t len, at;

	(void)text_of(el, &len, &at);
	el_cursor(el, (int)(len - at));
	el_deletestr(el, (int)len);
	if (text[0] != L'\0')
		(void)el_winsertstr(el, text);
}

/* libedit's own keeps 1,024 characters of a message that is being written. */
static unsigned char
go_to(EditLine *el, size_t at)
{
	struct edit *e = edit_of(el);
	struct edit_libedit *le = e->libedit;
	size_t len, cursor;
	const wchar_t *s;
	wchar_t *entry;

	if (at > e->history->n)
		return CC_ERROR;
	if (le->at == e->history->n) {
		s = text_of(el, &len, &cursor);
		free(le->draft);
		le->draft = malloc((len + 1) * sizeof(*le->draft));
		if (le->draft == NULL)
			abort();
		if (len > 0)
			wmemcpy(le->draft, s, len);
		le->draft[len] = L'\0';
	}
	le->at = at;
	if (at == e->history->n) {
		replace(el, le->draft);
		return CC_REFRESH;
	}
	entry = charset_widen(e->history->entries[at]);
	replace(el, entry);
	free(entry);
	return CC_REFRESH;
}

static unsigned char
on_up(EditLine *el, int c)
{
	struct edit *e = edit_of(el);

	(void)c;
	return e->libedit->at == 0 ? CC_ERROR : go_to(el, e->libedit->at - 1);
}

static unsigned char
on_down(EditLine *el, int c)
{
	struct edit *e = edit_of(el);

	(void)c;
	return e->libedit->at >= e->history->n ? CC_ERROR
					       : go_to(el, e->libedit->at + 1);
}

static const struct {
	const wchar_t *name;
	unsigned char (*run)(EditLine *el, int c);
} FUNCTIONS[] = {
	{ L"dragoman-left", on_left },
	{ L"dragoman-right", on_right },
	{ L"dragoman-end", on_end },
	{ L"dragoman-backspace", on_backspace },
	{ L"dragoman-delete", on_delete },
	{ L"dragoman-delete-or-end", on_delete_or_end },
	{ L"dragoman-newline", on_newline },
	{ L"dragoman-paste", on_paste },
	{ L"dragoman-clear", on_clear },
	{ L"dragoman-up", on_up },
	{ L"dragoman-down", on_down },
};

static const struct {
	int key;
	const wchar_t *name;
	bool inserting; /* not where vi takes commands */
} KEYS[] = {
	{ KEY_PASTE, L"dragoman-paste", false },
	{ KEY_UP, L"dragoman-up", false },
	{ CTRL('P'), L"dragoman-up", true },
	{ KEY_DOWN, L"dragoman-down", false },
	{ CTRL('N'), L"dragoman-down", true },
	{ KEY_LEFT, L"dragoman-left", false },
	{ CTRL('B'), L"dragoman-left", true },
	{ KEY_RIGHT, L"dragoman-right", false },
	{ CTRL('F'), L"dragoman-right", true },
	{ '\b', L"dragoman-backspace", true },
	{ KEY_RUBOUT, L"dragoman-backspace", true },
	{ KEY_DELETE, L"dragoman-delete", false },
	{ CTRL('D'), L"dragoman-delete-or-end", true },
	{ KEY_NEW_LINE, L"dragoman-newline", false },
	{ CTRL('L'), L"dragoman-clear", false },
	{ CTRL('R'), L"em-inc-search-prev", true },
	{ KEY_HOME, L"ed-move-to-beg", false },
	{ KEY_END, L"dragoman-end", false },
	{ KEY_WORD_LEFT, L"ed-prev-word", false },
	{ KEY_WORD_RIGHT, L"em-next-word", false },
};

static void
bind_keys(EditLine *el)
{
	wchar_t one[2] = L"";
	size_t i;

	for (i = 0; i < NELEM(FUNCTIONS); i++)
		(void)el_wset(el, EL_ADDFN, FUNCTIONS[i].name,
		    L"of dragoman chat", FUNCTIONS[i].run);
	for (i = 0; i < NELEM(KEYS); i++) {
		one[0] = (wchar_t)(KEYS[i].key < KEY_FIRST
			? KEYS[i].key
			: KEY_BASE + KEYS[i].key - KEY_FIRST);
		(void)el_wset(el, EL_BIND, one, KEYS[i].name, (wchar_t *)NULL);
		if (!KEYS[i].inserting)
			(void)el_wset(el, EL_BIND, L"-a", one, KEYS[i].name,
			    (wchar_t *)NULL);
	}
	/* In an ASCII locale these would be keys with Alt. */
	for (one[0] = KEY_END_OF_BASE + 1; one[0] <= 0xFF; one[0]++)
		(void)el_wset(el, EL_BIND, one, L"ed-insert", (wchar_t *)NULL);
}

/* --- reading ------------------------------------------------------------- */

static void
draw(struct edit *e)
{
	size_t len, at;
	const wchar_t *s = text_of(e->libedit->el, &len, &at);

	line_draw(&e->line, s, len, at);
}

/* libedit asks for a key. */
static int
on_getc(EditLine *el, wchar_t *c)
{
	struct edit *e = edit_of(el);

	for (;;) {
		if (e->nkeys == 0 && !tty_has_input(0))
			draw(e);
		switch (edit_key(e, c)) {
		case TTY_CHAR:
			if (*c >= KEY_BASE && *c <= KEY_END_OF_BASE)
				break;
			if (*c >= KEY_FIRST)
				*c = KEY_BASE + *c - KEY_FIRST;
			return 1;
		case TTY_RESUMED:
			line_begin(&e->line);
			/* It sets its mode again, as it thinks. */
			(void)el_wset(el, EL_PREP_TERM, 0);
			(void)el_wset(el, EL_PREP_TERM, 1);
			break;
		case TTY_RESIZED:
			line_resized(&e->line);
			break;
		case TTY_INTERRUPTED:
			e->interrupted = true;
			errno = EINTR;
			return -1;
		case TTY_END:
			return 0;
		}
	}
}

enum edit_rc
edit_libedit_read(struct edit *e, struct buf *text)
{
	struct edit_libedit *le = e->libedit;
	const wchar_t *s;
	size_t len, at;
	int n = 0;

	le->at = e->history->n;
	e->interrupted = false;
	s = el_wgets(le->el, &n);
	if (s != NULL && n > 0) {
		len = (size_t)n;
		if (s[len - 1] == '\n' || s[len - 1] == '\r')
			len--;
		line_draw(&e->line, s, len, len);
		line_end(&e->line, s, len, "");
		(void)!glyph_add_all(text, s, len);
		return EDIT_LINE;
	}
	if (!e->interrupted) {
		line_end(&e->line, NULL, 0, "");
		return EDIT_END;
	}
	s = text_of(le->el, &len, &at);
	line_end(&e->line, e->line.shown, e->line.len, "^C");
	return e->line.len > 0 || len > 0 ? EDIT_CLEARED : EDIT_INTERRUPTED;
}

void
edit_libedit_remember(struct edit *e)
{
	struct edit_libedit *le = e->libedit;
	HistEventW ev;
	wchar_t *text;

	if (e->history->n == 0)
		return;
	text = charset_widen(e->history->entries[e->history->n - 1]);
	(void)history_w(le->hist, &ev, H_ENTER, text);
	free(text);
}

static void
fill_history(struct edit_libedit *le)
{
	const struct history_file *h = le->e->history;
	HistEventW ev;
	size_t i;

	(void)history_w(le->hist, &ev, H_SETSIZE, HISTORY_MAX);
	for (i = 0; i < h->n; i++) {
		wchar_t *text = charset_widen(h->entries[i]);

		(void)history_w(le->hist, &ev, H_ENTER, text);
		free(text);
	}
	(void)el_wset(le->el, EL_HIST, history_w, le->hist);
}

/* The terminal's mode is ours (tty.h), also while libedit thinks that it is
 * the one from before. */
static void
keep_mode(EditLine *el)
{
	wchar_t *const none = NULL;

	(void)el_wset(el, EL_SETTY, L"-x", L"-icanon", L"-echo", L"-echoe",
	    L"-echonl", L"-iexten", L"-icrnl", L"+noflsh", none);
	(void)el_wset(el, EL_SETTY, L"-d", L"-icrnl", L"-inlcr", L"+noflsh",
	    none);
	tty_mode();
}

int
edit_libedit_open(struct edit *e)
{
	struct edit_libedit *le = calloc(1, sizeof(*le));
	int out = fileno(e->line.out);

	if (le == NULL)
		abort();
	le->e = e;
	le->nowhere = fopen("/dev/null", "we");
	if (le->nowhere == NULL)
		goto fail;
	le->el = el_init_fd("dragoman", stdin, le->nowhere, le->nowhere,
	    STDIN_FILENO, out, out);
	if (le->el == NULL)
		goto fail;
	e->libedit = le;
	le->hist = history_winit();
	if (le->hist == NULL)
		abort();
	(void)el_wset(le->el, EL_CLIENTDATA, e);
	(void)el_wset(le->el, EL_GETCFN, on_getc);
	(void)el_wset(le->el, EL_EDITOR, L"emacs");
	fill_history(le);
	(void)el_source(le->el, NULL); /* ~/.editrc; none is fine */
	bind_keys(le->el);
	keep_mode(le->el);
	return 0;
fail:
	if (le->nowhere != NULL)
		fclose(le->nowhere);
	free(le);
	return -1;
}

void
edit_libedit_close(struct edit *e)
{
	struct edit_libedit *le = e->libedit;

	if (le == NULL)
		return;
	el_end(le->el);
	history_wend(le->hist);
	fclose(le->nowhere);
	free(le->draft);
	free(le);
	e->libedit = NULL;
}

#else

int
edit_libedit_open(struct edit *e)
{
	(void)e;
	return -1;
}

void
edit_libedit_close(struct edit *e)
{
	(void)e;
}

enum edit_rc
edit_libedit_read(struct edit *e, struct buf *text)
{
	(void)e;
	(void)text;
	return EDIT_END;
}

void
edit_libedit_remember(struct edit *e)
{
	(void)e;
}

#endif
