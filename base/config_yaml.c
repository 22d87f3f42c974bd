/*
 * config_yaml: a YAML file, flattened to the keys of the table.
 *
 * libyaml reads the whole document first (aliases are then one node with many
 * parents), so the walk is bounded by nodes visited as well as by depth.
 */
#include "base/config_yaml.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "base/arena.h"

#define LIST_MAX 1000 /* items of one setting */

static void
wrong_kind(struct config_walk *w, size_t i, const yaml_node_t *node)
{
	struct buf expected = BUF_INIT(300);

	if (config_expected(&w->c->defs[i], &expected) == -1)
		expected.full = true;
	config_error(w->c, config_where_of(w, config_line_of(node)),
	    w->c->defs[i].key, "expected %s, found %s", buf_str(&expected),
	    config_kind_of(node));
	buf_fini(&expected);
}

static void
set_sequence(struct config_walk *w, size_t i, yaml_node_t *node,
    const char *where)
{
	const char **items;
	yaml_node_item_t *item;
	size_t n = 0;

	if (w->c->defs[i].type != CONFIG_LIST) {
		wrong_kind(w, i, node);
		return;
	}
	items = arena_alloc(w->c->mem, LIST_MAX * sizeof(*items));
	for (item = node->data.sequence.items.start;
	     item < node->data.sequence.items.top; item++) {
		yaml_node_t *scalar = yaml_document_get_node(w->doc, *item);

		if (scalar->type != YAML_SCALAR_NODE
		    || strlen((char *)scalar->data.scalar.value)
			!= scalar->data.scalar.length) {
			config_error(w->c,
			    config_where_of(w, config_line_of(scalar)),
			    w->c->defs[i].key,
			    "expected a list of texts, found %s in it",
			    config_kind_of(scalar));
			return;
		}
		if (n == LIST_MAX) {
			config_error(w->c, where, w->c->defs[i].key,
			    "expected at most %d items", LIST_MAX);
			return;
		}
		items[n++] = (const char *)scalar->data.scalar.value;
	}
	(void)config_set_items(w->c, i, items, n, where, where);
}

/* ${node} is the value of row ${i}. */
static void
set_row(struct config_walk *w, size_t i, yaml_node_t *node, int line)
{
	const char *where = config_where_of(w, line);
	json_t *tree;

	if (w->lines[i] != 0) {
		config_error(w->c, where, w->c->defs[i].key,
		    "is set twice, first in line %d", w->lines[i]);
		return;
	}
	w->lines[i] = line;
	if (config_is_null(node))
		return; /* as if it were not there */
	if (w->c->defs[i].type == CONFIG_IGNORED) {
		(void)config_set(w->c, i, "x", 1, where, where);
		return;
	}
	if (config_is_tree(w->c->defs[i].type)) {
		if (node->type != YAML_MAPPING_NODE) {
			wrong_kind(w, i, node);
			return;
		}
		tree = config_tree_json(w, node, 0);
		if (tree != NULL)
			(void)config_set_tree(w->c, i, tree, where, where);
		return;
	}
	if (node->type == YAML_SEQUENCE_NODE)
		set_sequence(w, i, node, where);
	else if (node->type == YAML_MAPPING_NODE)
		wrong_kind(w, i, node);
	else
		(void)config_set(w->c, i, (char *)node->data.scalar.value,
		    node->data.scalar.length, where, where);
}

/* "proxy_secret_file: PATH", beside the YAML file unless absolute. */
static bool
set_by_file(struct config_walk *w, const char *key, yaml_node_t *node, int line)
{
	struct config *c = w->c;
	size_t len = strlen(key);
	const char *where = config_where_of(w, line), *slash, *path;
	char bare[CONFIG_KEY_MAX];
	int i;

	if (len < 6 || strcmp(key + len - 5, "_file") != 0)
		return false;
	snprintf(bare, sizeof(bare), "%.*s", (int)(len - 5), key);
	i = config_find(c, bare);
	if (i == -1
	    || (c->defs[i].type != CONFIG_SECRET
		&& (c->defs[i].flags & CONFIG_PRIVATE) == 0))
		return false;
	if (config_is_null(node))
		return true;
	if (node->type != YAML_SCALAR_NODE) {
		config_error(c, where, key, "expected a path, found %s",
		    config_kind_of(node));
		return true;
	}
	if (w->lines[i] != 0) {
		config_error(c, where, key, "%s is set in line %d already",
		    bare, w->lines[i]);
		return true;
	}
	w->lines[i] = line;
	if (config_env_has(c, (size_t)i))
		return true; /* it would not count, and may be closed to us */
	path = (const char *)node->data.scalar.value;
	slash = strrchr(w->src->file, '/');
	if (path[0] != '/' && slash != NULL)
		path = arena_printf(c->mem, "%.*s/%s",
		    (int)(slash - w->src->file), w->src->file, path);
	config_set_file(c, (size_t)i, (const char *)node->data.scalar.value,
	    path, where, arena_printf(c->mem, "file %s (%s)", path, where));
	return true;
}

