/*
 * config_value: text to value, by the type of its row.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/config_priv.h"
#include "base/json.h"
#include "base/paste.h"
#include "base/text.h"

#define FOUND_MAX 40 /* of a wrong value, in its error */

static const struct {
	const char *word;
	bool value;
} BOOLS[] = {
	{ "true", true },
	{ "yes", true },
	{ "on", true },
	{ "1", true },
	{ "false", false },
	{ "no", false },
	{ "off", false },
	{ "0", false },
};

static int
word_index(const char *words, const char *text)
{
	const char *word = NULL;
	size_t i, len;

	for (i = 0; (len = config_word_at(words, i, &word)) > 0; i++)
		if (len == strlen(text) && strncasecmp(word, text, len) == 0)
			return (int)i;
	return -1;
}

static bool
refuse(struct config *c, size_t i, const char *found, const char *where)
{
	const struct config_def *def = &c->defs[i];
	struct buf expected = BUF_INIT(400);
	struct buf public = BUF_INIT(CONFIG_FILE_MAX);
	char cut[FOUND_MAX * 4 + 4];
	const char *shown = "";

	if (config_expected(def, &expected) == -1)
		expected.full = true; /* what fitted is said */
	/* A secret in the wrong place must not end in a log. */
	if (def->type != CONFIG_SECRET
	    && (def->flags & (CONFIG_PRIVATE | CONFIG_EXPANDS)) == 0
	    && found[0] != '\0' && config_add_public(&public, found) == 0) {
		found = buf_str(&public);
		snprintf(cut, sizeof(cut), "%s",
		    text_cut(c->mem,
			text_printable(c->mem,
			    text_clean(c->mem, found, strlen(found))),
			FOUND_MAX));
		shown = cut;
	}
	config_error(c, where, def->key, "expected %s%s%s%s",
	    buf_str(&expected), shown[0] != '\0' ? ", found \"" : "", shown,
	    shown[0] != '\0' ? "\"" : "");
	buf_fini(&expected);
	buf_fini(&public);
	return false;
}

/* http(s)://HOST..., without blanks; "" is fine: none. */
static bool
url_is_valid(const char *s)
{
	const char *host;
	size_t i;

	if (s[0] == '\0')
		return true;
	if (strncasecmp(s, "http://", 7) == 0)
		host = s + 7;
	else if (strncasecmp(s, "https://", 8) == 0)
		host = s + 8;
	else
		return false;
	for (i = 0; s[i] != '\0'; i++)
		if ((unsigned char)s[i] <= ' ' || s[i] == '\x7f'
		    || strchr("\"<>\\^`{|}", s[i]) != NULL)
			return false;
	return strcspn(host, "/?#") > 0;
}

static bool
has_control(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if ((unsigned char)s[i] < ' ' || s[i] == '\x7f')
			return true;
	return false;
}

static bool
set_text(struct config *c, size_t i, const char *text, void *at,
    const char *where)
{
	const struct config_def *def = &c->defs[i];
	char *copy;
	size_t len;

	if (def->type == CONFIG_URL && !url_is_valid(text))
		return refuse(c, i, text, where);
	if (def->words != NULL && text[0] != '\0'
	    && word_index(def->words, text) == -1)
		return refuse(c, i, text, where);
	copy = arena_strdup(c->mem, text);
	len = strlen(copy);
	/* So that a path can be put behind it. */
	while (def->type == CONFIG_URL && (def->flags & CONFIG_WHOLE) == 0
	    && len > 0 && copy[len - 1] == '/')
		copy[--len] = '\0';
	*(const char **)at = copy;
	return true;
}

