/*
 * config_text: a YAML text that is no file of settings, such as the head of
 * another file.
 */
#ifndef BASE_CONFIG_TEXT_H
#define BASE_CONFIG_TEXT_H

#include <jansson.h>

#include "base/base.h"

struct arena;

/*
 * The document of ${text} as JSON; ${name} is its file's, for errors.  NULL:
 * ${why}, in ${mem}, is the first thing that is wrong, with its line.  An empty
 * text is null.  Owned by ${mem}.
 */
json_t *config_text_json(struct arena *mem, const char *name, const char *text,
    size_t len, const char **why) WARN_UNUSED;

#endif
