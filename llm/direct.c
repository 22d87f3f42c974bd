#include "llm/direct.h"

#include <string.h>

#include "base/json.h"
#include "base/text.h"

static const struct tool_spec *
find(const struct tool_spec *tools, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(tools[i].name, name) == 0)
			return &tools[i];
	return NULL;
}

static const char *
first_line(struct arena *mem, const char *text)
{
	return arena_memdup(mem, text, strcspn(text, "\n"));
}

static const char *
list(struct arena *mem, const struct tool_spec *tools, size_t n)
{
	char *out = arena_strdup(mem, "");
	size_t i;

	if (n == 0)
		return "There are no tools just now.";
	for (i = 0; i < n; i++)
		out = arena_printf(mem, "%s%s%s - %s", out, i == 0 ? "" : "\n",
		    tools[i].name, first_line(mem, tools[i].description));
	return out;
}

static const char *
describe(struct arena *mem, const struct tool_spec *t)
{
	const json_t *required = json_object_get(t->schema, "required");
	json_t *properties = json_object_get(t->schema, "properties");
	char *out = arena_printf(mem, "%s - %s\nUsage: %s", t->name,
	    t->description, t->name);
	const char *key;
	json_t *p;
	size_t i;

	json_object_foreach(properties, key, p) {
		const char *type = json_member_str(p, "type");
		const char *what = json_member_str(p, "description");
		bool needed = false;

		for (i = 0; i < json_array_size(required); i++) {
			const char *r = json_string_value(
			    json_array_get(required, i));

			needed |= r != NULL && strcmp(r, key) == 0;
		}
		out = arena_printf(mem, "%s\n  %s=<%s>%s%s%s", out, key,
		    type == NULL ? "value" : type, needed ? "" : " (optional)",
		    what == NULL ? "" : "  ", what == NULL ? "" : what);
	}
	return out;
}

static const char HELP[]
    = "There is no language model here: a message is a command.\n"
      "  tools                  lists the tools\n"
      "  help NAME              how to call one\n"
      "  NAME key=value ...     calls one; \"quotes\" hold blanks together\n"
      "  NAME {\"key\": \"value\"}  the same, as JSON";

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
	out = arena_alloc(mem, strlen(s) + 1);
	for (; *s != '\0'; s++) {
		if (quote == 0 && strchr(" \t\r\n", *s) != NULL)
			break;
		if (*s == '\\' && quote == '"'
		    && (s[1] == '"' || s[1] == '\\'))
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
		json_object_set_new(arguments, w, value_of(mem, t, w,
		    equals + 1));
	}
	plan->call.arguments = json_text(mem, arguments);
}

void
direct_read(struct arena *mem, const char *text,
    const struct tool_spec *tools, size_t ntools, struct direct_plan *plan)
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
			  "There is no tool \"%s\"; \"tools\" lists them.",
			  name);
		return;
	}
	if (t == NULL) {
		plan->reply = arena_printf(mem,
		    "There is no tool \"%s\"; \"tools\" lists them, \"help\" "
		    "says more.",
		    name);
		return;
	}
	plan->call = (struct tool_call){ .id = "call_0", .name = t->name };
	if (*at == '{') {
		if (!json_is_object(json_read(mem, at, strlen(at), &why,
			NULL)))
			plan->reply = arena_printf(mem,
			    "The arguments are not a JSON object: %s.",
			    why == NULL ? "something else" : why);
		plan->call.arguments = at;
		return;
	}
	read_pairs(mem, t, at, plan);
}
