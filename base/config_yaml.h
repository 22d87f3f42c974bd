/*
 * config_yaml: what config_yaml.c (which key is which row) and config_tree.c
 * (nodes) share.
 */
#ifndef BASE_CONFIG_YAML_H
#define BASE_CONFIG_YAML_H

#include <yaml.h>

#include "base/config_priv.h"

struct config_walk {
	struct config *c;
	const struct config_source *src;
	yaml_document_t *doc;
	int visits;
	int *lines; /* of each row: where it was set; 0 not yet */
};

int config_line_of(const yaml_node_t *node);
const char *config_where_of(struct config_walk *w, int line);
bool config_is_null(const yaml_node_t *node);
const char *config_kind_of(const yaml_node_t *node); /* "a mapping" */
/* False, reported: this file is made to be expanded, not to be read. */
bool config_may_visit(struct config_walk *w, const yaml_node_t *node,
    int depth);
/* What libyaml's ${p} found wrong in ${text}. */
void config_syntax_error(struct config *c, const char *file, const char *text,
    const yaml_parser_t *p);
/* The subtree as JSON; NULL: reported. */
json_t *config_tree_json(struct config_walk *w, yaml_node_t *node, int depth);

#endif
