#include "chat/told.h"

#include <stdint.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "chat/phrases.h"

static const char CUT_NOTE[] = "\n[cut: the result was longer]";

/* At most TOLD_MAX, between two characters, with a note: a turn may have
 * hundreds, and a model's context holds a few. */
static const char *
limit(struct arena *mem, const char *text)
{
	size_t len = strlen(text);

	if (len <= TOLD_MAX)
		return text;
	return arena_printf(mem, "%.*s%s",
	    (int)text_whole(text, TOLD_MAX - sizeof(CUT_NOTE)), text, CUT_NOTE);
}

/* With the addresses that the person is to open, if it is that. */
static const char *
asks(struct arena *mem, const json_t *questions)
{
	const char *text = PHRASE_TOOL_ASKS, *key, *url;
	json_t *question;

	json_object_foreach((json_t *)(uintptr_t)questions, key, question) {
		url = json_member_str(json_object_get(question, "params"),
		    "url");
		if (url != NULL && strlen(text) <= TOLD_MAX)
			text = arena_printf(mem, "%s\nThe person may open: %s",
			    text, url);
	}
	return limit(mem, text);
}

struct turn_result
told(struct arena *mem, const struct tool_result *result)
{
	struct turn_result out = { .end = TOOL_FAILED,
		.denied = result->refusal == TOOL_REFUSED_RIGHTS,
		.token_expired = result->refusal == TOOL_REFUSED_TOKEN };

	switch (result->end) {
	case TOOL_ASKS:
		out.text = asks(mem, result->questions);
		return out;
	case TOOL_LATER:
		out.text = PHRASE_TOOL_LATER;
		return out;
	default:
		break;
	}
	out.end = result->end;
	out.text = limit(mem, tool_result_text(mem, result));
	/* Servers refuse each further question after a tool's message without
	 * words: an error's (can1357/oh-my-pi#2250), strict ones any. */
	if (out.text[strspn(out.text, " \t\r\n")] == '\0')
		out.text = out.end == TOOL_FAILED ? PHRASE_TOOL_SILENT_FAILURE
						  : PHRASE_TOOL_SILENT;
	return out;
}
