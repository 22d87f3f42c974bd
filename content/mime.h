/*
 * mime: of which type a file is, by its name and, where that says nothing, by
 * its bytes.
 */
#ifndef CONTENT_MIME_H
#define CONTENT_MIME_H

#include "base/base.h"

#define MIME_TEXT "text/plain"
#define MIME_BYTES "application/octet-stream"

struct mime {
	const char *end; /* of a file's name, in lower case, without its dot */
	const char *type;
	bool is_binary; /* never sent as text, whatever its bytes are */
};

/* NULL: the name says nothing. */
const struct mime *mime_find(const char *name);

/* Are they text?  Then a client gets them as such. */
bool mime_is_text(const void *bytes, size_t len);
/* The same of the first bytes of a longer file. */
bool mime_begins_text(const void *bytes, size_t len);

#endif
