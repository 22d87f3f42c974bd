/*
 * charset: the characters of the person's terminal, by the locale of the
 * environment, and our UTF-8.
 */
#ifndef CLI_CHARSET_H
#define CLI_CHARSET_H

#include <stdio.h>
#include <wchar.h>

#include "base/base.h"

/* Before anything is shown. */
void charset_begin(void);
void charset_end(void);
bool charset_is_utf8(void);

/* ${len} bytes of UTF-8 to ${f}: what a terminal of another character set
 * can't show is replaced. */
void charset_print(FILE *f, const char *text, size_t len);

/* The character of the terminal at ${s}, how long it is into ${used}; 0: not
 * all of it is there. */
wchar_t charset_read(const char *s, size_t len, size_t *used);

/* UTF-8 as wide characters, to be freed. */
wchar_t *charset_widen(const char *utf8);

#endif
