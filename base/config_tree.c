/*
 * config_tree: a part of a YAML document as JSON, and what its nodes are.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/config_yaml.h"

#define DEPTH_MAX 16 /* our deepest key has three parts, a tree a few more */
#define VISITS_MAX 50000 /* a file of CONFIG_FILE_MAX with aliases in aliases */

int
config_line_of(const yaml_node_t *node)
{
	return (int)node->start_mark.line + 1;
}

const char *
config_where_of(struct config_walk *w, int line)
{
	return arena_printf(w->c->mem, "%s:%d", w->src->file, line);
}

bool
config_is_null(const yaml_node_t *node)
{
	const char *s = (const char *)node->data.scalar.value;

	return node->type == YAML_SCALAR_NODE
	    && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE
	    && (s[0] == '\0' || strcmp(s, "~") == 0 || strcmp(s, "null") == 0
		|| strcmp(s, "Null") == 0 || strcmp(s, "NULL") == 0);
}

bool
config_may_visit(struct config_walk *w, const yaml_node_t *node, int depth)
{
	if (depth < DEPTH_MAX && w->visits++ < VISITS_MAX)
		return true;
	if (w->visits < 2 * VISITS_MAX) {
		config_error(w->c, config_where_of(w, config_line_of(node)),
		    "file", "is nested too deeply or repeats itself too often");
		w->visits = 2 * VISITS_MAX; /* say it once */
	}
	return false;
}

/* A plain scalar by YAML's core schema, as JSON has it. */
static json_t *
scalar_json(const yaml_node_t *node)
{
	const char *s = (const char *)node->data.scalar.value;
	size_t len = node->data.scalar.length;
	char *end;

	if (node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return json_stringn(s, len);
	if (config_is_null(node))
		return json_null();
	if (strcmp(s, "true") == 0 || strcmp(s, "false") == 0)
		return json_boolean(s[0] == 't');
	if (strspn(s, "+-0123456789") == len && len < 19) {
		long long v = strtoll(s, &end, 10);

		if (*end == '\0')
			return json_integer(v);
	}
	if (strspn(s, "+-0123456789.eE") == len) {
		double v = strtod(s, &end);

		if (*end == '\0')
			return json_real(v);
	}
	return json_stringn(s, len);
}

json_t *
config_tree_json(struct config_walk *w, yaml_node_t *node, int depth)
{
	json_t *out = NULL, *member;
	yaml_node_pair_t *pair;
	yaml_node_item_t *item;

	if (!config_may_visit(w, node, depth))
		return NULL;
	switch (node->type) {
	case YAML_SCALAR_NODE:
		return scalar_json(node);
	case YAML_SEQUENCE_NODE:
		out = json_array();
		for (item = node->data.sequence.items.start;
		     item < node->data.sequence.items.top; item++) {
			member = config_tree_json(w,
			    yaml_document_get_node(w->doc, *item), depth + 1);
			if (member == NULL
			    || json_array_append_new(out, member) == -1)
				goto bad;
		}
		return out;
	case YAML_MAPPING_NODE:
		out = json_object();
		for (pair = node->data.mapping.pairs.start;
		     pair < node->data.mapping.pairs.top; pair++) {
			yaml_node_t *key = yaml_document_get_node(w->doc,
			    pair->key);

			if (key->type != YAML_SCALAR_NODE) {
				config_error(w->c,
				    config_where_of(w, config_line_of(key)),
				    "file", "expected a name before \":\"");
				goto bad;
			}
			member = config_tree_json(w,
			    yaml_document_get_node(w->doc, pair->value),
			    depth + 1);
			if (member == NULL
			    || json_object_setn_new(out,
				   (const char *)key->data.scalar.value,
				   key->data.scalar.length, member)
				== -1)
				goto bad;
		}
		return out;
	default:
		break;
	}
bad:
	json_decref(out);
	return NULL;
}

const char *
config_kind_of(const yaml_node_t *node)
{
	return node->type == YAML_MAPPING_NODE ? "a mapping"
	    : node->type == YAML_SEQUENCE_NODE ? "a list"
					       : "a single value";
}
