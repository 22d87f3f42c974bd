#include "llm/text_calls.h"

#include <string.h>

#include "base/text.h"

static const char BLANKS[] = " \t\r\n";
#define INDENT_MAX 3 /* Markdown's */

static const char FENCE[] = "```";

/* True if ${at} begins a line of ${text}; what is indented more than
 * INDENT_MAX, or by a tab, is shown as code. */
static bool
begins_line(const char *text, const char *at)
{
	int indent;

	for (indent = 0; indent < INDENT_MAX && at > text && at[-1] == ' ';
	     indent++)
		at--;
	return at == text || at[-1] == '\n' || at[-1] == '\r';
}

/* True if ${at} stands in a fence that began after ${text}. */
static bool
is_fenced(const char *text, const char *at)
{
	const char *s;
	bool inside = false;

	for (s = text; (s = strstr(s, FENCE)) != NULL && s < at;
	     s += sizeof(FENCE) - 1)
		if (begins_line(text, s))
			inside = !inside;
	return inside;
}

static bool
is_quoted(const char *text, const char *at)
{
	return at > text && strchr("`\"'(", at[-1]) != NULL;
}

static char *
without_blanks(struct arena *mem, const char *s, size_t len)
{
	char *out = arena_alloc(mem, len + 1);
	size_t i, n = 0;

	for (i = 0; i < len; i++)
		if (strchr(BLANKS, s[i]) == NULL)
			out[n++] = s[i];
	return out;
}

/* True if a call from the ${from}th on stands in what the person or a tool
 * said, blanks aside. */
static bool
is_said_by_others(const struct text_calls *f, size_t from)
{
	struct arena *mem = arena_new();
	size_t i, j;
	bool is = false;

	for (i = 0; f->q != NULL && i < f->q->nmessages && !is; i++) {
		const struct llm_message *m = &f->q->messages[i];
		const char *said;

		if (m->role != LLM_USER && m->role != LLM_TOOL)
			continue;
		arena_reset(mem);
		said = without_blanks(mem, m->text, strlen(m->text));
		for (j = from; j < f->n && !is; j++)
			is = f->place[j].len > 0
			    && strstr(said,
				   without_blanks(
				       mem, f->place[j].s, f->place[j].len))
				!= NULL;
	}
	arena_free(mem);
	return is;
}

static void
place(struct text_calls *f, size_t at, const char *s, const char *end)
{
	size_t i;

	for (i = at; i < f->n; i++) {
		f->place[i].s = s;
		f->place[i].len = i == at ? (size_t)(end - s) : 0;
	}
}

/* Calls and nothing else from ${s} to the end of the text. */
static bool
is_calls(struct text_calls *f, const char *s)
{
	size_t before = f->n, n;
	const char *end;
	int looks;

	for (looks = 0; looks < TEXT_CALLS_LOOKS; looks++) {
		size_t at = f->n;

		s += strspn(s, BLANKS);
		n = text_form_around(s);
		if (n > 0) {
			s += n;
			continue;
		}
		end = *s == '\0' ? NULL : text_form_take(f, s);
		if (end == NULL)
			break;
		place(f, at, s, end);
		s = end;
	}
	if (*s == '\0' && f->n > before)
		return true;
	f->n = before;
	return false;
}

/* The whole text, in a fence or without a mark: amid words it would be an
 * example (jundot/omlx#3153). */
static bool
is_whole_call(struct text_calls *f, const char *text)
{
	static const char PYTHON[] = "```tool_code";
	const char *s = text + strspn(text, BLANKS), *end = s + strlen(s);
	const char *begin = s;
	size_t len;

	while (end > s && strchr(BLANKS, end[-1]) != NULL)
		end--;
	if (strncmp(s, FENCE, sizeof(FENCE) - 1) == 0) {
		s += strcspn(s, "\n"); /* and the language */
		s += strspn(s, BLANKS);
		len = sizeof(FENCE) - 1;
		if (end < s + len || memcmp(end - len, FENCE, len) != 0)
			return false;
		end -= len;
	}
	len = (size_t)(end - s);
	if (strncmp(begin, PYTHON, sizeof(PYTHON) - 1) == 0
		? !text_values_python(f, s, len)
		: !text_form_documents(f, s, len))
		return begin != s && is_calls(f, arena_memdup(f->mem, s, len));
	place(f, 0, s, end);
	return true;
}

