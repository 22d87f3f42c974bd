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

/* True if ${at}, where a mark stands, is in a fence that began after ${text}.
 * Asked from left to right: ${k} knows the fences before. */
static bool
is_fenced(struct llm_call_look *k, const char *text, const char *at)
{
	const char *s = text + k->fence;

	while (s < at
	    && (s = memmem(s, (size_t)(at - s), FENCE, sizeof(FENCE) - 1))
		!= NULL) {
		k->fenced ^= begins_line(text, s);
		s += sizeof(FENCE) - 1;
		k->fence = (size_t)(s - text);
	}
	if (text + k->fence < at)
		k->fence = (size_t)(at - text);
	return k->fenced;
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
		if (s[i] != ' ' && s[i] != '\t' && s[i] != '\r' && s[i] != '\n')
			out[n++] = s[i];
	return out;
}

/* What the person and tools said, blanks aside; made once for an answer. */
static const char **
said_by_others(struct text_calls *f)
{
	size_t i, n = 0;

	if (f->said != NULL)
		return f->said;
	f->said_mem = arena_new();
	f->said = arena_alloc(f->said_mem,
	    ((f->q == NULL ? 0 : f->q->nmessages) + 1) * sizeof(*f->said));
	for (i = 0; f->q != NULL && i < f->q->nmessages; i++) {
		const struct llm_message *m = &f->q->messages[i];

		if (m->role == LLM_USER || m->role == LLM_TOOL)
			f->said[n++] = without_blanks(f->said_mem, m->text,
			    strlen(m->text));
	}
	return f->said;
}

