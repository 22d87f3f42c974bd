/*
 * markdown: a model's answer as it comes, made readable on a terminal: bold,
 * italics, headings, lists, quotes, code and links.
 *
 * Pieces may be cut anywhere: what comes out, put together, is the same.  So
 * a mark is held back until it is clear what it is: at most to the end of its
 * line, or MARKDOWN_HELD_MAX bytes.  What turns out to be no mark is shown as
 * it is.  No byte of code is changed, and the address of a link is always
 * shown: a text may lie about it.
 */
#ifndef CLI_MARKDOWN_H
#define CLI_MARKDOWN_H

#include "base/base.h"
#include "base/buf.h"

#define MARKDOWN_HELD_MAX (1 * KIB) /* a link with its text; more is text */

struct markdown {
	bool styled; /* false: all goes through as it is */
	bool utf8;   /* bullets and bars may be drawn */
	int state;
	int base;   /* style of this line */
	int style;  /* as the terminal has it now */
	char prev;  /* the last byte of this line that was text */
	char fence; /* of the open code block; 0: none */
	size_t fence_len;
	struct buf held;
};

void markdown_init(struct markdown *m, bool styled, bool utf8);
void markdown_fini(struct markdown *m);

/* Append to ${out} what ${len} more bytes make clear. */
void markdown_feed(struct markdown *m, const char *text, size_t len,
    struct buf *out);
/* Nothing more comes: append what is held.  Ready for another text. */
void markdown_end(struct markdown *m, struct buf *out);

#endif