/*
 * In another program's file: what this key is called here, or NULL when it
 * does not count.
 */
static const char *
foreign_key(struct config_walk *w, const char *key)
{
	const char *p = w->src->foreign_keys;
	size_t len, name;

	while (p != NULL && *(p += strspn(p, " ")) != '\0') {
		len = strcspn(p, " ");
		name = strcspn(p, " =*");
		if (p[name] == '*' && strncmp(p, key, name) == 0)
			return key;
		if (strlen(key) == name && strncmp(p, key, name) == 0)
			return p[name] != '='
			    ? key
			    : arena_printf(w->c->mem, "%.*s",
				(int)(len - name - 1), p + name + 1);
		p += len;
	}
	return NULL;
}

/* Is ${key} the beginning of a row's key ("chat", "chat.persona")? */
static bool
is_section(const struct config *c, const char *key)
{
	size_t len = strlen(key), i;

	for (i = 0; i < c->ndefs; i++)
		if (strncmp(c->defs[i].key, key, len) == 0
		    && c->defs[i].key[len] == '.')
			return true;
	return false;
}

static void
unknown_key(struct config_walk *w, const char *key, int line)
{
	const char *near;
	int row;

	if (w->src->foreign)
		return;
	near = config_near(w->c, key, &row);
	config_error(w->c, config_where_of(w, line), key,
	    "is not a setting%s%s%s", near != NULL ? "; did you mean " : "",
	    near != NULL ? near : "", near != NULL ? "?" : "");
	if (row != -1) /* "is not set" would be said of it, too */
		w->c->slots[row].is_wrong = true;
}

static void
walk_mapping(struct config_walk *w, yaml_node_t *node, const char *prefix,
    int depth)
{
	yaml_node_pair_t *pair;

	if (!config_may_visit(w, node, depth))
		return;
	for (pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++) {
		yaml_node_t *name = yaml_document_get_node(w->doc, pair->key);
		yaml_node_t *value = yaml_document_get_node(w->doc,
		    pair->value);
		char key[CONFIG_KEY_MAX];
		const char *ours = key;
		int line = config_line_of(name), n, i;

		if (name->type != YAML_SCALAR_NODE) {
			config_error(w->c, config_where_of(w, line), "file",
			    "expected the name of a setting before \":\"");
			continue;
		}
		n = snprintf(key, sizeof(key), "%s%s%s", prefix,
		    prefix[0] != '\0' ? "." : "",
		    (char *)name->data.scalar.value);
		if (n >= (int)sizeof(key) || name->data.scalar.length == 0
		    || strlen((char *)name->data.scalar.value)
			!= name->data.scalar.length) {
			unknown_key(w, "file", line);
			continue;
		}
		if (w->src->foreign)
			ours = foreign_key(w, key);
		i = ours == NULL ? -1 : config_find(w->c, ours);
		if (i != -1 && !w->src->foreign
		    && (w->c->defs[i].flags & CONFIG_HIDDEN) != 0)
			i = -1;
		if (i != -1)
			set_row(w, (size_t)i, value, line);
		else if (value->type == YAML_MAPPING_NODE
		    && (w->src->foreign || is_section(w->c, key)))
			walk_mapping(w, value, key, depth + 1);
		else if (is_section(w->c, key) && !config_is_null(value)
		    && !w->src->foreign)
			config_error(w->c, config_where_of(w, line), key,
			    "expected a mapping of settings, found %s",
			    config_kind_of(value));
		else if (is_section(w->c, key) || ours == NULL
		    || set_by_file(w, ours, value, line))
			continue;
		else
			unknown_key(w, key, line);
	}
}

