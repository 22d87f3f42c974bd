#include "cli/charset.h"

#include <errno.h>
#include <iconv.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

#define REPLACEMENT 0xFFFD
#define LEFT_MAX 3 /* of four bytes the last is missing */

static struct {
	bool utf8, ascii;
	iconv_t to;          /* from UTF-8, unless utf8 */
	char left[LEFT_MAX]; /* the begin of a character, from the last piece */
	size_t left_len;
} charset = { .to = (iconv_t)-1 };

static bool
is_set(const char *name)
{
	const char *s = getenv(name);

	return s != NULL && s[0] != '\0';
}

void
charset_begin(void)
{
	const char *name;
	char to[64];

	(void)setlocale(LC_CTYPE, "");
	/* Nobody chose ASCII: in containers nothing is set, and the terminal
	 * in front of them shows UTF-8. */
	if (!is_set("LC_ALL") && !is_set("LC_CTYPE") && !is_set("LANG"))
		(void)setlocale(LC_CTYPE, "C.UTF-8");
	name = nl_langinfo(CODESET);
	charset.utf8 = strcmp(name, "UTF-8") == 0;
	charset.ascii = strcmp(name, "ANSI_X3.4-1968") == 0
	    || strcmp(name, "US-ASCII") == 0;
	if (charset.utf8)
		return;
	snprintf(to, sizeof(to), "%s//TRANSLIT", name);
	charset.to = iconv_open(to, "UTF-8");
}

void
charset_end(void)
{
	if (charset.to != (iconv_t)-1)
		(void)iconv_close(charset.to);
	charset.to = (iconv_t)-1;
}

bool
charset_is_utf8(void)
{
	return charset.utf8;
}

static void
convert(FILE *f, const char *text, size_t len)
{
	char out[512], *p = out, *in = (char *)text;
	size_t room = sizeof(out);

	while (len > 0) {
		size_t rc = iconv(charset.to, &in, &len, &p, &room);

		if (rc == (size_t)-1 && errno != E2BIG && len > 0) {
			/* One character that has no like. */
			do {
				in++;
				len--;
			} while (len > 0 && (*in & 0xC0) == 0x80);
			if (room > 0) {
				*p++ = '?';
				room--;
			}
		}
		fwrite(out, 1, sizeof(out) - room, f);
		p = out;
		room = sizeof(out);
	}
}

void
charset_print(FILE *f, const char *text, size_t len)
{
	char piece[sizeof(charset.left) + 256];

	if (charset.utf8 || charset.to == (iconv_t)-1
	    || isatty(fileno(f)) != 1) {
		fwrite(text, 1, len, f);
		return;
	}
	while (len > 0) {
		size_t n = len < 256 ? len : 256, whole, all;

		memcpy(piece, charset.left, charset.left_len);
		memcpy(piece + charset.left_len, text, n);
		all = charset.left_len + n;
		whole = text_whole(piece, all);
		if (all - whole > LEFT_MAX) /* no UTF-8 */
			whole = all;
		convert(f, piece, whole);
		charset.left_len = all - whole;
		memcpy(charset.left, piece + whole, charset.left_len);
		text += n;
		len -= n;
	}
}

/* The same in UTF-8. */
static wchar_t
read_utf8(const char *s, size_t len, size_t *used)
{
	unsigned char c = (unsigned char)s[0];
	size_t want = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC2 ? 2 : 1, i;
	wchar_t wc;

	*used = 1;
	if (c < 0x80)
		return (wchar_t)c;
	for (i = 1; i < want && i < len; i++)
		if (((unsigned char)s[i] & 0xC0) != 0x80)
			return REPLACEMENT;
	if (i < want) {
		*used = 0;
		return REPLACEMENT;
	}
	if (want == 1 || !text_is_utf8(s, want))
		return REPLACEMENT;
	*used = want;
	wc = (wchar_t)(c & (0xFF >> (want + 1)));
	for (i = 1; i < want; i++)
		wc = wc << 6 | ((unsigned char)s[i] & 0x3F);
	return wc;
}

wchar_t
charset_read(const char *s, size_t len, size_t *used)
{
	mbstate_t state = { 0 };
	wchar_t wc = REPLACEMENT;
	size_t n;

	/* Who chose ASCII has a terminal that sends UTF-8 all the same. */
	if (charset.utf8 || charset.ascii || (unsigned char)s[0] < 0x80)
		return read_utf8(s, len, used);
	n = mbrtowc(&wc, s, len, &state);
	if (n == (size_t)-2) {
		*used = 0;
		return REPLACEMENT;
	}
	*used = n == (size_t)-1 || n == 0 ? 1 : n;
	return n == (size_t)-1 ? REPLACEMENT : wc;
}

wchar_t *
charset_widen(const char *utf8)
{
	size_t left = strlen(utf8), used, n = 0;
	wchar_t *out = malloc((left + 1) * sizeof(*out));

	if (out == NULL)
		abort();
	while (left > 0) {
		out[n++] = read_utf8(utf8, left, &used);
		if (used == 0) /* it is cut off */
			break;
		utf8 += used;
		left -= used;
	}
	out[n] = L'\0';
	return out;
}
