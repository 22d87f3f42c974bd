/*
 * config_show: rows and their values in words, without what is secret.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/config_priv.h"
#include "base/json.h"
#include "base/text.h"

size_t
config_word_at(const char *words, size_t i, const char **word)
{
	const char *p = words;
	size_t len;

	if (words == NULL)
		return 0;
	for (;;) {
		p += strspn(p, " ");
		len = strcspn(p, " ");
		if (len == 0)
			return 0;
		if (i-- == 0) {
			*word = p;
			return len;
		}
		p += len;
	}
}

static void
span_text(double ms, char *out, size_t max)
{
	static const struct {
		const char *name;
		double factor;
	} units[] = { { "d", 86400e3 }, { "h", 3600e3 }, { "m", 60e3 },
		{ "s", 1e3 } };
	size_t i;

	for (i = 0; i < NELEM(units); i++)
		if (ms >= units[i].factor && fmod(ms, units[i].factor) == 0) {
			snprintf(out, max, "%.0f%s", ms / units[i].factor,
			    units[i].name);
			return;
		}
	snprintf(out, max, ms == 0 ? "0" : "%.0fms", ms);
}

static void
size_text(double bytes, char *out, size_t max)
{
	if (bytes >= 1048576 && fmod(bytes, 1048576) == 0)
		snprintf(out, max, "%.0fm", bytes / 1048576);
	else if (bytes >= 1024 && fmod(bytes, 1024) == 0)
		snprintf(out, max, "%.0fk", bytes / 1024);
	else
		snprintf(out, max, "%.0f", bytes);
}

static void
number_text(const struct config_def *def, double v, char *out, size_t max)
{
	if (def->type == CONFIG_SPAN)
		span_text(v, out, max);
	else if (def->type == CONFIG_SIZE)
		size_text(v, out, max);
	else if (def->type == CONFIG_INT)
		snprintf(out, max, "%.0f", v);
	else
		snprintf(out, max, "%g", v);
}

static int
add_words(const struct config_def *def, struct buf *out)
{
	const char *word = NULL, *next = NULL;
	size_t i, len;

	for (i = 0; (len = config_word_at(def->words, i, &word)) > 0; i++) {
		const char *glue = i == 0 ? "" : ", ";

		if (i > 0 && config_word_at(def->words, i + 1, &next) == 0)
			glue = " or ";
		if (buf_printf(out, "%s%.*s", glue, (int)len, word) == -1)
			return -1;
	}
	return 0;
}

int
config_expected(const struct config_def *def, struct buf *out)
{
	static const char *const names[] = {
		[CONFIG_BOOL] = "true or false",
		[CONFIG_INT] = "a whole number",
		[CONFIG_REAL] = "a number",
		[CONFIG_SPAN] = "a time such as 90s, 10m or 1h",
		[CONFIG_SIZE] = "a size such as 64k or 1m",
		[CONFIG_STR] = "a text",
		[CONFIG_LIST] = "a list",
		[CONFIG_ENUM] = "",
		[CONFIG_URL] = "a URL that begins with http:// or https://",
		[CONFIG_SECRET] = "a secret without control characters",
		[CONFIG_TREE] = "a mapping",
		[CONFIG_IGNORED] = "anything",
	};
	char min[32], max[32];

	if (def->type == CONFIG_TREE && def->words != NULL)
		return buf_printf(out, "a mapping %s", def->words);
	if (def->words != NULL)
		return add_words(def, out);
	if (buf_add_str(out, names[def->type]) == -1)
		return -1;
	if (def->min == 0 && def->max == 0)
		return 0;
	number_text(def, def->min, min, sizeof(min));
	number_text(def, def->max, max, sizeof(max));
	return buf_printf(out, " from %s to %s", min, max);
}

int
config_add_public(struct buf *out, const char *url)
{
	struct text_address a;

	text_address(url, &a);
	return buf_printf(out, "%.*s%s%.*s%s", a.scheme, url,
	    a.has_login ? "(set)@" : "", a.len, a.rest,
	    a.has_query ? "?(set)" : "");
}

/* A text of a tree. */
static json_t *
public_text(const char *text)
{
	struct buf shown = BUF_INIT(CONFIG_FILE_MAX);
	json_t *out = NULL;

	if (config_add_public(&shown, text) == 0)
		out = json_string(buf_str(&shown));
	buf_fini(&shown);
	return out != NULL ? out : json_string("(set)");
}

