/*
 * text_calls: calls of tools that stand in the words of an answer.
 *
 * Two kinds of model write them: one that is asked so (llm.tools: text; our own
 * form only), and one with native calls whose server left them in the words,
 * its parser being off or missing one.  What such a text says may be somebody
 * else's: a model speaks of calls, and quotes pages that want to be obeyed.
 *
 * So, with native calls, words are a call only where all of this is true:
 *
 *   - it is written as a call that models write (THE table, text_forms.c), and
 *     names a tool that was offered
 *   - it begins a line, outside of fences and not indented as code, and after it
 *     come other calls or nothing; with a fence around it, or as bare JSON, it
 *     is the whole answer
 *   - it does not stand like that in what the person or a tool said: then the
 *     model quotes
 *
 * Everything else is words for the person.  An example is never called; a call
 * with words after it is not, either: the person sees it and asks again.  With
 * `llm.tools: native` no words are a call.
 *
 * Our own form may have words around it, as weak models put them there, but
 * quotes, backticks, a fence in the midst of words and quoting make it words.
 */
#ifndef LLM_TEXT_CALLS_H
#define LLM_TEXT_CALLS_H

#include "llm/llm_priv.h"

/* So many beginnings of calls are looked at in one answer: each may cost a look
 * at the rest of it.  One with more speaks of calls. */
#define TEXT_CALLS_LOOKS 64
/* Bytes that were looked at in vain; eight times the longest answer. */
#define TEXT_CALLS_WASTED (8 * MIB)

/* Calls as they are found. */
struct text_calls {
	struct arena *mem;
	const struct llm_question *q; /* NULL, or without tools: any name */
	bool own; /* our form: what cannot be read is called all the same, so
		     that the model is told by the result */
	struct tool_call *calls; /* TOOL_CALLS_MAX; ids are not set */
	size_t n;
	/* Where they stand: each, or the first of several at once. */
	struct {
		const char *s;
		size_t len;
	} place[TOOL_CALLS_MAX];
	size_t wasted;     /* bytes behind beginnings that were none */
	const char **said; /* by others, blanks aside, up to a NULL; or NULL */
	struct arena *said_mem; /* of those */
};

/* text_forms.c: the call that begins at ${s} goes to ${f}; where it ends.
 * NULL: none begins there, and ${f} is as it was. */
const char *text_form_take(struct text_calls *f, const char *s);
/* What ${s}, with its ${len} bytes so far, begins with is the mark of a call:
 * 1; may become one: -1; 0: neither. */
int text_form_begins(const char *s, size_t len, bool own);
/* Bytes at ${s} that stand around calls or end an answer; 0: none do. */
size_t text_form_around(const char *s);
/* JSON documents, or a list of such, that are calls and nothing else; each has
 * its arguments. */
bool text_form_documents(struct text_calls *f, const char *s, size_t len);
/* Where the JSON that begins at ${s} ends; NULL: it does not. */
const char *text_form_json_end(const char *s);

/* text_found.c: a call is added to ${f}; false: it is none. */
bool text_found_add(struct text_calls *f, const char *name,
    const char *arguments);

/*
 * text_values.c: arguments that are written one by one.
 */
struct text_marks {
	const char *open, *name_end; /* around the name */
	const char *value, *close;   /* around the value; what stands between
					name_end and value are attributes */
};
/* The arguments in ${len} bytes at ${s} for ${tool}, as an object; NULL: they
 * do not end. */
const char *text_values_marked(const struct text_calls *f, const char *tool,
    const struct text_marks *m, const char *s, size_t len);
/* Lines of Python that call tools, as Gemma writes them. */
bool text_values_python(struct text_calls *f, const char *s, size_t len);

#endif
