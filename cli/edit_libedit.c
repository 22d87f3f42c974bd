/*
 * edit_libedit: libedit's editing, without its drawing.
 *
 * It counts a combining character as a column, and so puts the cursor beside
 * where it is.  So what it draws goes nowhere, and before each key that it
 * asks for we draw its text ourselves (line.h).
 */
#include "cli/edit_priv.h"
#include "cli/edit_libedit_priv.h"

#ifdef HAVE_LIBEDIT
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/charset.h"
#include "cli/glyph.h"
#include "cli/history.h"

static void
draw(struct edit *e)
{
	size_t len, at;
	const wchar_t *s = edit_libedit_text(e->libedit->el, &len, &at);

	line_draw(&e->line, s, len, at);
}

/* libedit asks for a key. */
static int
on_getc(EditLine *el, wchar_t *c)
{
	struct edit *e = edit_libedit_of(el);

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
	s = edit_libedit_text(le->el, &len, &at);
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
	edit_libedit_bind(le->el);
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
