#include "llm/direct.h"

#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "nouns/settings.h"

#define REPLY_MAX MIB /* far more than a chat is shown */

static const struct tool_spec *
find(const struct tool_spec *tools, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(tools[i].name, name) == 0)
			return &tools[i];
	return NULL;
}

/* ${b}'s text in ${mem}.  Past its limit it ends, as every reply does. */
static const char *
text_of(struct arena *mem, struct buf *b)
{
	char *out = arena_memdup(mem, buf_str(b), b->len);

	buf_fini(b);
	return out;
}

static const char *
list(struct arena *mem, const struct tool_spec *tools, size_t n)
{
	struct buf b = BUF_INIT(REPLY_MAX);
	size_t i;

	if (n == 0)
		return "There are no tools just now.";
	for (i = 0; i < n && !b.full; i++)
		(void)!buf_printf(&b, "%s%s - %.*s", i == 0 ? "" : "\n",
		    tools[i].name, (int)strcspn(tools[i].description, "\n"),
		    tools[i].description);
	return text_of(mem, &b);
}

static const char *
describe(struct arena *mem, const struct tool_spec *t)
{
	const json_t *required = json_object_get(t->schema, "required");
	json_t *properties = json_object_get(t->schema, "properties");
	struct buf b = BUF_INIT(REPLY_MAX);
	const char *key;
	json_t *p;
	size_t i;

	(void)!buf_printf(&b, "%s - %s\nUsage: %s", t->name, t->description,
	    t->name);
	json_object_foreach(properties, key, p) {
		const char *type = json_member_str(p, "type");
		const char *what = json_member_str(p, "description");
		bool needed = false;

		for (i = 0; i < json_array_size(required); i++) {
			const char *r = json_string_value(
			    json_array_get(required, i));

			needed |= r != NULL && strcmp(r, key) == 0;
		}
		(void)!buf_printf(&b, "\n  %s=<%s>%s%s%s", key,
		    type == NULL ? "value" : type, needed ? "" : " (optional)",
		    what == NULL ? "" : "  ", what == NULL ? "" : what);
		if (b.full)
			break;
	}
	return text_of(mem, &b);
}

static const char HELP[] = SETTINGS_NO_MODEL
    ":\n"
    "  tools                  lists the tools\n"
    "  help NAME              how to call one\n"
    "  NAME key=value ...     calls one; \"quotes\" hold blanks together\n"
    "  NAME {\"key\": \"value\"}  the same, as JSON\n" SETTINGS_TO_HAVE_MODEL;

/* Where the word at ${s} ends. */
static const char *
word_end(const char *s)
{
	char quote = 0;

	for (; *s != '\0'; s++) {
		if (quote == 0 && strchr(" \t\r\n", *s) != NULL)
			break;
		if (*s == '\\' && quote == '"' && (s[1] == '"' || s[1] == '\\'))
			s++;
		else if (quote != 0 ? *s == quote : *s == '"' || *s == '\'')
			quote = quote != 0 ? 0 : *s;
	}
	return s;
}

/* One word, quotes undone; *at goes behind it. NULL: no more. */
static char *
word(struct arena *mem, const char **at)
{
	const char *s = *at + strspn(*at, " \t\r\n");
	char *out;
	char quote = 0;
	size_t n = 0;

	if (*s == '\0')
		return NULL;
	/* Not the rest of the message for each word of it. */
	out = arena_alloc(mem, (size_t)(word_end(s) - s) + 1);
	for (; *s != '\0'; s++) {
		if (quote == 0 && strchr(" \t\r\n", *s) != NULL)
			break;
		if (*s == '\\' && quote == '"' && (s[1] == '"' || s[1] == '\\'))
			out[n++] = *++s;
		else if (quote != 0 ? *s == quote : *s == '"' || *s == '\'')
			quote = quote != 0 ? 0 : *s;
		else
			out[n++] = *s;
	}
	out[n] = '\0';
	*at = s;
	return out;
}

/* True if the schema's "type" names a string, alone or among others. */
static bool
takes_string(const json_t *property)
{
	const json_t *type = json_object_get(property, "type");
	const char *one = json_string_value(type);
	size_t i;

	for (i = 0; one == NULL && i < json_array_size(type); i++) {
		const char *s = json_string_value(json_array_get(type, i));

		if (s != NULL && strcmp(s, "string") == 0)
			one = s;
	}
	return one != NULL && strcmp(one, "string") == 0;
}

static json_t *
value_of(struct arena *mem, const struct tool_spec *t, const char *key,
    const char *text)
{
	json_t *property = json_object_get(
	    json_object_get(t->schema, "properties"), key);
	json_t *v = NULL;

	if (!takes_string(property))
		v = json_read(mem, text, strlen(text), NULL, NULL);
	return v != NULL ? json_incref(v) : json_string(text);
}

static void
read_pairs(struct arena *mem, const struct tool_spec *t, const char *at,
    struct direct_plan *plan)
{
	json_t *arguments = json_keep(mem, json_object());
	char *w, *equals;

	while ((w = word(mem, &at)) != NULL) {
		equals = strchr(w, '=');
		if (equals == NULL || equals == w) {
			plan->reply = arena_printf(mem,
			    "Expected key=value, got \"%s\".\n%s", w,
			    describe(mem, t));
			return;
		}
		*equals = '\0';
		json_object_set_new(arguments, w,
		    value_of(mem, t, w, equals + 1));
	}
	plan->call.arguments = json_text(mem, arguments);
}

void
direct_read(struct arena *mem, const char *text, const struct tool_spec *tools,
    size_t ntools, struct direct_plan *plan)
{
	const struct tool_spec *t;
	const char *at = text, *why = NULL;
	char *name = word(mem, &at);

	*plan = (struct direct_plan){ 0 };
	at += strspn(at, " \t\r\n");
	if (name == NULL) {
		plan->reply = HELP;
		return;
	}
	t = find(tools, ntools, name);
	if (t == NULL && strcmp(name, "tools") == 0) {
		plan->reply = list(mem, tools, ntools);
		return;
	}
	if (t == NULL && strcmp(name, "help") == 0) {
		name = word(mem, &at);
		t = name == NULL ? NULL : find(tools, ntools, name);
		plan->reply = name == NULL ? HELP
		    : t != NULL
		    ? describe(mem, t)
		    : arena_printf(mem,
			"There is no tool \"%s\"; \"tools\" lists them.", name);
		return;
	}
	if (t == NULL) {
		plan->reply = arena_printf(mem,
		    "There is no tool \"%s\". " SETTINGS_NO_MODEL
		    "; \"tools\" lists them, \"help\" says more.\n" SETTINGS_TO_HAVE_MODEL,
		    name);
		return;
	}
	plan->call = (struct tool_call){ .id = "call_0", .name = t->name };
	if (*at == '{') {
		if (!json_is_object(json_read(mem, at, strlen(at), &why, NULL)))
			plan->reply = arena_printf(mem,
			    "The arguments are not a JSON object: %s.",
			    why == NULL ? "something else" : why);
		plan->call.arguments = at;
		return;
	}
	read_pairs(mem, t, at, plan);
}
