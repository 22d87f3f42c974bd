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

/* ${name} as far as it may be one. */
static void
set_named(json_t *out, const char *name, json_t *value)
{
	(void)!json_object_setn_new(out, name, (size_t)config_name_shown(name),
	    value);
}

/* Names stay, and what they are for is hidden. */
static json_t *
hidden(const json_t *v)
{
	const char *key;
	json_t *member, *out;

	if (!json_is_object(v))
		return json_string("(set)");
	out = json_object();
	json_object_foreach((json_t *)v, key, member)
		set_named(out, key, json_string("(set)"));
	return out;
}

static const struct config_def *
member_of(const struct config_members *m, const char *key, size_t len)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		if (strlen(m->rows[i].key) == len
		    && memcmp(m->rows[i].key, key, len) == 0)
			return &m->rows[i];
	return NULL;
}

/* A key where an address or a path belongs has no ${sign} of one. */
static bool
is_out_of_place(const json_t *v, const char *sign)
{
	const char *text = json_string_value(v);

	return text != NULL && strstr(text, sign) == NULL
	    && strncmp(text, "${", 2) != 0;
}

/* What nobody knows may be a secret. */
static json_t *
public_member(const struct config_members *m, const char *key, const json_t *v)
{
	const struct config_def *def = member_of(m, key, strlen(key));
	size_t len = strlen(key), end = strlen("_file");

	if (def == NULL && len > end && strcmp(key + len - end, "_file") == 0) {
		def = member_of(m, key, len - end);
		if (def == NULL || def->type != CONFIG_SECRET
		    || is_out_of_place(v, "/"))
			return hidden(v);
	} else if (def == NULL || def->type == CONFIG_SECRET
	    || def->type == CONFIG_MAP || def->type == CONFIG_IGNORED
	    || (def->flags & CONFIG_PRIVATE) != 0)
		return hidden(v);
	if (def->type == CONFIG_URL && is_out_of_place(v, "://"))
		return hidden(v);
	if (json_is_string(v))
		return public_text(json_string_value(v));
	return json_is_object(v) || json_is_array(v) ? hidden(v)
						     : json_deep_copy(v);
}

static json_t *
public_tree(const struct config_def *def, const json_t *tree)
{
	const char *name, *key;
	json_t *record, *v, *shown, *out;

	if (def->members == NULL)
		return hidden(tree);
	out = json_object();
	json_object_foreach((json_t *)tree, name, record) {
		shown = json_is_object(record) ? json_object() : hidden(record);
		json_object_foreach(record, key, v)
			set_named(shown, key,
			    public_member(def->members, key, v));
		json_object_set_new(out, name, shown);
	}
	return out;
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
	case CONFIG_RECORDS:
	case CONFIG_MAP:
		if (c->slots[i].tree == NULL)
			return 0;
		shown = public_tree(def, c->slots[i].tree);
		rc = json_add(out, shown);
		json_decref(shown);
		return rc;
	case CONFIG_IGNORED:
		break;
	}
	return 0;
}
