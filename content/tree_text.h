/*
 * tree_text: what a client is told of a file or a folder, as JSON.
 */
#ifndef CONTENT_TREE_TEXT_H
#define CONTENT_TREE_TEXT_H

#include "content/tree.h"

/* Of its path, type and stamp: its URI and its text. */
void tree_text_file(struct arena *mem, struct tree_file *f);
/* Of its path: its template and its text. */
void tree_text_folder(struct arena *mem, struct tree_folder *f);
/* Of all files, by what stays while only their contents change. */
void tree_text_digest(struct tree *t);

#endif
