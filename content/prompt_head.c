#include "content/prompt_head.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/config_text.h"
#include "base/json.h"

/* A mistake in a name must not make a choice free, or an argument optional. */
static const char *const HEAD[] = { "title", "description", "arguments" };
static const char *const ARGUMENT[] = { "name", "description", "required",
	"choices" };

bool
prompt_is_name(const char *name, size_t len)
{
	static const char CHARS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz0123456789_.-";

	return len > 0 && len <= PROMPT_NAME_MAX && strspn(name, CHARS) >= len;
}

const struct prompt_argument *
prompt_argument(const struct prompt *p, const char *name)
{
	size_t i;

	for (i = 0; i < p->narguments; i++)
		if (strcmp(p->arguments[i].name, name) == 0)
			return &p->arguments[i];
	return NULL;
}

struct head {
	struct prompt *p;
	struct arena *mem; /* of what is wrong */
	const char *why;
};

static int
wrong(struct head *h, const char *why)
{
	h->why = why;
	return -1;
}

/* All members of ${o} are of ${names}. */
static int
check_names(struct head *h, const json_t *o, const char *const *names, size_t n)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)o, key, value) {
		if (json_name_at(key, names, n) == n)
			return wrong(h,
			    arena_printf(h->mem,
				"\"%.64s\" is nothing that a prompt has", key));
	}
	return 0;
}

/* A single value as text, which lives as long as the prompt; NULL: it is
 * none. */
static const char *
text_of(const struct head *h, const json_t *v)
{
	if (json_is_string(v))
		return strlen(json_string_value(v)) == json_string_length(v)
		    ? arena_strdup(h->p->mem, json_string_value(v))
		    : NULL;
	if (json_is_integer(v))
		return arena_printf(h->p->mem, "%" PRId64,
		    (int64_t)json_integer_value(v));
	if (json_is_real(v))
		return json_text(h->p->mem, v);
	if (json_is_boolean(v))
		return json_is_true(v) ? "true" : "false";
	return NULL;
}

/* The member ${name} of ${o}, which may be missing: NULL. */
static int
read_text(struct head *h, const json_t *o, const char *name, const char **out)
{
	const json_t *v = json_object_get(o, name);

	*out = NULL;
	if (v == NULL || json_is_null(v))
		return 0;
	*out = text_of(h, v);
	return *out != NULL
	    ? 0
	    : wrong(h, arena_printf(h->mem, "%s is not a text", name));
}

static int
read_choices(struct head *h, const json_t *list, struct prompt_argument *a)
{
	json_t *v;
	size_t i;

	if (list == NULL || json_is_null(list))
		return 0;
	if (!json_is_array(list) || json_array_size(list) == 0
	    || json_array_size(list) > PROMPT_CHOICES_MAX)
		return wrong(h,
		    arena_printf(h->mem,
			"choices of %s is not a list of 1 to %d texts", a->name,
			PROMPT_CHOICES_MAX));
	a->choices = arena_alloc(h->p->mem,
	    json_array_size(list) * sizeof(*a->choices));
	json_array_foreach(list, i, v) {
		a->choices[i] = text_of(h, v);
		if (a->choices[i] == NULL)
			return wrong(h,
			    arena_printf(h->mem, "a choice of %s is not a text",
				a->name));
	}
	a->nchoices = i;
	return 0;
}

static int
read_argument(struct head *h, const json_t *o)
{
	struct prompt *p = h->p;
	struct prompt_argument *a = &p->arguments[p->narguments];
	const json_t *required = json_object_get(o, "required");

	if (!json_is_object(o))
		return wrong(h, "an argument is not a mapping with a name");
	if (check_names(h, o, ARGUMENT, NELEM(ARGUMENT)) == -1
	    || read_text(h, o, "name", &a->name) == -1
	    || read_text(h, o, "description", &a->description) == -1)
		return -1;
	/* The dot would be no gap's. */
	if (a->name == NULL || !prompt_is_name(a->name, strlen(a->name))
	    || strchr(a->name, '.') != NULL)
		return wrong(h,
		    "an argument has no name of letters, digits, _ and -");
	if (prompt_argument(p, a->name) != NULL)
		return wrong(h,
		    arena_printf(h->mem, "the argument %s stands twice",
			a->name));
	if (required != NULL && !json_is_boolean(required))
		return wrong(h,
		    arena_printf(h->mem,
			"required of %s is neither true nor false", a->name));
	a->required = json_is_true(required);
	if (read_choices(h, json_object_get(o, "choices"), a) == -1)
		return -1;
	p->narguments++;
	return 0;
}

static int
read_arguments(struct head *h, const json_t *list)
{
	json_t *o;
	size_t i;

	if (list == NULL || json_is_null(list))
		return 0;
	if (!json_is_array(list))
		return wrong(h, "arguments is not a list");
	if (json_array_size(list) > PROMPT_ARGUMENTS_MAX)
		return wrong(h, "there are over 32 arguments");
	json_array_foreach(list, i, o) {
		if (read_argument(h, o) == -1)
			return -1;
	}
	return 0;
}

/* ---- as it is listed ----------------------------------------------------- */

static json_t *
arguments_json(const struct prompt *p)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < p->narguments; i++) {
		const struct prompt_argument *a = &p->arguments[i];

		(void)json_array_append_new(list,
		    json_pack("{s:s, s:s*, s:b}", "name", a->name,
			"description", a->description, "required",
			a->required));
	}
	return list;
}

static void
write_text(struct prompt *p, const char *title)
{
	json_t *doc = json_pack("{s:s, s:s*, s:s*}", "name", p->name, "title",
	    title, "description", p->description);

	if (p->narguments > 0)
		(void)json_object_set_new(doc, "arguments", arguments_json(p));
	p->text = json_text(p->mem, doc);
	json_decref(doc);
	if (p->text == NULL)
		abort(); /* all of it is UTF-8 */
	p->len = strlen(p->text);
}

int
prompt_head(struct prompt *p, const char *file, const char *text, size_t len,
    struct arena *mem, const char **why)
{
	struct head h = { .p = p, .mem = mem };
	const json_t *doc = config_text_json(mem, file, text, len, &h.why);
	const char *title;
	int rc = -1;

	if (doc == NULL)
		goto out;
	if (!json_is_object(doc) && !json_is_null(doc)) {
		h.why = "its head is not a mapping";
		goto out;
	}
	if (check_names(&h, doc, HEAD, NELEM(HEAD)) == -1
	    || read_text(&h, doc, "title", &title) == -1
	    || read_text(&h, doc, "description", &p->description) == -1
	    || read_arguments(&h, json_object_get(doc, "arguments")) == -1)
		goto out;
	write_text(p, title);
	rc = 0;
out:
	*why = h.why;
	return rc;
}
