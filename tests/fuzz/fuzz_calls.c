/*
 * Calls in the words of a model (llm/text_calls.h), and arguments as models
 * write them.  The first byte chooses: our own form, or those of models.  What
 * was surely no call while it came is no part of one in the end.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json_loose.h"
#include "base/text.h"
#include "llm/llm_priv.h"

#define STEPS 16 /* pieces in which the text comes */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static const struct tool_spec TOOLS[] = {
	{ .name = "echo", .description = "" },
	{ .name = "now", .description = "" },
};

/* What is shown while the text comes are its words, blanks aside.  An answer
 * that is a call as a whole may be taken back. */
static void
nothing_was_shown(struct arena *mem, const char *text, const char *words)
{
	struct llm_call_look look = { 0 };
	size_t len = strlen(text), i, shown = 0;
	const char *seen;

	if (strchr("`{[", text[strspn(text, " \t\r\n")]) != NULL)
		return;
	for (i = 1; i <= STEPS; i++)
		shown = llm_text_calls_sure(&look, text, 0, len * i / STEPS,
		    false);
	seen = text_strip(mem, arena_memdup(mem, text, shown));
	if (strncmp(words, seen, strlen(seen)) != 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct arena *mem = arena_new();
	const struct llm_question q = { .tools = TOOLS,
		.ntools = NELEM(TOOLS) };
	struct tool_call *calls;
	struct buf b = BUF_INIT(1 * MIB);
	bool own = len > 0 && (bytes[0] & 1) != 0;
	const char *text, *words;
	size_t i, n;

	text = text_clean(mem, (const char *)bytes + (len > 0),
	    len - (len > 0));
	words = llm_text_calls_find(mem, text, own ? NULL : &q, own, &calls,
	    &n);
	if (n > TOOL_CALLS_MAX || !text_is_utf8(words, strlen(words))
	    || (n == 0 && words != text))
		abort();
	for (i = 0; i < n; i++)
		if (!text_is_utf8(calls[i].arguments,
			strlen(calls[i].arguments))
		    || (!own && !llm_is_offered(&q, calls[i].name)))
			abort();
	if (!own && n > 0)
		nothing_was_shown(mem, text, words);
	if (!text_is_utf8(llm_arguments(mem, text),
		strlen(llm_arguments(mem, text))))
		abort();
	(void)!json_loose(&b, text);
	buf_fini(&b);
	arena_free(mem);
	return 0;
}
