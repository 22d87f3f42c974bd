/*
 * config_record: one record, {MEMBER: ...}, by a table of its members.
 *
 * It is read as a small config of its own, so that a member is what a row is:
 * the same types, limits, errors, and guesses at what was meant.
 */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/config_priv.h"
#include "base/text.h"

#define FILE_SUFFIX "_file"

/* ${NAME}s of ${text}; NULL: one is not set, and this was said. */
static const char *
expand(struct config_record *r, const char *key, const char *text)
{
	const char *unknown = NULL;
	const char *out = text_expand(r->c->mem, text, config_variable,
	    r->src->config, &unknown);

	if (out == NULL)
		config_error(r->c, r->src->where, key,
		    "${%s} is not set, neither in the environment nor in an "
		    "env file",
		    unknown);
	return out;
}

/* Is it for this program to read? */
static bool
is_read(const struct config_record *r, const struct config_def *def)
{
	return r->src->reads_secrets
	    || (def->type != CONFIG_SECRET && def->type != CONFIG_MAP
		&& (def->flags & CONFIG_EXPANDS) == 0);
}

static bool
is_header_name(const char *s)
{
	return s[0] != '\0' && strpbrk(s, CONFIG_NAME_ENDS) == NULL;
}

void
config_record_map(struct config_record *r, const struct config_def *def,
    const json_t *tree, const char **out)
{
	const char *name, *text;
	size_t n = 0;
	json_t *v;

	json_object_foreach((json_t *)tree, name, v) {
		int shown = config_name_shown(name);
		const char *key = def->key[0] == '\0'
		    ? arena_printf(r->c->mem, "%.*s", shown, name)
		    : arena_printf(r->c->mem, "%s.%.*s", def->key, shown, name);

		text = json_string_value(v);
		if (++n > CONFIG_MAP_MAX) {
			config_error(r->c, r->src->where, key,
			    "expected at most %d of them", CONFIG_MAP_MAX);
			return;
		}
		if (!is_header_name(name)) {
			config_error(r->c, r->src->where, key,
			    "expected the name of a header, without blanks "
			    "and colons");
			continue;
		}
		if (text != NULL && strpbrk(text, "\r\n") == NULL) {
			if (!r->src->reads_secrets)
				continue;
			text = expand(r, key, text);
			if (text == NULL)
				continue;
		}
		/* One from the environment, too. */
		if (text == NULL || strpbrk(text, "\r\n") != NULL)
			config_error(r->c, r->src->where, key,
			    "expected a text of one line: put it in quotes");
		else if (out != NULL)
			out[n - 1] = arena_secret(r->c->mem,
			    arena_printf(r->c->mem, "%s: %s", name, text));
	}
}

static void
set_map(struct config_record *r, size_t i, const json_t *v)
{
	const struct config_def *def = &r->c->defs[i];
	const char **list;

	if (!json_is_object(v)) {
		config_error(r->c, r->src->where, def->key,
		    "expected a mapping of names and texts");
		return;
	}
	list = arena_alloc(r->c->mem, (CONFIG_MAP_MAX + 1) * sizeof(*list));
	memset(list, 0, (CONFIG_MAP_MAX + 1) * sizeof(*list));
	config_record_map(r, def, v, is_read(r, def) ? list : NULL);
	*(const char ***)(void *)(r->c->settings + def->offset) = list;
	r->c->slots[i].is_default = false;
}

static void
set_text(struct config_record *r, size_t i, const char *text)
{
	const struct config_def *def = &r->c->defs[i];

	if ((def->flags & CONFIG_EXPANDS) != 0)
		text = expand(r, def->key, text);
	if (text == NULL)
		return;
	if (config_set(r->c, i, text, strlen(text), r->src->where,
		r->src->where)
	    && def->type == CONFIG_SECRET
	    && !secret_is_set(&r->c->slots[i].secret))
		config_error(r->c, r->src->where, def->key, "holds nothing");
}

const char *
config_scalar_text(const json_t *v, char number[CONFIG_NUMBER_MAX])
{
	if (json_is_string(v))
		return json_string_value(v);
	if (json_is_boolean(v))
		return json_is_true(v) ? "true" : "false";
	if (json_is_integer(v))
		snprintf(number, CONFIG_NUMBER_MAX, "%lld",
		    (long long)json_integer_value(v));
	else if (json_is_real(v))
		snprintf(number, CONFIG_NUMBER_MAX, "%g", json_real_value(v));
	else
		return NULL;
	return number;
}

/* An array, or a text as a variable has it. */
static void
set_list(struct config_record *r, size_t i, const json_t *v)
{
	const struct config_def *def = &r->c->defs[i];
	const char **items, *text;
	char number[CONFIG_NUMBER_MAX];
	json_t *item;
	size_t k;

	items = arena_alloc(r->c->mem,
	    (json_array_size(v) + 1) * sizeof(*items));
	json_array_foreach((json_t *)v, k, item) {
		text = config_scalar_text(item, number);
		if (text == NULL) {
			config_error(r->c, r->src->where, def->key,
			    "expected a list of texts");
			return;
		}
		if (is_read(r, def) && (def->flags & CONFIG_EXPANDS) != 0)
			text = expand(r, def->key, text);
		if (text == NULL)
			return;
		items[k] = arena_strdup(r->c->mem, text);
	}
	r->c->slots[i].is_default = false;
	if (is_read(r, def))
		(void)config_set_items(r->c, i, items, k, r->src->where,
		    r->src->where);
}

