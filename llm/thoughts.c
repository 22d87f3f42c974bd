/*
 * thoughts: what a model thinks within its text, before it speaks.
 *
 * At the text's beginning, and after such thoughts once more among the words;
 * a reply that only speaks of such tags is a reply.  The opening tag may be
 * missing, since some templates have written it into the prompt
 * (ollama/ollama#18044, QwenLM/qwen-code#6007).
 */
#include <ctype.h>
#include <string.h>

#include "llm/thoughts_priv.h"

#define ATTRIBUTES_MAX 128 /* bytes of a tag: <think time="1"> */

enum {
	ALONE = 1,  /* the close may come without its open */
	SPOKEN = 2, /* on the Messages wire these are words */
	NAMED = 4,  /* may have attributes, and come again among the words */
	BARE = 8,   /* a word: thoughts only if it is glued to the next one,
		       and its close comes */
};

/* THE table of marks, in any case of letters. */
static const struct tag {
	const char *open;
	const char *close; /* "": a mark, which alone is left out */
	int flags;
} TAGS[] = {
	/* DeepSeek-R1, Qwen (etkecc/baibot#30, RooCodeInc/Roo-Code#1087) */
	{ "<think>", "</think>", ALONE | NAMED },
	/* QwenLM/qwen-code#10791.  Older Claude models write it into their reply
	 * on purpose; there it is one. */
	{ "<thinking>", "</thinking>", ALONE | SPOKEN | NAMED },
	/* EXAONE (tinyhumansai/openhuman#6184), Gemini's endpoint */
	{ "<thought>", "</thought>", ALONE | NAMED },
	{ "<reasoning>", "</reasoning>", ALONE | NAMED },
	{ "<antThinking>", "</antThinking>", ALONE | SPOKEN | NAMED },
	/* ByteDance's Seed-OSS */
	{ "<seed:think>", "</seed:think>", ALONE | NAMED },
	/* Open WebUI's own, which passes on what it has got */
	{ "<details type=\"reasoning\">", "</details>", NAMED },
	/* Mistral's Magistral */
	{ "[THINK]", "[/THINK]", 0 },
	/* Kimi-VL */
	{ "\u25c1think\u25b7", "\u25c1/think\u25b7", 0 },
	/* NovaSky's Sky-T1 */
	{ "<|begin_of_thought|>", "<|end_of_thought|>", 0 },
	{ "<|begin_of_solution|>", "", 0 },
	/* Cohere's Command A */
	{ "<|START_THINKING|>", "<|END_THINKING|>", 0 },
	{ "<|START_RESPONSE|>", "", 0 },
	{ "<|START_TEXT|>", "", 0 },
	/* Gemma */
	{ "<|channel>thought", "<channel|>", 0 },
	/* gpt-oss without its parser (kekzl/imp#768), and without its tokens
	 * (Augustas11/macprovider#743) */
	{ "<|channel|>analysis<|message|>", "<|end|>", 0 },
	{ "<|start|>assistant", "", 0 },
	{ "<|channel|>final<|message|>", "", 0 },
	{ "analysis", "assistantfinal", BARE },
};

/* The same for an opening tag; ${len} is then its length. */
static int
opens(const struct llm_thoughts *t, const struct tag *tag,
    const struct buf *text, size_t at, size_t *len)
{
	const char *s = buf_str(text) + at;
	size_t left = text->len - at;
	int is;

	*len = 0;
	if (thoughts_is_other(text, at, tag->open)
	    || (t->messages && (tag->flags & SPOKEN) != 0))
		return 0;
	*len = strlen(tag->open);
	if ((tag->flags & NAMED) == 0) {
		is = thoughts_stands(text, at, tag->open, *len);
		if (is != 1 || (tag->flags & BARE) == 0)
			return is;
		if (strncmp(s, tag->open, *len) != 0 || left == *len)
			return left == *len ? -1 : 0;
		return strchr(THOUGHTS_BLANKS, s[*len]) == NULL
		    && !islower((unsigned char)s[*len])
		    && !ispunct((unsigned char)s[*len]);
	}
	is = thoughts_stands(text, at, tag->open, *len - 1);
	if (is != 1)
		return is;
	(*len)--;
	if (*len < left && s[*len] != '>' && s[*len] != ' ')
		return 0;
	*len += strcspn(s + *len, "<>\r\n");
	if (*len > ATTRIBUTES_MAX)
		return 0;
	if (*len == left)
		return -1;
	return s[(*len)++] == '>';
}

