/*
 * prompt_head: the head of a prompt's file: title, description, arguments.
 */
#ifndef CONTENT_PROMPT_HEAD_H
#define CONTENT_PROMPT_HEAD_H

#include "content/prompt.h"

/* Read ${len} bytes of YAML into ${p}, its text for lists, too.  -1: ${why}, in
 * ${mem}. */
int prompt_head(struct prompt *p, const char *file, const char *text,
    size_t len, struct arena *mem, const char **why) WARN_UNUSED;

#endif
