/*
 * text_values: arguments that are written one by one.
 */
#include <string.h>

#include "base/json.h"
#include "base/json_loose.h"
#include "base/text.h"
#include "llm/text_calls.h"

static const char BLANKS[] = " \t\r\n";

/* The schema says that ${key} of ${tool} is a text: "12" stays one. */
static bool
is_text(const struct text_calls *f, const char *tool, const char *key)
{
	const char *meant = llm_tool_meant(f->q, f->mem, tool), *type;
	size_t i;

	for (i = 0; meant != NULL && i < f->q->ntools; i++) {
		if (strcmp(f->q->tools[i].name, meant) != 0)
			continue;
		type = json_member_str(
		    json_object_get(
			json_object_get(f->q->tools[i].schema, "properties"),
			key),
		    "type");
		return type != NULL && strcmp(type, "string") == 0;
	}
	return false;
}

/* DeepSeek's string="true" and "false" say which it is. */
static json_t *
value_of(const struct text_calls *f, const char *tool, const char *key,
    const char *attributes, const char *text)
{
	const json_t *doc;

	if (strstr(attributes, "string=\"true\"") != NULL
	    || is_text(f, tool, key))
		return json_string(text);
	doc = json_read(f->mem, text, strlen(text), NULL, NULL);
	return doc == NULL ? json_string(text) : json_incref((json_t *)doc);
}

/* One argument, set in ${doc}: where it ends; NULL: it does not. */
static const char *
one(const struct text_calls *f, const char *tool, const struct text_marks *m,
    const char *s, json_t *doc)
{
	const char *name_end = strstr(s, m->name_end), *value, *close, *text;
	const char *key, *attributes;

	if (name_end == NULL)
		return NULL;
	key = text_strip(f->mem,
	    arena_memdup(f->mem, s, (size_t)(name_end - s)));
	name_end += strlen(m->name_end);
	value = strstr(name_end, m->value);
	close = value == NULL ? NULL : strstr(value, m->close);
	if (close == NULL)
		return NULL;
	attributes = arena_memdup(f->mem, name_end, (size_t)(value - name_end));
	value += strlen(m->value);
	text = text_strip(f->mem,
	    arena_memdup(f->mem, value, (size_t)(close - value)));
	json_object_set_new(doc, key, value_of(f, tool, key, attributes, text));
	return close + strlen(m->close);
}

const char *
text_values_marked(const struct text_calls *f, const char *tool,
    const struct text_marks *m, const char *s, size_t len)
{
	const char *text = arena_memdup(f->mem, s, len);
	json_t *doc = json_keep(f->mem, json_object());

	while ((text = strstr(text, m->open)) != NULL) {
		text = one(f, tool, m, text + strlen(m->open), doc);
		if (text == NULL)
			return NULL;
	}
	return json_text(f->mem, doc);
}

/* NAME=LITERAL, ... up to the bracket, as an object; ${end} is behind that. */
static const char *
python_arguments(const struct text_calls *f, const char *s, const char **end)
{
	static const char NAME[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	struct buf b = BUF_INIT(2 * LLM_ARGUMENTS_MAX);
	const json_t *doc = NULL;
	size_t len;

	while (s != NULL) {
		s += strspn(s, BLANKS);
		if (*s == ')') {
			*end = s + 1;
			break;
		}
		len = strspn(s, NAME);
		if (len == 0 || buf_add_str(&b, b.len == 0 ? "{" : ",") == -1
		    || json_add_str(&b, s, len) == -1
		    || buf_add_char(&b, ':') == -1)
			s = NULL;
		else
			s += len + strspn(s + len, " ");
		s = s != NULL && *s == '=' ? json_loose(&b, s + 1) : NULL;
		if (s != NULL) {
			s += strspn(s, BLANKS);
			s = *s == ',' ? s + 1 : *s == ')' ? s : NULL;
		}
	}
	if (s != NULL && buf_add_str(&b, b.len == 0 ? "{}" : "}") == 0)
		doc = json_read_lenient(f->mem, buf_str(&b), b.len);
	buf_fini(&b);
	return json_is_object(doc) ? json_text(f->mem, doc) : NULL;
}

/* print(default_api.echo(text="one")), or without print. */
bool
text_values_python(struct text_calls *f, const char *s, size_t len)
{
	static const char PRINT[] = "print(";
	const char *text = arena_memdup(f->mem, s, len), *name, *arguments;
	size_t before = f->n, n;
	bool print, is = true;

	for (s = text + strspn(text, BLANKS); is && *s != '\0';
	     s += strspn(s, BLANKS)) {
		print = strncmp(s, PRINT, sizeof(PRINT) - 1) == 0;
		name = s + (print ? sizeof(PRINT) - 1 : 0);
		n = strcspn(name, "(");
		is = name[n] == '(';
		if (!is)
			break;
		arguments = python_arguments(f, name + n + 1, &s);
		is = arguments != NULL && (!print || *s == ')')
		    && text_found_add(f, arena_memdup(f->mem, name, n),
			arguments);
		s += is && print ? 1 : 0;
	}
	if (!is)
		f->n = before;
	return is && f->n > before;
}