/* True if a call from the ${from}th on stands in what they said. */
static bool
is_said_by_others(struct text_calls *f, size_t from)
{
	const char **said = said_by_others(f), *call;
	struct arena *mem = arena_new();
	bool is = false;
	size_t i;

	for (; from < f->n && !is; from++) {
		if (f->place[from].len == 0)
			continue;
		call = without_blanks(mem, f->place[from].s,
		    f->place[from].len);
		for (i = 0; said[i] != NULL && !is; i++)
			is = strstr(said[i], call) != NULL;
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

/* Calls and nothing else from ${s} to the end of the text; else where they
 * stop: from there it is no better. */
static bool
is_calls(struct text_calls *f, const char *s, const char **stop)
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
	f->wasted += strlen(s);
	*stop = s;
	return false;
}

/* The whole text, in a fence or without a mark: amid words it would be an
 * example (jundot/omlx#3153). */
static bool
is_whole_call(struct text_calls *f, const char *text)
{
	static const char PYTHON[] = "```tool_code";
	const char *s = text + strspn(text, BLANKS), *end = s + strlen(s);
	const char *begin = s, *stop;
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
		return begin != s
		    && is_calls(f, arena_memdup(f->mem, s, len), &stop);
	place(f, 0, s, end);
	return true;
}

static bool
may_look(const struct text_calls *f, int looks)
{
	return looks < TEXT_CALLS_LOOKS && f->wasted <= TEXT_CALLS_WASTED;
}

/* Where the calls begin with which ${text} ends; NULL: with none. */
static const char *
find_native(struct text_calls *f, const char *text)
{
	struct llm_call_look k = { 0 };
	const char *s, *at, *end = text + strlen(text);
	int looks = 0;

	if (is_whole_call(f, text))
		return text;
	for (s = text; *s != '\0' && may_look(f, looks);
	     s += strcspn(s, "\n")) {
		s += strspn(s, BLANKS);
		at = s;
		if (text_form_begins(at, (size_t)(end - at), false) != 1)
			continue;
		looks++;
		if (begins_line(text, at) && !is_fenced(&k, text, at)
		    && is_calls(f, at, &s))
			return at;
	}
	return NULL;
}

/* Our own form, wherever it stands; what is left are the words. */
static const char *
read_own(struct text_calls *f, const char *text)
{
	struct buf words = BUF_INIT(LLM_TEXT_MAX);
	struct llm_call_look k = { 0 };
	const char *at = text, *from = text, *open, *end;
	size_t before, left = strlen(text);
	char *out;
	int looks = 0;

	while (f->n < TOOL_CALLS_MAX && may_look(f, looks)
	    && (open = strchr(from, '<')) != NULL) {
		left -= (size_t)(open + 1 - from);
		from = open + 1;
		if (text_form_begins(open, left + 1, true) != 1)
			continue;
		looks++;
		if (is_quoted(text, open)
		    || (is_fenced(&k, text, open)
			&& strncmp(text + strspn(text, BLANKS), FENCE,
			       sizeof(FENCE) - 1)
			    != 0))
			continue;
		before = f->n;
		end = text_form_take(f, open);
		if (end != NULL)
			place(f, before, open, end);
		if (end == NULL || is_said_by_others(f, before)) {
			f->n = before;
			f->wasted += left;
			continue;
		}
		(void)!buf_add(&words, at, (size_t)(open - at));
		left -= (size_t)(end - from);
		at = from = end;
	}
	(void)!buf_add_str(&words, at);
	out = arena_memdup(f->mem, buf_str(&words), words.len);
	buf_fini(&words);
	return f->n > 0 ? text_strip(f->mem, out) : text;
}

/* Each form has a mark, a document or a fence: most answers have none. */
static bool
may_have_calls(const char *text)
{
	return strpbrk(text, "<{[`") != NULL;
}

const char *
llm_text_calls_find(struct arena *mem, const char *text,
    const struct llm_question *q, bool own, struct tool_call **calls, size_t *n)
{
	struct text_calls f = { .mem = mem, .q = q, .own = own };
	const char *from, *words = text;

	*calls = NULL;
	*n = 0;
	if (!may_have_calls(text))
		return text;
	f.calls = arena_alloc(mem, TOOL_CALLS_MAX * sizeof(*f.calls));
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
	arena_free(f.said_mem);
	*calls = f.calls;
	*n = f.n;
	return words;
}

/* True if what begins at ${text} + ${k->head_at} may be a call as a whole,
 * blanks aside. */
static bool
may_be_whole(struct llm_call_look *k, const char *text, size_t len)
{
	static const char *const BEGINS[] = { "{\"name\":", "[{\"name\":",
		"{\"function\":", "{\"type\":\"function\"",
		"```json{\"name\":", "```json<tool_call>",
		"```{\"name\":", "```<tool_call>", "```xml<tool_call>",
		"```tool_call", "```tool_code" };
	size_t i, n;

	for (; k->head_len < sizeof(k->head) && k->head_at < len; k->head_at++)
		if (strchr(BLANKS, text[k->head_at]) == NULL)
			k->head[k->head_len++] = text[k->head_at];
	for (i = 0; i < NELEM(BEGINS); i++) {
		n = strlen(BEGINS[i]);
		if (memcmp(k->head, BEGINS[i],
			n < k->head_len ? n : k->head_len)
		    == 0)
			return true;
	}
	return false;
}

static size_t
blanks(const char *text, size_t at, size_t len)
{
	while (at < len && strchr(BLANKS, text[at]) != NULL)
		at++;
	return at;
}

/* From ${at} on: where the next line begins with a word, or that of ${at}
 * itself; at most ${len}. */
static size_t
next_line(const char *text, size_t begin, size_t at, size_t len)
{
	const char *end;

	if (!begins_line(text + begin, text + at)) {
		end = memchr(text + at, '\n', len - at);
		at = end == NULL ? len : (size_t)(end - text);
	}
	return blanks(text, at, len);
}

static size_t
sure_native(struct llm_call_look *k, const char *text, size_t len)
{
	size_t at;

	if (!k->words) {
		k->at = blanks(text, k->at, len);
		if (k->head_at < k->at)
			k->head_at = k->at;
		if (k->at < len && may_be_whole(k, text, len))
			return k->at;
		k->words = k->at < len;
	}
	while (k->at < len) {
		at = next_line(text, k->begin, k->at, len);
		k->at = at;
		if (at == len)
			break;
		if (text_form_begins(text + at, len - at, false) != 0
		    && begins_line(text + k->begin, text + at)
		    && !is_fenced(k, text + k->begin, text + at))
			return at;
		k->at++;
	}
	return len;
}

static size_t
sure_own(struct llm_call_look *k, const char *text, size_t len)
{
	const char *open;

	while (k->at < len) {
		open = memchr(text + k->at, '<', len - k->at);
		if (open == NULL) {
			k->at = len;
			break;
		}
		k->at = (size_t)(open - text);
		if (text_form_begins(open, len - k->at, true) != 0
		    && !is_quoted(text + k->begin, open))
			return k->at;
		k->at++;
	}
	return len;
}

size_t
llm_text_calls_sure(struct llm_call_look *k, const char *text, size_t begin,
    size_t len, bool own)
{
	if (k->begin != begin)
		*k = (struct llm_call_look){ .begin = begin, .at = begin };
	return own ? sure_own(k, text, len) : sure_native(k, text, len);
}
