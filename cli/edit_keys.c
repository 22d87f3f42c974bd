/*
 * edit_keys: keys and pastes out of the characters that a terminal sends.
 *
 * A key that libedit does not know would leave the end of its sequence in the
 * text ("~", "5D"): so sequences are read whole here.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/edit_priv.h"

#define PASTE_TAIL 8 /* characters, more than its end has */
/* The characters of a key come together, but for slow lines. */
#define SEQUENCE_MS 50

static const wchar_t PASTE_BEGIN[] = L"\033[200~";
static const wchar_t PASTE_END[] = L"\033[201~";

/* Sequences that edit_libedit.c has a use for. */
static const wchar_t *const KNOWN[]
    = { L"\033[A", L"\033[B", L"\033[C", L"\033[D", L"\033[H", L"\033[F",
	      L"\033OA", L"\033OB", L"\033OC", L"\033OD", L"\033OH", L"\033OF",
	      L"\033[1~", L"\033[3~", L"\033[4~", L"\033[7~", L"\033[8~",
	      L"\033[1;5C", L"\033[1;5D", L"\033[1;3C", L"\033[1;3D" };

void
text_push(struct text *t, wchar_t c)
{
	if (t->len >= EDIT_MAX)
		return;
	if (t->len + 1 >= t->room) {
		t->room = t->room == 0 ? 256 : 2 * t->room;
		t->at = realloc(t->at, t->room * sizeof(*t->at));
		if (t->at == NULL)
			abort();
	}
	t->at[t->len++] = c;
	t->at[t->len] = L'\0';
}

void
text_free(struct text *t)
{
	free(t->at);
	*t = (struct text){ 0 };
}

static bool
ends_with(const struct text *t, const wchar_t *end)
{
	size_t n = wcslen(end);

	return t->len >= n && wmemcmp(t->at + t->len - n, end, n) == 0;
}

/* Line ends as \n, and nothing that is no text. */
static void
clean(struct text *t)
{
	size_t i, n = 0;

	for (i = 0; i < t->len; i++) {
		wchar_t c = t->at[i];

		if (c == '\r' && i + 1 < t->len && t->at[i + 1] == '\n')
			continue;
		if (c == '\r')
			c = '\n';
		if ((c >= 0x20 && c != 0x7F) || c == '\n' || c == '\t')
			t->at[n++] = c;
	}
	/* A line that was copied with its end is not sent by that. */
	while (n > 0 && t->at[n - 1] == '\n')
		n--;
	t->len = n;
	if (t->at != NULL)
		t->at[n] = L'\0';
}

/* Up to its end; Ctrl-C ends one whose end never comes. */
static enum tty_event
read_paste(struct edit *e)
{
	enum tty_event event;
	wchar_t c;

	e->paste.len = 0;
	for (;;) {
		event = tty_key(&c);
		if (event == TTY_RESIZED || event == TTY_RESUMED)
			continue;
		if (event != TTY_CHAR)
			return event;
		if (e->paste.len == EDIT_MAX) {
			/* No more of it, but its end must be found. */
			wmemmove(e->paste.at + EDIT_MAX - PASTE_TAIL,
			    e->paste.at + EDIT_MAX - PASTE_TAIL + 1,
			    PASTE_TAIL - 1);
			e->paste.len--;
		}
		text_push(&e->paste, c);
		if (ends_with(&e->paste, PASTE_END))
			break;
	}
	e->paste.len -= wcslen(PASTE_END);
	clean(&e->paste);
	return TTY_CHAR;
}

/* The rest of what ESC began, as far as it came with it. */
static enum tty_event
read_sequence(struct edit *e)
{
	wchar_t c;
	size_t n = 1;

	e->keys[0] = KEY_ESCAPE;
	while (n < ESCAPE_MAX && tty_has_input(SEQUENCE_MS)) {
		enum tty_event event = tty_key(&c);

		if (event != TTY_CHAR)
			return event;
		e->keys[n++] = c;
		if (n == 2 && c != '[' && c != 'O')
			break; /* Alt and a key */
		if (n > 2 && c >= 0x40 && c <= 0x7E)
			break;
	}
	e->nkeys = n;
	e->key = 0;
	return TTY_CHAR;
}

static bool
is_sequence(const struct edit *e, const wchar_t *s)
{
	return wcslen(s) == e->nkeys && wmemcmp(e->keys, s, e->nkeys) == 0;
}

static bool
is_known(const struct edit *e)
{
	size_t i;

	if (e->nkeys <= 2)
		return true;
	for (i = 0; i < NELEM(KNOWN); i++)
		if (is_sequence(e, KNOWN[i]))
			return true;
	return false;
}

enum tty_event
edit_key(struct edit *e, wchar_t *c)
{
	enum tty_event event;

	while (e->key == e->nkeys) {
		event = tty_key(c);
		if (event != TTY_CHAR || *c != KEY_ESCAPE)
			return event;
		event = read_sequence(e);
		if (event != TTY_CHAR)
			return event;
		if (is_sequence(e, PASTE_BEGIN)) {
			e->nkeys = 0;
			*c = KEY_PASTE;
			return read_paste(e);
		}
		if (!is_known(e))
			e->nkeys = 0;
	}
	*c = e->keys[e->key++];
	if (e->key == e->nkeys)
		e->key = e->nkeys = 0;
	return TTY_CHAR;
}
