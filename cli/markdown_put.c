/*
 * markdown_put: text in its style, as a terminal takes it.
 */
#include "cli/markdown_priv.h"

void
markdown_put(struct markdown *m, int style, const char *s, size_t len,
    struct buf *out)
{
	static const char *const codes[] = { "1", "3", "4", "9", "2", "36" };
	size_t i;
	int rc = 0;

	if (len == 0)
		return;
	if (style != m->style) {
		rc |= buf_add_str(out, "\033[0");
		for (i = 0; i < NELEM(codes); i++)
			if ((style & 1 << i) != 0)
				rc |= buf_printf(out, ";%s", codes[i]);
		rc |= buf_add_char(out, 'm');
		m->style = style;
	}
	rc |= buf_add(out, s, len);
	(void)rc; /* longer than any answer: the end is not shown */
}
