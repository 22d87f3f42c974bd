/*
 * text_tools: calls of tools written in words, for models without native
 * calls.
 */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "llm/llm_priv.h"

static const char OPEN[] = "<tool_call>";
static const char CLOSE[] = "</tool_call>";
static const char RESULT_CLOSE[] = "</tool_result>";

char *
llm_text_tools_prompt(struct arena *mem, const struct tool_spec *tools,
    size_t ntools)
{
	struct buf b = BUF_INIT(4 * MIB);
	char *out;
	size_t i;

	/* Past the limit the last tools are not told of. */
	(void)!buf_add_str(&b,
	    "You can call tools. To call one, write a line of exactly this "
	    "form and nothing after it:\n"
	    "<tool_call>{\"name\": \"NAME\", \"arguments\": {...}}"
	    "</tool_call>\n"
	    "Several calls may follow one another. The results come in the "
	    "next message, as <tool_result>. These are the tools, with the "
	    "JSON Schema of their arguments:");
	for (i = 0; i < ntools && !b.full; i++)
		if (buf_printf(&b, "\n- %s: %s ", tools[i].name,
			tools[i].description)
		    == 0)
			(void)!llm_add_schema(&b, &tools[i]);
	out = arena_memdup(mem, buf_str(&b), b.len);
	buf_fini(&b);
	return out;
}

char *
llm_text_tools_result(struct arena *mem, const struct llm_message *m)
{
	struct buf b = BUF_INIT(4 * MIB);
	const char *from = m->text, *at;
	char *out;

	/* Past the limit the result is not whole; what calls tools has cut it
	 * long before. */
	(void)!buf_printf(&b, "<tool_result name=\"%s\"%s>", m->tool,
	    m->is_error ? " error=\"true\"" : "");
	for (; (at = strstr(from, RESULT_CLOSE)) != NULL; from = at + 1) {
		(void)!buf_add(&b, from, (size_t)(at - from));
		(void)!buf_add_str(&b, "&lt;");
	}
	(void)!buf_add_str(&b, from);
	(void)!buf_add_str(&b, RESULT_CLOSE);
	out = arena_memdup(mem, buf_str(&b), b.len);
	buf_fini(&b);
	return out;
}

/*
 * Calls as models write them.  Servers whose parser is off or misses one leave
 * them in the words (oobabooga/textgen#7427, youssofal/MTPLX#20,
 * sgl-project/sglang#3387).
 */
static const struct form {
	const char *open;
	const char *close; /* NULL: the end of the JSON */
	enum { NAME_INSIDE, NAME_BEFORE, NAME_LIST } name;
} FORMS[] = {
	{ OPEN, CLOSE, NAME_INSIDE },		    /* ours; Qwen, Hermes */
	{ "<function=", "</function>", NAME_BEFORE }, /* Llama 3, Qwen Coder */
	{ "[TOOL_CALLS]", NULL, NAME_LIST },	    /* Mistral */
	{ "<|python_tag|>", NULL, NAME_INSIDE },    /* Llama 3.1 */
};

size_t
llm_text_tools_sure(const char *text, size_t from, size_t len)
{
	size_t i, n;

	for (; (n = strcspn(text + from, "<[")) < len - from; from++) {
		from += n;
		for (i = 0; i < NELEM(FORMS); i++) {
			size_t open = strlen(FORMS[i].open) - 1;

			n = len - from < open ? len - from : open;
			if (memcmp(text + from, FORMS[i].open, n) == 0)
				return from;
		}
	}
	return len;
}

/* Where the JSON that begins at ${s} ends; NULL: it does not. */
static const char *
json_end(const char *s)
{
	bool in_string = false;
	int depth = 0;

	for (; *s != '\0'; s++) {
		if (in_string && *s == '\\' && s[1] != '\0')
			s++;
		else if (*s == '"')
			in_string = !in_string;
		else if (!in_string && (*s == '{' || *s == '['))
			depth++;
		else if (!in_string && (*s == '}' || *s == ']')
		    && --depth <= 0)
			return s + 1;
	}
	return NULL;
}

struct found {
	struct arena *mem;
	const struct llm_question *q; /* NULL: any name will do */
	struct tool_call *calls;
	size_t n;
};

/* A call; false if it is none. */
static bool
add_found(struct found *f, const char *name, const char *arguments)
{
	if (f->n == TOOL_CALLS_MAX
	    || (f->q != NULL && (name == NULL || arguments == NULL
				    || !llm_is_offered(f->q, name))))
		return false;
	/* What cannot be read is called all the same: the model is told by
	 * the result, and may do better. */
	f->calls[f->n] = (struct tool_call){
		.id = arena_printf(f->mem, "call_%zu", f->n),
		.name = name == NULL
		    ? "unknown"
		    : text_cut(f->mem, name, TOOL_NAME_MAX - 1),
		.arguments = arguments };
	f->n++;
	return true;
}

