#include "content/prompt.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/text.h"
#include "content/prompt_head.h"

#define GAP "{{"
#define GAP_END "}}"

struct prompt *
prompt_ref(struct prompt *p)
{
	atomic_fetch_add(&p->refs, 1);
	return p;
}

void
prompt_unref(struct prompt *p)
{
	if (p == NULL || atomic_fetch_sub(&p->refs, 1) != 1)
		return;
	arena_free(p->mem);
	free(p);
}

/* ---- the text ------------------------------------------------------------ */

/* Is there a gap at ${s}, which begins with GAP?  Its name, its length with
 * all braces; NULL: no, these are braces. */
static const char *
gap_at(const char *s, size_t *name_len, size_t *len)
{
	const char *name = s + strlen(GAP), *end;

	name += strspn(name, " ");
	*name_len = strspn(name,
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789_-");
	end = name + *name_len;
	end += strspn(end, " ");
	if (*name_len == 0 || strncmp(end, GAP_END, strlen(GAP_END)) != 0)
		return NULL;
	*len = (size_t)(end - s) + strlen(GAP_END);
	return name;
}

static void
add_piece(struct prompt *p, size_t *cap, struct prompt_piece piece)
{
	struct prompt_piece *more;

	if (piece.text != NULL && piece.len == 0)
		return;
	if (p->n == *cap) {
		*cap = *cap == 0 ? 8 : 2 * *cap;
		more = arena_alloc(p->mem, *cap * sizeof(*more));
		if (p->n > 0)
			memcpy(more, p->pieces, p->n * sizeof(*more));
		p->pieces = more;
	}
	p->pieces[p->n++] = piece;
}

#define TEXT(from, to)                          \
	((struct prompt_piece){ .text = (from), \
	    .len = (size_t)((to) - (from)) })

/* Cut ${body} at its gaps.  -1: ${why}. */
static int
cut(struct prompt *p, const char *body, struct arena *mem, const char **why)
{
	const char *from = body, *at = body, *name;
	const struct prompt_argument *a;
	size_t cap = 0, name_len, len;

	while ((at = strstr(at, GAP)) != NULL) {
		if (at > from && at[-1] == '\\') { /* without the stroke */
			add_piece(p, &cap, TEXT(from, at - 1));
			from = at;
			at += strlen(GAP);
			continue;
		}
		name = gap_at(at, &name_len, &len);
		if (name == NULL) {
			at++;
			continue;
		}
		name = arena_memdup(mem, name, name_len);
		a = prompt_argument(p, name);
		if (a == NULL) {
			*why = arena_printf(mem,
			    "{{%.64s}} is none of its arguments; write \\{{ "
			    "for braces that are meant as such",
			    name);
			return -1;
		}
		add_piece(p, &cap, TEXT(from, at));
		add_piece(p, &cap,
		    (struct prompt_piece){
			.argument = (size_t)(a - p->arguments) });
		at += len;
		from = at;
	}
	add_piece(p, &cap, TEXT(from, from + strlen(from)));
	return 0;
}

/* ---- the file ------------------------------------------------------------ */

#define LINE "---"

/* Is the line at ${s} "---", with no more than blanks behind it?  Its length
 * with its end; 0: no. */
static size_t
rule_at(const char *s)
{
	size_t len = strlen(LINE);

	if (strncmp(s, LINE, len) != 0)
		return 0;
	len += strspn(s + len, " \t\r");
	return s[len] == '\n' ? len + 1 : s[len] == '\0' ? len : 0;
}

/* Where the second "---" is; NULL: nowhere. */
static const char *
head_end(const char *head)
{
	while (head != NULL && rule_at(head) == 0) {
		head = strchr(head, '\n');
		head = head == NULL ? NULL : head + 1;
	}
	return head;
}

/* The text below the head, without empty lines around it. */
static const char *
body_of(struct prompt *p, const char *from)
{
	size_t len;

	from += strspn(from, "\r\n");
	len = strlen(from);
	while (len > 0 && strchr(" \t\r\n", from[len - 1]) != NULL)
		len--;
	return arena_memdup(p->mem, from, len);
}

static int
read_file(struct prompt *p, const char *file, const char *text,
    struct arena *mem, const char **why)
{
	const char *end, *body;

	if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3; /* some editors begin with that mark */
	if (rule_at(text) == 0) {
		*why = "it does not begin with a line ---";
		return -1;
	}
	end = head_end(text + rule_at(text));
	if (end == NULL) {
		*why = "its head does not end with a line ---";
		return -1;
	}
	/* From its first line on, so that errors name the right one. */
	if (prompt_head(p, file, text, (size_t)(end - text), mem, why) == -1)
		return -1;
	body = body_of(p, end + rule_at(end));
	if (body[0] == '\0') {
		*why = "there is no text below its head";
		return -1;
	}
	return cut(p, body, mem, why);
}

struct prompt *
prompt_read(const char *name, const char *file, const char *bytes, size_t len,
    struct arena *mem, const char **why)
{
	struct prompt *p;
	const char *text;

	*why = NULL;
	if (!prompt_is_name(name, strlen(name)))
		*why = "its name has other characters than letters, digits, _ "
		       "- and ., or over 64";
	else if (len > PROMPT_FILE_MAX)
		*why = "it is larger than 256 KiB";
	else if (memchr(bytes, '\0', len) != NULL || !text_is_utf8(bytes, len))
		*why = "it is not UTF-8 text";
	if (*why != NULL)
		return NULL;
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		abort();
	atomic_store(&p->refs, 1);
	p->mem = arena_new();
	p->name = arena_strdup(p->mem, name);
	text = arena_memdup(mem, bytes, len);
	if (read_file(p, file, text, mem, why) == 0)
		return p;
	prompt_unref(p);
	return NULL;
}

/* ---- filling it ---------------------------------------------------------- */

static bool
is_choice(const struct prompt_argument *a, const char *value)
{
	size_t i;

	for (i = 0; i < a->nchoices; i++)
		if (strcmp(a->choices[i], value) == 0)
			return true;
	return a->choices == NULL;
}

static const char *
choices_text(const struct prompt_argument *a, struct arena *mem)
{
	struct buf text = BUF_INIT(200);
	const char *out;
	size_t i;

	for (i = 0; i < a->nchoices; i++)
		if (buf_printf(&text, "%s%s", i > 0 ? ", " : "", a->choices[i])
		    == -1)
			break;
	out = arena_strdup(mem, buf_str(&text));
	buf_fini(&text);
	return out;
}

/* Its value in ${arguments}; "": none was given.  NULL: ${why}. */
static const char *
value_of(const struct prompt_argument *a, const json_t *arguments,
    struct arena *mem, const char **why)
{
	const json_t *given = json_object_get(arguments, a->name);

	if (given == NULL || json_is_null(given)) {
		if (!a->required)
			return "";
		*why = arena_printf(mem, "the argument %s is missing", a->name);
		return NULL;
	}
	if (!json_is_string(given)) {
		*why = arena_printf(mem, "the argument %s is no string",
		    a->name);
		return NULL;
	}
	if (!is_choice(a, json_string_value(given))) {
		*why = arena_printf(mem, "the argument %s is one of: %s",
		    a->name, choices_text(a, mem));
		return NULL;
	}
	return json_string_value(given);
}

static const char *
join(const struct prompt *p, const char *const *values, struct arena *mem,
    const char **why)
{
	struct buf text = BUF_INIT(PROMPT_TEXT_MAX);
	const char *out = NULL;
	size_t i;

	for (i = 0; i < p->n && !text.full; i++)
		(void)!(p->pieces[i].text != NULL
			? buf_add(&text, p->pieces[i].text, p->pieces[i].len)
			: buf_add_str(&text, values[p->pieces[i].argument]));
	if (text.full)
		*why = "the text would be longer than 1 MiB";
	else
		out = arena_memdup(mem, buf_str(&text), text.len);
	buf_fini(&text);
	return out;
}

const char *
prompt_fill(const struct prompt *p, const json_t *arguments, struct arena *mem,
    const char **why)
{
	const char *values[PROMPT_ARGUMENTS_MAX];
	size_t i;

	for (i = 0; i < p->narguments; i++) {
		values[i] = value_of(&p->arguments[i], arguments, mem, why);
		if (values[i] == NULL)
			return NULL;
	}
	return join(p, values, mem, why);
}
