/*
 * text_forms: how models write calls in words, and how those are read.
 */
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "llm/text_calls.h"

static const char BLANKS[] = " \t\r\n";

struct form {
	const char *open;
	const char *close; /* NULL: the end of the JSON */
	/* The call whose inside begins at ${s}: where all of it ends. */
	const char *(*take)(
	    struct text_calls *f, const struct form *form, const char *s);
};

const char *
text_form_json_end(const char *s)
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
		else if (!in_string && (*s == '}' || *s == ']') && --depth <= 0)
			return s + 1;
	}
	return NULL;
}

static const char *
skip(const char *s)
{
	return s + strspn(s, BLANKS);
}

static bool
is_at(const char *s, const char *word)
{
	return strncmp(s, word, strlen(word)) == 0;
}

/* After what ends at ${end}: the mark ${close}, which may be what stopped the
 * model at the end of its answer.  NULL: it is not there. */
static const char *
closed(const char *end, const char *close)
{
	if (end == NULL || close == NULL)
		return end;
	end = skip(end);
	if (is_at(end, close))
		return end + strlen(close);
	return *end == '\0' ? end : NULL;
}

static bool
add(struct text_calls *f, const char *name, const char *arguments)
{
	const char *tool
	    = name == NULL ? NULL : llm_tool_meant(f->q, f->mem, name);

	if (!f->own && (tool == NULL || arguments == NULL))
		return false;
	if (f->n == TOOL_CALLS_MAX)
		return true; /* more than anyone may ask for at once */
	f->calls[f->n++] = (struct tool_call){ .name = name == NULL ? "unknown"
		    : tool != NULL                                  ? tool
				   : text_cut(f->mem, name, TOOL_NAME_MAX - 1),
		.arguments = arguments == NULL ? "" : arguments };
	return true;
}

static bool
add_document(struct text_calls *f, const json_t *doc)
{
	const json_t *arguments = json_object_get(doc, "arguments");

	if (arguments == NULL)
		arguments = json_object_get(doc, "parameters");
	return add(f, json_member_str(doc, "name"),
	    json_is_object(arguments)       ? json_text(f->mem, arguments)
		: json_is_string(arguments) ? json_string_value(arguments)
					    : "{}");
}

bool
text_form_document(struct text_calls *f, const char *s, size_t len)
{
	const json_t *doc = json_read_lenient(f->mem, s, len);
	size_t i, before = f->n;

	if (!json_is_array(doc))
		return json_is_object(doc) && add_document(f, doc);
	for (i = 0; i < json_array_size(doc); i++)
		if (!add_document(f, json_array_get(doc, i))) {
			f->n = before;
			return false;
		}
	return i > 0;
}

/* <parameter=NAME>VALUE</parameter>..., as an object. */
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
		value = text_strip(
		    mem, arena_memdup(mem, value, (size_t)(end - value)));
		read = json_read(mem, value, strlen(value), NULL, NULL);
		json_object_set_new(doc,
		    arena_memdup(mem, name, strcspn(name, ">")),
		    read != NULL ? json_incref(read) : json_string(value));
	}
	return json_text(mem, doc);
}

/* NAME>{...} or NAME>parameters, then the mark. */
static const char *
take_named(struct text_calls *f, const struct form *form, const char *s)
{
	const char *end = strstr(s, form->close), *name, *body;
	size_t len = strcspn(s, ">");

	if (end == NULL || s + len >= end)
		return NULL;
	name = arena_memdup(f->mem, s, len);
	body = text_strip(f->mem,
	    arena_memdup(f->mem, s + len + 1, (size_t)(end - s) - len - 1));
	if (body[0] != '{')
		body = parameters(f->mem, body, strlen(body));
	return add(f, name, body) ? end + strlen(form->close) : NULL;
}

static const struct form NAMED = { "<function=", "</function>", take_named };

/* {"name": ..., "arguments": ...}, then the mark. */
static const char *
take_document(struct text_calls *f, const struct form *form, const char *s)
{
	const char *begin = skip(s), *end;

	if (*begin == '{' || *begin == '[') {
		end = text_form_json_end(begin);
		if (end != NULL
		    && text_form_document(f, begin, (size_t)(end - begin)))
			return closed(end, form->close);
	}
	if (is_at(begin, NAMED.open))
		return closed(take_named(f, &NAMED, begin + strlen(NAMED.open)),
		    form->close);
	end = form->close == NULL ? NULL : strstr(s, form->close);
	return f->own && end != NULL
		&& add(f, NULL, arena_memdup(f->mem, s, (size_t)(end - s)))
	    ? end + strlen(form->close)
	    : NULL;
}

/* [{"name":...},...], or NAME{...}, NAME[ARGS]{...} as later models write
 * it. */
static const char *
take_list(struct text_calls *f, const struct form *form, const char *s)
{
	static const char ARGS[] = "[ARGS]";
	const char *name = skip(s), *body, *end;
	size_t len = strcspn(name, "[{");

	(void)form;
	body = name + len;
	if (is_at(body, ARGS))
		body += sizeof(ARGS) - 1;
	end = text_form_json_end(body);
	if (end == NULL)
		return NULL;
	return (len == 0
		       ? text_form_document(f, body, (size_t)(end - body))
		       : add(f,
			   text_strip(f->mem, arena_memdup(f->mem, name, len)),
			   arena_memdup(f->mem, body, (size_t)(end - body))))
	    ? end
	    : NULL;
}

/* Our own first.  oobabooga/textgen#7427, youssofal/MTPLX#20,
 * sgl-project/sglang#3387. */
static const struct form FORMS[] = {
	/* ours; Qwen, Hermes */
	{ "<tool_call>", "</tool_call>", take_document },
	{ "<function=", "</function>", take_named }, /* Llama 3, Qwen Coder */
	{ "[TOOL_CALLS]", NULL, take_list },         /* Mistral */
	{ "<|python_tag|>", NULL, take_document },   /* Llama 3.1 */
};

/* What may stand around calls, and what servers leave at the end. */
static const char *const AROUND[]
    = { "<|im_end|>", "<|eot_id|>", "<|eom_id|>", "</s>", "[/TOOL_CALLS]" };

const char *
text_form_take(struct text_calls *f, const char *s)
{
	size_t i, before = f->n, nforms = f->own ? 1 : NELEM(FORMS);
	const char *end = NULL;

	for (i = 0; i < nforms && end == NULL; i++) {
		if (!is_at(s, FORMS[i].open))
			continue;
		end = FORMS[i].take(f, &FORMS[i], s + strlen(FORMS[i].open));
		if (end == NULL)
			f->n = before;
	}
	return end;
}

static int
begins_with(const char *s, size_t len, const char *mark)
{
	size_t n = strlen(mark);

	if (memcmp(s, mark, len < n ? len : n) != 0)
		return 0;
	return len < n ? -1 : 1;
}

int
text_form_begins(const char *s, size_t len, bool own)
{
	size_t i;
	int is = 0;

	for (i = 0; i < (own ? 1 : NELEM(FORMS)) && is == 0; i++)
		is = begins_with(s, len, FORMS[i].open);
	return is;
}

size_t
text_form_around(const char *s)
{
	size_t i;

	for (i = 0; i < NELEM(AROUND); i++)
		if (is_at(s, AROUND[i]))
			return strlen(AROUND[i]);
	return 0;
}