static bool
add_document(struct found *f, const json_t *doc, const char *s, size_t len)
{
	const json_t *arguments = json_object_get(doc, "arguments");

	if (arguments == NULL)
		arguments = json_object_get(doc, "parameters");
	return add_found(f, json_member_str(doc, "name"),
	    json_is_object(arguments)	  ? json_text(f->mem, arguments)
		: json_is_string(arguments) ? json_string_value(arguments)
		: doc == NULL		    ? arena_memdup(f->mem, s, len)
					    : "{}");
}

/* <parameter=NAME>VALUE</parameter>..., as an object; values are text. */
static const char *
parameters(struct arena *mem, const char *s, size_t len)
{
	static const char BEGIN[] = "<parameter=", END[] = "</parameter>";
	const char *text = arena_memdup(mem, s, len), *name, *value, *end;
	json_t *doc = json_keep(mem, json_object()), *read;

	while ((name = strstr(text, BEGIN)) != NULL) {
		name += sizeof(BEGIN) - 1;
		value = strchr(name, '>');
		end = value == NULL ? NULL : strstr(value, END);
		if (end == NULL)
			return NULL;
		value++;
		text = end + sizeof(END) - 1;
		value = text_strip(mem,
		    arena_memdup(mem, value, (size_t)(end - value)));
		read = json_read(mem, value, strlen(value), NULL, NULL);
		json_object_set_new(doc,
		    arena_memdup(mem, name, strcspn(name, ">")),
		    read != NULL ? json_incref(read) : json_string(value));
	}
	return json_text(mem, doc);
}

/* NAME>{...} or NAME>parameters, the inside of <function=...>. */
static bool
add_named(struct found *f, const char *s, size_t len)
{
	const char *close = memchr(s, '>', len), *body;
	const char *name;

	if (close == NULL)
		return false;
	name = arena_memdup(f->mem, s, (size_t)(close - s));
	body = arena_memdup(f->mem, close + 1, len - (size_t)(close + 1 - s));
	body = text_strip(f->mem, arena_strdup(f->mem, body));
	if (body[0] == '{')
		return add_found(f, name, body);
	return add_found(f, name, parameters(f->mem, body, strlen(body)));
}

/* [{"name":...},...], or NAME{...} as later models write it. */
static bool
add_list(struct found *f, const char *s, size_t len)
{
	static const char ARGS[] = "[ARGS]";
	const json_t *list;
	size_t i, n, before = f->n;
	const char *name, *body;

	n = strcspn(s, "[{");
	if (n > 0 && n < len) {
		name = text_strip(f->mem, arena_memdup(f->mem, s, n));
		body = s + n;
		if (strncmp(body, ARGS, sizeof(ARGS) - 1) == 0)
			body += sizeof(ARGS) - 1;
		return add_found(f, name, arena_memdup(f->mem, body,
					      len - (size_t)(body - s)));
	}
	list = json_read(f->mem, s, len, NULL, NULL);
	for (i = 0; i < json_array_size(list); i++)
		if (!add_document(f, json_array_get(list, i), "", 0))
			break;
	return f->n > before;
}

/* The call of ${form} whose body begins at ${s}; NULL: it is none. */
static const char *
take_form(struct found *f, const struct form *form, const char *s)
{
	const char *end = form->close == NULL ? NULL : strstr(s, form->close);
	const char *inner = s + strspn(s, " \t\r\n");
	const json_t *doc;
	bool is;
	size_t len;

	if (form->close == NULL) {
		if (strncmp(inner + strcspn(inner, "[{"), "[ARGS]", 6) == 0)
			end = json_end(inner + strcspn(inner, "[{") + 6);
		else
			end = json_end(inner);
	}
	/* The mark at its end may be what stopped the model. */
	if (end == NULL && f->q != NULL && form->name == NAME_INSIDE) {
		end = json_end(inner);
		if (end == NULL || end[strspn(end, " \t\r\n")] != '\0')
			return NULL;
		doc = json_read(f->mem, inner, (size_t)(end - inner), NULL,
		    NULL);
		return add_document(f, doc, inner, (size_t)(end - inner))
		    ? end + strlen(end)
		    : NULL;
	}
	if (end == NULL)
		return NULL; /* not a whole call: these are words */
	len = (size_t)(end - s);
	if (form->name == NAME_BEFORE) {
		is = add_named(f, s, len);
	} else if (form->name == NAME_LIST) {
		is = add_list(f, inner, (size_t)(end - inner));
	} else if (strncmp(inner, "<function=", 10) == 0) {
		const char *close = strstr(inner, "</function>");

		is = close != NULL && close < end
		    && add_named(f, inner + 10, (size_t)(close - inner) - 10);
	} else {
		doc = json_read(f->mem, s, len, NULL, NULL);
		is = add_document(f, doc, s, len);
	}
	return is ? end + (form->close == NULL ? 0 : strlen(form->close))
		  : NULL;
}