/* ${v}, of row ${i}. */
static void
set_member(struct config_record *r, size_t i, const json_t *v)
{
	const struct config_def *def = &r->c->defs[i];
	bool is_text = def->type == CONFIG_STR || def->type == CONFIG_URL
	    || def->type == CONFIG_SECRET || def->type == CONFIG_ENUM;
	const char *text = json_string_value(v);
	char number[CONFIG_NUMBER_MAX];

	if (json_is_null(v))
		return;
	if (def->type == CONFIG_MAP) {
		set_map(r, i, v);
		return;
	}
	if (def->type == CONFIG_LIST && json_is_array(v)) {
		set_list(r, i, v);
		return;
	}
	if (def->type == CONFIG_IGNORED)
		return;
	if (def->type == CONFIG_LIST && json_is_object(v)) {
		config_error(r->c, r->src->where, def->key,
		    "expected a list of texts");
		return;
	}
	if (!is_text && text == NULL) {
		text = config_scalar_text(v, number);
		if (text == NULL)
			text = "?"; /* refused in the row's own words */
	}
	if (text == NULL) {
		config_error(r->c, r->src->where, def->key,
		    "expected a text: put it in quotes");
		return;
	}
	if (text[0] == '\0') /* as if it were not there */
		return;
	if (!r->c->slots[i].is_default)
		config_error(r->c, r->src->where, def->key,
		    "is given twice: as it is, and as %s" FILE_SUFFIX,
		    def->key);
	else if (is_read(r, def))
		set_text(r, i, text);
	else
		r->c->slots[i].is_default = false; /* it is there */
}

/* A relative path is beside the configuration, as of any NAME_file there. */
static const char *
beside(struct config_record *r, const char *path)
{
	const char *file = r->src->file;
	const char *slash = file == NULL ? NULL : strrchr(file, '/');

	if (path[0] == '/' || slash == NULL)
		return path;
	return arena_printf(r->c->mem, "%.*s%s", (int)(slash - file + 1), file,
	    path);
}

/* "api_key_file": PATH of the secret that row ${i} is. */
static void
set_file(struct config_record *r, size_t i, const char *key, const json_t *v)
{
	const char *path = json_string_value(v);

	if (json_is_null(v))
		return;
	if (path == NULL) {
		config_error(r->c, r->src->where, key,
		    "expected a path: put it in quotes");
		return;
	}
	if (!r->c->slots[i].is_default) {
		config_error(r->c, r->src->where, key,
		    "is given twice: %s is there, too", r->c->defs[i].key);
		return;
	}
	if (!r->src->reads_secrets) {
		r->c->slots[i].is_default = false;
		return;
	}
	path = expand(r, key, path);
	if (path != NULL)
		config_set_file(r->c, i, path, beside(r, path), r->src->where,
		    r->src->where);
}

/* The row of the secret whose file ${key} names; -1: of none. */
static int
row_of_file(const struct config *c, const char *key)
{
	size_t len = strlen(key), end = strlen(FILE_SUFFIX);
	char bare[CONFIG_KEY_MAX];
	int i;

	if (len <= end || len >= sizeof(bare)
	    || strcmp(key + len - end, FILE_SUFFIX) != 0)
		return -1;
	snprintf(bare, sizeof(bare), "%.*s", (int)(len - end), key);
	i = config_find(c, bare);
	return i != -1 && c->defs[i].type == CONFIG_SECRET ? i : -1;
}

/* "there are url, headers" */
static const char *
all_members(const struct config_record *r)
{
	struct buf b = BUF_INIT(400);
	const char *out;
	size_t i;

	for (i = 0; i < r->c->ndefs; i++)
		(void)!buf_printf(&b, "%s%s%s%s", i == 0 ? "there are " : ", ",
		    r->c->defs[i].key,
		    r->c->defs[i].type == CONFIG_SECRET ? " or " : "",
		    r->c->defs[i].type == CONFIG_SECRET ? arena_printf(
			r->c->mem, "%s" FILE_SUFFIX, r->c->defs[i].key)
							: "");
	out = arena_strdup(r->c->mem, buf_str(&b));
	buf_fini(&b);
	return out;
}

static void
set_unknown(struct config_record *r, const char *key)
{
	int row;
	const char *near = config_near(r->c, key, &row);
	const char *shown = arena_printf(r->c->mem, "%.*s",
	    config_name_shown(key), key);
	const char *meant = near == NULL
	    ? all_members(r)
	    : arena_printf(r->c->mem, "did you mean %s?", near);

	if (!r->m->is_foreign)
		config_error(r->c, r->src->where, shown, "is not a member; %s",
		    meant);
	else if (near != NULL)
		config_warn(r->c, r->src->where, shown,
		    arena_printf(r->c->mem, "is not used; %s", meant));
	if (row != -1) /* "expected" would be said of it, too */
		r->c->slots[row].is_wrong = true;
}

static void
check_needed(struct config_record *r)
{
	struct buf expected = BUF_INIT(300);
	size_t i;

	for (i = 0; i < r->c->ndefs; i++) {
		const struct config_def *def = &r->c->defs[i];

		if ((def->flags & CONFIG_NEEDED) == 0
		    || !r->c->slots[i].is_default || r->c->slots[i].is_wrong)
			continue;
		buf_reset(&expected);
		(void)!config_expected(def, &expected);
		config_error(r->c, r->src->where, def->key, "expected %s: %s",
		    buf_str(&expected), def->help);
	}
	buf_fini(&expected);
}

void
config_record_members(struct config_record *r, const json_t *doc)
{
	const char *key;
	json_t *v;
	int i;

	config_set_defaults(r->c);
	json_object_foreach((json_t *)doc, key, v) {
		i = config_find(r->c, key);
		if (i != -1)
			set_member(r, (size_t)i, v);
		else if ((i = row_of_file(r->c, key)) != -1)
			set_file(r, (size_t)i, key, v);
		else
			set_unknown(r, key);
	}
	check_needed(r);
}
