/*
 * markdown_priv: what markdown.c (lines), markdown_inline.c (what stands in
 * them) and markdown_put.c share.
 */
#ifndef CLI_MARKDOWN_PRIV_H
#define CLI_MARKDOWN_PRIV_H

#include "cli/markdown.h"

/* Bits, in the order of the codes in markdown_put. */
enum {
	STYLE_BOLD = 1,
	STYLE_ITALIC = 2,
	STYLE_UNDER = 4,
	STYLE_STRUCK = 8,
	STYLE_DIM = 16,
	STYLE_CODE = 32,
};

void markdown_put(struct markdown *m, int style, const char *s, size_t len,
    struct buf *out);

/* How many of the ${len} bytes at ${s} are ${c}, from the first on. */
static inline size_t
markdown_run(const char *s, size_t len, char c)
{
	size_t n = 0;

	while (n < len && s[n] == c)
		n++;
	return n;
}

/*
 * Show what is clear of the ${len} bytes at ${s}, which begin where the line
 * goes on after m->prev; how many that were.  ${whole}: the line ends here, so
 * all of them.
 */
size_t markdown_inline(struct markdown *m, const char *s, size_t len, int style,
    bool whole, struct buf *out);

#endif
