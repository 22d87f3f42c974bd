/*
 * thoughts_end: marks of an answer's end, which some servers leave behind its
 * words.
 */
#include "llm/thoughts_priv.h"

/* Marks of the end, which some servers leave behind the words. */
static const char *const ENDS[] = { "<|im_end|>", "<|eot_id|>", "<|end|>",
	"<|return|>", "<|endoftext|>", "<|end_of_solution|>",
	"<|END_RESPONSE|>", "<|END_TEXT|>", "<|END_OF_TURN_TOKEN|>",
	"<end_of_turn>", "<\uff5cend\u2581of\u2581sentence\uff5c>" };
#define ENDS_WINDOW 128 /* bytes in which some of them stand */

/* From ${at} to the end of the text there are marks of an end and blanks;
 * with ${partly} the last may be a part of one. */
static bool
are_ends(const struct buf *text, size_t at, bool partly)
{
	size_t i;

	while (at < text->len) {
		size_t from = at;

		at = thoughts_blanks(text, at);
		for (i = 0; i < NELEM(ENDS) && at < text->len; i++) {
			int is = thoughts_stands(text, at, ENDS[i],
			    strlen(ENDS[i]));

			if (is == -1 && partly)
				return true;
			if (is == 1) {
				at += strlen(ENDS[i]);
				break;
			}
		}
		if (at == from)
			return false;
	}
	return true;
}

size_t
llm_thoughts_end(struct llm_thoughts *t, const struct buf *text, bool partly)
{
	const char *s = buf_str(text), *mark;
	size_t at = text->len < ENDS_WINDOW ? 0 : text->len - ENDS_WINDOW;
	/* What is no ASCII may be half a character, and become a mark. */
	bool final = text->len > 0 && (unsigned char)s[text->len - 1] < 0x80;

	if (at < t->words)
		at = t->words;
	if (at < t->tail)
		at = t->tail;
	for (; (mark = memchr(s + at, '<', text->len - at)) != NULL; at++) {
		at = (size_t)(mark - s);
		if (final)
			t->tail = at;
		if (are_ends(text, at, partly)
		    && !thoughts_is_mention(text, at, text->len - at))
			return at;
	}
	if (final)
		t->tail = text->len;
	return text->len;
}
