/*
 * tree_news: what has changed between two looks at a folder: told to who
 * listens, and logged.
 */
#ifndef CONTENT_TREE_NEWS_H
#define CONTENT_TREE_NEWS_H

#include "content/source.h"
#include "content/tree.h"

/* ${old} NULL: nobody was told of anything; what is listed is told, as it may
 * have changed while nobody looked.  False: they could not hear. */
bool tree_news_tell(const struct content_ears *ears, const struct tree *old,
    const struct tree *new);

/* What is not listed, and why.  What was said of ${old} (may be NULL) is not
 * said again. */
void tree_news_log(const char *root, const struct tree *old,
    const struct tree *new);

#endif
