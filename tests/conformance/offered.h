/*
 * offered: the resources and prompts of the conformance suite, a source in the
 * place of the folders that settings name (content/sources.c).
 */
#ifndef TESTS_CONFORMANCE_OFFERED_H
#define TESTS_CONFORMANCE_OFFERED_H

#include "content/source.h"

/* resources.c */
void fixture_list_resources(enum content_list list, content_add *add,
    void *arg);
enum content_rc fixture_read(void *own, const struct content_ctx *ctx,
    const char *uri, struct content_answer *out);

/* prompts.c */
void fixture_list_prompts(content_add *add, void *arg);
enum content_rc fixture_get(void *own, const struct content_ctx *ctx,
    const char *name, const json_t *arguments, struct content_answer *out);
enum content_rc fixture_complete(void *own, const struct content_ctx *ctx,
    const struct content_ref *ref, struct content_answer *out);

#endif
