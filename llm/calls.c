/*
 * calls: how the pieces of tool calls are put together.
 */
#include <string.h>

#include "base/json.h"
#include "base/json_repair.h"
#include "base/text.h"
#include "llm/llm_priv.h"

static bool
has(const char *s)
{
	return s != NULL && s[0] != '\0';
}

/* What is kept of ${name}: so much that it still is too long. */
static const char *
cut_name(struct llm_reading *r, const char *name)
{
	return has(name) ? text_cut(r->event, name, LLM_NAME_MAX + 1) : NULL;
}

struct llm_partial_call *
llm_call_begin(struct llm_reading *r, int64_t index, const char *id,
    const char *name)
{
	struct llm_partial_call *p;

	if (r->ncalls == NELEM(r->calls))
		return NULL;
	p = &r->calls[r->ncalls++];
	*p = (struct llm_partial_call){ .index = index,
		.id = has(id) ? arena_strdup(r->mem, id) : NULL,
		.name = arena_strdup(r->mem, cut_name(r, name)) };
	buf_init(&p->arguments, LLM_ARGUMENTS_MAX);
	r->content++;
	return p;
}

/* The call begun last at ${index} (any, where the server counts none). */
static struct llm_partial_call *
last_at(struct llm_reading *r, int64_t index)
{
	size_t i;

	for (i = r->ncalls; i > 0; i--)
		if (index < 0 || r->calls[i - 1].index == index)
			return &r->calls[i - 1];
	return NULL;
}

static struct llm_partial_call *
by_id(struct llm_reading *r, int64_t index, const char *id)
{
	size_t i;

	for (i = r->ncalls; i > 0; i--)
		if (r->calls[i - 1].id != NULL
		    && strcmp(r->calls[i - 1].id, id) == 0
		    && (index < 0 || r->calls[i - 1].index == index))
			return &r->calls[i - 1];
	return NULL;
}

/* ${name} goes on what ${p} has of its name ("get_" "weather").  Asked for each
 * piece: nothing is copied for it. */
static bool
is_rest_of_name(const struct llm_reading *r, const struct llm_partial_call *p,
    const char *name)
{
	size_t len, i;

	if (p->name == NULL)
		return true;
	if (r->q == NULL || p->arguments.len > 0
	    || llm_is_offered(r->q, p->name))
		return false;
	len = strlen(p->name);
	for (i = 0; i < r->q->ntools; i++)
		if (strncmp(r->q->tools[i].name, p->name, len) == 0
		    && strcmp(r->q->tools[i].name + len, name) == 0)
			return true;
	return false;
}

/*
 * A piece with an id that is new belongs to ${p} all the same if that call
 * isn't whole yet: some give each piece an id of its own (poolsideai/pool#9).
 * Two calls at one index: ollama/ollama#15457.
 */
static bool
is_same_call(const struct llm_reading *r, const struct llm_partial_call *p,
    const char *id, const char *name, bool arguments)
{
	if (p->arguments.len > 0 && !p->whole)
		return true;
	if (has(id) && p->id != NULL)
		return !has(name) && p->arguments.len == 0 && arguments;
	if (!has(name) || is_rest_of_name(r, p, name))
		return true;
	/* Repeated with the first arguments, or the next call. */
	return p->arguments.len == 0 && strcmp(p->name, name) == 0;
}

struct llm_partial_call *
llm_call_of(struct llm_reading *r, int64_t index, const char *id,
    const char *name, bool arguments)
{
	struct llm_partial_call *p = has(id) ? by_id(r, index, id) : NULL;

	name = cut_name(r, name);
	if (p == NULL) {
		p = last_at(r, index);
		if (p == NULL || !is_same_call(r, p, id, name, arguments))
			return llm_call_begin(r, index, id, name);
	}
	if (p->id == NULL && has(id))
		p->id = arena_strdup(r->mem, id);
	if (has(name) && p->name == NULL)
		p->name = arena_strdup(r->mem, name);
	else if (has(name) && is_rest_of_name(r, p, name))
		p->name = arena_printf(r->mem, "%s%s", p->name, name);
	return p; /* a name that is repeated says nothing new */
}

/* Follows the brackets, so that a whole object is seen as it ends. */
static void
follow(struct llm_partial_call *p, const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		char c = s[i];

		if (p->in_string) {
			if (!p->escaped && c == '"')
				p->in_string = false;
			p->escaped = !p->escaped && c == '\\';
		} else if (c == '"') {
			p->in_string = true;
		} else if (c == '{' || c == '[') {
			p->depth++;
		} else if (c == '}' || c == ']') {
			p->depth--;
			p->whole = p->depth <= 0;
		}
	}
}

/*
 * After a whole object comes nothing but the same or a better one: "{}" before
 * the real arguments (anthropics/anthropic-sdk-python begins so, and relays
 * pass it on as a piece), or the whole call in the last event.
 */
void
llm_call_add(struct llm_reading *r, struct llm_partial_call *p, const char *s,
    size_t len)
{
	size_t from;

	if (len == 0 || p->arguments.full)
		return; /* past the limit they are no JSON: the model is told */
	r->content++;
	if (p->whole) {
		if (s[strspn(s, " \t\r\n")] != '{')
			return;
		buf_reset(&p->arguments);
		p->whole = p->in_string = p->escaped = false;
		p->depth = 0;
	}
	from = p->arguments.len;
	if (buf_add(&p->arguments, s, len) == -1)
		return;
	follow(p, s, len);
	if (r->halves)
		(void)json_join_halves(&p->arguments, from, false);
}

