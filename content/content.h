/*
 * content: the resources and prompts of a process: all sources as one.
 *
 * Who serves them to clients is handlers/mcp_resources.c, mcp_prompts.c and
 * mcp_complete.c.
 */
#ifndef CONTENT_CONTENT_H
#define CONTENT_CONTENT_H

#include "content/source.h"

#define CONTENT_SOURCES_MAX 8 /* rows of CONTENT_SOURCES */

struct content;

/*
 * ${watched}: a thread looks for changes and tells ${ears} (which may be NULL:
 * nobody listens).  Else, as in plain CGI, folders are read when they are asked
 * for.  Never NULL.
 */
struct content *content_start(const struct settings *s,
    const struct content_ears *ears, bool watched);
void content_stop(struct content *c); /* NULL is fine */
void content_reload(struct content *c, const struct settings *s);

/* All entries of all sources, in an order that stays. */
void content_each(struct content *c, enum content_list list, content_add *add,
    void *arg);

/* Of the first source that knows it; NONE: none does. */
enum content_rc content_read(struct content *c, const struct content_ctx *ctx,
    const char *uri, struct content_answer *out) WARN_UNUSED;
enum content_rc content_get(struct content *c, const struct content_ctx *ctx,
    const char *name, const json_t *arguments,
    struct content_answer *out) WARN_UNUSED;
enum content_rc content_complete(struct content *c,
    const struct content_ctx *ctx, const struct content_ref *ref,
    struct content_answer *out) WARN_UNUSED;

#endif
