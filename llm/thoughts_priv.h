/*
 * thoughts_priv: how marks are looked at in a text that grows.
 */
#ifndef LLM_THOUGHTS_PRIV_H
#define LLM_THOUGHTS_PRIV_H

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "llm/llm_priv.h"

#define THOUGHTS_BLANKS " \t\r\n"

static inline size_t
thoughts_blanks(const struct buf *text, size_t at)
{
	return at + strspn(buf_str(text) + at, THOUGHTS_BLANKS);
}

/* ${text} begins otherwise at ${at}: most do, and it is asked of each tag. */
static inline bool
thoughts_is_other(const struct buf *text, size_t at, const char *word)
{
	return at < text->len
	    && tolower((unsigned char)text->data[at])
	    != tolower((unsigned char)word[0]);
}

/* What stands at ${at}: 1 it is ${word}, 0 it is not, -1 it may become it. */
static inline int
thoughts_stands(const struct buf *text, size_t at, const char *word, size_t len)
{
	size_t left = text->len - at;

	if (thoughts_is_other(text, at, word)
	    || strncasecmp(buf_str(text) + at, word, left < len ? left : len)
		!= 0)
		return 0;
	return left < len ? -1 : 1;
}

/* A tag that is spoken of: quoted, or a word among words. */
static inline bool
thoughts_is_mention(const struct buf *text, size_t at, size_t len)
{
	static const char QUOTES[] = "`\"'(";
	char before = at == 0 ? '\n' : text->data[at - 1];
	char after = at + len < text->len ? text->data[at + len] : ' ';

	if (strchr(QUOTES, before) != NULL)
		return true;
	return (before == ' ' || before == '\t') && after != '\n'
	    && after != '\r';
}

/* thoughts_end.c: where marks of an end begin behind the words, or the text's
 * end; with ${partly} the last may be a part of one. */
size_t llm_thoughts_end(struct llm_thoughts *t, const struct buf *text,
    bool partly);

#endif