/* The arguments of ${p}.  None at all means {}, but not when the answer was
 * cut: then nobody knows what was to come, and "" tells the model so. */
static const char *
arguments_of(struct llm_reading *r, struct llm_partial_call *p)
{
	const char *text;

	if (r->halves)
		(void)json_join_halves(&p->arguments, p->arguments.len, true);
	text = text_clean(r->mem, buf_str(&p->arguments), p->arguments.len);
	if (llm_is_blank(text))
		return r->cut ? "" : "{}";
	return llm_arguments(r->mem, text);
}

/* As the server counts them; those of one index, or of none, as they came. */
static void
sort(struct llm_reading *r)
{
	size_t i, j;

	for (i = 0; i < r->ncalls; i++)
		if (r->calls[i].index < 0)
			return;
	for (i = 1; i < r->ncalls; i++) {
		struct llm_partial_call p = r->calls[i];

		for (j = i; j > 0 && r->calls[j - 1].index > p.index; j--)
			r->calls[j] = r->calls[j - 1];
		r->calls[j] = p;
	}
}

void
llm_calls_finish(struct llm_reading *r, struct llm_answer *answer)
{
	size_t i;

	answer->calls = arena_alloc(r->mem,
	    (r->ncalls + 1) * sizeof(*answer->calls));
	r->call_extras = json_keep(r->mem, json_array());
	sort(r);
	for (i = 0; i < r->ncalls; i++) {
		struct llm_partial_call *p = &r->calls[i];
		const char *meant;

		if (!has(p->name)) {
			p->id = NULL;
			continue;
		}
		meant = llm_tool_meant(r->q, r->mem, p->name);
		if (meant != NULL)
			p->name = meant;
		p->id = llm_call_id(r, answer, p->id, i);
		answer->calls[answer->ncalls++] = (struct tool_call){
			.id = p->id,
			/* What is longer is no tool's, and goes far. */
			.name = text_cut(r->mem, p->name, TOOL_NAME_MAX - 1),
			.arguments = arguments_of(r, p)
		};
		json_array_append_new(r->call_extras,
		    p->extra == NULL ? json_null() : json_incref(p->extra));
	}
}

/* What is kept of the answer goes back with the calls as such: the end of its
 * text, after ${words}, is no part of it. */
static void
cut_text(struct llm_reading *r, const char *text, const char *words)
{
	const char *at = strstr(text, words);
	size_t rest = at == NULL ? 0 : strlen(at + strlen(words));

	if (rest > r->text.len)
		rest = r->text.len;
	if (rest == 0)
		return;
	r->text.len -= rest;
	r->text.data[r->text.len] = '\0';
}

static bool
is_same(struct llm_reading *r, const char *a, const char *b)
{
	return json_equal(json_read(r->mem, a, strlen(a), NULL, NULL),
	    json_read(r->mem, b, strlen(b), NULL, NULL));
}

static void
set_arguments(struct llm_reading *r, struct tool_call *c, const char *arguments)
{
	size_t i;

	c->arguments = arguments;
	for (i = 0; i < r->ncalls; i++)
		if (r->calls[i].id == c->id) {
			buf_reset(&r->calls[i].arguments);
			(void)!buf_add_str(&r->calls[i].arguments, arguments);
		}
}

/* Calls that stand in the text and are given as such, too, those perhaps
 * without their arguments (cline/cline#13348).  True if all of the text's
 * are. */
static bool
fill(struct llm_reading *r, struct llm_answer *answer,
    const struct tool_call *calls, size_t n)
{
	bool used[TOOL_CALLS_MAX + 1] = { false };
	size_t i, j, matched = 0;

	for (j = 0; j < n; j++)
		for (i = 0; i < answer->ncalls; i++) {
			struct tool_call *c = &answer->calls[i];
			bool empty = strcmp(c->arguments, "{}") == 0;

			if (used[i] || strcmp(calls[j].name, c->name) != 0
			    || (!empty
				&& !is_same(r, calls[j].arguments,
				    c->arguments)))
				continue;
			if (empty)
				set_arguments(r, c, calls[j].arguments);
			used[i] = true;
			matched++;
			break;
		}
	return matched == n;
}

/* Thoughts that never ended hold the call (Qwen 3): they end before it. */
static void
look_in_thoughts(struct llm_reading *r, struct tool_call **calls, size_t *n)
{
	const char *text = text_clean(r->mem, buf_str(&r->text), r->text.len);
	const char *words = llm_text_calls_find(r->mem, text, r->q, false,
	    calls, n);

	if (*n == 0)
		return;
	cut_text(r, text, words);
	(void)!buf_add_str(&r->text, r->thoughts.close);
}

void
llm_calls_in_text(struct llm_reading *r, struct llm_answer *answer)
{
	const char *text = answer->text, *words;
	struct tool_call *calls;
	size_t i, n;

	if (r->text_tools && answer->ncalls > 0)
		return;
	words = llm_text_calls_find(r->mem, text, r->q, r->text_tools, &calls,
	    &n);
	if (answer->ncalls > 0 && (n == 0 || !fill(r, answer, calls, n)))
		return;
	answer->text = words;
	if (n > 0 && !r->text_tools)
		cut_text(r, text, words);
	if (n == 0 && r->thoughts.close != NULL && !r->text_tools
	    && llm_is_blank(text))
		look_in_thoughts(r, &calls, &n);
	if (n == 0 || answer->ncalls > 0)
		return;
	answer->calls = calls;
	for (i = 0; i < n; i++) {
		calls[i].id = llm_call_id(r, answer, NULL, i);
		answer->ncalls++;
	}
	r->text_calls = calls;
	r->ntext_calls = n;
}