/* Where the calls begin with which ${text} ends; NULL: with none. */
static const char *
find_native(struct text_calls *f, const char *text)
{
	const char *s, *at;
	int looks = 0;

	if (is_whole_call(f, text))
		return text;
	for (s = text; *s != '\0' && looks < TEXT_CALLS_LOOKS;
	     s += strcspn(s, "\n")) {
		s += strspn(s, BLANKS);
		at = s;
		if (text_form_begins(at, strlen(at), false) != 1)
			continue;
		looks++;
		if (begins_line(text, at) && !is_fenced(text, at)
		    && is_calls(f, at))
			return at;
	}
	return NULL;
}

/* Our own form, wherever it stands; what is left are the words. */
static const char *
read_own(struct text_calls *f, const char *text)
{
	struct buf words = BUF_INIT(LLM_TEXT_MAX);
	const char *at = text, *from = text, *open, *end;
	size_t before;
	char *out;
	int looks = 0;

	while (f->n < TOOL_CALLS_MAX && looks < TEXT_CALLS_LOOKS
	    && (open = strchr(from, '<')) != NULL) {
		from = open + 1;
		if (text_form_begins(open, strlen(open), true) != 1)
			continue;
		looks++;
		if (is_quoted(text, open)
		    || (is_fenced(text, open)
			&& strncmp(text + strspn(text, BLANKS), FENCE,
			       sizeof(FENCE) - 1)
			    != 0))
			continue;
		before = f->n;
		end = text_form_take(f, open);
		if (end == NULL)
			continue;
		place(f, before, open, end);
		if (is_said_by_others(f, before)) {
			f->n = before;
			continue;
		}
		(void)!buf_add(&words, at, (size_t)(open - at));
		at = from = end;
	}
	(void)!buf_add_str(&words, at);
	out = arena_memdup(f->mem, buf_str(&words), words.len);
	buf_fini(&words);
	return f->n > 0 ? text_strip(f->mem, out) : text;
}

const char *
llm_text_calls_find(struct arena *mem, const char *text,
    const struct llm_question *q, bool own, struct tool_call **calls, size_t *n)
{
	struct text_calls f = { .mem = mem,
		.q = q,
		.own = own,
		.calls = arena_alloc(mem, TOOL_CALLS_MAX * sizeof(*f.calls)) };
	const char *from, *words = text;

	if (own) {
		words = read_own(&f, text);
	} else {
		from = find_native(&f, text);
		if (from != NULL && is_said_by_others(&f, 0))
			f.n = 0;
		if (f.n > 0)
			words = text_strip(mem,
			    arena_memdup(mem, text, (size_t)(from - text)));
	}
	*calls = f.calls;
	*n = f.n;
	return words;
}

/* True if ${len} bytes at ${s} may begin an answer that is a call as a whole,
 * blanks aside. */
static bool
may_be_whole(const char *s, size_t len)
{
	static const char *const BEGINS[] = { "{\"name\":", "[{\"name\":",
		"{\"function\":", "{\"type\":\"function\"",
		"```json{\"name\":", "```json<tool_call>",
		"```{\"name\":", "```<tool_call>", "```xml<tool_call>",
		"```tool_call", "```tool_code" };
	size_t i, at;
	const char *b;

	for (i = 0; i < NELEM(BEGINS); i++) {
		b = BEGINS[i];
		for (at = 0; at < len && *b != '\0'; at++) {
			if (strchr(BLANKS, s[at]) != NULL)
				continue;
			if (s[at] != *b)
				break;
			b++;
		}
		if (at == len || *b == '\0')
			return true;
	}
	return false;
}

/* From ${at} on: where the next line begins with a word, or that of ${at}
 * itself. */
static size_t
next_line(const char *text, size_t begin, size_t at)
{
	if (!begins_line(text + begin, text + at))
		at += strcspn(text + at, "\n");
	return at + strspn(text + at, BLANKS);
}

static size_t
sure_native(const char *text, size_t begin, size_t from, size_t len)
{
	size_t at = begin + strspn(text + begin, BLANKS);

	if (from <= at && at < len && may_be_whole(text + at, len - at))
		return at;
	for (at = next_line(text, begin, from); at < len;
	     at = next_line(text, begin, at + 1))
		if (text_form_begins(text + at, len - at, false) != 0
		    && begins_line(text + begin, text + at)
		    && !is_fenced(text + begin, text + at))
			return at;
	return len;
}

size_t
llm_text_calls_sure(
    const char *text, size_t begin, size_t from, size_t len, bool own)
{
	if (!own)
		return sure_native(text, begin, from, len);
	for (; from < len; from++) {
		from += strcspn(text + from, "<");
		if (from < len
		    && text_form_begins(text + from, len - from, true) != 0
		    && !is_quoted(text + begin, text + from))
			return from;
	}
	return len;
}