/* The first form in ${s}, or NULL. */
static const char *
find_form(const char *s, size_t nforms, const struct form **form)
{
	const char *first = NULL, *at;
	size_t i;

	for (i = 0; i < nforms; i++) {
		at = strstr(s, FORMS[i].open);
		if (at != NULL && (first == NULL || at < first)) {
			first = at;
			*form = &FORMS[i];
		}
	}
	return first;
}

/* The whole answer is one fenced call: in the middle of prose it would be an
 * example (jundot/omlx#3153). */
static bool
is_fenced_call(struct found *f, const char *text)
{
	static const char FENCE[] = "```";
	const char *s = text + strspn(text, " \t\r\n"), *end;

	if (f->q == NULL || strncmp(s, FENCE, 3) != 0)
		return false;
	s += 3 + strcspn(s + 3, "\n"); /* the language */
	s += strspn(s, " \t\r\n");
	end = *s == '{' ? json_end(s) : NULL;
	if (end == NULL)
		return false;
	text = end + strspn(end, " \t\r\n");
	return strncmp(text, FENCE, 3) == 0
	    && text[3 + strspn(text + 3, " \t\r\n")] == '\0'
	    && add_document(f,
		json_read(f->mem, s, (size_t)(end - s), NULL, NULL), s,
		(size_t)(end - s));
}

void
llm_text_tools_read(struct arena *mem, const char *text,
    const struct llm_question *q, struct llm_answer *answer)
{
	struct found f = { .mem = mem,
		.q = q,
		.calls = arena_alloc(mem,
		    TOOL_CALLS_MAX * sizeof(*f.calls)) };
	struct buf words = BUF_INIT(LLM_TEXT_MAX);
	const char *at = text, *from = text, *open, *end;
	const struct form *form = NULL;

	while (f.n < TOOL_CALLS_MAX
	    && (open = find_form(from, q == NULL ? 1 : NELEM(FORMS), &form))
		!= NULL) {
		end = take_form(&f, form, open + strlen(form->open));
		if (end == NULL) {
			if (q == NULL)
				break;
			from = open + 1;
			continue;
		}
		(void)!buf_add(&words, at, (size_t)(open - at));
		at = from = end;
	}
	if (f.n == 0 && is_fenced_call(&f, text))
		at += strlen(at);
	(void)!buf_add_str(&words, at);
	answer->text = f.n > 0
	    ? text_strip(mem, arena_memdup(mem, buf_str(&words), words.len))
	    : text;
	buf_fini(&words);
	answer->calls = f.calls;
	answer->ncalls = f.n;
}

/* The question as a model without native calls gets it: tools are told in the
 * system text, calls and results are words. */
struct llm_question
llm_as_text(const struct llm_question *q, struct arena *mem)
{
	struct llm_question out = *q;
	struct llm_message *m = arena_alloc(mem,
	    (q->nmessages + 1) * sizeof(*m));
	size_t i, j;

	for (i = 0; i < q->nmessages; i++) {
		m[i] = q->messages[i];
		if (m[i].role == LLM_SYSTEM && q->ntools > 0
		    && !q->no_calls)
			m[i].text = arena_printf(mem, "%s\n\n%s", m[i].text,
			    llm_text_tools_prompt(mem, q->tools, q->ntools));
		for (j = 0; j < q->messages[i].ncalls; j++)
			m[i].text = arena_printf(mem,
			    "%s<tool_call>{\"name\": \"%s\", \"arguments\": "
			    "%s}</tool_call>",
			    m[i].text, m[i].calls[j].name,
			    m[i].calls[j].arguments);
		if (m[i].role == LLM_TOOL) {
			m[i].role = LLM_USER;
			m[i].text = llm_text_tools_result(mem,
			    &q->messages[i]);
		}
		m[i].calls = NULL;
		m[i].ncalls = 0;
		m[i].extra = NULL;
	}
	out.messages = m;
	out.tools = NULL;
	out.ntools = 0;
	return out;
}
