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
	const char *name_end; /* where the name is not in the JSON */
	const char *close;    /* NULL: the end of the JSON */
	/* The call whose inside begins at ${s}: where all of it ends. */
	const char *(*take)(struct text_calls *f, const struct form *form,
	    const char *s);
	struct text_marks marks; /* of arguments that are no JSON */
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

/* {"name": ..., "arguments" or "parameters": ...}; ${bare}: without a mark it
 * is a call only with both. */
static bool
add_document(struct text_calls *f, const json_t *doc, bool bare)
{
	const json_t *function = json_object_get(doc, "function"), *arguments;

	if (json_is_object(function)) /* as the API has it */
		doc = function;
	arguments = json_object_get(doc, "arguments");
	if (arguments == NULL)
		arguments = json_object_get(doc, "parameters");
	if (bare && !json_is_object(arguments))
		return false;
	return text_found_add(f, json_member_str(doc, "name"),
	    json_is_object(arguments)       ? json_text(f->mem, arguments)
		: json_is_string(arguments) ? json_string_value(arguments)
					    : "{}");
}

static bool
add_json(struct text_calls *f, const char *s, size_t len, bool bare)
{
	const json_t *doc = json_read_lenient(f->mem, s, len);
	size_t i, before = f->n;

	if (!json_is_array(doc))
		return json_is_object(doc) && add_document(f, doc, bare);
	for (i = 0; i < json_array_size(doc); i++)
		if (!add_document(f, json_array_get(doc, i), bare)) {
			f->n = before;
			return false;
		}
	return i > 0;
}

bool
text_form_documents(struct text_calls *f, const char *s, size_t len)
{
	const char *text = arena_memdup(f->mem, s, len), *end;
	size_t before = f->n, n;

	for (s = skip(text); *s == '{' || *s == '['; s = skip(end)) {
		end = text_form_json_end(s);
		if (end == NULL || !add_json(f, s, (size_t)(end - s), true))
			break;
		end = skip(end);
		end += *end == ';' ? 1 : 0; /* Llama 3.1 between two */
	}
	while ((n = text_form_around(s)) > 0)
		s = skip(s + n);
	if (*s == '\0')
		return f->n > before;
	f->n = before;
	return false;
}

/* Where a JSON object ends that begins at ${s}, and its text. */
static const char *
object_at(struct text_calls *f, const char *s, const char **text)
{
	const char *end = *s == '{' ? text_form_json_end(s) : NULL;

	if (end != NULL)
		*text = arena_memdup(f->mem, s, (size_t)(end - s));
	return end;
}

/* The body of a call, from ${s} to ${end}: JSON, or arguments one by one. */
static bool
add_body(struct text_calls *f, const struct form *form, const char *name,
    const char *s, const char *end)
{
	const char *body = skip(s), *text = NULL, *to;

	if (body < end && *body == '{') {
		to = object_at(f, body, &text);
		return to != NULL && to <= end && text_found_add(f, name, text);
	}
	return text_found_add(f, name,
	    text_values_marked(f, name, &form->marks, s, (size_t)(end - s)));
}

/* NAME, then the mark that ends it, the body, and the mark. */
static const char *
take_named(struct text_calls *f, const struct form *form, const char *s)
{
	const char *end = strstr(s, form->close), *body = strchr(s, '>');
	size_t len = strcspn(s, form->name_end);

	if (end == NULL || body == NULL || body >= end)
		return NULL;
	return add_body(f, form, arena_memdup(f->mem, s, len), body + 1, end)
	    ? end + strlen(form->close)
	    : NULL;
}

/* NAME, the mark between, {...}, the mark.  DeepSeek's V3 writes "function",
 * the mark, NAME, and the JSON in a fence. */
static const char *
take_parts(struct text_calls *f, const struct form *form, const char *s)
{
	const char *sep = strstr(s, form->name_end), *name, *end, *text = NULL;
	size_t len;

	if (sep == NULL)
		return NULL;
	len = (size_t)(sep - s);
	name = s;
	s = sep + strlen(form->name_end);
	if (len == 8 && is_at(name, "function")) {
		name = s;
		len = strcspn(s, "\n{");
		s += len;
	}
	s = skip(s);
	if (is_at(s, "```"))
		s = skip(s + strcspn(s, "\n"));
	end = object_at(f, s, &text);
	if (end == NULL)
		return NULL;
	end = skip(end);
	end += is_at(end, "```") ? 3 : 0;
	return text_found_add(f,
		   text_strip(f->mem, arena_memdup(f->mem, name, len)), text)
	    ? closed(end, form->close)
	    : NULL;
}

/* gpt-oss: NAME, tokens and words without a brace, {...}, perhaps a mark. */
static const char *
take_harmony(struct text_calls *f, const struct form *form, const char *s)
{
	static const size_t TOKENS_MAX = 80; /* "<|constrain|>json..." */
	size_t len = strcspn(s, " \t\r\n<{"), until = strcspn(s, "{");
	const char *text = NULL, *end;

	(void)form;
	if (until - len > TOKENS_MAX)
		return NULL;
	end = object_at(f, s + until, &text);
	return end != NULL
		&& text_found_add(f, arena_memdup(f->mem, s, len), text)
	    ? end
	    : NULL;
}

