/*
 * thoughts: what a model thinks within its text, before it speaks.
 *
 * Only at the text's beginning: a reply that speaks of such tags is a reply.
 * The opening tag may be missing, since some templates have written it into the
 * prompt (ollama/ollama#18044, QwenLM/qwen-code#6007).
 */
#include <string.h>

#include "llm/llm_priv.h"

static const char BLANKS[] = " \t\r\n";

static const struct tag {
	const char *open;
	const char *close; /* "": a mark, which alone is left out */
	bool alone;	   /* the close may come without its open */
	bool spoken;	   /* on the Messages wire these are words */
} TAGS[] = {
	/* DeepSeek-R1, Qwen (etkecc/baibot#30, RooCodeInc/Roo-Code#1087) */
	{ "<think>", "</think>", true, false },
	/* QwenLM/qwen-code#10791.  Older Claude models write it into their reply
	 * on purpose; there it is one. */
	{ "<thinking>", "</thinking>", true, true },
	/* EXAONE (tinyhumansai/openhuman#6184), Gemini's endpoint */
	{ "<thought>", "</thought>", true, false },
	/* ByteDance's Seed-OSS */
	{ "<seed:think>", "</seed:think>", true, false },
	/* Mistral's Magistral */
	{ "[THINK]", "[/THINK]", false, false },
	/* gpt-oss without its parser (kekzl/imp#768) */
	{ "<|channel|>analysis<|message|>", "<|end|>", false, false },
	{ "<|start|>assistant", "", false, false },
	{ "<|channel|>final<|message|>", "", false, false },
};

static size_t
blanks(const struct buf *text, size_t at)
{
	return at + strspn(buf_str(text) + at, BLANKS);
}

/* What stands at ${at}: 1 it is ${word}, 0 it is not, -1 it may become it. */
static int
stands(const struct buf *text, size_t at, const char *word)
{
	size_t len = strlen(word), left = text->len - at;

	if (memcmp(buf_str(text) + at, word, left < len ? left : len) != 0)
		return 0;
	return left < len ? -1 : 1;
}

/* Before any word.  True when the state changed: look once more. */
static bool
opening(struct llm_thoughts *t, const struct buf *text, bool last)
{
	size_t at = blanks(text, t->from), i;
	bool maybe = at == text->len;

	for (i = 0; i < NELEM(TAGS); i++) {
		int is = t->messages && TAGS[i].spoken
		    ? 0
		    : stands(text, at, TAGS[i].open);

		maybe |= is == -1;
		if (is != 1)
			continue;
		t->seen = true;
		t->from = at + strlen(TAGS[i].open);
		t->close = TAGS[i].close;
		if (t->close[0] != '\0')
			t->state = THOUGHTS_INSIDE;
		return true;
	}
	if (maybe && !last)
		return false;
	t->state = THOUGHTS_WORDS;
	t->words = t->seen ? at : 0;
	t->from = t->words;
	return true;
}

static bool
inside(struct llm_thoughts *t, const struct buf *text, bool last)
{
	const char *s = buf_str(text), *close = strstr(s + t->from, t->close);
	size_t len = strlen(t->close);

	if (close != NULL) {
		t->state = THOUGHTS_OPENING;
		t->from = (size_t)(close - s) + len;
		return true;
	}
	if (last) { /* it never came to words */
		t->state = THOUGHTS_WORDS;
		t->words = t->from = text->len;
	} else if (text->len - t->from >= len) {
		t->from = text->len - len + 1;
	}
	return false;
}

/* A tag that is spoken of: quoted, or a word among words. */
static bool
is_mention(const struct buf *text, size_t at, size_t len)
{
	static const char QUOTES[] = "`\"'(";
	char before = at == 0 ? '\n' : text->data[at - 1];
	char after = at + len < text->len ? text->data[at + len] : ' ';

	if (strchr(QUOTES, before) != NULL)
		return true;
	return (before == ' ' || before == '\t') && after != '\n'
	    && after != '\r';
}

/* The closing tag at ${at}, as the end of thoughts without a beginning. */
static const struct tag *
lone(struct llm_thoughts *t, const struct buf *text, size_t at, bool last,
    bool *wait)
{
	size_t i;

	for (i = 0; i < NELEM(TAGS) && TAGS[i].alone; i++) {
		size_t len = strlen(TAGS[i].close);
		int is = stands(text, at, TAGS[i].close);

		if (t->messages && TAGS[i].spoken)
			continue;
		if (stands(text, at, TAGS[i].open) == 1)
			t->mentioned = true;
		if (is == 1 && at + len == text->len && !last)
			is = -1; /* what follows decides */
		*wait |= is == -1 && !last;
		if (is == 1 && !is_mention(text, at, len))
			return &TAGS[i];
	}
	return NULL;
}

/* Among the words.  True when they were none: look once more. */
static bool
words(struct llm_thoughts *t, const struct buf *text, bool last, size_t *sure)
{
	const char *s = buf_str(text), *at;
	const struct tag *tag;
	bool wait = false;

	*sure = text->len;
	while (!t->seen && !t->mentioned
	    && (at = memchr(s + t->from, '<', text->len - t->from)) != NULL) {
		t->from = (size_t)(at - s);
		tag = lone(t, text, t->from, last, &wait);
		if (tag != NULL) {
			t->seen = true;
			t->state = THOUGHTS_OPENING;
			t->from += strlen(tag->close);
			return true;
		}
		if (wait) {
			*sure = t->from;
			return false;
		}
		t->from++;
	}
	t->from = text->len;
	return false;
}

size_t
llm_thoughts_look(struct llm_thoughts *t, const struct buf *text, bool last,
    bool *back)
{
	size_t sure = 0;
	bool more = true;

	if (t->from > text->len) /* its last halves became a character */
		t->from = text->len;
	while (more) {
		switch (t->state) {
		case THOUGHTS_OPENING:
			more = opening(t, text, last);
			break;
		case THOUGHTS_INSIDE:
			more = inside(t, text, last);
			break;
		default:
			more = words(t, text, last, &sure);
			*back |= more;
			break;
		}
	}
	return t->state == THOUGHTS_WORDS && sure > t->words ? sure : t->words;
}
