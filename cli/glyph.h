/*
 * glyph: what a terminal makes of a character: how many columns it takes, and
 * which characters are one to the eye.
 *
 * Terminals differ in what they make of emoji.  Widths are never less than any
 * of them shows, so that a line which we break is broken by none of them.
 */
#ifndef CLI_GLYPH_H
#define CLI_GLYPH_H

#include <stddef.h>
#include <wchar.h>

#include "base/base.h"
#include "base/buf.h"

/* Columns of ${c}; 2 of a control character, which is shown as ^X.  ${utf8}:
 * the terminal shows all of Unicode; else what it can't is "?". */
int glyph_width(wchar_t c, bool utf8);

/* Where the character at ${at} ends, with all that belongs to it. */
size_t glyph_next(const wchar_t *s, size_t len, size_t at);
/* Where the one before ${at} begins. */
size_t glyph_before(const wchar_t *s, size_t len, size_t at);

/* Append ${c} as UTF-8. */
int glyph_add(struct buf *out, wchar_t c) WARN_UNUSED;
int glyph_add_all(struct buf *out, const wchar_t *s, size_t len) WARN_UNUSED;

#endif