/* The document held secrets perhaps: libyaml does not wipe. */
static void
wipe(yaml_document_t *doc)
{
	yaml_node_t *node;

	for (node = doc->nodes.start; node < doc->nodes.top; node++)
		if (node->type == YAML_SCALAR_NODE)
			sodium_memzero(node->data.scalar.value,
			    node->data.scalar.length);
	yaml_document_delete(doc);
}

/* What it read the text through, the same. */
static void
wipe_parser(yaml_parser_t *p)
{
	if (p->raw_buffer.start != NULL)
		sodium_memzero(p->raw_buffer.start,
		    (size_t)(p->raw_buffer.end - p->raw_buffer.start));
	if (p->buffer.start != NULL)
		sodium_memzero(p->buffer.start,
		    (size_t)(p->buffer.end - p->buffer.start));
	yaml_parser_delete(p);
}

/* A tab before the first word of line ${line} (0 is the first): YAML has none
 * there, and libyaml's words for it name none. */
static bool
is_tab(const char *text, size_t line)
{
	for (; line > 0 && text != NULL; line--) {
		text = strchr(text, '\n');
		text = text == NULL ? NULL : text + 1;
	}
	return text != NULL && text[strspn(text, " ")] == '\t';
}

void
config_syntax_error(struct config *c, const char *file, const char *text,
    const yaml_parser_t *p)
{
	char where[CONFIG_PATH_MAX + 16];
	size_t line = p->problem_mark.line + 1;

	snprintf(where, sizeof(where), "%s:%zu", file, line);
	c->file_failed = true;
	if (is_tab(text, p->problem_mark.line)) {
		config_error(c, where, "file",
		    "a tab: indent with blanks, as YAML takes no tabs there");
		return;
	}
	config_error(c, where, "file", "expected YAML: %s%s%s",
	    p->problem != NULL ? p->problem : "cannot be read",
	    p->context != NULL ? ", " : "",
	    p->context != NULL ? p->context : "");
}

void
config_read_yaml(struct config *c, const struct config_source *src)
{
	struct buf text = BUF_INIT(CONFIG_FILE_MAX);
	struct config_walk w = { .c = c, .src = src };
	yaml_parser_t parser;
	yaml_document_t doc, second;
	yaml_node_t *root;
	char why[128];

	if (src->file == NULL)
		return;
	if (config_read_file(src->file, &text) == -1) {
		if (errno != ENOENT || src->file_must_exist) {
			c->file_failed = true;
			config_error(c, src->file, "file", "cannot be read: %s",
			    strerror_r(errno, why, sizeof(why)));
		}
		buf_wipe(&text);
		return;
	}
	if (!yaml_parser_initialize(&parser)) {
		config_error(c, src->file, "file", "no memory to read it");
		buf_wipe(&text);
		return;
	}
	yaml_parser_set_input_string(&parser,
	    (const unsigned char *)buf_str(&text), text.len);
	if (!yaml_parser_load(&parser, &doc)) {
		config_syntax_error(c, src->file, buf_str(&text), &parser);
		goto out;
	}
	w.doc = &doc;
	w.lines = arena_alloc(c->mem, c->ndefs * sizeof(*w.lines));
	root = yaml_document_get_root_node(&doc);
	if (root != NULL && root->type == YAML_MAPPING_NODE)
		walk_mapping(&w, root, "", 0);
	else if (root != NULL && !config_is_null(root)) {
		c->file_failed = true;
		config_error(c, config_where_of(&w, config_line_of(root)),
		    "file", "expected a mapping of settings, found %s",
		    config_kind_of(root));
	}
	wipe(&doc);
	if (root == NULL)
		goto out;
	if (!yaml_parser_load(&parser, &second)) {
		config_syntax_error(c, src->file, buf_str(&text), &parser);
		goto out;
	}
	root = yaml_document_get_root_node(&second);
	if (root != NULL)
		config_error(c, config_where_of(&w, config_line_of(root)),
		    "file", "expected one document; a second one begins here");
	wipe(&second);
out:
	wipe_parser(&parser);
	buf_wipe(&text);
}
