/*
 * uri: what a file of mcp.resources_dir is called by clients:
 * dragoman://resources/PATH, each part of the path percent-encoded.
 */
#ifndef CONTENT_URI_H
#define CONTENT_URI_H

#include "base/base.h"

struct arena;

#define CONTENT_URI_BEGIN "dragoman://resources/"
#define CONTENT_URI_VARIABLE "{name}" /* at the end of a template */

/* Of the path ${path} of a file below the folder. */
char *content_uri(struct arena *mem, const char *path);

/*
 * The path that ${uri} means; NULL: none.  A client may encode more or less
 * than we do.  What is hidden, or leads out of the folder, is none.
 */
char *content_uri_path(struct arena *mem, const char *uri);

/* The template of a folder's files; ${folder} "": of the folder itself. */
char *content_uri_template(struct arena *mem, const char *folder);

#endif