bool
config_set_items(struct config *c, size_t i, const char **items, size_t n,
    const char *where, const char *origin)
{
	struct config_list *list = (void *)(c->settings + c->defs[i].offset);
	const char **copy;
	size_t k;

	if (c->defs[i].type != CONFIG_LIST)
		return refuse(c, i, "", where);
	copy = arena_alloc(c->mem, (n + 1) * sizeof(*copy));
	for (k = 0; k < n; k++)
		copy[k] = arena_strdup(c->mem, items[k]);
	list->items = n == 0 ? NULL : copy;
	list->n = n;
	c->slots[i].path = NULL;
	c->slots[i].origin = arena_strdup(c->mem, origin);
	c->slots[i].is_default = false;
	return true;
}

/* "a, b" or, for items with commas in them, a JSON array of strings. */
static bool
set_list(struct config *c, size_t i, const char *text, const char *where,
    const char *origin)
{
	const char **items;
	size_t n = 0, k;
	char *p;

	text += strspn(text, " \t");
	if (text[0] == '[') {
		json_t *doc = json_read(c->mem, text, strlen(text), NULL, NULL);

		if (!json_is_array(doc))
			return refuse(c, i, text, where);
		items = arena_alloc(c->mem,
		    (json_array_size(doc) + 1) * sizeof(*items));
		for (k = 0; k < json_array_size(doc); k++) {
			items[k] = json_string_value(json_array_get(doc, k));
			if (items[k] == NULL)
				return refuse(c, i, text, where);
		}
		return config_set_items(c, i, items, k, where, origin);
	}
	items = arena_alloc(c->mem, (strlen(text) / 2 + 2) * sizeof(*items));
	for (p = arena_strdup(c->mem, text); p != NULL;) {
		char *item = strsep(&p, ",");

		item = text_strip(c->mem, item);
		if (item[0] != '\0')
			items[n++] = item;
	}
	return config_set_items(c, i, items, n, where, origin);
}

bool
config_set_tree(struct config *c, size_t i, json_t *tree, const char *where,
    const char *origin)
{
	if (!config_is_tree(c->defs[i].type)) {
		json_decref(tree);
		return refuse(c, i, "", where);
	}
	json_decref(c->slots[i].tree);
	c->slots[i].tree = tree;
	*(json_t **)(void *)(c->settings + c->defs[i].offset) = tree;
	c->slots[i].path = NULL;
	c->slots[i].origin = arena_strdup(c->mem, origin);
	c->slots[i].is_default = false;
	return true;
}

/* What is around a key that was pasted; ${text} is then the key. */
static void
unwrap(struct config *c, size_t i, const char **text, size_t *len,
    const char *where)
{
	const char *key = c->defs[i].key, *what;

	if ((c->defs[i].flags & CONFIG_KEY) == 0) {
		if (paste_is_quoted(*text, *len))
			config_warn(c, where, key,
			    "begins and ends with a quote, which counts as a "
			    "part of it: if it is none, take it off");
		return;
	}
	what = paste_trim(text, len);
	if (what != NULL)
		config_warn(c, where, key,
		    arena_printf(c->mem, "was given with %s; that was left out",
			what));
	what = paste_flaw(*text, *len);
	if (what != NULL && strcmp(what, "a blank") == 0
	    && memchr(*text, ',', *len) == NULL)
		config_warn(c, where, key,
		    "has a blank in it: is it one key, as it was given to "
		    "you?");
	if (!paste_is_ascii(*text, *len))
		config_warn(c, where, key, PASTE_NOT_ASCII);
}

static bool
set_secret(struct config *c, size_t i, const char *text, size_t len, void *at,
    const char *where)
{
	struct secret *s = &c->slots[i].secret;

	unwrap(c, i, &text, &len, where);
	/* One with a line's end in it would end a header early. */
	if (has_control(text, len)) {
		config_error(c, where, c->defs[i].key,
		    "has %s in it (%zu characters): give it as one line, "
		    "without quotes",
		    paste_flaw(text, len), len);
		return false;
	}
	secret_clear(s);
	if (len > 0)
		secret_set(s, text, len);
	*(struct secret *)at = *s;
	return true;
}

