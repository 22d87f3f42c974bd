/*
 * edit_keys: keys and pastes out of the characters that a terminal sends.
 *
 * Sequences are read whole here: libedit would leave the end of one that it
 * does not know in the text ("~", "5D"), and in its vi mode take each one's
 * ESC for a key of its own.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/edit_priv.h"

#define PASTE_TAIL 8 /* characters, more than its end has */
/* The characters of a key come together, but for slow lines. */
#define SEQUENCE_MS 50

static const wchar_t PASTE_END[] = L"\033[201~";

static const struct {
	const wchar_t *sequence;
	wchar_t key;
} SEQUENCES[] = {
	{ L"\033[200~", KEY_PASTE },
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

/* What the sequence in e->keys is; 0: nothing that we know. */
static wchar_t
key_of(const struct edit *e)
{
	size_t i;

	for (i = 0; i < NELEM(SEQUENCES); i++)
		if (wcslen(SEQUENCES[i].sequence) == e->nkeys
		    && wmemcmp(SEQUENCES[i].sequence, e->keys, e->nkeys) == 0)
			return SEQUENCES[i].key;
	return 0;
}

enum tty_event
edit_key(struct edit *e, wchar_t *c)
{
	enum tty_event event;
	wchar_t key;

	while (e->key == e->nkeys) {
		event = tty_key(c);
		if (event != TTY_CHAR || *c != KEY_ESCAPE)
			return event;
		event = read_sequence(e);
		if (event != TTY_CHAR)
			return event;
		key = key_of(e);
		if (key != 0 || e->nkeys > 2)
			e->key = e->nkeys = 0;
		if (key == 0)
			continue;
		*c = key;
		return key == KEY_PASTE ? read_paste(e) : TTY_CHAR;
	}
	*c = e->keys[e->key++];
	if (e->key == e->nkeys)
		e->key = e->nkeys = 0;
	return TTY_CHAR;
}