static const struct form NAMED = { "<function=", ">", "</function>", take_named,
	{ "<parameter=", ">", "", "</parameter>" } };

/* {"name": ..., "arguments": ...}, or a form inside of this one. */
static const char *
take_document(struct text_calls *f, const struct form *form, const char *s)
{
	const char *begin = skip(s), *end;
	size_t len, before = f->n;

	if (*begin == '{' || *begin == '[') {
		end = text_form_json_end(begin);
		if (end != NULL
		    && add_json(f, begin, (size_t)(end - begin), false)) {
			end = closed(end, form->close);
			if (end != NULL || !f->own)
				return end;
			f->n = before;
		}
	}
	if (is_at(begin, NAMED.open))
		return closed(take_named(f, &NAMED, begin + strlen(NAMED.open)),
		    form->close);
	end = form->close == NULL ? NULL : strstr(s, form->close);
	if (end == NULL)
		return NULL;
	len = strcspn(begin, "<\r\n");
	if (!f->own && begin + len <= end) /* GLM: NAME, then its arguments */
		return add_body(f, form, arena_memdup(f->mem, begin, len),
			   begin + len, end)
		    ? end + strlen(form->close)
		    : NULL;
	return f->own
		&& text_found_add(f, NULL,
		    arena_memdup(f->mem, s, (size_t)(end - s)))
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
		       ? add_json(f, body, (size_t)(end - body), false)
		       : text_found_add(f,
			   text_strip(f->mem, arena_memdup(f->mem, name, len)),
			   arena_memdup(f->mem, body, (size_t)(end - body))))
	    ? end
	    : NULL;
}

/* DeepSeek's marks: a full-width bar, and a low line of its own. */
#define BAR "\uff5c"
#define LOW "\u2581"
#define DSML BAR "DSML" BAR

/* Our own first.  oobabooga/textgen#7427, youssofal/MTPLX#20,
 * sgl-project/sglang#3387, cline/cline#13348, NVIDIA/TensorRT-LLM#9256. */
static const struct form FORMS[] = {
	/* ours; Qwen, Hermes; GLM */
	{ "<tool_call>", NULL, "</tool_call>", take_document,
	    { "<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>" } },
	/* Llama 3, Qwen Coder */
	{ "<function=", ">", "</function>", take_named,
	    { "<parameter=", ">", "", "</parameter>" } },
	/* Mistral */
	{ "[TOOL_CALLS]", NULL, NULL, take_list, { 0 } },
	/* Llama 3.1 */
	{ "<|python_tag|>", NULL, NULL, take_document, { 0 } },
	/* Claude, MiniMax */
	{ "<invoke name=\"", "\"", "</invoke>", take_named,
	    { "<parameter name=\"", "\"", ">", "</parameter>" } },
	/* DeepSeek 3.2 and 4 */
	{ "<" DSML "invoke name=\"", "\"", "</" DSML "invoke>", take_named,
	    { "<" DSML "parameter name=\"", "\"", ">",
		"</" DSML "parameter>" } },
	/* DeepSeek 3 */
	{ "<" BAR "tool" LOW "call" LOW "begin" BAR ">",
	    "<" BAR "tool" LOW "sep" BAR ">",
	    "<" BAR "tool" LOW "call" LOW "end" BAR ">", take_parts, { 0 } },
	/* Kimi K2 */
	{ "<|tool_call_begin|>", "<|tool_call_argument_begin|>",
	    "<|tool_call_end|>", take_parts, { 0 } },
	/* gpt-oss: with its tokens, and with those that were dropped */
	{ "<|channel|>commentary to=", NULL, NULL, take_harmony, { 0 } },
	{ "commentary to=functions.", NULL, NULL, take_harmony, { 0 } },
	{ "to=functions.", NULL, NULL, take_harmony, { 0 } },
};

/* What may stand around calls; then what servers leave at the end. */
#define AROUND_OPEN 7
static const char *const AROUND[] = { "<" DSML "tool_calls>",
	"<" DSML "function_calls>",
	"<" BAR "tool" LOW "calls" LOW "begin" BAR ">",
	"<|tool_calls_section_begin|>", "<minimax:tool_call>",
	"<function_calls>", "<tool_calls>",
	/* no mark that opens */
	"</" DSML "tool_calls>", "</" DSML "function_calls>",
	"<" BAR "tool" LOW "calls" LOW "end" BAR ">",
	"<|tool_calls_section_end|>", "</minimax:tool_call>",
	"</function_calls>", "</tool_calls>", "[/TOOL_CALLS]",
	"<" BAR "end" LOW "of" LOW "sentence" BAR ">", "<|im_end|>",
	"<|eot_id|>", "<|eom_id|>", "<|call|>", "<|end|>", "</s>" };

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
	for (i = 0; i < (own ? 0 : AROUND_OPEN) && is == 0; i++)
		is = begins_with(s, len, AROUND[i]);
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