static bool
set_number(struct config *c, size_t i, const char *text, void *at,
    const char *where)
{
	const struct config_def *def = &c->defs[i];
	double v = 0;

	if (text[0] != '\0' && config_number_parse(def, text, &v) == -1)
		return refuse(c, i, text, where);
	if (def->type == CONFIG_REAL)
		*(double *)at = v;
	else
		*(int64_t *)at = (int64_t)v;
	return true;
}

static bool
set_word(struct config *c, size_t i, const char *text, void *at,
    const char *where)
{
	int v = text[0] == '\0' ? 0 : word_index(c->defs[i].words, text);

	if (v == -1)
		return refuse(c, i, text, where);
	*(int *)at = v;
	return true;
}

bool
config_bool_parse(const char *text, bool *out)
{
	size_t k;

	for (k = 0; k < NELEM(BOOLS); k++)
		if (strcasecmp(BOOLS[k].word, text) == 0) {
			*out = BOOLS[k].value;
			return true;
		}
	return false;
}

static bool
set_bool(struct config *c, size_t i, const char *text, void *at,
    const char *where)
{
	if (text[0] == '\0') {
		*(bool *)at = false;
		return true;
	}
	return config_bool_parse(text, at) || refuse(c, i, text, where);
}

/* ${text} is a JSON object; no copy of it stays, as it may hold secrets. */
static bool
set_mapping(struct config *c, size_t i, const char *text, const char *where,
    const char *origin)
{
	json_t *doc;

	text += strspn(text, " \t\r\n");
	if (text[0] == '\0')
		return config_set_tree(c, i, NULL, where, origin);
	doc = json_read(c->mem, text, strlen(text), NULL, NULL);
	if (!json_is_object(doc))
		return refuse(c, i, "", where);
	return config_set_tree(c, i, json_incref(doc), where, origin);
}

bool
config_set(struct config *c, size_t i, const char *text, size_t len,
    const char *where, const char *origin)
{
	const struct config_def *def = &c->defs[i];
	void *at = c->settings + def->offset;
	bool set = true;

	if (strlen(text) != len) {
		config_error(c, where, def->key, "holds a NUL byte");
		return false;
	}
	if (!text_is_utf8(text, len)) {
		config_error(c, where, def->key, "is not UTF-8");
		return false;
	}
	if (def->type != CONFIG_STR && def->type != CONFIG_SECRET
	    && !config_is_tree(def->type))
		text = text_strip(c->mem, text);

	switch (def->type) {
	case CONFIG_BOOL:
		set = set_bool(c, i, text, at, where);
		break;
	case CONFIG_INT:
	case CONFIG_REAL:
	case CONFIG_SPAN:
	case CONFIG_SIZE:
		set = set_number(c, i, text, at, where);
		break;
	case CONFIG_STR:
	case CONFIG_URL:
		set = set_text(c, i, text, at, where);
		break;
	case CONFIG_LIST:
		return set_list(c, i, text, where, origin);
	case CONFIG_ENUM:
		set = set_word(c, i, text, at, where);
		break;
	case CONFIG_SECRET:
		set = set_secret(c, i, text, len, at, where);
		break;
	case CONFIG_RECORDS:
	case CONFIG_MAP:
		return set_mapping(c, i, text, where, origin);
	case CONFIG_IGNORED:
		if (text[0] != '\0' && (def->flags & CONFIG_QUIET) == 0)
			config_warn(c, where, def->key, def->help);
		break;
	}
	if (!set)
		return false;
	c->slots[i].path = NULL;
	c->slots[i].origin = arena_strdup(c->mem, origin);
	c->slots[i].is_default = false;
	return true;
}

void
config_set_defaults(struct config *c)
{
	size_t i;

	for (i = 0; i < c->ndefs; i++) {
		const char *text = c->defs[i].fallback;

		if (text == NULL)
			text = "";
		/* A default of ours that is refused: reported as any other,
		 * and found by the tests. */
		(void)config_set(c, i, text, strlen(text), "default",
		    "default");
		c->slots[i].is_default = true;
	}
}
