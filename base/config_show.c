/*
 * config_show: values as text, without what is secret.
 */
#include <string.h>

#include "base/config_priv.h"
#include "base/json.h"

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
		config_number_text(def, (double)*(const int64_t *)at, number,
		    sizeof(number));
		return buf_add_str(out, number);
	case CONFIG_REAL:
		config_number_text(def, *(const double *)at, number,
		    sizeof(number));
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