/* The tree without what may be a credential: values of headers, of the
 * environment of a server, and keys. */
static json_t *
without_credentials(const json_t *tree, bool hide)
{
	const char *key;
	json_t *member, *out;
	size_t k;

	if (json_is_object(tree)) {
		out = json_object();
		json_object_foreach((json_t *)tree, key, member)
			json_object_set_new(out, key,
			    without_credentials(member,
				hide || strcmp(key, "headers") == 0
				    || strcmp(key, "env") == 0
				    || strcmp(key, "api_key") == 0));
		return out;
	}
	if (json_is_array(tree)) {
		out = json_array();
		json_array_foreach((json_t *)tree, k, member)
			json_array_append_new(out,
			    without_credentials(member, hide));
		return out;
	}
	if (hide)
		return json_string("(set)");
	return json_is_string(tree) ? public_text(json_string_value(tree))
				    : json_deep_copy(tree);
}

/* A tree that is headers itself: "llm.headers". */
static bool
is_headers(const char *key)
{
	const char *dot = strrchr(key, '.');

	return dot != NULL && strcmp(dot, ".headers") == 0;
}

static int
add_list(struct buf *out, const struct config_list *list)
{
	bool plain = true;
	size_t k;

	for (k = 0; k < list->n; k++)
		if (strchr(list->items[k], ',') != NULL)
			plain = false;
	for (k = 0; k < list->n; k++) {
		if (buf_add_str(out, k == 0 ? (plain ? "" : "[") : ", ") == -1)
			return -1;
		if ((plain ? buf_add_str(out, list->items[k])
			   : json_add_str(out, list->items[k],
			       strlen(list->items[k])))
		    == -1)
			return -1;
	}
	return plain ? 0 : buf_add_char(out, ']');
}

int
config_value(const struct config *c, const char *key, struct buf *out)
{
	int i = config_find(c, key);
	const struct config_def *def;
	const void *at;
	char number[40];
	const char *word = NULL;
	size_t len;
	json_t *shown;
	int rc;

	if (i == -1)
		return -1;
	def = &c->defs[i];
	at = c->settings + def->offset;
	switch (def->type) {
	case CONFIG_BOOL:
		return buf_add_str(out, *(const bool *)at ? "true" : "false");
	case CONFIG_INT:
	case CONFIG_SPAN:
	case CONFIG_SIZE:
		number_text(def, (double)*(const int64_t *)at, number,
		    sizeof(number));
		return buf_add_str(out, number);
	case CONFIG_REAL:
		number_text(def, *(const double *)at, number, sizeof(number));
		return buf_add_str(out, number);
	case CONFIG_STR:
	case CONFIG_URL:
		return config_add_public(out, *(const char *const *)at);
	case CONFIG_LIST:
		return add_list(out, at);
	case CONFIG_ENUM:
		len = config_word_at(def->words, (size_t) * (const int *)at,
		    &word);
		return buf_add(out, word, len);
	case CONFIG_SECRET:
		return buf_add_str(out,
		    secret_is_set(&c->slots[i].secret) ? "(set)" : "");
	case CONFIG_TREE:
		if (c->slots[i].tree == NULL)
			return 0;
		shown = without_credentials(c->slots[i].tree, is_headers(key));
		rc = json_add(out, shown);
		json_decref(shown);
		return rc;
	case CONFIG_IGNORED:
		break;
	}
	return 0;
}
