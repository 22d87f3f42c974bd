/*
 * edit_libedit_priv: what edit_libedit.c and edit_libedit_keys.c share.
 */
#ifndef CLI_EDIT_LIBEDIT_PRIV_H
#define CLI_EDIT_LIBEDIT_PRIV_H

#include "cli/edit_priv.h"
#include "config.h"

#ifdef HAVE_LIBEDIT
#include <histedit.h>

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

static inline struct edit *
edit_libedit_of(EditLine *el)
{
	void *e = NULL;

	(void)el_wget(el, EL_CLIENTDATA, &e);
	return e;
}

/* The line's text, its length and the cursor in it. */
static inline const wchar_t *
edit_libedit_text(EditLine *el, size_t *len, size_t *cursor)
{
	const LineInfoW *info = el_wline(el);

	*len = (size_t)(info->lastchar - info->buffer);
	*cursor = (size_t)(info->cursor - info->buffer);
	return info->buffer;
}

/* edit_libedit_keys.c */
void edit_libedit_bind(EditLine *el);

#endif
#endif
