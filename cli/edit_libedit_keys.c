/*
 * edit_libedit_keys: what keys do to the line that libedit holds.
 */
#include "cli/edit_libedit_priv.h"

#ifdef HAVE_LIBEDIT
#include <stdlib.h>
#include <string.h>

#include "cli/charset.h"
#include "cli/glyph.h"
#include "cli/history.h"

static unsigned char
on_left(EditLine *el, int c)
{
	size_t len, at;
	const wchar_t *s = edit_libedit_text(el, &len, &at);

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
	const wchar_t *s = edit_libedit_text(el, &len, &at);

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
	(void)edit_libedit_text(el, &len, &at);
	el_cursor(el, (int)(len - at));
	return CC_REFRESH;
}

static unsigned char
on_backspace(EditLine *el, int c)
{
	size_t len, at;
	const wchar_t *s = edit_libedit_text(el, &len, &at);

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

	(void)edit_libedit_text(el, &len, &at);
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
	struct edit *e = edit_libedit_of(el);

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
	line_clear_screen(&edit_libedit_of(el)->line);
	return CC_REFRESH;
}

static void
replace(EditLine *el, const wchar_t *text)
{
	size_t len, at;

	(void)edit_libedit_text(el, &len, &at);
	el_cursor(el, (int)(len - at));
	el_deletestr(el, (int)len);
	if (text[0] != L'\0')
		(void)el_winsertstr(el, text);
}

/* libedit's own keeps 1,024 characters of a message that is being written. */
static unsigned char
go_to(EditLine *el, size_t at)
{
	struct edit *e = edit_libedit_of(el);
	struct edit_libedit *le = e->libedit;
	size_t len, cursor;
	const wchar_t *s;
	wchar_t *entry;

	if (at > e->history->n)
		return CC_ERROR;
	if (le->at == e->history->n) {
		s = edit_libedit_text(el, &len, &cursor);
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
	struct edit *e = edit_libedit_of(el);

	(void)c;
	return e->libedit->at == 0 ? CC_ERROR : go_to(el, e->libedit->at - 1);
}

static unsigned char
on_down(EditLine *el, int c)
{
	struct edit *e = edit_libedit_of(el);

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

void
edit_libedit_bind(EditLine *el)
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

#endif