/* Before any word.  True when the state changed: look once more. */
static bool
opening(struct llm_thoughts *t, const struct buf *text, bool last)
{
	size_t at = thoughts_blanks(text, t->from), i, len;
	bool maybe = at == text->len;

	t->from = at; /* blanks are looked at once, not for each piece */
	for (i = 0; i < NELEM(TAGS); i++) {
		int is = opens(t, &TAGS[i], text, at, &len);

		if ((TAGS[i].flags & BARE) != 0 && t->seen)
			continue;
		maybe |= is == -1;
		if (is != 1)
			continue;
		t->open = at;
		t->from = at + len;
		t->close = TAGS[i].close;
		t->bare = (TAGS[i].flags & BARE) != 0;
		t->seen |= !t->bare;
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

/* The end of the close, if it is there; else 0, and ${from} is moved on. */
static size_t
closed(struct llm_thoughts *t, const struct buf *text)
{
	const char *s = buf_str(text);
	const char *close = strcasestr(s + t->from, t->close);
	size_t len = strlen(t->close);

	if (close != NULL)
		return (size_t)(close - s) + len;
	if (text->len - t->from >= len)
		t->from = text->len - len + 1;
	return 0;
}

static bool
inside(struct llm_thoughts *t, const struct buf *text, bool last)
{
	size_t end = closed(t, text);

	if (end != 0) {
		t->seen = true;
		t->state = THOUGHTS_OPENING;
		t->from = end;
		return true;
	}
	if (last && t->bare) { /* it was a word */
		t->state = THOUGHTS_WORDS;
		t->words = t->from = t->seen ? t->open : 0;
	} else if (last) { /* it never came to words */
		t->state = THOUGHTS_WORDS;
		t->words = t->from = text->len;
	}
	return false;
}

static void
cut(struct llm_thoughts *t, size_t until)
{
	t->cuts[t->ncuts].from = t->open;
	t->cuts[t->ncuts++].until = until;
	t->from = until;
	t->state = THOUGHTS_WORDS;
}

/* In thoughts among the words. */
static bool
again(struct llm_thoughts *t, const struct buf *text, bool last)
{
	size_t end = closed(t, text);

	if (end == 0 && !last)
		return false;
	cut(t, end == 0 ? text->len : end);
	return true;
}

/* The closing tag at ${at}, as the end of thoughts without a beginning. */
static const struct tag *
lone(struct llm_thoughts *t, const struct buf *text, size_t at, bool last,
    bool *wait)
{
	size_t i, open;

	for (i = 0; i < NELEM(TAGS); i++) {
		size_t len = strlen(TAGS[i].close);
		int is;

		if ((TAGS[i].flags & ALONE) == 0
		    || (t->messages && (TAGS[i].flags & SPOKEN) != 0))
			continue;
		is = thoughts_stands(text, at, TAGS[i].close, len);
		if (opens(t, &TAGS[i], text, at, &open) == 1)
			t->mentioned = true;
		if (is == 1 && at + len == text->len && !last)
			is = -1; /* what follows decides */
		*wait |= is == -1 && !last;
		if (is == 1 && !thoughts_is_mention(text, at, len))
			return &TAGS[i];
	}
	return NULL;
}

/* Is ${at} within a block of code?  Asked from left to right. */
static bool
is_fenced(struct llm_thoughts *t, const struct buf *text, size_t at)
{
	static const char FENCE[] = "```";
	const char *s = buf_str(text), *fence;

	if (t->fence < t->words)
		t->fence = t->words;
	/* At ${at} there is a tag: no fence reaches over it. */
	while (t->fence < at
	    && (fence = memmem(s + t->fence, at - t->fence, FENCE,
		    sizeof(FENCE) - 1))
		!= NULL) {
		t->fenced = !t->fenced;
		t->fence = (size_t)(fence - s) + sizeof(FENCE) - 1;
	}
	if (t->fence < at)
		t->fence = at;
	return t->fenced;
}

/*
 * Thoughts that begin at ${at}, where thoughts came before.  A model that
 * thinks goes on behind the tag, in its line or the next; one that speaks of
 * tags quotes them, or sets a blank or a comma.
 */
static bool
begins_again(struct llm_thoughts *t, const struct buf *text, size_t at,
    bool last, bool *wait)
{
	const char *s = buf_str(text);
	size_t i, len = 0;
	int is = 0;
	unsigned char next;

	if (t->ncuts == NELEM(t->cuts))
		return false;
	for (i = 0; i < NELEM(TAGS) && is != 1; i++)
		if ((TAGS[i].flags & NAMED) != 0) {
			is = opens(t, &TAGS[i], text, at, &len);
			if (is == 1 && at + len == text->len && !last)
				is = -1;
			*wait |= is == -1 && !last;
			if (is == 1)
				t->close = TAGS[i].close;
			if (is == -1)
				is = 0;
		}
	if (is != 1)
		return false;
	next = (unsigned char)s[at + len];
	if (strchr("`\"'(", s[at - 1]) != NULL || is_fenced(t, text, at)
	    || (next != '\n' && next != '\r' && next < 0x80 && !isalnum(next)))
		return false;
	t->open = at;
	t->from = at + len;
	t->state = THOUGHTS_AGAIN;
	return true;
}

/* Among the words.  True when they were none: look once more. */
static bool
words(struct llm_thoughts *t, const struct buf *text, bool last, size_t *sure,
    bool *back)
{
	const char *s = buf_str(text), *at;
	const struct tag *tag;
	bool wait = false;

	*sure = text->len;
	while (!t->mentioned && t->from < text->len
	    && (at = memchr(s + t->from, '<', text->len - t->from)) != NULL) {
		t->from = (size_t)(at - s);
		if (t->seen && t->from > t->words
		    && begins_again(t, text, t->from, last, &wait))
			return true;
		tag = t->seen ? NULL : lone(t, text, t->from, last, &wait);
		if (tag != NULL) {
			*back = true;
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
	size_t sure = 0, end;
	bool more = true;

	/* Its last halves may have become a character. */
	if (t->from > text->len)
		t->from = text->len;
	if (t->tail > text->len)
		t->tail = text->len;
	while (more) {
		switch (t->state) {
		case THOUGHTS_OPENING:
			more = opening(t, text, last);
			break;
		case THOUGHTS_INSIDE:
			more = inside(t, text, last);
			break;
		case THOUGHTS_AGAIN:
			sure = t->open;
			more = again(t, text, last);
			break;
		default:
			more = words(t, text, last, &sure, back);
			break;
		}
	}
	if (t->state < THOUGHTS_WORDS)
		return t->words;
	end = llm_thoughts_end(t, text, !last);
	if (last)
		t->end = end;
	if (sure > end)
		sure = end;
	return sure > t->words ? sure : t->words;
}

size_t
llm_thoughts_visible(const struct llm_thoughts *t, size_t at, size_t until,
    size_t *end)
{
	size_t i;

	*end = until;
	for (i = 0; i < t->ncuts; i++) {
		if (at >= t->cuts[i].from && at < t->cuts[i].until)
			at = t->cuts[i].until;
		if (at < t->cuts[i].from && t->cuts[i].from < *end)
			*end = t->cuts[i].from;
	}
	if (*end < at)
		*end = at;
	return at;
}
