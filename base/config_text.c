#include "base/config_text.h"

#include <string.h>

#include "base/arena.h"
#include "base/config_yaml.h"
#include "base/json.h"

#define WHY_MAX (4 * KIB) /* of which the first line is told */

static json_t *
read_document(struct config_walk *w, yaml_parser_t *parser, const char *text)
{
	yaml_node_t *root;
	json_t *out;

	if (!yaml_parser_load(parser, w->doc)) {
		config_syntax_error(w->c, w->src->file, text, parser);
		return NULL;
	}
	root = yaml_document_get_root_node(w->doc);
	out = root == NULL ? json_null() : config_tree_json(w, root, 0);
	yaml_document_delete(w->doc);
	return out;
}

json_t *
config_text_json(struct arena *mem, const char *name, const char *text,
    size_t len, const char **why)
{
	const struct config_source src = { .file = name };
	struct buf errors = BUF_INIT(WHY_MAX);
	struct config c = { .mem = mem, .errors = &errors };
	yaml_document_t doc;
	struct config_walk w = { .c = &c, .src = &src, .doc = &doc };
	/* It looks for the ends of lines in it. */
	const char *copy = arena_memdup(mem, text, len);
	yaml_parser_t parser;
	json_t *out = NULL;

	*why = "no memory to read it";
	if (!yaml_parser_initialize(&parser))
		return NULL;
	yaml_parser_set_input_string(&parser, (const unsigned char *)copy, len);
	out = json_keep(mem, read_document(&w, &parser, copy));
	yaml_parser_delete(&parser);
	if (out == NULL)
		*why = errors.len == 0 ? "a text that is not UTF-8"
				       : arena_memdup(mem, buf_str(&errors),
					   strcspn(buf_str(&errors), "\n"));
	buf_fini(&errors);
	return out;
}
